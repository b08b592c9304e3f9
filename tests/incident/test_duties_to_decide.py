"""Duties that may apply: who decides hears of each early; the step is open while one is, and bothers nobody after that."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from halon.incident import checklist, quiet
from halon.incident.assessment import DECIDED, Assessment, Obligation, Person, Roster
from halon.incident.clocks import fire_due, next_event
from halon.incident.judged import take_in
from halon.incident.mutes import MutedBy
from halon.incident.state import State
from halon.incident.tasks import DECIDE, Task

STEP = f"{DECIDE}privacy"
GDPR, DORA = "eu-gdpr-33", "eu-dora-19"
HOUR = 3600


def duty(room: Any, name: str, status: str = "undetermined", hours: float = 72, **fields: Any) -> Obligation:
    """A duty due after so many hours, to be decided an hour before."""
    stage = room.stage(due=room.at(hours * HOUR), decide_by=room.at((hours - 1) * HOUR))
    found: Obligation = room.duty(status, stage, id=name, **fields)
    return found


def judged(room: Any, *duties: Obligation, **fields: Any) -> Assessment:
    """An assessment of today's form with these duties."""
    found: Assessment = room.judged(obligations=duties, form=DECIDED, **fields)
    return found


def again(room: Any, state: State, seconds: float, *duties: Obligation) -> State:
    """``state`` judged again, so many seconds after it opened."""
    return take_in(state, judged(room, *duties), state.facts_version, room.at(seconds))


def told(state: State) -> list[tuple[str, str]]:
    """Who was told early of what, in order."""
    return [(one.to, one.body) for one in state.outbox if "may apply" in one.subject]


def task(state: State) -> Task:
    found = checklist.find(state, STEP)
    assert found is not None
    return found


def run(state: State, until: str) -> tuple[State, list[str]]:
    """Every event up to ``until``, at its own time, and what it was."""
    seen = []
    while (event := next_event(state)) is not None and event.at <= until:
        seen.append(event.key)
        state = fire_due(state, event.at)
    return state, [key for key in seen if key.startswith("task-")]


def test_who_decides_is_told_at_once_and_once(room: SimpleNamespace) -> None:
    """With the questions and until when; a second judgement of the same tells nobody again."""
    open_one = duty(room, GDPR, needs=("risk_to_individuals",))
    state = room.assessed(judged(room, open_one))
    (page,) = [one for one in state.outbox if "may apply" in one.subject]
    assert (page.to, page.until) == ("pat", room.at(71 * HOUR))
    assert "risk_to_individuals" in page.asked
    assert len(told(again(room, state, 60, open_one))) == 1


def test_privacy_and_legal_hear_early_whoever_decides(room: SimpleNamespace) -> None:
    """A duty of the customers' lead is also theirs to know of: they find the answers."""
    people = (Person("cus", "Cus", ("customer_lead",)), Person("pia", "Pia", ("privacy_officer",)),
              Person("leg", "Leg", ("legal_counsel",)), Person("oda", "Oda", ("leadership",)))  # fmt: skip
    contract = duty(room, "contract-dpa", decider="customer_lead")
    state = room.assessed(judged(room, contract, roster=Roster("cus", "cus", ("cus",), 300, people)))
    assert [name for name, _ in told(state)] == ["cus", "pia", "leg"]


def test_a_duty_that_comes_later_is_told_and_opens_the_step_again(room: SimpleNamespace) -> None:
    """The first one was settled and the step ticked: four hours for another one are not passed in silence."""
    state = room.assessed(judged(room, duty(room, GDPR)))
    state = again(room, state, 100, duty(room, GDPR, "applies"))
    assert (task(state).status, task(state).by) == ("done", "halon")
    state = again(room, state, 200, duty(room, GDPR, "applies"), duty(room, DORA, hours=4))
    assert (task(state).status, task(state).due) == ("open", room.at(3 * HOUR))
    assert [DORA in body for _, body in told(state)] == [False, True]
    assert f"Step {STEP} is open again, to decide {DORA}; it was done." in [line.text for line in state.tail]
    assert run(state, room.at(3 * HOUR))[1] == [f"task-late:{STEP}@{room.at(3 * HOUR)}"]


def test_a_duty_beside_an_open_one_is_told_alone(room: SimpleNamespace) -> None:
    """The mark stands with the duty: the message names what is new, the step all that is open and the earlier deadline."""
    state = room.assessed(judged(room, duty(room, GDPR)))
    state = again(room, state, 200, duty(room, GDPR), duty(room, DORA, hours=4))
    assert [(GDPR in body, DORA in body) for _, body in told(state)] == [(True, False), (False, True)]
    assert (task(state).step.duties, task(state).due) == ((GDPR, DORA), room.at(3 * HOUR))


