"""One duty of two legal entities: two clocks, two decisions, two notices, each under its own name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import views
from halon.incident.about import about
from halon.incident.assessment import FORM, AxisRow, Conflict, Heard, Severity, Tag
from halon.incident.clocks import fire_due, next_deadline
from halon.incident.facts import Fact
from halon.incident.gates import Gate
from halon.incident.judged import filings, take_in
from halon.incident.known import counted
from halon.incident.learning import learn
from halon.incident.settling import unsettled
from halon.incident.standing import clock_runs, decided, obligation, settled
from halon.incident.status import status

OWN, OTHER = "eu-gdpr-33", "eu-gdpr-33@acme-us"


def two(room: Any, **fields: Any) -> Any:
    """An incident that touches the agent's own entity and another one; the other's clock is the shorter."""
    own = room.duty("applies", room.stage(due=room.at(7000)))
    other = room.duty("applies", room.stage(due=room.at(5000)), key=OTHER, entity="acme-us")
    return room.assessed(room.judged(obligations=(own, other), **fields))


def test_a_name_is_the_id_or_says_whose_it_is(room: Any) -> None:
    """The agent's own entity keeps the plain id; an obligation of an older release has no other."""
    state = two(room)
    assert [one.name for one in state.obligations] == [OWN, OTHER]
    assert obligation(state, OWN).entity == "acme-eu"
    assert obligation(state, OTHER).entity == "acme-us"
    assert [(one["id"], one["key"]) for one in views.obligations(state)] == [(OWN, OWN), (OWN, OTHER)]


@pytest.mark.parametrize(("said", "left"), [(OWN, OTHER), (OTHER, OWN)])
def test_a_decision_about_one_leaves_the_other(room: Any, said: str, left: str) -> None:
    """Declined for one entity, the other's clock runs on."""
    state = room.say(two(room), "decline", "pat", obligation=said, reason="no data of theirs").state
    assert (decided(state, said), decided(state, left)) == ("declined", "")
    assert not clock_runs(state, obligation(state, said))
    assert clock_runs(state, obligation(state, left))
    assert next_deadline(state)[1] == f"{left}/notification"
    assert next(line for line in unsettled(state) if "obligation" in line).startswith(f"obligation {left} is neither")


def test_a_filing_of_one_leaves_the_other_and_survives_a_new_judgement(room: Any) -> None:
    """Filed under its name, with its own stage; judged again, it stays filed."""
    state = two(room)
    filed = room.say(state, "filed", "pat", obligation=OTHER, reference="TX-1").state
    assert settled(filed, obligation(filed, OTHER))
    assert not settled(filed, obligation(filed, OWN))
    again = take_in(filed, state.assessment, filed.facts_version, room.at(90))
    assert obligation(again, OTHER).stages[0].filed_at == room.at(60)
    assert obligation(again, OWN).stages[0].filed_at == ""


def test_each_clock_is_missed_under_its_own_name(room: Any) -> None:
    """The shorter one first, and only that one."""
    state = fire_due(two(room), room.at(6000))
    assert state.missed == (f"{OTHER}/notification",)
    missed = {one["key"]: one["missed"] for one in views.obligations(state)}
    assert missed == {OWN: [], OTHER: [f"{OTHER}/notification"]}


def test_an_unknown_name_is_answered_with_both(room: Any) -> None:
    """Whoever mistypes the entity sees which there are."""
    outcome = room.say(two(room), "declare", "pat", obligation="eu-gdpr-33@acme-uk", reason="x")
    assert outcome.refusal == "UnknownObligation"
    assert f"Known: {OWN}, {OTHER}." in outcome.text


def test_the_first_word_about_another_entity_says_whose_clock_runs(room: Any) -> None:
    """In the log as well."""
    texts = [line.text for line in two(room).tail]
    assert any("Notification of a breach of acme-us to the authority" in text for text in texts)
    assert any("Notification of a breach to the authority" in text for text in texts)


def judged_as(room: Any, own: str, **fields: Any) -> Any:
    """Both duties as they are judged while the agent is that of ``own`` (empty: nobody knows whose)."""
    duties = (
        room.duty("applies", room.stage(due=room.at(7000)), key="" if own == "acme-eu" else f"{OWN}@acme-eu"),
        room.duty("applies", room.stage(due=room.at(5000)), key="" if own == "acme-us" else OTHER, entity="acme-us"),
    )
    return room.judged(obligations=duties, entity=own, form=FORM, **fields)


@pytest.mark.parametrize(
    ("before", "after"), [("", "acme-eu"), ("acme-eu", ""), ("acme-us", "acme-eu"), ("acme-eu", "acme-us")]
)
def test_one_duty_one_name_whosever_agent_it_is(room: Any, before: str, after: str) -> None:
    """Judged under another name it keeps its first, and with it its decision, filing, gate and missed clocks."""
    state = take_in(room.opened(), judged_as(room, before), 1, room.at(1))
    eu, us = (one.name for one in state.obligations)
    state = room.say(state, "decline", "pat", obligation=eu, reason="no data of theirs").state
    state = room.say(
        fire_due(state, room.at(6000)),
        "filed",
        "pat",
        obligation=us,
        reference="TX-1",
        reason="asleep",
        at=room.at(5500),
        now=room.at(6001),
    ).state
    waiting: tuple[Gate, ...] = (room.gate(f"{us}-notification", kind="notice"),)
    state = replace(state, gates=waiting)
    for seconds in (6002, 6003):
        state = take_in(state, judged_as(room, after), state.facts_version, room.at(seconds))
        assert [(one.name, one.entity) for one in state.obligations] == [(eu, "acme-eu"), (us, "acme-us")]
        assert (decided(state, eu), state.missed, state.gates) == ("declined", (f"{us}/notification",), waiting)
        assert state.ledger[f"filed:{us}/notification"] == room.at(5500)
        assert settled(state, obligation(state, us))
        assert filings(state) == {f"{OTHER}/notification": room.at(5500)}


