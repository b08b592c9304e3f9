"""Merged, split off and muted incidents on the screen, and the three commands as people type them."""

from __future__ import annotations

from typing import Any

import pytest

from halon.cli import saying, words
from halon.cli.asking import Shown
from halon.cli.problems import Usage
from halon.incident.commands import COMMANDS


def payload(name: str, **given: Any) -> dict[str, Any]:
    """The JSON object that this command line becomes."""
    spec = COMMANDS[name]
    apart = ("by", "reason", *saying._BY_NAME.get(name, ()))
    told = [field for field in spec.fields if field.required and field.name not in apart]
    rest = [field for field in spec.fields if field not in told and field.name != "by"]
    return saying._payload(spec, name, told, rest, {"by": "ann", **given})


def status(**fields: Any) -> dict[str, Any]:
    """A status in which nobody is asked anything."""
    return {"reference": "INC-7F3A", "headline": "SEV2: support-bot.", "severity": {}, "phases": {}, "asked": [], "acknowledged": None,
            "commander": "ann", "left_before_close": ["x"], **fields}  # fmt: skip


def test_what_is_typed_becomes_one_json_object() -> None:
    """Lists by repeating the option, a flag by naming it, the other incident and the time by name; a span is from now."""
    assert payload("merge", into="INC-0002", reason="r") == {"by": "ann", "into": "INC-0002", "reason": "r"}
    assert payload("split", rules=["a", "b"], reason="r") == {"by": "ann", "rules": ["a", "b"], "reason": "r"}
    assert payload("mute", off=True) == {"by": "ann", "off": True}
    assert payload("mute", off=False, until="2026-11-22T18:00:00Z") == {"by": "ann", "until": "2026-11-22T18:00:00Z"}
    assert payload("mute", until="2h", reason="r")["until"].endswith("Z")
    with pytest.raises(Usage, match="'into' is missing"):
        payload("merge", reason="r")
    with pytest.raises(Usage, match="is no time"):
        payload("mute", until="tomorrow", reason="r")


def test_a_merged_incident_says_where_it_went_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """What it holds is in the headline; what is in force is given back, and nobody is told to acknowledge."""
    told = status(
        headline="SEV2: support-bot: merged into INC-0002; still holds: action disable-mail is in force.",
        linked=[{"kind": "merged into", "reference": "INC-0002", "workflow_id": "x", "text": "merged into INC-0002 by ann: one cause"},
                {"kind": "split off", "reference": "INC-0003", "workflow_id": "y", "text": "2 alerts (Slow) split off"},
                {"kind": "related", "reference": "INC-0004", "workflow_id": "z", "text": "t"}],
        others=[{"related": True, "text": "INC-0004 (open since 2026-11-22T10:00:00.000Z)"}], holds=["action disable-mail is in force"],
    )  # fmt: skip
    for show in (words.status, words.whole):
        show("INC-7F3A", Shown(told, live=True))
        out = capsys.readouterr().out
        assert "Merged into: merged into INC-0002 by ann: one cause" in out
        assert "Split off: 2 alerts (Slow) split off" in out
        assert out.rstrip().endswith("Next: halon restore INC-7F3A --reason WHY --by YOUR-NAME")
    words.whole("INC-7F3A", Shown(told, live=True))
    assert "Compare: INC-0004 (open since 2026-11-22 10:00 UTC)" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "line"), [("night", "Pages: muted by night"), (None, "(halon mute INC-7F3A --off)")])
def test_what_keeps_it_quiet_is_shown(capsys: pytest.CaptureFixture[str], name: str | None, line: str) -> None:
    """By the kit nothing is to be said, because that wakes it; by a person, how to end it."""
    muted = {"name": name, "by": "ann", "until": "2026-11-22T18:00:00.000Z", "reason": "r", "now": True, "woke_at": None,
             "text": f"muted by {name or 'ann'} until 2026-11-22T18:00:00.000Z: r"}  # fmt: skip
    words.status("INC-7F3A", Shown(status(muted=muted), live=True))
    out = capsys.readouterr().out
    assert line in out
    assert "until 2026-11-22 18:00 UTC: r" in out
    assert ("Next: " in out) == (name is None)
