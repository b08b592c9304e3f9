"""Merge in the state alone: what moves, what stays, what is let go, and that no clock gets later by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import merging, passing
from halon.incident.admission import Outcome, admit
from halon.incident.alerts import Alert, AlertCount
from halon.incident.clocks import fire_due, next_event
from halon.incident.commands import parse
from halon.incident.facts import Fact, held
from halon.incident.gates import Proof
from halon.incident.learning import learn
from halon.incident.linked import linked
from halon.incident.links import Has, MergedFrom, Met, Taken
from halon.incident.opening import Opening
from halon.incident.opening_state import first_state
from halon.incident.remedies import Corrective
from halon.incident.settling import holds, unsettled
from halon.incident.standing import clock_runs, decided, owed
from halon.incident.state import State
from halon.incident.status import headline, status
from halon.incident.storm import absorb
from halon.incident.taking import take_alerts, take_over

OTHER = "incident-support-bot.spend"
MET = Met(True, "INC-0002", OTHER, "support-bot")


def merge(room: Any, state: State, met: Met | None = MET, by: str = "ann") -> Outcome:
    """``merge`` said to ``state`` where the other incident was looked up as ``met``."""
    command = parse("merge", {"by": by, "into": "INC-0002", "reason": "one deployment broke both"})
    return admit(state, command, room.standing(by), Proof("run-1", "update"), room.at(60), met=met)


def merged(room: Any, has: Has | None = None, **fields: Any) -> State:
    """An assessed incident that is merged, and that the other one has taken."""
    state = merge(room, room.assessed(**fields)).state
    return merging.handed(state, 1, has or Has(judged=True), room.at(61))


def taken(state: State, **fields: Any) -> Taken:
    """What ``state`` hands over, without the activity that reads it."""
    counts = tuple(
        AlertCount(one.rule, one.firing, one.resolved, one.duplicates, one.first_at, one.last_at)
        for one in state.counts
    )
    number = sum(one.firing + one.resolved for one in state.counts)
    link = MergedFrom("incident-support-bot.slow", "INC-0009", "support-bot", "slow", "ann", "t", "one cause", 1, number,
                      len(state.facts), keys=(("support-bot", "slow"),))  # fmt: skip
    told: dict[str, Any] = {
        "link": link, "alerts": state.alerts, "counts": counts, "firing": state.firing, "seen": state.seen,
        "last_fired_at": state.last_fired_at, "facts": state.facts, "anchors": {"detected_at": held(state.facts)["detected_at"]},
    }  # fmt: skip
    return Taken(**{**told, **fields})


def slow(room: Any, **fields: Any) -> Alert:
    alert: Alert = room.alert(**{"group": "slow", "rule": "Slow", "fingerprint": "fp-9", **fields})
    return alert


@pytest.mark.parametrize(
    ("met", "kind", "told"),
    [
        (None, "NotLookedUp", "say it again in a moment"),
        (Met(False, why="it does not answer"), "NotLookedUp", "it does not answer"),
        (Met(False), "UnknownIncident", "`halon incidents` lists the open ones"),
        (replace(MET, workflow_id="incident-support-bot.leak"), "SameIncident", "name the other one"),
        (replace(MET, merged_into="incident-support-bot.leak"), "MergeCycle", "the other way round"),
        (replace(MET, closed_at="2026-11-22T10:00:00.000Z"), "OtherClosed", "merge into one that is open"),
        (replace(MET, merged_into="incident-x.y"), "OtherMerged", "merge into that one"),
        (replace(MET, drill=True), "DrillAndReal", "INC-0002 is a drill"),
    ],
)
def test_a_merge_that_cannot_be_is_refused_with_its_type(room: Any, met: Met | None, kind: str, told: str) -> None:
    """Nothing changes but the log, and the next step is named."""
    state = room.assessed()
    outcome = merge(room, state, met)
    assert (outcome.refusal, told in outcome.text) == (kind, True), outcome.text
    assert outcome.state.merged_into is None


def test_merged_twice_and_in_a_circle_is_refused(room: Any) -> None:
    """Also where the other one took over already and only its link here tells."""
    assert merge(room, merge(room, room.assessed()).state).refusal == "AlreadyMerged"
    link = MergedFrom(OTHER, "INC-0002", "support-bot", "spend", "ann", "t", "r")
    assert merge(room, room.assessed(merged_from=(link,))).refusal == "MergeCycle"


def test_a_merged_incident_pages_nobody_and_says_what_it_holds(room: Any) -> None:
    """The rounds of paging and the updates stop; gates and clocks go on; it can't be closed by hand."""
    state = room.assessed(page_next_at=room.at(300), next_update_at=room.at(300), actions=(room.action(),),
                          obligations=(room.duty(),), gates=(room.gate(),))  # fmt: skip
    outcome = merge(room, state)
    assert outcome.text == "ann (name unverified) merges this incident into INC-0002: one deployment broke both."
    after = outcome.state
    assert (after.page_next_at, after.next_update_at) == ("", "")
    assert holds(after) == ["action disable-mail is in force", "gate revoke-token-1a2b3c4d waits for security",
                            f"obligation eu-gdpr-33 (due {room.at(72 * 3600)})"]  # fmt: skip
    assert headline(after).startswith(
        "SEV2: support-bot leak: merged into INC-0002; still holds: action disable-mail is in force"
    )
    assert room.say(after, "close").refusal == "Merged"
    assert unsettled(after)[0] == "it is merged into INC-0002"
    event = next_event(after)
    assert event is not None
    assert event.key == "gate-escalate:revoke-token-1a2b3c4d:1"


