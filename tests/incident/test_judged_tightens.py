"""An assessment enters the state: tighter by itself; looser only by a person's word, and what was stays visible."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.incident.alerts import AlertCount
from halon.incident.assessment import Assessment
from halon.incident.calls import question
from halon.incident.deeds import told
from halon.incident.facts import Fact
from halon.incident.judged import alerted, take_in
from halon.incident.learning import learn
from halon.incident.orders import InAct
from halon.incident.state import State

LEVELS = ("SEV1", "SEV2", "SEV3", "SEV4")


def again(room: Any, state: State, assessment: Assessment, source: str = "trace", seconds: float = 100) -> State:
    """A new fact from ``source``, judged to be ``assessment``."""
    state = learn(state, [Fact(f"news-{seconds}", seconds, source, room.at(seconds))], room.at(seconds))
    return take_in(state, assessment, state.facts_version, room.at(seconds + 1))


def test_the_first_assessment_sets_everything(room: Any) -> None:
    """Level with its reasons, roles, and a line that names the kit."""
    state = room.assessed(room.judged("SEV3"))
    assert (state.level, state.commander, state.technical_lead) == ("SEV3", "ann", "tom")
    assert [(one.level, one.by, one.reason) for one in state.level_changes] == [
        ("SEV3", "halon", "the rubric says SEV3")
    ]
    assert state.assessed_version == state.facts_version
    assert state.tail[-1].text == f"Assessed: SEV3, security, mode act, kit {'k' * 12}."


def test_roles_that_people_took_stay(room: Any) -> None:
    """A new roster does not take the incident from whoever has it."""
    state = take_in(room.assessed(commander="sue", technical_lead=""), room.judged(), 1, room.at(9))
    assert (state.commander, state.technical_lead) == ("sue", "tom")


@pytest.mark.parametrize("first", LEVELS)
@pytest.mark.parametrize("then", LEVELS)
@pytest.mark.parametrize("source", ["trace", "person"])
def test_severity_only_tightens(room: Any, first: str, then: str, source: str) -> None:
    """A milder assessment, even after a person's fact, lowers nothing: that takes `severity`."""
    state = again(room, room.assessed(room.judged(first)), room.judged(then), source)
    assert state.level == min(first, then)
    told = " ".join(line.text for line in state.tail)
    assert ("stays until a person with the role lowers it" in told) == (then > first)


def test_what_a_person_lowered_is_not_raised_by_the_same_assessment(room: Any) -> None:
    """The person knew it; only a worse assessment than the one they knew raises it again."""
    lowered = room.say(room.assessed(room.judged("SEV2")), "severity", level="SEV4", reason="I looked").state
    same = again(room, lowered, room.judged("SEV2"))
    assert (same.level, same.level_floor_lifted_by) == ("SEV4", "ann")
    milder = again(room, same, room.judged("SEV3"), seconds=200)
    assert milder.level == "SEV4"
    worse = again(room, same, room.judged("SEV1"), seconds=300)
    assert (worse.level, worse.level_changes[-1].by) == ("SEV1", "halon")
    assert [one.level for one in worse.level_changes] == ["SEV2", "SEV4", "SEV1"]


def test_what_a_person_raised_stays(room: Any) -> None:
    """A milder assessment does not take it back."""
    raised = room.say(room.assessed(room.judged("SEV3")), "severity", level="SEV1", reason="press").state
    assert again(room, raised, room.judged("SEV2")).level == "SEV1"


@pytest.mark.parametrize(
    ("source", "due", "expected"),
    [
        ("trace", 100, 100),
        ("trace", 300, 200),
        ("trace", None, 200),
        ("person", 100, 100),
        ("person", 300, 300),
        ("person", None, None),
    ],
)
def test_a_deadline_moves_earlier_by_itself_and_later_by_a_persons_fact(
    room: Any, source: str, due: float | None, expected: float | None
) -> None:
    """And it does not vanish by itself either."""
    state = room.assessed(room.judged(obligations=(room.duty("applies", room.stage(due=room.at(200))),)))
    new = replace(room.stage(), due=room.at(due) if due else "")
    after = again(room, state, room.judged(obligations=(room.duty("applies", new),)), source, seconds=50)
    assert after.obligations[0].stages[0].due == (room.at(expected) if expected else "")


