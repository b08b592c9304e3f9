"""Break-glass: fewer or other people in an emergency, told to everybody, looked at by somebody else before the close."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.about import about
from halon.incident.alarms import ringing
from halon.incident.glass import unreviewed
from halon.incident.settling import holds, unsettled
from halon.incident.status import details, headline, status
from halon.incident.times import parse

GATE = "revoke-token-1a2b3c4d"


def opened(room: Any, people: int = 2, **fields: Any) -> Any:
    """An incident with a gate of two from security, whose glass so many of commander and technical lead can break."""
    policy = replace(
        room.POLICY, quorum=2, break_glass=people, break_glass_roles=("commander", "technical_lead"), **fields
    )
    return room.assessed(gates=(room.gate(policy=policy),))


def breaks(room: Any, state: Any, by: str, **fields: Any) -> Any:
    return room.say(state, "break-glass", by, gate=GATE, reason="the mail goes out now", **fields)


def test_a_glass_takes_as_many_people_as_the_kit_says(room: Any) -> None:
    """One alone only says that they want to; the second grants it, without anybody of security."""
    first = breaks(room, opened(room), "tom")
    assert first.state.gates[0].status == "open"
    assert "to break the glass it takes 1 more" in first.text
    assert unreviewed(first.state) == ()
    again = breaks(room, first.state, "tom")
    assert (again.refusal, again.state.gates[0].status) == ("AlreadyAnswered", "open")
    second = breaks(room, first.state, "ann")
    assert second.state.gates[0].status == "granted"
    assert second.text.startswith("GLASS BROKEN by tom and ann")
    assert "2 more of security still have to agree" in second.text
    assert [(one.by, one.agreed) for one in second.state.broken] == [(("tom", "ann"), ())]


def test_an_ordinary_yes_counts_with_it_and_alone_breaks_nothing(room: Any) -> None:
    """As many as it takes, and one at least who says that it is an emergency; whoever says both is one person."""
    yes = room.say(opened(room), "approve", "sue", gate=GATE).state
    assert yes.gates[0].status == "open"
    broken = breaks(room, yes, "tom").state
    assert (broken.gates[0].status, broken.broken[0].by, broken.broken[0].agreed) == ("granted", ("tom",), ("sue",))
    both = breaks(room, room.say(opened(room), "approve", "ann", gate=GATE).state, "ann").state
    assert (both.gates[0].status, [one.by for one in both.gates[0].answers]) == ("open", ["ann"])
    late = room.say(breaks(room, opened(room), "tom").state, "approve", "sue", gate=GATE).state
    assert (late.gates[0].status, late.broken[0].by) == ("granted", ("tom",))


def test_the_quorum_itself_breaks_nothing(room: Any) -> None:
    """Where those whom the gate asks for agree in time, there is nothing to review."""
    state = breaks(room, opened(room, people=4), "tom").state
    for by in ("sue", "ann"):
        state = room.say(state, "approve", by, gate=GATE).state
    assert (state.gates[0].status, state.broken) == ("granted", ())


@pytest.mark.parametrize(
    ("by", "change", "kind", "words"),
    [
        ("pat", {}, "NotAuthorised", "pat holds privacy; this gate needs commander or technical_lead."),
        ("sue", {}, "NotAuthorised", "needs commander or technical_lead"),
        ("tom", {"proposers": ("tom",)}, "SelfApproval", "tom proposed this"),
        ("tom", {"status": "void"}, "GateClosed", "void"),
        ("tom", {"status": "spent"}, "GateClosed", "has run"),
        ("tom", {"status": "expired"}, "GateClosed", "expired"),
        ("tom", {"deadline_at": "2026-11-22T10:00:30.000Z"}, "GateClosed", "expired at"),
    ],
)
def test_who_may_not_and_when_it_is_over(room: Any, by: str, change: dict[str, Any], kind: str, words: str) -> None:
    """The rules of every answer hold: the role, not one's own proposal, in time, and for what is still asked."""
    state = opened(room)
    state = replace(state, gates=(replace(state.gates[0], **change),))
    refused = breaks(room, state, by)
    assert (refused.refusal, words in refused.text) == (kind, True), refused.text
    assert refused.state.gates[0].answers == ()
    assert refused.state.tail[-1].text.startswith("Refused break-glass")


def test_a_no_keeps_it_closed(room: Any) -> None:
    """One no settles the gate as ever; taken back, what was said before breaks the glass and is told."""
    state = breaks(room, opened(room), "tom").state
    no = room.say(state, "reject", "sue", gate=GATE, reason="wrong token").state
    assert breaks(room, no, "ann").refusal == "GateClosed"
    alone = opened(room, people=1)
    alone = replace(alone, gates=(replace(alone.gates[0], answers=breaks(room, alone, "tom").state.gates[0].answers),))
    no = room.say(alone, "reject", "sue", gate=GATE, reason="wrong token").state
    assert (no.gates[0].status, no.broken) == ("rejected", ())
    back = room.say(no, "withdraw", "sue", gate=GATE).state
    assert (back.gates[0].status, [one.by for one in back.broken]) == ("granted", [("tom",)])


def test_everybody_hears_of_it_at_once(room: Any) -> None:
    """Those of the gate, those who could break it, leadership, and whom it escalates to; wanted, and broken; mute or not."""
    muted = room.say(opened(room), "mute", "tom", until=room.at(9000)).state
    muted = replace(muted, outbox=())
    wanted = breaks(room, muted, "tom").state
    broken = breaks(room, wanted, "ann").state
    everybody = {"ann", "sue", "tom", "lea"}
    assert {one.to for one in wanted.outbox if "break-glass wanted" in one.subject} == everybody
    told = [one for one in broken.outbox if "GLASS BROKEN" in one.subject]
    assert {one.to for one in told} == everybody
    assert all("the mail goes out now" in one.body and "halon review" in one.command for one in told)


