"""Naming the list of affected people, and reviewing it: who, when, how many, on record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.about import about
from halon.incident.affected_people import counted_in
from halon.incident.assessment import DECIDED, FORM
from halon.incident.notices import Notice
from halon.judgement.communication.checks import check

LIST = "ab" * 32


def named(room: Any, *, state: Any = None, **fields: Any) -> Any:
    told = {"evidence": LIST, "count": 12, "places": {"DE": 9, "US-CA": 3}, "reason": "from the mail log"} | fields
    return room.say(state or room.assessed(), "affected", "pat", **told)


def test_the_list_counts_from_then_on_and_says_where_people_are(room: Any) -> None:
    """Hash and number stand in the log, never who stands on it; the counts by place are a fact of whoever said so."""
    said = named(room)
    assert said.refusal == ""
    assert (said.state.affected.count, said.state.affected.by, said.state.affected.reviewed_by) == (12, "pat", "")
    fact = said.state.facts[-1]
    assert (fact.name, fact.value, fact.by, fact.source) == (
        "affected_by_jurisdiction",
        {"DE": 9, "US-CA": 3},
        "pat",
        "person",
    )
    assert "names 12 affected people (list abababababab…)" in [line.text for line in said.state.tail][-2]


def test_the_list_holds_how_many_are_nobody_knows_where(room: Any) -> None:
    """As it was counted when it was named, whatever was said of it; only what was said becomes a fact."""
    who = replace(room.standing("pat"), places={"": 1, "DE": 8, "US-CA": 3})
    said = room.say(room.assessed(), "affected", "pat", who=who, evidence=LIST, count=12, reason="r")
    assert said.state.affected.places == {"": 1, "DE": 8, "US-CA": 3}
    assert counted_in(12, said.state.affected.places, ("US-CA",)) == 4
    assert "affected_by_jurisdiction" not in [one.name for one in said.state.facts]


def test_a_person_reviews_it_once(room: Any) -> None:
    """By name and time; another list is to be reviewed anew."""
    state = named(room).state
    seen = room.say(state, "affected", "sue", reviewed=True, reason="spot checks")
    assert (seen.refusal, seen.state.affected.reviewed_by) == ("", "sue")
    assert room.say(seen.state, "affected", "sue", reviewed=True, reason="again").refusal == "NothingNew"
    other = room.say(seen.state, "affected", "pat", evidence="cd" * 32, count=13, reason="one was missing").state
    assert (other.affected.count, other.affected.reviewed_by) == (13, "")
    assert "takes the place of one of 12" in other.tail[-1].text


def test_a_second_person_reviews_it_where_there_is_one(room: Any) -> None:
    """Who named the list looks through it only where nobody else may; an incident judged by an earlier release goes on."""
    state = replace(named(room).state, assessment=replace(named(room).state.assessment, form=FORM))
    two = replace(room.standing("pat"), others=("sue",))
    said = room.say(state, "affected", "pat", who=two, reviewed=True, reason="r")
    assert (said.refusal, said.state.affected.reviewed_by) == ("SelfReview", "")
    assert "sue must look through it" in said.text
    assert room.say(state, "affected", "sue", reviewed=True, reason="r").state.affected.reviewed_by == "sue"
    assert room.say(state, "affected", "pat", reviewed=True, reason="r").state.affected.reviewed_by == "pat"
    earlier = replace(state, assessment=replace(state.assessment, form=DECIDED - 1))
    assert room.say(earlier, "affected", "pat", who=two, reviewed=True, reason="r").refusal == ""


@pytest.mark.parametrize(("fields", "refusal"), [
    ({"evidence": ""}, "Incomplete"), ({"count": 0}, "Incomplete"), ({"count": True}, "Incomplete"),
    ({"count": "12"}, "Incomplete"), ({"places": {"DE": -1}}, "Incomplete"), ({"places": ["DE"]}, "Incomplete"),
])  # fmt: skip
def test_what_is_no_list_is_refused(room: Any, fields: dict[str, Any], refusal: str) -> None:
    """With what is needed."""
    given = {name: value for name, value in fields.items() if value != ""}
    told = {"evidence": LIST, "count": 12, "reason": "r"} | given
    if "evidence" in fields:
        told.pop("evidence")
    assert room.say(room.assessed(), "affected", "pat", **told).refusal == refusal


def test_there_must_be_a_list_to_review_and_another_one_to_name(room: Any) -> None:
    """Nothing is reviewed that is not there; the same list twice is not new."""
    assert room.say(room.assessed(), "affected", "pat", reviewed=True, reason="r").refusal == "NothingToReview"
    again = room.say(named(room).state, "affected", "pat", evidence=LIST, count=12, reason="r")
    assert again.refusal == "NothingNew"


@pytest.mark.parametrize(("count", "reviewed", "rules"), [
    (12, True, []), (12, False, ["list-reviewed"]), (11, True, ["list-agrees"]), (None, True, ["list-agrees"]),
])  # fmt: skip
def test_the_list_must_agree_with_the_number_that_is_told(
    room: Any, count: int | None, reviewed: bool, rules: list[str]
) -> None:
    """A notice that goes to each of them is held up while the fact says another number, or nobody has looked."""
    state = named(room).state
    if reviewed:
        state = room.say(state, "affected", "sue", reviewed=True, reason="looked").state
    if count is not None:
        state = room.say(state, "fact", "pat", name="affected_individuals", value=count).state
    notice = Notice("n", "customers", subject="s", body="b", affected=LIST)
    found = [
        one.rule for one in check(notice, about(state, room.at(99)), lambda text: {}) if one.rule.startswith("list-")
    ]
    assert found == rules


@pytest.mark.parametrize(("status", "form", "told"), [
    ("sent", DECIDED, True), ("waiting", DECIDED, False), ("sent", DECIDED - 1, False),
])  # fmt: skip
def test_a_list_that_grows_after_the_notice_went_out_is_a_step_for_its_decider(
    room: Any, status: Any, form: int, told: bool
) -> None:
    """Whoever came onto the list later heard nothing: who decides and who owns it are told, and it is to be done."""
    duty = room.duty("applies", id="dpa", decider="privacy")
    state = room.assessed(room.judged(obligations=(duty,), comms_owner="leadership", form=form))
    one = Notice("dpa-notification", "customers", "dpa", "notification", status=status, affected="cd" * 32)
    state = named(room, state=replace(state, notices=(one,))).state
    steps = [each for each in state.tasks if each.step.id == "notify/new-for-dpa-notification"]
    assert len(steps) == int(told)
    assert {each.to for each in state.outbox if "the list has changed" in each.subject} == (
        {"pat", "lea"} if told else set()
    )
    if told:
        assert (steps[0].status, steps[0].step.owner) == ("open", "privacy")
        assert "the list counts 12 people now" in steps[0].step.words
        same = room.say(state, "affected", "pat", evidence="cd" * 32, count=2, reason="the first one was right").state
        assert sum("the list has changed" in each.subject for each in same.outbox) == 2