def test_the_same_moment_in_another_spelling_is_not_later(room: Any) -> None:
    """Times are compared as moments."""
    old = room.stage(due="2026-11-25T10:00:00Z")
    new = room.stage(due="2026-11-25T09:30:00.000Z", anchor="newer")
    state = room.assessed(room.judged(obligations=(room.duty("applies", old),)))
    after = again(room, state, room.judged(obligations=(room.duty("applies", new),)))
    assert after.obligations[0].stages[0].anchor == "newer"


def test_a_fact_that_came_while_it_was_judged_counts_with_the_judgement_that_knew_it(room: Any) -> None:
    """A person's word between question and answer loosens nothing yet, and is not lost for the next judgement."""
    tight = room.judged(obligations=(room.duty("applies", room.stage(due=room.at(200))),))
    late = room.judged(obligations=(room.duty("applies", room.stage(due=room.at(900))),))
    state = room.assessed(tight)
    state = learn(state, [Fact("a", 1, "trace", room.at(10))], room.at(10))
    asked_for = state.facts_version
    state = learn(state, [Fact("b", 1, "person", room.at(11), by="pat")], room.at(11))
    state = take_in(state, late, asked_for, room.at(12))
    assert state.obligations[0].stages[0].due == room.at(200)
    state = take_in(state, late, state.facts_version, room.at(13))
    assert state.obligations[0].stages[0].due == room.at(900)


def test_a_filing_is_a_persons_word_for_what_hangs_on_it(room: Any) -> None:
    """A later stage runs from the actual filing, also where that makes it later."""
    duty = room.duty("applies", room.stage("a", room.at(100)), room.stage("b", room.at(200)))
    state = room.say(
        room.assessed(room.judged(obligations=(duty,))), "filed", "pat", obligation=duty.id, reference="R"
    ).state
    new = room.duty("applies", room.stage("a", room.at(100), filed_at=room.at(60)), room.stage("b", room.at(260)))
    after = take_in(state, room.judged(obligations=(new,)), state.facts_version, room.at(61))
    assert [(one.due, one.filed_at) for one in after.obligations[0].stages] == [
        (room.at(100), room.at(60)), (room.at(260), "")]  # fmt: skip


@pytest.mark.parametrize("source", ["trace", "person"])
def test_what_was_filed_stays_filed(room: Any, source: str) -> None:
    """Whatever is judged later, and even where the stage is judged away."""
    filed = room.stage(due=room.at(200), filed_at=room.at(30))
    state = room.assessed(room.judged(obligations=(room.duty("applies", filed),)))
    for new in (room.duty("applies", room.stage(due=room.at(999))), room.duty("does_not_apply", stages=())):
        after = again(room, state, room.judged(obligations=(new,)), source)
        assert after.obligations[0].stages == (filed,)


@pytest.mark.parametrize("new", ["undetermined", "does_not_apply", "dormant", "not_in_force", "review_required"])
@pytest.mark.parametrize(("source", "status"), [("trace", "applies"), ("person", "")])
def test_a_duty_that_applies_stops_only_by_a_persons_word(room: Any, new: str, source: str, status: str) -> None:
    """Its clock goes on with its deadlines, and the reason says what is judged now; once, however often it is judged."""
    state = room.assessed(room.judged(obligations=(room.duty("applies"),)))
    looser = room.judged(obligations=(room.duty(new, stages=()),))
    after = again(room, state, looser, source)
    assert after.obligations[0].status == (status or new)
    assert bool(after.obligations[0].stages) == (source == "trace")
    twice = again(room, after, looser, seconds=300)
    told = [one for one in twice.obligations[0].because if "it stays until a person decides otherwise" in one]
    assert len(told) == (1 if source == "trace" else 0)


