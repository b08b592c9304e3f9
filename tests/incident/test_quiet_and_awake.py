"""Mutes in the state alone: what is silenced and what never is, and everything that wakes an incident."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import passing, quiet, waking
from halon.incident.clocks import fire_due, next_event
from halon.incident.facts import Fact
from halon.incident.judged import take_in
from halon.incident.learning import learn
from halon.incident.linked import quiet_told
from halon.incident.mutes import Hush, MutedBy
from halon.incident.opening import Opening
from halon.incident.opening_state import first_state
from halon.incident.paging import compose
from halon.incident.state import State
from halon.incident.status import status
from halon.incident.timeline import tell


def night(room: Any, **fields: Any) -> MutedBy:
    """A mute of the kit until an hour after the opening."""
    return MutedBy(**{"name": "night", "until": room.at(3600), "reason": "trained anew", "by": "tom", **fields})


def muted(room: Any, level: str = "SEV3", told: MutedBy | None = None, **fields: Any) -> State:
    """An incident that was muted by its first judgement, then triaged."""
    judged = room.judged(level, form=1, muted=told or night(room), **fields)
    state: State = room.assessed(judged)
    return replace(state, page_next_at=room.at(2), next_update_at=room.at(2))


def again(room: Any, state: State, told: MutedBy | None, level: str = "SEV3", at: float = 100) -> State:
    """The next judgement."""
    return take_in(state, room.judged(level, form=1, muted=told), state.facts_version, room.at(at))


def test_it_is_quiet_from_its_first_judgement_on_or_never(room: Any) -> None:
    """On record with name, end and reason; an incident that has paged already does not fall silent."""
    state = muted(room)
    assert quiet.muted(state)
    assert any(
        line.text.startswith(f"Muted by night of the kit until {room.at(3600)} (trained anew).") for line in state.tail
    )
    awake = again(room, room.assessed(room.judged("SEV3", form=1)), night(room))
    assert awake.muted is None
    old = room.assessed(room.judged("SEV3", muted=night(room)))
    assert old.muted is None


def test_clocks_run_and_nobody_is_paged(room: Any) -> None:
    """The rounds of paging, the updates and late steps wait; a duty's warning does not."""
    state = muted(room, obligations=(room.duty("applies", room.stage(warn_at=(room.at(1800),))),), steps=(room.step(),))
    event = next_event(state)
    assert event is not None
    assert (event.at, event.key) == (room.at(1800), f"warn:eu-gdpr-33/notification@{room.at(1800)}")
    after = fire_due(state, room.at(1900))
    assert [one.to for one in after.outbox] == ["pat"]


def test_what_a_mute_silences_is_said_once_in_the_log(room: Any) -> None:
    """And is told as ever once it is over; gates, clocks, handovers, failed steps and a containment that failed are told all the same."""
    state = muted(room)
    for _ in range(2):
        state = tell(state, room.at(5), "severity:x", "it rose", "b", names=("ann",))
    assert (state.outbox, [line.text for line in state.tail].count(
        f"Not paged, muted by night of the kit until {room.at(3600)}: it rose")) == ((), 1)  # fmt: skip
    for step in (
        "gate:g:1",
        "gate-late:g:1",
        "gate-expired:g",
        "warn:x",
        "missed:x",
        "handover:1",
        "step-failed:story",
        "failed:x",
        "unverified:x",
        "harm:1",
        "notsent:n:1",
    ):
        assert [one.id for one in tell(state, room.at(5), step, "s", "b", names=("ann",)).outbox] == [f"{step}:ann"]
    woken = waking.wake(state, room.at(6), "x")
    assert len(tell(woken, room.at(7), "severity:x", "it rose", "b", names=("ann",)).outbox) == 1


def test_the_end_of_the_mute_is_a_moment_of_the_clock(room: Any) -> None:
    """Then it is judged whether another mute covers it; until that one's end if so."""
    state = muted(room)
    event = next_event(state)
    assert event is not None
    assert (event.at, event.text) == (room.at(3600), "the mute night ends")
    due = fire_due(state, room.at(3600))
    assert quiet.to_judge(due)
    assert quiet.due(due)
    longer = again(room, due, night(room, name="storm", until=room.at(7200)), at=3601)
    assert quiet.muted(longer)
    assert not quiet.to_judge(longer)
    assert (longer.tail[-1].text, next_event(longer).at) == (  # type: ignore[union-attr]
        f"Muted by storm of the kit until {room.at(7200)} now.", room.at(7200))  # fmt: skip


