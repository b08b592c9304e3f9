"""The checklist, a handover and a newer kit on the screen of somebody who is tired."""

from __future__ import annotations

from typing import Any

import pytest

from halon.cli import entry, showing, words
from halon.cli.asking import Shown
from halon.incident.tasks import Step

STEP = Step("triage/real", "triage", "Is it real?", "technical_lead")


def task(**fields: Any) -> dict[str, Any]:
    """One step as the status query tells it."""
    told = {"id": STEP.id, "phase": "triage", "words": STEP.words, "owner": "technical_lead (tom)", "status": "open", "told": "open",
            "by": "", "at": "", "reason": "", "due": "2026-11-22T10:30:00.000Z", "answers": ["confirmed"], "by_itself": True,
            "late": False, "flagged": False}  # fmt: skip
    return {**told, **fields}


def status(**fields: Any) -> dict[str, Any]:
    """A status in which nobody is asked anything."""
    return {"headline": "SEV2: support-bot.", "severity": {}, "phases": {}, "asked": [], "acknowledged": {"by": "ann", "at": "2026-11-22T10:00:00Z"},
            "commander": "ann", "left_before_close": ["x"], **fields}  # fmt: skip


def test_late_steps_and_skipped_ones_stand_in_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    """How many are done, which are late with whose they are, which were left although their phase is over."""
    tasks = [
        task(status="done", told="done"),
        task(id="triage/window", late=True),
        task(id="contain/cap", flagged=True, phase="contain"),
    ]
    words.status("INC-7F3A", Shown(status(tasks=tasks), live=True))
    told = capsys.readouterr().out
    assert "Steps: 1 of 3 done" in told
    assert "LATE triage/window: Is it real? (technical_lead (tom), until " in told
    assert "Not done, and its phase is over: contain/cap" in told
    assert told.rstrip().endswith("Next: halon task INC-7F3A done triage/window --by YOUR-NAME")


def test_the_playbook_speaks_while_nobody_is_asked_anything(capsys: pytest.CaptureFixture[str]) -> None:
    """And is silent once somebody is."""
    lines = ["You decide, others look."]
    words.status("INC-7F3A", Shown(status(playbook=lines), live=True))
    assert "What to think of: You decide, others look." in capsys.readouterr().out
    asked = [{"of": ["sue"], "what": "take over", "until": None}]
    words.status("INC-7F3A", Shown(status(playbook=lines, asked=asked, handover={"to": "sue"}), live=True))
    told = capsys.readouterr().out
    assert "What to think of" not in told
    assert "Commander: ann, handing over to sue; acknowledged by ann" in told


def test_show_lists_every_step_and_a_newer_kit(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to type for either."""
    showing.tasks("INC-7F3A", [task(), task(id="triage/window", late=True)])
    showing.kit("INC-7F3A", {"in_force": "a" * 64, "newer": "b" * 64, "difference": ["severity.yaml x: 1 -> 2"]})
    told = " ".join(capsys.readouterr().out.split())
    assert "triage/real" in told
    assert "LATE, open" in told
    assert f"A newer kit is in use: {'b' * 12}; this incident stays with {'a' * 12}. severity.yaml x: 1 -> 2" in told
    assert "halon kit move INC-7F3A --reason WHY --by YOUR-NAME" in told
    showing.tasks("INC-7F3A", [])
    showing.kit("INC-7F3A", {"in_force": None, "newer": None, "difference": []})
    assert capsys.readouterr().out == "", "an incident of an earlier release has neither"


def test_causes_begin_with_the_questions_of_the_runbooks(capsys: pytest.CaptureFixture[str]) -> None:
    """Until something is found."""
    showing.causes({"findings": [], "questions": ["Which layer failed first?"]})
    assert capsys.readouterr().out.strip() == "Ask: Which layer failed first?"
    found = {"id": "f1", "layer": "tools", "certainty": "shown", "text": "too wide"}
    showing.causes({"findings": [found], "questions": ["Which layer failed first?"]})
    assert "Ask:" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["task", ".", "--by", "ann"], "field 'do' is missing"), (["task", ".", "done", "--by", "ann"], "field 'step' is missing"),
        (["task", ".", "tick", "triage/real", "--by", "ann"], "Known: done, skip, reopen, add."),
        (["task", ".", "add", "Call", "--phase", "tirage", "--by", "ann"], "did you mean 'triage'?"),
        (["handover", ".", "--by", "ann"], "field 'to' is missing"), (["kit", "move", ".", "--by", "ann"], "field 'reason' is missing"),
    ],
)  # fmt: skip
def test_what_is_typed_wrongly_is_said_before_anything_is_asked(
    typed: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, one line, with the field."""
    assert entry.run(typed) == 2
    assert told in capsys.readouterr().err
