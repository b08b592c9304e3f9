"""Split in the state alone: what moves, what stays, what follows later, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import passing, splitting
from halon.incident.alerts import AlertCount
from halon.incident.facts import held
from halon.incident.ids import predecessor_id, split_id
from halon.incident.linked import linked
from halon.incident.links import MergedInto, SplitFrom
from halon.incident.opening import Opening
from halon.incident.opening_state import first_state
from halon.incident.state import State


def two_rules(room: Any, **fields: Any) -> State:
    """An assessed incident with alerts of two rules."""
    alerts = (room.alert(), room.alert(rule="Slow", fingerprint="fp-2", received_at=room.at(-60), started_at=room.at(-60)),
              room.alert(rule="Slow", fingerprint="fp-3"))  # fmt: skip
    state = first_state(Opening(alerts, form=1), room.WORKFLOW, "run-1", room.T0)
    return replace(
        room.assessed(), alerts=state.alerts, counts=state.counts, firing=state.firing, seen=state.seen, **fields
    )


@pytest.mark.parametrize(
    ("fields", "kind", "told"),
    [
        ({}, "Incomplete", "Rules: Leak, Slow."),
        ({"rules": ["Slo"]}, "NothingToSplit", "did you mean 'Slow'?"),
        ({"fingerprints": ["fp-77"]}, "NothingToSplit", "Known: fp-1"),
        ({"rules": ["Leak", "Slow"]}, "NothingLeft", "leave at least one rule"),
        ({"fingerprints": ["fp-1", "fp-2", "fp-3"]}, "NothingLeft", "leave at least one rule"),
    ],
)
def test_a_split_of_all_or_of_none_is_refused(room: Any, fields: dict[str, Any], kind: str, told: str) -> None:
    """With what there is to choose from."""
    outcome = room.say(two_rules(room), "split", reason="r", **fields)
    assert (outcome.refusal, told in outcome.text) == (kind, True), outcome.text


def test_what_was_only_counted_or_is_of_two_agents_is_not_split_off(room: Any) -> None:
    """An incident opens with an alert that fires; and each has one agent. A merged one is split where its alerts are."""
    state = two_rules(room)
    counted = replace(state, alerts=state.alerts[:1])
    assert room.say(counted, "split", reason="r", rules=["Slow"]).refusal == "OnlyCounted"
    mixed = replace(state, alerts=(state.alerts[0], state.alerts[1], replace(state.alerts[2], agent="billing-bot")))
    assert room.say(mixed, "split", reason="r", rules=["Slow"]).refusal == "MixedAgents"
    assert (
        room.say(
            replace(state, merged_into=MergedInto("incident-x.y", "INC-0002", "a", "ann", "t", "r")),
            "split",
            reason="r",
            rules=["Slow"],
        ).refusal
        == "Merged"
    )


@pytest.mark.parametrize("fields", [{"rules": ["Slow"]}, {"fingerprints": ["fp-2", "fp-3"]}])
def test_a_split_moves_alerts_and_leaves_the_facts(room: Any, fields: dict[str, Any]) -> None:
    """Counts and firing shrink, it is judged anew, and the new one is detected when its first alert came."""
    state = two_rules(room)
    outcome = room.say(state, "split", reason="a provider is slow", **fields)
    after = outcome.state
    assert outcome.text == (f"ann (name unverified) splits off 2 alerts (Slow): a provider is slow. They become an incident of "
                            f"their own, {room.WORKFLOW}.split-1, which is judged anew. The facts stay here.")  # fmt: skip
    assert ([one.rule for one in after.counts], len(after.firing)) == (["Leak"], 1)
    assert (after.facts, after.facts_version) == (state.facts, state.facts_version + 1)
    (off,) = after.splits
    assert (off.detected_at, [one.fingerprint for one in off.alerts]) == (room.at(-60), ["fp-2", "fp-3"])
    new = first_state(
        Opening(off.alerts, form=1, split=splitting.opening(after, off)), off.workflow_id, "run-9", room.at(61)
    )
    assert held(new.facts)["detected_at"] == room.at(-60)
    assert [(one.rule, one.firing) for one in new.counts] == [("Slow", 2)]
    assert linked(new)[0]["text"] == f"split off from {state.reference} by ann: a provider is slow"
    assert set(after.seen) <= set(new.seen)
    opened = splitting.opened(after, 1, new.reference, room.at(62))
    assert (opened.splits[0].alerts, opened.splits[0].reference) == ((), new.reference)
    assert (
        linked(opened)[0]["text"]
        == f"2 alerts ({', '.join([*off.rules, *off.fingerprints])}) split off into {new.reference} by ann: a provider is slow"
    )


def test_later_alerts_follow_what_was_split_off_while_it_is_open(room: Any) -> None:
    """Also those of which only the fingerprint was known to fire here; afterwards they join here again."""
    state = splitting.opened(
        room.say(two_rules(room), "split", reason="r", rules=["Slow"]).state, 1, "INC-0005", room.at(61)
    )
    resolved = room.alert(rule="Slow", fingerprint="fp-99", status="resolved")
    known = replace(state, firing=(*state.firing, "fp-99"))
    after, here = passing.divert(known, [resolved, room.alert(fingerprint="fp-5")], room.at(70))
    assert ([one.rule for one in here], after.passing, after.firing) == (["Leak"], (resolved,), state.firing)
    assert passing.next_batch(after, 10) == (f"{room.WORKFLOW}.split-1", (resolved,))
    closed = passing.ended(after, f"{room.WORKFLOW}.split-1", room.at(71))
    assert closed.tail[-1].text == "INC-0005 is closed: alerts of Slow join here again."
    assert passing.next_batch(closed, 10) == ("", (resolved,))
    assert passing.back(closed, 1, room.at(72)).passing == ()
    assert passing.divert(closed, [resolved], room.at(73))[1] == [resolved]


def test_counts_that_moved_whole_are_told_by_the_new_incident(room: Any) -> None:
    """Of a storm only exemplars move as alerts; their number and times come along."""
    split = SplitFrom(
        "incident-a.b",
        "INC-0001",
        "ann",
        room.at(60),
        "r",
        room.at(-60),
        (AlertCount("Slow", 900, 3, 5, room.at(-60), room.at(50)),),
    )
    new = first_state(
        Opening((room.alert(rule="Slow"),), form=1, split=split), "incident-a.b.split-1", "run-9", room.at(61)
    )
    (count,) = new.counts
    assert (count.firing, count.resolved, count.duplicates, count.first_at, count.last_at) == (
        900,
        3,
        5,
        room.at(-60),
        room.at(50),
    )
    assert new.split_from == replace(split, counts=())


def test_names_of_successors_and_splits() -> None:
    """No alert's key is ever called like something that was split off."""
    assert [predecessor_id(one) for one in ("incident-a.b", "incident-a.b~2", "incident-a.b~10", "incident-a.b~x", "a~1")] == [
        "", "incident-a.b", "incident-a.b~9", "", ""]  # fmt: skip
    assert split_id("incident-a.b~2", 3) == "incident-a.b~2.split-3"
    other = split_id("incident-a.b", 1, "c.d")
    assert other.startswith("incident-c.d.split-1-")
    assert other != split_id("incident-a.x", 1, "c.d")