def ended(room: Any, state: State, *, seen: bool = True) -> State:
    """The mute's time has come, the agent was looked at (``seen``), and no mute covers it any more."""
    due = waking.looked(fire_due(state, room.at(3600)), seen)
    return again(room, due, None, at=3601)


def test_it_wakes_if_something_still_fires(room: Any) -> None:
    """It pages with one line about the mute, and acts as any other."""
    state = ended(room, muted(room))
    assert state.muted is not None
    assert (state.muted.woke_at, state.muted.woke_why, state.muted.alerts) == (
        room.at(3601), "the mute ended and 1 alert still fires", 1)  # fmt: skip
    paged = fire_due(state, room.at(3602))
    subject, body = compose(paged.outbox[0], paged.reference)
    assert "SEV3" in subject
    assert f"it was muted by night until {room.at(3601)[:16]}Z" in body
    assert quiet_told(paged) == {
        "name": "night", "by": "tom", "until": room.at(3600), "reason": "trained anew", "now": False, "woke_at": room.at(3601),
        "text": f"was muted by night until {room.at(3601)}; it woke because the mute ended and 1 alert still fires"}  # fmt: skip


def test_it_closes_if_all_has_resolved_and_nothing_is_owed(room: Any) -> None:
    """On record and counted; but not if a duty applies, the harm is confirmed, or nobody could look."""
    resolved = replace(muted(room), firing=())
    state = ended(room, resolved)
    assert (state.ended_as, state.close_requested_by, state.muted.alerts) == ("muted", "halon", 1)  # type: ignore[union-attr]
    assert state.tail[-1].text.endswith(
        "1 alert had joined, all have resolved, the agent shows no harm, and nothing was found that is owed: it closes."
    )
    confirmed = learn(resolved, [Fact("confirmed", True, "trace", room.at(9))], room.at(9))
    for change, seen, why in (
        (resolved, True, ""),
        (confirmed, True, "it is confirmed"),
        (replace(resolved, obligations=(room.duty(),)), True, "something may be owed (eu-gdpr-33)"),
        (replace(resolved, obligations=(room.duty("undetermined"),)), True, ""),
        (
            replace(resolved, obligations=(room.duty("undetermined"),)),
            False,
            "could not be looked at, and something may be owed",
        ),
        (replace(resolved, firing_more=2), True, "2 alerts still fire"),
    ):
        after = ended(room, change, seen=seen)
        assert (after.ended_as == "muted", why in after.tail[-1].text) == (not why, True), after.tail[-1].text


@pytest.mark.parametrize(
    ("command", "fields"), [("ack", {}), ("note", {"text": "x"}), ("severity", {"level": "SEV4", "reason": "r"})]
)
def test_any_word_of_a_person_wakes_it(room: Any, command: str, fields: dict[str, Any]) -> None:
    """And the answer is that of the command; a refused one wakes nothing."""
    outcome = room.say(muted(room), command, **fields)
    assert outcome.state.muted.woke_why == "ann said something"
    assert not outcome.text.startswith("Was muted")
    assert not room.say(muted(room), "task", do="done", step="none").state.muted.woke_at


def test_who_spoke_before_the_first_judgement_is_not_muted(room: Any) -> None:
    """Somebody is at it already; the same for a person's report."""
    spoken = room.say(room.opened(), "note", text="I see it").state
    assert again(room, spoken, night(room)).muted is None
    reported = first_state(Opening((room.alert(source="report", reporter="pat"),), form=1), room.WORKFLOW, "r", room.T0)
    assert again(room, reported, night(room)).muted is None


def test_an_alert_or_a_report_wakes_it(room: Any) -> None:
    """Another rule is judged anew at once; a person's report needs no judgement."""
    state = muted(room)
    counts = (*state.counts, replace(state.counts[0], rule="Other"))
    joined = replace(state, counts=counts)
    assert quiet.to_judge(joined)
    assert again(room, joined, None).muted.woke_why == "an alert joined that no mute covers"  # type: ignore[union-attr]
    covered = again(room, joined, night(room))
    assert not quiet.to_judge(covered)
    assert quiet.muted(covered)
    told, _ = passing.divert(state, [room.alert(source="report", fingerprint="r")], room.at(9))
    assert told.muted.woke_why == "a person reported it"  # type: ignore[union-attr]