def test_what_the_other_one_has_as_early_is_let_go_and_nothing_else(room: Any) -> None:
    """Promise 5 and 7: a duty that the other one lacks, has later, or is less sure of runs on here; of another entity it is another."""
    due = room.at(72 * 3600)
    duties = (room.duty(), room.duty("applies", room.stage(due=room.at(3600)), id="early"), room.duty(id="lacking"),
              room.duty(id="theirs", entity="acme-us"), room.duty(id="sure"), room.duty("undetermined", id="may"))  # fmt: skip
    has = Has(("revoke-token",), {"eu-gdpr-33@acme-eu": due, "early@acme-eu": due, "theirs@acme-eu": "", "sure@acme-eu?": due,
                                  "may@acme-eu?": due}, judged=True)  # fmt: skip
    gates = (
        room.gate(),
        room.gate("eu-gdpr-33-notification", kind="notice"),
        room.gate("early-notification", kind="notice"),
    )
    state = merged(room, has, obligations=duties, gates=gates)
    assert [decided(state, one.name) for one in duties] == ["moved", "", "", "", "", "moved"]
    assert [clock_runs(state, one) for one in state.obligations] == [False, True, True, True, True, False]
    assert not owed(state, state.obligations[0])
    assert [one.status for one in state.gates] == ["void", "void", "open"]
    assert merging.asked_there(state, "revoke-token") == "INC-0002 asks for the same, or does it"
    assert merging.asked_there(state, "disable-mail") == ""
    later = merged(room, replace(has, judged=False), obligations=duties, gates=gates)
    assert [one.status for one in later.gates] == ["open", "open", "open"]
    assert later.merged_into is not None
    assert later.merged_into.look_at == room.at(63)


def test_it_closes_only_when_it_holds_nothing_and_all_was_taken(room: Any) -> None:
    """An action in force, a gate, a duty, a person's corrective action, a fact or an alert on the way each keep it open."""
    state = merged(room)
    assert holds(state) == []
    assert merging.done(state, room.at(100))
    ours = Corrective("c1", "Isolate", "tom", room.at(9999), "ann", room.at(9))
    for change in (
        {"actions": (room.action(),)}, {"gates": (room.gate(),)}, {"obligations": (room.duty(),)}, {"correctives": (ours,)},
        {"facts_version": state.facts_version + 1}, {"passing": (room.alert(),)}, {"assessment": None},
    ):  # fmt: skip
        assert not merging.done(replace(state, **change), room.at(100)), change
    theirs = replace(ours, by="halon")
    assert merging.done(replace(state, correctives=(theirs,)), room.at(100))
    assert not merging.done(merge(room, room.assessed()).state, room.at(100))


