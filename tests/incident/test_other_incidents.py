"""Other incidents of the agent, in words; and a word about now, which counts each time it is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.admission import admit, said_again
from halon.incident.commands import parse
from halon.incident.facts import Fact
from halon.incident.gates import Proof
from halon.incident.others import Other, Told, told_already, traces_of
from halon.incident.status import as_text, status

AT, LATER = "2026-11-22T09:00:00.000Z", "2026-11-22T09:30:00.000Z"
OTHER = Other(
    "INC-0001", "incident-a.b", AT, LATER, "resolved", True, True, (Told("eu-gdpr-33", "the authority", LATER),)
)


@pytest.mark.parametrize(
    ("fields", "related", "told"),
    [
        ({}, True, f"INC-0001 (closed {LATER} as resolved; same traces; told outside: eu-gdpr-33 to the authority at {LATER})"),
        ({"closed_at": "", "told": ()}, True, f"INC-0001 (open since {AT}; same traces)"),
        ({"same_traces": None, "told": ()}, True, f"INC-0001 (closed {LATER} as resolved; at the same time)"),
        ({"same_traces": False, "told": ()}, False, f"INC-0001 (closed {LATER} as resolved)"),
        ({"same_traces": None, "overlaps": False, "told": ()}, False, f"INC-0001 (closed {LATER} as resolved)"),
        ({"same_traces": None, "overlaps": None, "told": ()}, True, f"INC-0001 (closed {LATER} as resolved; it could not be compared)"),
    ],
)  # fmt: skip
def test_what_two_incidents_share_is_said_as_it_is_known(fields: dict[str, Any], related: bool, told: str) -> None:
    """Unknown is not "no": what could not be compared may be about the same deeds."""
    other = replace(OTHER, **fields)
    assert (other.related, other.in_words()) == (related, told)


def test_who_decides_about_telling_is_told_who_was_told() -> None:
    """By name and time for this duty; a related incident that told nobody is named too, an unrelated one is not."""
    assert told_already([OTHER], "eu-gdpr-33") == [
        f"INC-0001 told the authority already at {LATER} (same traces): don't tell them twice."
    ]
    assert told_already([OTHER], "contract-dpa") == [
        "May be about the same as INC-0001 (same traces), which has not told them."
    ]
    assert told_already([replace(OTHER, same_traces=False, told=())], "eu-gdpr-33") == []


def test_status_names_the_other_incident(room: Any) -> None:
    """In the object, and in the short text only where it may be about the same deeds."""
    state = room.assessed(others=(OTHER, replace(OTHER, reference="INC-0002", same_traces=False)))
    assert [(one["reference"], one["related"]) for one in status(state)["others"]] == [
        ("INC-0001", True),
        ("INC-0002", False),
    ]
    assert "Compare INC-0001 (same traces, told eu-gdpr-33)." in as_text(state)
    assert "INC-0002" not in as_text(state)


def test_traces_are_those_that_alerts_name_and_those_in_which_harm_was_seen(room: Any) -> None:
    """Each once."""
    state = room.opened(room.alert(trace_id="t1"))
    seen = Fact("trace_ids", ["t2", "t1"], "trace", room.T0)
    assert traces_of(replace(state, facts=(*state.facts, seen))) == ("t1", "t2")
    assert traces_of(state) == ("t1",)


@pytest.mark.parametrize("value", [True, False])
def test_the_same_word_about_now_is_news_each_time(room: Any, value: bool) -> None:
    """``ongoing`` said again is a new assertion with its own time; any other fact said again is nothing new."""
    state = room.say(room.assessed(), "fact", "ann", name="ongoing", value=value).state
    command = parse("fact", {"by": "ann", "name": "ongoing", "value": value}, "u-1")
    before = admit(state, command, room.standing("ann"), Proof("run-1", "update", "u-1"), room.at(90))
    assert (before.refusal, said_again(command, before)) == ("NothingNew", True)
    after = admit(state, command, room.standing("ann"), Proof("run-1", "update", "u-1"), room.at(90), again=True)
    assert (after.refusal, after.state.facts[-1].at, after.state.facts[-1].value) == ("", room.at(90), value)
    assert after.state.facts_version == state.facts_version + 1
    other = room.say(state, "fact", "ann", name="confirmed", value=value).state
    same = parse("fact", {"by": "ann", "name": "confirmed", "value": value})
    refused = admit(other, same, room.standing("ann"), Proof("run-1", "signal"), room.at(91), again=True)
    assert (refused.refusal, said_again(same, refused)) == ("NothingNew", False)