def test_a_level_that_the_kit_names_wakes_it(room: Any) -> None:
    """SEV1 where the kit says nothing else; at once if it is so from the start."""
    assert muted(room, "SEV1").muted.woke_why == "it is SEV1"  # type: ignore[union-attr]
    assert quiet.muted(muted(room, "SEV2"))
    strict = night(room, wakes_at="SEV2")
    assert again(room, muted(room, "SEV3", strict), strict, "SEV2").muted.woke_why == "it is SEV2"  # type: ignore[union-attr]


def test_an_alarm_about_the_workflow_is_never_muted(room: Any) -> None:
    """Promise 15: a terminated incident pages, whoever muted it."""
    state = waking.alarmed(replace(muted(room), hush=Hush("ann", room.T0, room.at(9000), "r", "SEV3")), room.at(50))
    assert (state.hush, quiet.silent(state)) == (None, "")


# -- a person's mute ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "kind", "told"),
    [
        ({}, "Incomplete", "one of the two"),
        ({"until": "2026-11-22T12:00:00Z", "off": True}, "Incomplete", "one of the two"),
        ({"off": True}, "NothingNew", "Nobody muted"),
        ({"until": "2026-11-22T23:00:00Z"}, "NeedsReason", "stays on record"),
        ({"until": "2026-11-21T23:00:00Z", "reason": "r"}, "InThePast", "has passed"),
        ({"until": "2026-11-25T23:00:00Z", "reason": "r"}, "TooLong", "24 hours at most"),
    ],
)
def test_a_mute_has_an_end_and_a_reason(room: Any, fields: dict[str, Any], kind: str, told: str) -> None:
    """And no more than the kit's bound."""
    outcome = room.say(room.assessed(), "mute", **fields)
    assert (outcome.refusal, told in outcome.text) == (kind, True), outcome.text


def hushed(room: Any, **fields: Any) -> State:
    """Ann muted an incident of SEV2 for half an hour, a minute after its opening."""
    state = room.assessed(page_next_at=room.at(300), next_update_at=room.at(300), **fields)
    after: State = room.say(state, "mute", until=room.at(1860), reason="we are on it").state
    return after


def test_a_person_silences_pages_and_never_clocks_or_gates(room: Any) -> None:
    """Rounds and updates wait for its end and then go on; a gate's escalation comes in time."""
    state = hushed(room, gates=(room.gate(),))
    assert quiet_told(state)["text"] == f"muted by ann until {room.at(1860)}: we are on it"  # type: ignore[index]
    assert status(state)["muted"]["now"] is True
    after = fire_due(state, room.at(1000))
    assert [one.id.rpartition(":")[0] for one in after.outbox] == ["gate-late:revoke-token-1a2b3c4d:1"] * len(
        after.outbox
    )
    assert after.outbox
    over = fire_due(after, room.at(1860))
    assert (over.hush, over.paged) == (None, 1)
    assert any(line.text == f"The mute of ann is over: it lasted until {room.at(1860)}." for line in over.tail)


def test_it_ends_when_it_grows_worse_or_comes_back(room: Any) -> None:
    """By rising severity (also by a person's word) and by a recurrence; lowering it again mutes nothing."""
    state = hushed(room)
    worse = room.say(state, "severity", "sue", level="SEV1", reason="r", now=room.at(90)).state
    assert quiet.hushed(worse) is None
    assert [one.to for one in tell(worse, room.at(91), "severity:SEV1:x", "s", "b", names=("tom",)).outbox] == ["tom"]
    over = fire_due(worse, room.at(92))
    assert over.hush is None
    assert any(line.text == "The mute of ann is over: it got worse, or it came back." for line in over.tail)
    assert quiet.hushed(replace(state, recurred_at=room.at(100))) is None


def test_it_ends_by_a_word(room: Any) -> None:
    """Of anybody who may mute."""
    done = room.say(hushed(room), "mute", "tom", off=True)
    assert (done.text, done.state.hush) == ("tom (name unverified) ends the mute", None)
