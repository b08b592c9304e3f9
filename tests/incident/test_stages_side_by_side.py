"""Stages of one duty that wait for none of each other: which is first, which can be filed, what a bare ``filed`` means."""

from __future__ import annotations

from typing import Any

from halon.incident.assessment import DECIDED, Addressee, Obligation
from halon.incident.standing import in_order, open_stage, open_stages, stage_settled
from halon.incident.state import State
from halon.incident.status import status

HOUR, DAY = 3600, 86_400
TEXAS = "us-tx"


def texas(room: Any, form: int = DECIDED, **general: Any) -> State:
    """As the law of Texas has it: the individuals stand first in the file, the Attorney General is due before them."""
    stages = (
        room.stage("individuals", due=room.at(60 * DAY)),
        room.stage("attorney_general", due=room.at(30 * DAY), **general),
    )
    duty: Obligation = room.duty("applies", *stages, id=TEXAS)
    state: State = room.assessed(room.judged(obligations=(duty,), form=form))
    return state


def names(stages: Any) -> list[str]:
    return [one.id for one in stages]


def test_the_open_stage_is_the_one_due_first(room: Any) -> None:
    """Not the one that the file names first; whoever looks at the status is told the sooner time."""
    state = texas(room)
    found = open_stage(state, state.obligations[0])
    assert found is not None
    assert found.id == "attorney_general"
    assert names(open_stages(state, state.obligations[0])) == ["attorney_general", "individuals"]


def test_of_those_due_together_the_file_decides_and_one_without_a_time_follows_the_one_before_it(room: Any) -> None:
    """As the words of such a stage say: together with the one before it, or after it."""
    together = room.duty(
        "applies", room.stage("b", due=room.at(9)), room.stage("a", due=room.at(9)), room.stage("x", due=room.at(5))
    )
    state = room.assessed(room.judged(obligations=(together,), form=DECIDED))
    assert names(in_order(state, together)) == ["x", "b", "a"]
    assert names(in_order(state, room.duty("applies", room.stage("first", due=room.at(9)), without(room)))) == [
        "first",
        "words",
    ]
    assert names(in_order(state, room.duty("applies", without(room), room.stage("later", due=room.at(9))))) == [
        "words",
        "later",
    ]


def without(room: Any) -> Any:
    stage = room.stage("words")
    return type(stage)(**{**{name: getattr(stage, name) for name in stage.__slots__}, "due": "", "decide_by": ""})


def test_a_stage_without_a_time_waits_unless_it_goes_to_somebody_else(room: Any) -> None:
    """People are told beside the authority; what follows for the same reader comes after it."""
    state = texas(room)
    first = room.stage("commission", due=room.at(3 * DAY))
    own = without(room)
    assert names(open_stages(state, room.duty("applies", first, own))) == ["commission"]
    theirs = type(own)(
        **{**{name: getattr(own, name) for name in own.__slots__}, "told": Addressee("the people", "customers")}
    )
    assert names(open_stages(state, room.duty("applies", first, theirs))) == ["commission", "words"]


def test_what_counts_from_a_filing_to_come_is_not_open(room: Any) -> None:
    """It is once that is made."""
    first = room.stage("initial", due=room.at(4 * HOUR))
    later = room.stage("intermediate", due=room.at(76 * HOUR), anchor="filing of initial", provisional=True)
    duty = room.duty("applies", first, later)
    state = room.assessed(room.judged(obligations=(duty,), form=DECIDED))
    assert names(open_stages(state, duty)) == ["initial"]
    made = room.duty(
        "applies", room.stage("initial", filed_at=room.at(9)), room.stage("intermediate", anchor="filing of initial")
    )
    assert names(open_stages(state, made)) == ["intermediate"]


def test_what_an_earlier_release_judged_goes_by_its_file(room: Any) -> None:
    """Its histories go on as they were."""
    state = texas(room, form=DECIDED - 1)
    assert names(open_stages(state, state.obligations[0])) == ["individuals"]
    taken = room.say(state, "filed", "pat", obligation=TEXAS, reference="R", reason="by mail").state
    assert taken.filings[0].stage == "individuals"


def test_a_bare_filed_is_refused_while_two_stages_are_open(room: Any) -> None:
    """It would settle the wrong one in silence. The refusal names both with their times; with one left, it is meant."""
    state = texas(room)
    refused = room.say(state, "filed", "pat", obligation=TEXAS, reference="AG-1", reason="told them")
    assert refused.refusal == "WhichStage"
    assert f"attorney_general (due {room.at(30 * DAY)}) and individuals (due {room.at(60 * DAY)})" in refused.text
    assert refused.state.filings == ()
    state = room.say(
        state, "filed", "pat", obligation=TEXAS, reference="AG-1", stage="attorney_general", reason="r"
    ).state
    assert stage_settled(state, state.obligations[0], "attorney_general")
    assert not stage_settled(state, state.obligations[0], "individuals")
    rest = room.say(state, "filed", "pat", obligation=TEXAS, reference="I-1", reason="by mail")
    assert (rest.refusal, rest.state.filings[-1].stage) == ("", "individuals")


def test_a_deadline_asks_for_the_stage_that_is_due_first(room: Any) -> None:
    """Of a duty that may apply, the status asks for the decision before the sooner of its stages."""
    stages = (room.stage("individuals", due=room.at(60 * DAY), decide_by=room.at(59 * DAY)),
              room.stage("institution", due=room.at(3 * DAY), decide_by=room.at(2 * DAY)))  # fmt: skip
    state = room.assessed(room.judged(obligations=(room.duty("undetermined", *stages),), form=DECIDED))
    asked = [one for one in status(state)["asked"] if one.get("obligation")]
    assert [one["until"] for one in asked] == [room.at(2 * DAY)]
