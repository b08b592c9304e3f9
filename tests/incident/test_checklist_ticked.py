"""The checklist: steps come with a judgement, are ticked by what is known or by a person, and are told of when late."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import checklist
from halon.incident.about import about
from halon.incident.clocks import fire_due, next_event
from halon.incident.judged import take_in
from halon.incident.phases import Phase
from halon.incident.settling import unsettled
from halon.incident.state import State
from halon.incident.status import as_text, details, status
from halon.incident.tasks import Step


def looked_at(room: Any, *steps: Step, state: State | None = None, now: float = 1, **fields: Any) -> State:
    """The incident after a judgement that asks for these steps."""
    state = room.opened() if state is None else state
    return take_in(state, room.judged(steps=steps, form=1, **fields), state.facts_version, room.at(now))


def seen(state: State) -> dict[str, str]:
    """How far each step is, in words."""
    return {one.step.id: checklist.in_words(one) for one in state.tasks}


def real(room: Any, *, met: bool) -> Step:
    """The step that Halon ticks once it is known whether it is real."""
    step: Step = room.step(automated=True, met=met, answers=("confirmed",))
    return step


def test_steps_are_added_none_is_dropped_and_they_stand_in_the_order_of_the_phases(room: Any) -> None:
    """A later judgement by other runbooks adds its own; what was asked before is still asked."""
    state = looked_at(room, room.step("rca/whys"), room.step("triage/real"))
    state = looked_at(room, room.step("contain/cap", runbook="operational"), state=state, now=5)
    assert list(seen(state)) == ["triage/real", "contain/cap", "rca/whys"]
    lines = [line.text for line in state.tail if line.text.startswith("The checklist of")]
    assert lines == ["The checklist of any counts.", "The checklist of operational counts."]
    assert [one.due for one in state.tasks] == [room.at(1800)] * 3, "counted from the opening"


def test_what_is_met_is_ticked_once_and_never_unticked(room: Any) -> None:
    """The log says it once; where it is not known any more, that it was known."""
    state = looked_at(room, real(room, met=False))
    assert seen(state) == {"triage/real": "open"}
    state = looked_at(room, real(room, met=True), state=state, now=2)
    assert (seen(state)["triage/real"], state.tasks[0].by, state.tasks[0].at) == ("done", "halon", room.at(2))
    for now, met in ((3, True), (4, False), (5, True)):
        state = looked_at(room, real(room, met=met), state=state, now=now)
        assert state.tasks[0].status == "done"
        assert seen(state)["triage/real"] == ("done" if met else "done (was known then; it is not known now)")
    assert sum("Step triage/real is done" in line.text for line in state.tail) == 1


def test_a_person_ticks_skips_with_a_reason_and_opens_again(room: Any) -> None:
    """Each with name and reason, and what a person opened again is not ticked by the same knowledge."""
    state = looked_at(room, real(room, met=True), room.step("remediate/drill", owner="commander"))
    state = room.say(state, "task", "ann", do="reopen", step="triage/real", reason="wrong trace").state
    state = looked_at(room, real(room, met=True), state=state, now=70)
    assert seen(state)["triage/real"] == "open"
    done = room.say(state, "task", "tom", do="done", step="triage/real", reason="reproduced")
    assert done.text == "Step triage/real is done, says tom (name unverified): reproduced"
    state = looked_at(room, real(room, met=False), state=state, now=80)
    assert seen(looked_at(room, real(room, met=True), state=state, now=90))["triage/real"] == "done", "met anew"
    skipped = room.say(state, "task", "ann", do="skip", step="remediate/drill", reason="one a month ago").state
    assert seen(skipped)["remediate/drill"] == "skipped by ann: one a month ago"


@pytest.mark.parametrize(("owner", "whose"), [("tom", "tom"), ("TOM", "tom"), ("privacy", "privacy (pat)")])
def test_people_add_steps_of_a_person_or_a_role(room: Any, owner: str, whose: str) -> None:
    """In the phase of now unless another is named, with a deadline if one is given."""
    state = replace(looked_at(room), phases={"contain": Phase("running")})
    state = room.say(state, "task", "ann", do="add", step="Call the bank", owner=owner, due="2026-11-22T12:00").state
    state = room.say(state, "task", "ann", do="add", step="Thank them", owner=owner, phase="remediate").state
    assert [(one.step.id, checklist.owner(state, one), one.due) for one in state.tasks] == [
        ("contain/added-1", whose, "2026-11-22T12:00:00.000Z"), ("remediate/added-1", whose, "")]  # fmt: skip


def test_a_late_step_tells_its_owner_once_and_then_the_commander(room: Any) -> None:
    """All that is late at the moment in one page to each; whoever did it meanwhile is left alone."""
    steps = [
        room.step(f"triage/s{number}", owner=owner)
        for number, owner in enumerate(("technical_lead",) * 3 + ("privacy",))
    ]
    state = replace(looked_at(room, *steps, room.step("rca/whys", due_seconds=0)), acked_by="ann", page_next_at="")
    event = next_event(state)
    assert event is not None
    assert (event.at, event.text) == (room.at(1800), "step triage/s0 is due")
    state = fire_due(state, room.at(1800))
    assert sorted((one.to, one.subject.partition("] ")[2]) for one in state.outbox) == [
        ("pat", "1 step is late"), ("tom", "3 steps are late")]  # fmt: skip
    assert sum("Late: triage/s0, triage/s1, triage/s2, triage/s3." in line.text for line in state.tail) == 1
    state = room.say(state, "task", "pat", do="done", step="triage/s3", now=room.at(1900)).state
    state = fire_due(state, room.at(1800 + checklist.GRACE))
    assert [(one.to, one.asked[:44]) for one in state.outbox[2:]] == [
        ("ann", "3 steps are late (asked of technical_lead (t")
    ]
    later = fire_due(state, room.at(90_000))
    assert not [one for one in later.outbox[3:] if "late" in one.subject and "step" in one.subject]


def test_a_step_of_the_commander_is_not_told_to_the_commander_twice(room: Any) -> None:
    """There is nobody to escalate to."""
    state = replace(looked_at(room, room.step("triage/s", owner="commander")), acked_by="ann", page_next_at="")
    state = fire_due(state, room.at(1800 + checklist.GRACE))
    assert [one.to for one in state.outbox] == ["ann"]


def test_nothing_is_late_after_a_false_alarm_or_close(room: Any) -> None:
    """What nobody needs any more pages nobody."""
    state = replace(looked_at(room, room.step()), acked_by="ann", page_next_at="")
    for over in ({"false_alarm_by": "ann"}, {"close_requested_by": "ann"}):
        assert not [one for one in fire_due(replace(state, **over), room.at(9000)).outbox if "step" in one.subject]


def test_open_steps_of_notify_and_remediate_stand_before_the_close(room: Any) -> None:
    """Others are flagged once their phase is over, and the close names what was never done."""
    steps = [
        room.step("contain/fallback", due_seconds=0),
        room.step("notify/early", owner="privacy"),
        room.step("remediate/eval"),
    ]
    state = replace(looked_at(room, *steps), phases={"contain": Phase("done")})
    left = [one for one in unsettled(state) if one.startswith("step ")]
    assert left == ["step notify/early is open (privacy (pat))", "step remediate/eval is open (technical_lead (tom))"]
    assert [one["id"] for one in status(state)["tasks"] if one["flagged"]] == ["contain/fallback"]
    state = room.say(state, "task", "pat", do="done", step="notify/early").state
    state = room.say(state, "task", "tom", do="skip", step="remediate/eval", reason="no evals here").state
    assert not [one for one in unsettled(state) if one.startswith("step ")]
    assert [one["id"] for one in about(state, room.T0)["tasks"] if one["flagged"]] == [
        "contain/fallback",
        "remediate/eval",
    ]
    alarm = room.say(state, "false-alarm", reason="a test").state
    assert room.say(alarm, "close").text == (
        "Closed by ann (name unverified). Not done: contain/fallback (open); remediate/eval (skipped by tom: no evals here)."
    )


def test_the_status_shows_steps_and_says_what_comes_next(room: Any) -> None:
    """Under 120 words; the playbook speaks only while nobody is asked anything else; the UI lists what is open."""
    steps = [room.step(f"triage/s{number}") for number in range(20)]
    state = looked_at(room, *steps, playbook={"triage": ("You decide, others look.", "Second.")})
    state = replace(state, phases={"triage": Phase("waiting", "an acknowledgement")})
    assert "Next: You decide, others look." in as_text(state)
    assert status(state)["playbook"] == ["You decide, others look.", "Second."]
    assert len(as_text(state).split()) < 120
    asked = replace(state, gates=(room.gate(),))
    assert "Next:" not in as_text(asked)
    shown = details(state)
    assert "#### Steps still open: 20 of 20" in shown
    assert shown.count("technical_lead (tom)") == 12


def test_a_deadline_never_moves_later_and_an_earlier_one_counts(room: Any) -> None:
    """Whatever a newer runbook says (promise 7)."""
    state = looked_at(room, room.step(due_seconds=1800))
    for seconds, due in ((3600, 1800), (0, 1800), (600, 600), (1800, 600)):
        state = looked_at(room, room.step(due_seconds=seconds), state=state, now=3)
        assert state.tasks[0].due == room.at(due)


def test_an_incident_of_an_earlier_release_has_no_steps_and_closes_as_before(room: Any) -> None:
    """Nothing new is asked of it until it is judged again."""
    state = room.assessed()
    assert (state.tasks, checklist.left(state), state.kit_digest) == ((), [], "")
    assert not [event for event in [next_event(state)] if event and event.key.startswith("task")]
