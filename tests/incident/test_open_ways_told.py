"""A way of harm that nothing in the kit closes is said plainly, with what to do, until it no longer matters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from halon.cli.asking import Shown
from halon.cli.words import brief, whole
from halon.incident.assessment import OpenWay
from halon.incident.status import as_text, details, status

TOKEN = OpenWay("credential:mail-key", "credential_exposed is true", "revoke or rotate it where it was issued")
WIKI = OpenWay(
    "source:wiki", "untrusted_instruction is not known yet", "take it out of what the agent reads", perhaps=True
)
SAID = "Nothing in the kit stops credential:mail-key."


def test_it_is_in_the_status_with_what_to_do(room: Any) -> None:
    """Certain ones in the short text; all of them in the object, for whoever reads it by machine."""
    state = room.assessed(room.judged(uncovered=(TOKEN, WIKI)))
    told = status(state)
    assert told["uncovered"] == [
        {"way": "credential:mail-key", "text": SAID, "because": TOKEN.because, "do": TOKEN.do, "perhaps": False},
        {"way": "source:wiki", "text": "Nothing in the kit stops source:wiki, where the harm perhaps goes on.",
         "because": WIKI.because, "do": WIKI.do, "perhaps": True},
    ]  # fmt: skip
    assert SAID in as_text(state)
    assert "source:wiki" not in as_text(state)
    assert f"- **not covered**: {SAID} {TOKEN.because}: {TOKEN.do}" in details(state)


def test_it_is_said_on_the_screen(room: Any, capsys: Any) -> None:
    """``status`` says the first certain one, ``show`` all with the reason."""
    told = status(room.assessed(room.judged(uncovered=(TOKEN, WIKI))))
    lines = [line for part in brief("INC-1", told) for line in part.lines]
    assert f"{SAID} {TOKEN.do}" in lines
    assert not any("source:wiki" in line for line in lines)
    whole("INC-1", Shown(told, live=True))
    shown = " ".join(capsys.readouterr().out.split())
    assert f"{SAID} (credential_exposed is true) → {TOKEN.do}" in shown
    assert "Nothing in the kit stops source:wiki, where the harm perhaps goes on." in shown


def test_what_is_over_is_not_said_any_more(room: Any) -> None:
    """Closed or a false alarm; and what only perhaps goes on is not in the short text."""
    state = room.assessed(room.judged(uncovered=(TOKEN,)))
    for over in (replace(state, closed_at=room.at(9), outcome="resolved"), replace(state, false_alarm_by="ann")):
        assert status(over)["uncovered"] == []
    assert "source:wiki" not in as_text(room.assessed(room.judged(uncovered=(WIKI,))))


def test_markup_in_a_name_stays_text(room: Any) -> None:
    """The name of a tool comes from the agent."""
    told = status(room.assessed(room.judged(uncovered=(replace(TOKEN, way='tool:"<b>[x](http://a)"'),))))
    assert not any(set("<>[]`") & set(str(said)) for said in told["uncovered"][0].values())
