"""The next update that each message promises: made by severity and audience, kept, and loud where it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident import judged, promised
from halon.incident.assessment import DECIDED, FORM
from halon.incident.clocks import fire_due, next_event
from halon.incident.notices import Notice, Objection, objected
from halon.incident.state import State

CADENCE = {
    "leadership": {"SEV1": 3600, "SEV2": 7200},
    "customers": {"SEV1": 86_400, "SEV2": 172_800, "SEV3": 604_800, "SEV4": 604_800},
}


def state(room: Any, level: str = "SEV2", **fields: Any) -> State:
    """Judged with a cadence; leadership knows how it stands, unless ``fields`` say otherwise."""
    made: State = room.assessed(
        room.judged(level, cadence=CADENCE, comms_owner="privacy"), next_update_at="", page_next_at=""
    )
    made = replace(made, **fields)
    knew = {promised.KNEW: promised.picture(made), promised.TOLD: room.at(2)}
    return replace(made, ledger={**made.ledger, **knew})


def run(made: State, until: str) -> State:
    """Every event up to then, in order, with an update that is due sent at once."""
    while (event := next_event(made)) is not None and event.at <= until:
        made = fire_due(made, event.at)
    return made


def pages(made: State) -> list[tuple[str, str]]:
    return [(one.to, one.subject) for one in made.outbox]


@pytest.mark.parametrize(("level", "hears"), [("SEV1", True), ("SEV2", True), ("SEV3", False), ("SEV4", False)])
def test_leadership_hears_sev1_and_sev2_by_rhythm(room: Any, level: str, hears: bool) -> None:
    """The status is due when its time has come for the first two levels, and never by itself for the others."""
    made: State = room.assessed(room.judged(level, cadence=CADENCE), next_update_at=room.at(2), page_next_at="")
    made = fire_due(made, room.at(2))
    assert (promised.DUE in made.ledger) is hears
    assert made.next_update_at == (room.at(2 + CADENCE["leadership"][level]) if hears else "")


def test_an_incident_that_an_earlier_release_judged_keeps_its_rhythm(room: Any) -> None:
    """Without a cadence in its assessment nothing of this holds, and no event of it comes up."""
    made: State = room.assessed(room.judged("SEV4", update_every=900), next_update_at=room.at(2), page_next_at="")
    made = fire_due(made, room.at(2))
    assert made.next_update_at == room.at(902)
    assert list(promised.moments(made, paged=True)) == []


def test_leadership_is_told_of_a_change_after_a_moment_of_calm_and_not_without_one(room: Any) -> None:
    """Nothing new: nothing until the promise. The harm stops: told two minutes after the last message."""
    made = state(room, next_update_at=room.at(7202))
    assert next_event(made) is not None
    assert next_event(made).at == room.at(7202)  # type: ignore[union-attr]
    stopped = replace(made, harm_stopped_at=room.at(30))
    event = next(one for one in promised.moments(stopped, paged=True))
    assert (event[0], event[1].startswith("news:")) == (room.at(2 + promised.CALM), True)
    after = event[3](stopped, event[0])
    assert after.ledger[promised.DUE] == event[0]
    assert after.next_update_at == room.at(2 + promised.CALM + promised.DAY)


def test_an_incident_that_grows_worse_is_told_at_once_and_one_that_calms_down_once(room: Any) -> None:
    """From SEV3 to SEV1: leadership hears although it knew of nothing. Down again: the change, and no rhythm any more."""
    quiet: State = room.assessed(room.judged("SEV3", cadence=CADENCE), next_update_at="", page_next_at="")
    assert list(promised.moments(quiet, paged=True)) == []
    worse = replace(quiet, level="SEV1")
    assert [one[1][:5] for one in promised.moments(worse, paged=True)] == ["news:"]
    down = replace(state(room, "SEV2", next_update_at=room.at(7202)), level="SEV3")
    told = next(iter(promised.moments(down, paged=True)))
    after = told[3](down, told[0])
    assert (promised.DUE in after.ledger, after.next_update_at) == (True, "")


def test_an_incident_that_grows_worse_brings_the_customers_promise_forward(room: Any) -> None:
    """From a week to a day by the rhythm of SEV1, on record; one that is under way, and a sooner one, are left alone."""
    under_way = promised.due_key("contract-b", room.at(500_000))
    made = state(room, "SEV3", promises={
        "contract-a": room.at(604_800), "contract-b": room.at(500_000), "contract-c": room.at(60),
        "leadership": room.at(604_800),
    })  # fmt: skip
    made = replace(made, ledger={**made.ledger, under_way: room.at(1)})
    worse = judged.take_in(made, room.judged("SEV1", cadence=CADENCE, form=DECIDED), made.facts_version, room.at(10))
    assert worse.promises == {**made.promises, "contract-a": room.at(10 + 86_400)}
    assert any("contract-a promised until" in one.text and "SEV1" in one.text for one in worse.tail)
    again = judged.take_in(worse, room.judged("SEV1", cadence=CADENCE, form=DECIDED), worse.facts_version, room.at(20))
    assert again.promises == worse.promises


def test_a_muted_incident_tells_leadership_nothing_and_customers_what_they_were_promised(room: Any) -> None:
    """A mute silences the status; a promise to people outside stands."""
    made = state(
        room, harm_stopped_at=room.at(5), promises={"leadership": room.at(90), "contract-dpa": room.at(90_000)}
    )
    made = replace(made, level="SEV1")
    keys = [one[1] for one in promised.moments(made, paged=False)]
    assert keys == [f"next-update:contract-dpa@{room.at(90_000)}", f"late-update:contract-dpa@{room.at(90_000)}"]


def test_a_message_to_customers_promises_the_next_by_severity_and_the_last_one_nothing(room: Any) -> None:
    """A day for a SEV1, two for a SEV2; none once the fix is proved."""
    made = state(room, "SEV1")
    assert promised.promise(made, "customers", room.at(10)) == room.at(10 + 86_400)
    assert promised.promise(replace(made, level="SEV2"), "customers", room.at(10)) == room.at(10 + 172_800)
    assert promised.promise(made, "regulator", room.at(10)) == ""
    proved = room.say(made, "waive", what="proof", reason="the agent is retired").state
    assert promised.promise(proved, "customers", room.at(70)) == ""


def test_the_next_message_to_customers_is_drafted_ahead_and_a_broken_promise_is_told_to_its_owner(room: Any) -> None:
    """Four hours ahead at most; five minutes after the promise the owner hears of it, once, and it stands in the log."""
    until = room.at(86_400)
    made = state(room, "SEV1", promises={"contract-dpa": until})
    ahead = run(made, room.at(86_400 - 4 * 3600))
    assert promised.due_key("contract-dpa", until) in ahead.ledger
    assert pages(ahead) == []
    late = run(ahead, room.at(86_400 + promised.LATE))
    assert [one[0] for one in pages(late)] == ["pat"]
    assert "LATE: the update promised until" in late.tail[-1].text
    assert run(late, room.at(2 * 86_400)).outbox == late.outbox


def test_a_promise_is_kept_by_sending_or_by_a_persons_word(room: Any) -> None:
    """Sent: the next one counts. Told in another way: recorded with its reference, and nothing more is owed."""
    made = state(room, promises={"eu-gdpr-33": room.at(900)}, obligations=(room.duty(audience="customers"),))
    sent = promised.given(made, Notice("n", "customers", promise=room.at(1800)), "eu-gdpr-33")
    assert sent.promises == {"eu-gdpr-33": room.at(1800)}
    assert promised.given(made, Notice("n", "customers"), "eu-gdpr-33").promises == {}
    said = room.say(made, "filed", "pat", obligation="eu-gdpr-33", stage="update", reference="status page 17")
    assert (said.refusal, said.state.promises) == ("", {})
    assert "reference status page 17" in said.text
    none = room.say(said.state, "filed", "pat", obligation="eu-gdpr-33", stage="update", reference="again")
    assert none.refusal == "NothingPromised"


def test_who_closes_with_a_promise_open_is_not_silent_about_it(room: Any) -> None:
    """The owner is told to send it by hand."""
    made = promised.left_open(state(room, promises={"contract-dpa": room.at(9000)}), room.at(100))
    assert [one[0] for one in pages(made)] == ["pat"]
    assert "Closed with an update promised: contract-dpa" in made.tail[-1].text


def drafted(room: Any, *objections: Objection, **fields: Any) -> State:
    one = Notice("eu-gdpr-33-notification", "regulator", "eu-gdpr-33", "notification", objections=objections, **fields)
    asked = room.gate(one.id, kind="notice")
    made: State = room.assessed(notices=(one,), gates=(asked,))
    return made


def test_what_a_check_objects_to_is_not_approved_until_somebody_overrides_it_by_name(room: Any) -> None:
    """The refusal names the sentence, the rule and what to type; with the override on record the yes is taken."""
    made = drafted(room, Objection("overpromise", "It is fully resolved.", "it is not proved"))
    no = room.say(made, "approve", "sue", gate=made.gates[0].id)
    assert no.refusal == "CheckFailed"
    assert "overpromise: “It is fully resolved.”" in no.text
    assert "halon override" in no.text
    over = room.say(
        made, "override", what="notice", notice="eu-gdpr-33-notification", rule="overpromise", reason="it is"
    )
    assert over.refusal == ""
    kept = over.state.overridden[0]
    assert (kept.by, kept.rule, kept.sentences, kept.reason) == (
        "ann",
        "overpromise",
        ("It is fully resolved.",),
        "it is",
    )
    assert room.say(over.state, "approve", "sue", gate=made.gates[0].id).refusal == ""


def test_an_override_counts_for_the_sentence_that_it_was_said_of(room: Any) -> None:
    """Another sentence under the same rule is objected to again."""
    made = drafted(room, Objection("overpromise", "It is fully resolved.", "w"))
    made = room.say(
        made, "override", what="notice", notice="eu-gdpr-33-notification", rule="overpromise", reason="r"
    ).state
    other = replace(made.notices[0], objections=(Objection("overpromise", "There is no risk.", "w"),))
    assert objected(made.notices[0], made.overridden) == ()
    assert objected(other, made.overridden) == other.objections


@pytest.mark.parametrize("rule", ["list-agrees", "says-contents"])
def test_an_override_of_what_is_missing_counts_for_that_alone(room: Any, rule: str) -> None:
    """Whoever let 100 pass against 120 has not let 5,000 pass against 3; what an earlier release judged goes on as it was."""
    made = drafted(room, Objection(rule, "", "the list names 100 people, and the fact is 120"))
    made = replace(made, assessment=replace(made.assessment, form=FORM))
    said = {"what": "notice", "notice": "eu-gdpr-33-notification", "rule": rule, "reason": "20 are doubles"}
    other = replace(made.notices[0], objections=(Objection(rule, "", "the list names 5000 people, and the fact is 3"),))
    now = room.say(made, "override", **said).state
    assert objected(made.notices[0], now.overridden) == ()
    assert objected(other, now.overridden) == other.objections
    earlier = replace(made, assessment=replace(made.assessment, form=DECIDED - 1))
    before = room.say(earlier, "override", **said).state
    assert before.overridden[0].sentences == ("",)
    assert objected(other, before.overridden) == ()


@pytest.mark.parametrize(("fields", "refusal"), [
    ({}, "Incomplete"), ({"notice": "nobody-knows", "rule": "overpromise"}, "UnknownNotice"),
    ({"notice": "eu-gdpr-33-notification", "rule": "blame"}, "UnknownRule"),
])  # fmt: skip
def test_an_override_that_means_nothing_is_refused(room: Any, fields: dict[str, str], refusal: str) -> None:
    """It needs a notice that there is and a rule that objects to it."""
    made = drafted(room, Objection("overpromise", "It is fully resolved.", "w"))
    assert room.say(made, "override", what="notice", reason="r", **fields).refusal == refusal


def test_where_nothing_is_objected_to_there_is_nothing_to_override(room: Any) -> None:
    """A blank cheque is not written."""
    said = room.say(
        drafted(room), "override", what="notice", notice="eu-gdpr-33-notification", rule="blame", reason="r"
    )
    assert said.refusal == "NothingToOverride"


def test_what_the_checks_found_is_no_part_of_what_is_approved(room: Any) -> None:
    """The digest is over what is sent: objections, contents and the place of the sealed text leave it as it was."""
    plain = Notice("n", "regulator", body="b")
    more = replace(plain, objections=(Objection("r", "s", "w"),), version={"path": "p"})
    assert plain.digest_for("i") == more.digest_for("i")
    assert plain.digest_for("i") != replace(plain, promise=room.at(1)).digest_for("i")
