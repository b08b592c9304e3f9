"""What is different in a notice that was drafted again, in few words."""

from __future__ import annotations

from typing import Any

import pytest

from halon.incident.assessment import FORM
from halon.incident.facts import PERSON, Fact
from halon.incident.judged import take_in
from halon.incident.learning import learn
from halon.incident.notices import Notice
from halon.incident.redrafts import LONGEST_LINE, MOST_LINES, changed, judged, known, outdated, overtaken, same
from halon.incident.state import State


def notice(body: str, **fields: Any) -> Notice:
    """A notice of this text."""
    return Notice(**{"id": "n", "audience": "regulator", "subject": "Breach", "body": body, **fields})


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("a\n- People: 6\nz\n", "a\n- People: 7\nz\n", 'was "People: 6"; now "People: 7".'),
        ("a\n", "a\n- b\n", 'now "b".'),
        ("a\n- b\n", "a\n", 'was "b".'),
        ("a\n", "a\n\n", "only blank lines."),
    ],
)
def test_the_lines_that_changed_are_told(before: str, after: str, told: str) -> None:
    """What was, and what is now; nothing else."""
    assert changed(notice(before), notice(after)) == told
    assert not same(notice(before), notice(after))


def test_the_subject_counts_and_progress_does_not() -> None:
    """The same text is the same notice, however far it has come."""
    assert changed(notice("a"), notice("a", subject="Breach, late")) == 'was "Breach"; now "Breach, late".'
    assert same(notice("a"), notice("a", status="waiting", attempt=4, record_head="x"))


def test_a_difference_is_bounded() -> None:
    """However much is new, and however long its lines are."""
    told = changed(notice(""), notice("\n".join(f"{number} {'x' * 5000}" for number in range(100))))
    assert told.endswith(f"; and {100 - MOST_LINES} more lines.")
    assert len(told) < MOST_LINES * (LONGEST_LINE + 10) + 40


def seen(room: Any, state: State, source: str, value: int, now: float) -> State:
    """Somebody counts people, or a machine does."""
    return learn(state, [Fact("affected_individuals", value, source, room.at(now), by=source)], room.at(now))


def judge(room: Any, state: State, now: float, form: int = FORM) -> State:
    """All that was said by now is judged."""
    return take_in(state, room.judged(form=form), state.facts_version, room.at(now))


@pytest.mark.parametrize("source", [PERSON, "trace"])
def test_a_draft_is_outdated_by_whatever_is_judged_after_it(room: Any, source: str) -> None:
    """Three people by a person's count, six hundred by a machine: whoever approves approves of what Halon knows."""
    state = judge(room, seen(room, room.opened(), PERSON, 3, 1), 2)
    drafted = known(state)
    assert not outdated(state, drafted)
    state = seen(room, state, source, 600, 3)
    assert outdated(state, drafted), "it is to be judged"
    assert judged(state) is (source != PERSON), "a draft waits for people's words to be judged, and for no machine"
    state = judge(room, state, 4)
    assert (outdated(state, drafted), overtaken(state, drafted), judged(state)) == (True, True, True)
    assert not outdated(state, known(state)), "once a judgement"


def test_a_judgement_by_other_rules_of_the_same_facts_counts_too(room: Any) -> None:
    """Another kit may say otherwise."""
    state = judge(room, room.opened(), 2)
    assert outdated(judge(room, state, 3), known(state))


def test_a_persons_word_overtakes_a_draft_that_is_being_made(room: Any) -> None:
    """It is judged first; what a machine sees meanwhile is drafted after the next judgement."""
    state = judge(room, room.opened(), 2)
    assert overtaken(seen(room, state, PERSON, 3, 3), known(state))
    assert not overtaken(seen(room, state, "trace", 3, 3), known(state))


def test_what_an_earlier_release_judged_is_drafted_again_by_peoples_words_alone(room: Any) -> None:
    """Its histories go on as they were."""
    state = judge(room, seen(room, room.opened(), PERSON, 3, 1), 2, form=2)
    assert known(state) == "1"
    machine = seen(room, state, "trace", 600, 3)
    assert not outdated(judge(room, machine, 4, form=2), "1")
    assert not outdated(machine, "1")
    assert outdated(seen(room, state, PERSON, 600, 3), "1")