def test_of_another_agent_its_harm_must_be_seen_to_stop(room: Any) -> None:
    """The other incident looks after its own agent; what stops this one stays here."""
    other = replace(MET, agent="billing-bot")
    outcome = merge(room, room.assessed(), other)
    assert "That one is about billing-bot: what stops support-bot stays here." in outcome.text
    state = merging.handed(outcome.state, 1, Has(judged=True), room.at(61))
    assert (holds(state), state.firing) == (["the harm of support-bot has not been seen to stop"], outcome.state.firing)
    assert holds(replace(state, harm_stopped_at=room.at(90))) == []
    late = slow(room, group="leak")
    after, here = passing.divert(state, [late], room.at(70))
    assert (here, after.passing) == ([late], (late,))


def test_what_follows_a_merged_one_rests_for_the_quiet_period(room: Any) -> None:
    """Else each later alert of its key would open one more incident."""
    state = merged(room)
    link = state.merged_into
    assert link is not None
    followed = replace(state, merged_into=replace(link, followed=True))
    assert not merging.done(followed, room.at(60 + 899))
    assert merging.done(followed, room.at(60 + 900))


def test_the_other_incident_is_looked_at_by_the_clock(room: Any) -> None:
    """One timer, named after it; the look itself is the workflow's."""
    state = merged(room, actions=(room.action(),))
    event = next_event(state)
    assert event is not None
    assert (event.at, event.text) == (room.at(61 + 300), "look at INC-0002")
    after = fire_due(state, room.at(400))
    assert merging.to_hand_over(after)
    assert not merging.to_hand_over(state)


def test_alerts_and_facts_are_taken_over_once(room: Any) -> None:
    """Counts add up, the earlier first and the later last stay, exemplars and identities come along."""
    theirs = first_state(
        Opening((slow(room), slow(room, fingerprint="fp-8")), form=1), "incident-support-bot.slow", "r", room.at(5)
    )
    state = room.assessed()
    once = take_over(state, taken(theirs), room.at(60))
    assert {one.rule: one.firing for one in once.counts} == {"Leak": 1, "Slow": 2}
    assert [one.rule for one in once.alerts] == ["Leak", "Slow", "Slow"]
    assert set(theirs.firing) <= set(once.firing)
    assert once.tail[-1].text == ("INC-0009 was merged into this incident by ann: one cause. 2 alerts of 1 rule and 1 fact "
                                  "came with it.")  # fmt: skip
    assert take_over(once, taken(theirs), room.at(90)) is once
    again = absorb(once, [slow(room)], room.at(95))
    assert {one.rule: (one.firing, one.duplicates) for one in again.counts}["Slow"] == (2, 1)
    assert linked(once)[0]["text"] == "INC-0009 was merged into this one by ann, with 2 alerts: one cause"


def test_no_clock_gets_later_by_a_merge(room: Any) -> None:
    """Promises 5 and 7: of two anchors the earlier one counts, whichever incident had it; no person's word is overruled."""
    late = first_state(
        Opening((slow(room, received_at=room.at(900)),), form=1), "incident-support-bot.slow", "r", room.at(900)
    )
    state = room.assessed()
    assert held(take_over(state, taken(late), room.at(901)).facts)["detected_at"] == room.T0
    early = first_state(
        Opening((slow(room, received_at=room.at(-900)),), form=1), "incident-support-bot.slow", "r", room.at(1)
    )
    after = take_over(state, taken(early), room.at(60))
    assert held(after.facts)["detected_at"] == room.at(-900)
    assert after.facts[-1].reason == "the earlier one of this incident and INC-0009"
    assert (after.facts_version > state.facts_version, after.person_version) == (True, state.person_version)
    version = replace(taken(early), link=replace(taken(early).link, version=2))
    assert take_over(after, version, room.at(70)).facts == after.facts