def test_a_clock_is_told_once_though_its_name_is_another_now(room: Any) -> None:
    """The log does not say that a second one began."""
    state = take_in(room.opened(), judged_as(room, ""), 1, room.at(1))
    state = take_in(state, judged_as(room, "acme-eu"), 1, room.at(2))
    assert sum("Clock running" in line.text for line in state.tail) == 2


def test_a_name_that_an_old_duty_has_is_not_given_to_a_new_one(room: Any) -> None:
    """The plain id is that of the entity whose agent it first was; the log says whose clock runs."""
    first = judged_as(room, "acme-us")
    first = replace(first, obligations=first.obligations[1:])
    state = take_in(room.opened(), first, 1, room.at(1))
    state = take_in(state, judged_as(room, "acme-eu"), 1, room.at(2))
    assert [(one.name, one.entity) for one in state.obligations] == [(f"{OWN}@acme-eu", "acme-eu"), (OWN, "acme-us")]
    said = room.say(state, "decline", "pat", obligation=OWN, reason="no data of theirs").state
    assert [clock_runs(said, one) for one in said.obligations] == [True, False]
    assert any("Clock running: Notification of a breach to the authority" in line.text for line in state.tail)


def test_what_an_earlier_release_judged_goes_on_by_its_names(room: Any) -> None:
    """It made two duties of one; whoever reads that history again makes the same, and today's judgement no third."""
    state = take_in(room.opened(), judged_as(room, ""), 1, room.at(1))
    state = take_in(state, replace(judged_as(room, "acme-eu"), form=1), 1, room.at(2))
    doubled = [(OWN, "acme-eu"), (OTHER, "acme-us"), (f"{OWN}@acme-eu", "acme-eu")]
    assert [(one.name, one.entity) for one in state.obligations] == doubled
    state = take_in(state, judged_as(room, "acme-eu"), 1, room.at(3))
    assert [(one.name, one.entity) for one in state.obligations] == doubled


@pytest.mark.parametrize("own", ["acme-eu", "acme-us"])
def test_a_deadline_moves_by_a_persons_word_under_the_name_that_it_has(room: Any, own: str) -> None:
    """What was judged before is compared with what is judged now of the same entity, whatever either is called."""
    state = take_in(room.opened(), judged_as(room, ""), 1, room.at(1))
    state = learn(state, [Fact("ongoing", True, "person", room.at(2), by="pat")], room.at(2))
    later = judged_as(room, own)
    late = replace(later.obligations[1], stages=(room.stage(due=room.at(9000)),))
    state = take_in(state, replace(later, obligations=(later.obligations[0], late)), state.facts_version, room.at(3))
    assert [one.stages[0].due for one in state.obligations] == [room.at(7000), room.at(9000)]


CONFLICT = Conflict(
    "affected_individuals", "",
    (Heard(3, "person", "pat", "t1"), Heard({"low": 600}, "trace", "halon", "t2")), {"low": 600}, "it is graver",
)  # fmt: skip


def test_a_conflict_is_told_in_words(room: Any) -> None:
    """Status and reports name both sides, what counts and why."""
    state = two(room, conflicts=(CONFLICT,))
    text = "affected individuals: pat says 3 and halon says at least 600; at least 600 counts, because it is graver"
    assert status(state)["conflicts"] == [text]
    (told,) = about(state, room.at(9))["conflicts"]
    assert (told["text"], told["counts"], [one["value"] for one in told["heard"]]) == (
        text,
        "at least 600",
        ["3", "at least 600"],
    )


def test_what_counts_is_what_is_told(room: Any) -> None:
    """Status and notices say the value that was judged on, not simply the last word; an entity speaks for itself."""
    values = {"": {"affected_individuals": 600}, "acme-us": {"affected_individuals": 12}}
    state = learn(
        room.opened(),
        [Fact("affected_individuals", 600, "trace", room.at(1)), Fact("affected_individuals", 6, "x", room.at(1))],
        room.at(1),
    )
    state = take_in(state, room.judged(values=values), state.facts_version, room.at(2))
    assert status(state)["known"]["affected_individuals"] == "600"
    assert about(state, room.at(9))["impact"]["individuals"] == "600"
    assert about(state, room.at(9), "acme-us")["impact"]["individuals"] == "12"
    assert [
        (one["value"], one["source"])
        for one in about(state, room.at(9))["facts"]
        if one["name"] == "affected_individuals"
    ] == [("600", "trace")]
    later = learn(state, [Fact("affected_individuals", 700, "person", room.at(5), by="pat")], room.at(5))
    assert counted(later)["affected_individuals"] == 700


def test_tags_and_axes_are_for_reports_and_never_in_the_status(room: Any) -> None:
    """A responder at night needs no taxonomy."""
    severity = Severity("SEV2", ("r",), (), (AxisRow("data", "SEV2", "it leaks"),))
    state = two(room, tags=(Tag("OWASP", "2026", "ASI01", "Agent Goal Hijack"),))
    state = replace(state, assessment=replace(state.assessment, severity=severity))
    told = about(state, room.at(9))
    assert told["tags"] == [{"framework": "OWASP", "edition": "2026", "id": "ASI01", "name": "Agent Goal Hijack"}]
    assert told["severity"]["axes"] == [{"axis": "data", "level": "SEV2", "words": "it leaks", "known": True}]
    assert "ASI01" not in str(status(state))