@pytest.mark.parametrize("word", ["done", "skip"])
def test_what_a_person_ticked_or_skipped_opens_for_another_duty(room: SimpleNamespace, word: str) -> None:
    """Their word was about the duties of then; for those it stands."""
    state = room.assessed(judged(room, duty(room, GDPR)))
    state = room.say(state, "task", "pat", do=word, step=STEP, reason="we know").state
    assert task(again(room, state, 100, duty(room, GDPR))).status == {"done": "done", "skip": "skipped"}[word]
    assert task(again(room, state, 100, duty(room, GDPR), duty(room, DORA))).status == "open"


def test_a_duty_that_opens_again_is_told_again(room: SimpleNamespace) -> None:
    """It was answered, and the answer was taken back."""
    state = room.assessed(judged(room, duty(room, GDPR)))
    state = again(room, again(room, state, 100, duty(room, GDPR, "does_not_apply")), 200, duty(room, GDPR))
    assert (task(state).status, len(told(state))) == ("open", 2)


@pytest.mark.parametrize("word", ["decline", "declare"])
def test_a_decision_ticks_the_step_at_once_and_nobody_is_chased(room: SimpleNamespace, word: str) -> None:
    """Without a judgement in between, and not undone by the next one; the answer of the command is still its own."""
    state = room.assessed(judged(room, duty(room, GDPR)))
    said = room.say(state, word, "pat", obligation=GDPR, reason="the note was read", now=room.at(50))
    assert said.text == f"pat (name unverified) {word}d {GDPR}: the note was read"
    assert (task(said.state).status, task(said.state).by) == ("done", "halon")
    state = again(room, said.state, 100, duty(room, GDPR))
    assert task(state).status == "done"
    assert run(state, room.at(80 * HOUR))[1] == []
    assert len(told(state)) == 1


def test_of_two_duties_the_declined_one_leaves_and_takes_its_deadline_along(room: SimpleNamespace) -> None:
    """What is left is asked until its own time; that it is late then is told, though the step was late before."""
    state = room.assessed(judged(room, duty(room, DORA, hours=4), duty(room, GDPR)))
    state, seen = run(state, room.at(3.5 * HOUR))
    assert [key.partition(":")[0] for key in seen] == ["task-late", "task-escalate"]
    state = room.say(state, "decline", "pat", obligation=DORA, reason="not major", now=room.at(3.5 * HOUR)).state
    assert (task(state).step.duties, task(state).due, task(state).status) == ((GDPR,), room.at(71 * HOUR), "open")
    assert not checklist.told_late(state, task(state))
    before = len(state.outbox)
    state, seen = run(state, room.at(71.5 * HOUR))
    assert seen == [f"task-{word}:{STEP}@{room.at(71 * HOUR)}" for word in ("late", "escalate")]
    assert [one.to for one in state.outbox[before:] if "is late" in one.subject] == ["pat", "ann"]


def test_a_mute_keeps_it_back_until_the_incident_wakes(room: SimpleNamespace) -> None:
    """Nobody is marked as told meanwhile."""
    mute = MutedBy("night", room.at(HOUR), "trained anew", "tom", "SEV1")
    state = room.assessed(judged(room, duty(room, GDPR), muted=mute))
    assert quiet.muted(state)
    assert task(state).status == "open"
    assert (told(state), [key for key in state.ledger if key.startswith(checklist.TOLD)]) == ([], [])
    state = again(room, state, 60, duty(room, GDPR))
    assert not quiet.muted(state)
    assert [name for name, _ in told(state)] == ["pat"]


def test_a_false_alarm_asks_nobody_to_decide(room: SimpleNamespace) -> None:
    """All duties are declined with it, the step is ticked."""
    state = room.assessed(judged(room, duty(room, GDPR)))
    state = room.say(state, "false-alarm", "ann", reason="a test").state
    assert task(state).status == "done"
    assert task(again(room, state, 100, duty(room, GDPR), duty(room, DORA))).status == "done"


def test_what_was_judged_before_has_no_such_step(room: SimpleNamespace) -> None:
    """An assessment of an earlier release adds nothing and tells nobody."""
    state = room.assessed(room.judged(obligations=(duty(room, GDPR),), form=DECIDED - 1))
    assert (state.tasks, told(state)) == ((), [])
