"""``halon status`` is read in half a minute: under 120 words, the worst first, times as people say them."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from halon.cli import words
from halon.cli.asking import Shown
from halon.cli.moments import zoned
from halon.incident.assessment import Severity
from halon.incident.others import Other, Told
from halon.incident.status import as_text, status


@pytest.fixture(scope="module")
def room() -> Any:
    path = Path(__file__).parents[1] / "incident" / "conftest.py"
    spec = importlib.util.spec_from_file_location("halon_tests_of_words", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def busy(room: Any) -> Any:
    """An hour after the leak: eight reasons, three clocks, two gates, six corrective actions, and another incident."""
    reasons = tuple(
        f"SEV{1 + (n > 4)}: axis number {n}: it did what it should not (decided by fact_{n} is true and more of it)"
        for n in range(8)
    )
    duties = tuple(
        room.duty("undetermined", id=f"eu-gdpr-3{n}", needs=("aware_at", "risk_to_individuals")) for n in range(3)
    )
    told = room.judged("SEV1", severity=Severity("SEV1", reasons), obligations=duties, unknown=tuple(f"fact_number_{n}" for n in range(12)),
                       blast_radius={"people": "at least 6 people", "money": "not known yet", "data": "order data, email addresses"})  # fmt: skip
    other = Other("INC-0001", "incident-support-bot.x", room.at(-900), room.at(-300), "resolved", True, True,
                  (Told("eu-gdpr-33", "breach-notices@authority.example", room.at(-400)),))  # fmt: skip
    return room.assessed(
        told, gates=(room.gate(), room.gate("eu-gdpr-33-notification", title="send notification of a personal data breach to the authority")),
        harm_stopped_at="2026-11-22T10:00:10.375Z", actions=(room.action(),), others=(other,),
    )  # fmt: skip


def printed(capsys: pytest.CaptureFixture[str], show: Any, state: Any) -> str:
    show("INC-7F3A", Shown(status(state), live=True, as_of="", why=""))
    return capsys.readouterr().out


@pytest.mark.parametrize("which", ["full", "busy"])
def test_status_is_under_120_words(room: Any, capsys: pytest.CaptureFixture[str], which: str) -> None:
    """However much there is to say; what was left out is in ``halon show``, and the next step comes last."""
    state = room.full() if which == "full" else busy(room)
    told = printed(capsys, words.status, state)
    assert 20 < len(told.split()) < 120, told
    assert len(as_text(state).split()) < 120
    assert told.splitlines()[0].endswith(status(state)["headline"])
    assert told.splitlines()[-1].startswith("Next: halon ")


def test_the_severity_line_has_the_worst_reason_and_show_has_them_all(
    room: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """One short line; what decided it is for those who ask."""
    line = next(one for one in printed(capsys, words.status, busy(room)).splitlines() if one.startswith("Severity:"))
    assert line == "Severity: SEV1, axis number 0: it did what it should not (+7 more reasons)"
    whole = printed(capsys, words.whole, busy(room))
    assert all(f"axis number {number}:" in whole for number in range(8))
    assert (
        "Compare: INC-0001 (closed 2026-11-22 09:55 UTC as resolved; same traces; told outside: eu-gdpr-33 to" in whole
    )


def test_times_are_told_as_people_say_them(room: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """No milliseconds and no brackets."""
    state = replace(busy(room), gates=(), others=())
    told = printed(capsys, words.status, state)
    assert "May be said outside: It was stopped at 2026-11-22 10:00 UTC; we are working on the cause." in told
    assert "375Z" not in told
    zone = zoned("2026-11-23T14:29:54.000Z", "2026-11-23T14:29:54+00:00[Europe/London]")
    assert zone.startswith("Mon 23 Nov 2026, 14:29 GMT (")
