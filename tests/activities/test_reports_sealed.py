"""At the close the reports are sealed as Markdown and HTML, with the whole log, for a request that names three."""

from __future__ import annotations

import asyncio
from typing import Any

from halon.evidence.slug import slug
from halon.incident.about import about
from halon.incident.chain import Chain
from halon.incident.state import State
from halon.incident.timeline import note
from halon.ports.record import Batch, Finish
from halon_activities.hands import Hands
from halon_activities.record import Record

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"
NOW = "2026-11-22T09:00:00.000Z"
AT_CLOSE = ("status", "timeline", "postmortem")


def state_of(entries: int) -> State:
    """An incident whose log is longer than the tail that its state carries."""
    state = State(INCIDENT, INCIDENT.rpartition(":")[0], "INC-1", "support-bot", "g", NOW, chain=Chain(INCIDENT))
    for number in range(1, entries + 1):
        state = note(state, NOW, "note", "triage", f"line {number} said")
    return state


async def sealed(hands: Hands, as_incident: Any, state: State) -> dict[str, str]:
    """The texts that are sealed at the close, by file name."""
    done = await as_incident(Record(hands).finish, Finish(INCIDENT, about(state, NOW), AT_CLOSE))
    texts = await asyncio.gather(*(hands.evidence.get(one.path) for one in done.sealed))
    names = [one.path.rpartition("/")[2].partition("-")[2] for one in done.sealed]
    return {name: text.decode() for name, text in zip(names, texts, strict=True)}


async def test_the_close_seals_four_reports_in_two_forms(hands: Hands, as_incident: Any) -> None:
    """The decision sheet too: what was decided about whom to tell belongs to the record."""
    found = await sealed(hands, as_incident, state_of(3))
    reports = ("decision", "postmortem", "status", "timeline")
    assert sorted(found) == [f"{report}.{form}" for report in reports for form in ("html", "md")]
    assert all(text.startswith("<!doctype html>") for name, text in found.items() if name.endswith(".html"))
    assert "Not legal advice; a named person decides." in found["decision.md"]


async def test_the_sealed_timeline_holds_the_whole_record(hands: Hands, as_incident: Any) -> None:
    """The state carries the last 80 lines; the record has all, and so has the report; a retry seals the same."""
    state = state_of(120)
    await as_incident(Record(hands).append, Batch(INCIDENT, state.chain.batch()))
    found = await sealed(hands, as_incident, state)
    for name in ("timeline.md", "timeline.html"):
        assert "All 120 entries of the record." in found[name]
        assert "line 1 said" in found[name]
    later = note(state, NOW, "note", "triage", "line 121 said")
    await as_incident(Record(hands).append, Batch(INCIDENT, later.chain.batch()[120:]))
    assert await sealed(hands, as_incident, state) == found


async def test_a_record_that_cannot_be_read_keeps_nothing_from_closing(hands: Hands, as_incident: Any) -> None:
    """The reports then hold the tail, and say how many of the entries that is."""
    state = state_of(120)
    await as_incident(Record(hands).append, Batch(INCIDENT, state.chain.batch()))
    paths = await hands.evidence.list(f"records/{slug(INCIDENT)}")
    for path in paths:
        await hands.evidence.replace(path, b"not a record\n")
    found = await sealed(hands, as_incident, state)
    assert paths
    assert "The last 80 of 120 entries: the record holds all of them." in found["timeline.md"]