def test_status_says_so_until_somebody_else_looked(room: Any) -> None:
    """In the headline, the object, the details with the JSON, and what is left before the close; then it is shown as reviewed."""
    state = breaks(room, opened(room, people=1), "tom").state
    state = replace(state, gates=(replace(state.gates[0], status="spent"),))
    assert "GLASS BROKEN by tom, to be reviewed" in headline(state)
    assert status(state)["glass"][0]["reviewed_by"] is None
    assert f'"gate": "{GATE}"' in details(state).split("Glass broken")[1]
    assert any("broken glass" in one for one in unsettled(state))
    assert any("broken glass" in one for one in unsettled(replace(state, false_alarm_by="ann")))
    assert room.say(state, "close", "ann", reason="done").refusal == "NotSettled"
    assert "GLASS BROKEN" in headline(replace(state, false_alarm_by="ann"))
    done = room.say(state, "review", "ann", gate=GATE, reason="it was right").state
    assert "GLASS" not in headline(done)
    assert not any("glass" in one for one in unsettled(done))
    assert (done.broken[0].reviewed_by, done.broken[0].review) == ("ann", "it was right")
    assert about(done, room.at(99))["glass"][0]["reviewed_by"] == "ann"
    assert done.tail[-1].text.startswith("ann (name unverified) looked at the broken glass")


def test_nobody_reviews_what_they_broke(room: Any) -> None:
    """It takes somebody else, and is said once; of each time that it was broken."""
    state = breaks(room, opened(room, people=1), "tom").state
    own = room.say(state, "review", "tom", gate=GATE, reason="fine")
    assert (own.refusal, unreviewed(own.state) != ()) == ("SelfReview", True)
    done = room.say(state, "review", "ann", gate=GATE, reason="it was right").state
    assert room.say(done, "review", "sue", gate=GATE, reason="me too").refusal == "AlreadyDone"
    back = room.say(done, "withdraw", "tom", gate=GATE, now=room.at(70)).state
    again = breaks(room, back, "ann", now=room.at(80)).state
    assert [one.by for one in unreviewed(again)] == [("ann",)]
    assert room.say(again, "review", "ann", gate=GATE, reason="fine").refusal == "SelfReview"


def test_nobody_reviews_what_their_yes_or_proposal_let_run(room: Any) -> None:
    """An ordinary yes completed it as much as the broken glass did, and whoever proposed it wanted it."""
    state = breaks(room, room.say(opened(room), "approve", "sue", gate=GATE).state, "tom").state
    assert (state.broken[0].by, state.broken[0].agreed) == (("tom",), ("sue",))
    assert room.say(state, "review", "sue", gate=GATE, reason="fine").refusal == "SelfReview"
    assert room.say(state, "review", "ann", gate=GATE, reason="it was right").refusal == ""
    state = opened(room, people=1)
    state = replace(state, gates=(replace(state.gates[0], proposers=("ann",)),))
    state = replace(breaks(room, state, "tom").state, gates=())
    assert room.say(state, "review", "ann", gate=GATE, reason="fine").refusal == "SelfReview"
    assert room.say(state, "review", "sue", gate=GATE, reason="it was right").refusal == ""


def test_of_two_times_each_is_reviewed_by_who_had_no_part_in_it(room: Any) -> None:
    """Broken by one and then by the other, each looks at the other's; the incident stays open until both are done."""
    state = breaks(room, opened(room, people=1), "tom").state
    state = room.say(state, "withdraw", "tom", gate=GATE, now=room.at(70)).state
    state = breaks(room, state, "ann", now=room.at(80)).state
    assert [one.by for one in unreviewed(state)] == [("tom",), ("ann",)]
    first = room.say(state, "review", "tom", gate=GATE, reason="ann was right")
    assert (first.refusal, "Not of what tom had a part in" in first.text) == ("", True), first.text
    assert [one.by for one in unreviewed(first.state)] == [("tom",)]
    assert room.say(first.state, "review", "tom", gate=GATE, reason="and so was I").refusal == "SelfReview"
    second = room.say(first.state, "review", "ann", gate=GATE, reason="tom was right")
    assert (second.refusal, unreviewed(second.state)) == ("", ())
    assert [one.reviewed_by for one in second.state.broken] == ["ann", "tom"]


def test_a_merged_incident_waits_for_the_review(room: Any) -> None:
    """It closes by itself, and not before somebody has looked."""
    state = breaks(room, opened(room, people=1), "tom").state
    merged = replace(state, merged_into=room.full().merged_into)
    assert any("broken glass" in one for one in holds(merged))


def test_the_alarm_of_a_broken_glass_rings_until_it_is_reviewed(room: Any) -> None:
    """It is one of its own, so that an acknowledged incident does not swallow it."""
    state = breaks(room, room.assessed(room.judged(form=5), gates=opened(room, people=1).gates), "tom").state
    page = next(one for one in state.outbox if "GLASS BROKEN" in one.subject)
    assert page.part.startswith("glass:revoke-token@")
    rung = replace(state, ledger={**state.ledger, f"alarm:{page.part}:{page.to}": "pager"})
    assert not ringing(rung)
    assert ringing(room.say(rung, "review", "ann", gate=GATE, reason="it was right").state)


def test_what_is_broken_carries_the_time_of_the_grant(room: Any) -> None:
    """Which is when the last yes came that it took."""
    state = breaks(room, opened(room, people=1), "tom", now=room.at(77)).state
    assert parse(state.broken[0].at) == parse(room.at(77)) == parse(state.gates[0].settled_at)