@pytest.mark.parametrize("old", ["undetermined", "does_not_apply", "dormant"])
def test_a_duty_begins_to_apply_by_itself(room: Any, old: str) -> None:
    """Tighter needs nobody."""
    state = room.assessed(room.judged(obligations=(room.duty(old),)))
    after = again(room, state, room.judged(obligations=(room.duty("applies"),)))
    assert after.obligations[0].status == "applies"
    assert f"eu-gdpr-33: {old}" in after.tail[-1].text


def test_a_duty_that_is_no_longer_judged_stays(room: Any) -> None:
    """A kit from which a regime was taken out does not end a clock that runs."""
    state = room.assessed(room.judged(obligations=(room.duty(),)))
    assert again(room, state, room.judged()).obligations == state.obligations


def test_each_clock_is_told_when_it_starts(room: Any) -> None:
    """One that applies, and one that may; nothing is said of one that does not."""
    duties = (
        room.duty(),
        room.duty("undetermined", id="b", needs=("aware_at", "risk")),
        room.duty("does_not_apply", id="c"),
    )
    told = [line.text for line in room.assessed(room.judged(obligations=duties)).tail if line.phase == "notify"]
    assert told == [
        f"Clock running: Notification of a breach to the authority, due {room.at(259200)}.",
        f"Clock running in case it applies: Notification of a breach to the authority, due {room.at(259200)}, "
        "2 answers needed: aware_at, risk.",
    ]


@pytest.mark.parametrize("status", ["open", "granted", "rejected"])
def test_a_changed_order_voids_its_gate(room: Any, status: str) -> None:
    """What people answered was another question; the action is planned anew."""
    state = room.assessed(room.judged(orders=(room.order("revoke-token"),)), gates=(room.gate(status=status),))
    changed = room.order("revoke-token", target="another token")
    after = again(room, state, room.judged(orders=(changed,)))
    assert (after.gates[0].status, after.actions[0].status, after.actions[0].order) == ("void", "planned", changed)


@pytest.mark.parametrize("status", ["applying", "applied", "verified", "failed", "denied", "undone"])
def test_what_began_to_run_keeps_the_order_that_was_approved(room: Any, status: str) -> None:
    """The kit may change underneath; what ran is verified and undone as it was."""
    state = room.assessed(actions=(room.action("revoke-token", status),), gates=(room.gate(status="granted"),))
    after = again(room, state, room.judged(orders=(room.order("revoke-token", target="another"),)))
    assert (after.actions, after.gates) == (state.actions, state.gates)


@pytest.mark.parametrize(
    ("form", "reached", "rung", "expected"), [(4, 1, 2, 1), (4, 2, 3, 3), (4, 1, 1, 1), (3, 1, 2, 2)],
    ids=["asked for already", "not reached", "as before", "judged by an earlier release"],
)  # fmt: skip
def test_what_is_asked_for_is_not_put_off_by_a_new_fact(
    room: Any, form: int, reached: int, rung: int, expected: int
) -> None:
    """Something gentler may close the same way by now: the question that people have stays where it is, with its gate."""
    first = room.order("revoke-token", rung=1 if expected == 1 else 2 if form == 4 else 1)
    state = room.assessed(room.judged(orders=(first,)), gates=(room.gate(),), rung=1)
    assert state.actions[0].order.rung <= max(reached, state.rung)
    after = again(room, state, room.judged(orders=(replace(first, rung=rung),), form=form))
    assert after.actions[0].order.rung == expected
    assert (after.gates[0].status == "open") is (after.actions[0].order == first)


def test_a_later_rung_may_come_sooner_when_there_is_more_to_close(room: Any) -> None:
    """A new fact opens a way that only this action closes: it is begun now."""
    first = room.order("stop", rung=2)
    state = room.assessed(room.judged(orders=(first,)))
    after = again(room, state, room.judged(orders=(replace(first, rung=1),), form=4))
    assert [one.order.rung for one in after.actions] == [1]