def test_facts_come_as_another_source_and_never_as_a_persons_word(room: Any) -> None:
    """Who said it where stays visible; what a person said there does not loosen what holds here."""
    theirs = first_state(Opening((slow(room),), form=1), "incident-support-bot.slow", "r", room.at(5))
    theirs = learn(theirs, [Fact("ongoing", False, "person", room.at(7), by="pat")], room.at(7))
    after = take_over(room.assessed(), taken(theirs), room.at(60))
    (moved,) = [one for one in after.facts if one.name == "ongoing"]
    assert (moved.source, moved.by, moved.via, moved.told) == ("person of INC-0009", "pat", "INC-0009", True)
    further = replace(taken(after), link=replace(taken(after).link, reference="INC-0010", workflow_id="incident-x.y"))
    last = take_over(room.assessed(), further, room.at(70))
    assert [one.source for one in last.facts if one.name == "ongoing"] == ["person of INC-0009"]


def test_merged_in_a_circle_the_same_one_goes_on_whoever_notices_first(room: Any) -> None:
    """Of all in the circle the one with the first name takes its merge back; the others stay merged."""
    state = merge(
        room, room.assessed(), replace(MET, workflow_id="incident-support-bot.slow", reference="INC-0009")
    ).state
    circle = replace(taken(room.assessed()), link=replace(taken(room.assessed()).link, path=(state.workflow_id,)))
    assert state.workflow_id < "incident-support-bot.slow"
    goes_on = take_over(state, circle, room.at(70))
    assert goes_on.merged_into is None
    assert goes_on.page_next_at == room.at(70)
    assert any("is taken back" in line.text for line in goes_on.tail)
    last = replace(state, workflow_id="incident-z.z")
    stays = take_over(last, replace(circle, link=replace(circle.link, path=("incident-z.z",))), room.at(70))
    assert stays.merged_into is not None


def test_later_alerts_are_put_by_and_counted_where_they_go(room: Any) -> None:
    """Here they change nothing but what is passed on; a batch is taken once, and too late ones are declined."""
    state = merged(room)
    late = slow(room, group="leak")
    after, here = passing.divert(state, [late], room.at(70))
    assert (here, after.passing, after.counts) == ([], (late,), state.counts)
    assert passing.next_batch(after, 10) == (OTHER, (late,))
    gone = passing.passed(after, 1, OTHER, room.at(71))
    assert (gone.passing, gone.tail[-1].text) == ((), "1 later alert so far passed on to INC-0002.")
    theirs = take_over(room.assessed(), taken(state), room.at(60))
    once = take_alerts(theirs, "incident-support-bot.slow", 1, [late], room.at(72))
    assert {one.rule: one.firing for one in once.counts}["Slow"] == 1
    assert take_alerts(once, "incident-support-bot.slow", 1, [late], room.at(73)) is once
    over = replace(once, recovered_at=room.at(80), firing=(), firing_more=0)
    declined = take_alerts(over, "incident-support-bot.slow", 2, [slow(room, fingerprint="fp-7")], room.at(80 + 901))
    assert (declined.merged_from[0].declined, declined.counts) == (2, over.counts)
    assert passing.to_successor(after, 1).forwarding == (late,)


def test_an_action_is_offered_back_when_the_other_one_is_over(room: Any) -> None:
    """Its fix is the fix of both."""
    from halon.incident.settling import to_offer_back

    actions = (room.action(),)
    assert to_offer_back(merged(room, actions=actions)) == []
    assert [one.order.id for one in to_offer_back(merged(room, Has(judged=True, over=True), actions=actions))] == [
        "disable-mail"
    ]


def test_the_status_lists_all_links_in_one_block(room: Any) -> None:
    """Merged, split off, before and after, and what may be the same deeds, each once."""
    told = status(room.full())["linked"]
    assert [one["kind"] for one in told] == [
        "merged into",
        "merged from",
        "split from",
        "split off",
        "successor",
        "predecessor",
        "related",
    ]
