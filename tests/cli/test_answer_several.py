"""``approve`` and ``reject`` show what they answer, ask once, and answer several gates with one Update each."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from halon.cli import answering, asking, finding, proving, reaching
from halon.cli.entry import run
from halon.cli.problems import NoWorker, SaidNo
from halon.incident.canonical import digest

GATES = [
    {"id": f"{name}-1a2b3c4d", "title": f"Do {name}", "status": status, "question": [f"Why: {name} leaks", "Reversible: NO"],
     "policy": {"roles": ["security_lead"]}, "asked": "Needs 1 person.", "missing": 1, "deadline_at": "2026-11-22T13:00:00.000Z",
     "answers": [], "digest": digest(name), "about": about, "asked_as": "irreversible", "left_out": ["tom"]}
    for name, status, about in (("revoke", "open", ["token t-1"]), ("erase", "open", ["token t-1"]), ("block", "open", ["tool x"]),
                                ("old", "spent", ["token t-1"]))
]  # fmt: skip
REVOKE, ERASE, BLOCK = (one["id"] for one in GATES[:3])


class Line:
    """A terminal, and an incident that answers: what was said to it, and what it refuses."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.refuses: dict[str, Exception] = {}
        self.asked: list[str] = []
        self.means_it = True


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    made = Line()
    found = SimpleNamespace(reference="INC-7F3A", workflow_id="incident-a.b", row=object())

    async def find(*_: Any) -> Any:
        return found

    async def ask(_: Any, __: str, query: str) -> Any:
        assert query == "gates"
        return GATES

    async def said(_: Any, __: str, name: str, payload: dict[str, Any], proofs: Any, *, person: bool) -> str:
        if proofs.print_json:
            return json.dumps(payload)
        if (error := made.refuses.get(payload["gate"])) is not None:
            raise error
        made.said.append({"name": name, **payload, **({"code": proofs.code} if proofs.code else {})})
        return f"{payload['by']} said it of {payload['gate']}"

    def confirm(question: str, **_: Any) -> bool:
        made.asked.append(question)
        return made.means_it

    def with_client(work: Any) -> Any:
        import asyncio

        return asyncio.run(work(None, None))

    monkeypatch.setattr(finding, "find", find)
    monkeypatch.setattr(asking, "ask", ask)
    monkeypatch.setattr(proving, "said", said)
    monkeypatch.setattr(reaching, "with_client", with_client)
    monkeypatch.setattr(answering.typer, "confirm", confirm)
    monkeypatch.delenv("HALON_USER", raising=False)
    return made


@pytest.fixture
def terminal(line: Line, monkeypatch: pytest.MonkeyPatch) -> Line:
    """Somebody sits there."""
    monkeypatch.setattr(answering, "_at_terminal", lambda: True)

    async def code_for(*_: Any) -> str:
        return "123456"

    monkeypatch.setattr(proving, "code_for", code_for)
    return line


def test_without_a_terminal_nothing_is_answered_unless_it_is_said_so(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that forgot --yes must not say yes by accident; with it nothing is asked."""
    assert run(["approve", ".", REVOKE, "--by", "sue"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert run(["reject", ".", REVOKE, "--by", "sue", "--reason", "no", "--json"]) == 2
    assert line.said == []
    assert run(["approve", ".", REVOKE, "--by", "sue", "--yes"]) == 0
    assert line.said == [{"name": "approve", "by": "sue", "gate": REVOKE}]
    assert capsys.readouterr().out.endswith(f"INC-7F3A: sue said it of {REVOKE}\n")


def test_each_subject_is_shown_and_asked_about_once(terminal: Line, capsys: pytest.CaptureFixture[str]) -> None:
    """All open gates of a target: each question with its digest, one question to the person, one Update each, one code."""
    assert run(["approve", ".", "--target", "token t-1", "--by", "sue", "--reason", "seen"]) == 0
    shown = capsys.readouterr().out
    for part in ("1 of 2: Do revoke", "2 of 2: Do erase", "Why: revoke leaks", "It can't be undone.", digest("erase")):
        assert part in shown
    assert terminal.asked == ["Say YES to each of these 2 as sue?"]
    together = sorted([REVOKE, ERASE])
    assert terminal.said == [
        {"name": "approve", "by": "sue", "reason": "seen", "gate": gate, "together": together, "code": "123456"}
        for gate in (REVOKE, ERASE)
    ]


def test_a_no_at_the_question_says_nothing(terminal: Line, capsys: pytest.CaptureFixture[str]) -> None:
    """And whoever proposed it is told before that a yes of theirs is refused."""
    terminal.means_it = False
    assert run(["approve", ".", REVOKE, "--by", "tom"]) == 1
    told = capsys.readouterr()
    assert "a yes of tom will be refused" in told.out
    assert "nothing was said" in told.err
    assert terminal.said == []


def test_what_is_refused_of_several_is_told_one_by_one(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    """The others are said all the same, and the exit code is 1."""
    line.refuses[ERASE] = SaidNo("SelfApproval", "sue proposed this")
    assert run(["approve", ".", REVOKE, ERASE, BLOCK, "--by", "sue", "--yes"]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown == [f"INC-7F3A {REVOKE}: sue said it of {REVOKE}", f"INC-7F3A {ERASE}: REFUSED (SelfApproval): sue proposed this",
                     f"INC-7F3A {BLOCK}: sue said it of {BLOCK}"]  # fmt: skip
    assert run(["reject", ".", REVOKE, ERASE, "--by", "sue", "--reason", "no", "--yes", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [(one["gate"], one["ok"]) for one in told["results"]] == [(REVOKE, True), (ERASE, False)]
    assert told["ok"] is False


def test_where_nobody_answers_the_rest_is_not_said(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    """It is told which were not said, rather than waiting for each in turn."""
    line.refuses[REVOKE] = NoWorker("no worker answers")
    assert run(["approve", ".", REVOKE, ERASE, "--by", "sue", "--yes"]) == 1
    assert f"{ERASE}: REFUSED (NotSaid)" in capsys.readouterr().out
    assert line.said == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--by", "sue"], f"Open: {REVOKE}, {ERASE}, {BLOCK}"),
        (["--target", "tokn t-1", "--by", "sue"], "did you mean 'token t-1'"),
        ([REVOKE, "--target", "token t-1", "--by", "sue"], "not both"),
        ([REVOKE], "say who you are"),
    ],
)
def test_what_is_typed_wrongly_is_exit_2(
    line: Line, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what there is to choose from."""
    assert run(["approve", ".", *words, "--yes"]) == 2
    assert told in capsys.readouterr().err


def test_a_gate_that_is_over_is_not_asked_about(terminal: Line, capsys: pytest.CaptureFixture[str]) -> None:
    """At a terminal it is said what became of it; the JSON for the UI is printed for each of several."""
    assert run(["approve", ".", "old-1a2b3c4d", "--by", "sue"]) == 1
    assert "not open any more: it is spent" in capsys.readouterr().err
    assert run(["approve", ".", REVOKE, ERASE, "--by", "sue", "--print-json"]) == 0
    assert [one["gate"] for one in json.loads(capsys.readouterr().out)] == [REVOKE, ERASE]
    assert terminal.asked == []