@pytest.mark.parametrize("status", ["open", "granted", "rejected"])
def test_an_answer_stays_while_only_the_explanation_changes(room: Any, status: str) -> None:
    """Another way of harm, another action beside it, another rung that has begun: what people agree to is the same."""
    first = room.order("revoke-token", rung=2, why=("covers tool:mail",), in_act=InAct())
    state = room.assessed(room.judged(orders=(first,), form=4), gates=(room.gate(status=status),), rung=2)
    state = replace(state, actions=tuple(replace(one, status="waiting") for one in state.actions))
    now = replace(first, rung=1, why=("covers tool:mail, tool:sms",), in_act=InAct(None, ("much",)))
    after = again(room, state, room.judged(orders=(now,), form=4))
    assert (after.gates, after.actions[0].status) == (state.gates, "waiting")
    assert after.actions[0].order == replace(now, rung=2)
    assert after.actions[0].order.digest_for("i", "apply") == first.digest_for("i", "apply")
    changed = again(room, after, room.judged(orders=(replace(now, reasons=("another reason",)),), form=4))
    assert (changed.gates[0].status, changed.actions[0].status) == ("void", "planned")


def test_a_question_shows_what_people_agree_to_and_why_it_stands_there(room: Any) -> None:
    """Both kinds of reasons, in the question of a gate, in templates and in the log."""
    order = room.order("revoke-token", reasons=("it leaks",), why=("covers credential:key; nothing gentler covers it",))
    state = room.assessed(room.judged(orders=(order,)))
    every = "it leaks; covers credential:key; nothing gentler covers it"
    assert question(order)[0] == f"Why: {every}"
    assert any(every in line.text for line in state.tail)
    assert told(state.actions[0])["reasons"] == ["it leaks", "covers credential:key; nothing gentler covers it"]


def test_what_was_only_noted_is_kept_as_it_is_judged_now(room: Any) -> None:
    """Should it run one day, because the mode became stronger, then with the gate that it has then."""
    state = room.assessed(actions=(room.action("revoke-token", "would run"),))
    changed = room.order("revoke-token", gate=room.POLICY)
    after = again(room, state, room.judged(orders=(changed,)))
    assert (after.actions[0].status, after.actions[0].order) == ("would run", changed)


ALERTED: list[tuple[str, str, int, int, str, bool]] = [
    ("an alert joined", "observe", 1, 2, "00:05", True),
    ("none joined", "observe", 2, 2, "00:05", False),
    ("suggest holds back as well", "suggest", 1, 2, "00:05", True),
    ("act does not", "act", 1, 2, "00:05", False),
    ("a state from before this was kept", "observe", -1, 2, "00:05", False),
    ("a storm", "observe", 30, 31, "00:30", False),
    ("a storm, a minute later", "observe", 30, 31, "01:30", True),
]


@pytest.mark.parametrize(
    ("mode", "judged", "joined", "last", "told"), [one[1:] for one in ALERTED], ids=[one[0] for one in ALERTED]
)
def test_an_alert_is_judged_while_the_mode_holds_halon_back(
    room: Any, mode: str, judged: int, joined: int, last: str, told: bool
) -> None:
    """The kit may say otherwise by now. A storm is judged once a minute."""
    state = room.assessed(room.judged(mode=mode), assessed_alerts=judged, ledger={"assessed": "2026-11-22T10:00:00.000Z"},
                          counts=(AlertCount("r", joined, last_at=f"2026-11-22T10:{last}.000Z"),))  # fmt: skip
    assert alerted(state) is told


def test_the_same_orders_again_change_nothing(room: Any) -> None:
    """A gate that waits goes on waiting."""
    orders = (room.order(), room.order("revoke-token"))
    state = room.assessed(room.judged(orders=orders), gates=(room.gate(),))
    after = again(room, state, room.judged(orders=orders))
    assert (after.actions, after.gates) == (state.actions, state.gates)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LEVELS), st.integers(1, 500)), min_size=1, max_size=6))
def test_without_people_nothing_ever_loosens(room: Any, rounds: list[tuple[str, int]]) -> None:
    """After any series of assessments the level and the deadline are the tightest that ever was."""
    state = room.opened()
    for number, (level, due) in enumerate(rounds):
        duty = room.duty("applies", room.stage(due=room.at(due * 1000)))
        state = again(room, state, room.judged(level, obligations=(duty,)), seconds=number)
    assert state.level == min(level for level, _ in rounds)
    assert state.obligations[0].stages[0].due == room.at(min(due for _, due in rounds) * 1000)
