"""What leadership, the Temporal UI and the reports are told: short, true, and never as markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.incident import about as about_module
from halon.incident import views
from halon.incident.about import about
from halon.incident.canonical import canonical
from halon.incident.commands import parse
from halon.incident.counting import counted
from halon.incident.facts import Fact
from halon.incident.joining import recovered
from halon.incident.notices import Notice
from halon.incident.remedies import Corrective, Finding, Rerun, Waiver
from halon.incident.settling import proved, unsettled
from halon.incident.state import State
from halon.incident.status import as_text, details, headline, marked, may_be_said, plain, status, waiting_on

ANY = st.text(max_size=300)
FOUND = Finding("f1", "tools", "t", "ann", "2026-11-22T10:00:00.000Z")
PASSED = Rerun("2026-11-22T10:00:00.000Z", True, True, 5, 0)
OPEN = Corrective("c1", "Isolate", "tom", "2026-12-01T00:00:00.000Z", "ann", "2026-11-22T10:00:00.000Z")
WAIVED = Waiver("proof", "ann", "r", "2026-11-22T10:00:00.000Z")


def noted(room: Any, mode: str) -> State:
    """A state of an earlier build: what was only observed stands there as stopped, and nobody said that it is over."""
    one = replace(room.action(status="would run"), applied_at="", verified_at="")
    state: State = room.assessed(room.judged(mode=mode), actions=(one,), harm_stopped_at=room.T0)
    return state


HEADLINES: list[tuple[Any, str]] = [
    (lambda r: r.opened(), "support-bot leak: not contained yet."),
    (lambda r: r.assessed(), "SEV2: support-bot leak: not contained yet."),
    (lambda r: r.assessed(r.judged(mode="observe")), "SEV2: support-bot leak: Halon only observes this agent; nothing was switched off."),
    (lambda r: r.assessed(actions=(r.action(),)), "SEV2: support-bot leak: contained in part (Do disable-mail); still checking."),
    (lambda r: r.assessed(actions=(r.action(status="applied"),)), "SEV2: support-bot leak: not contained yet."),
    (lambda r: r.assessed(actions=(r.action(),), harm_stopped_at=r.T0), "SEV2: support-bot leak: the harm has stopped (Do disable-mail)."),
    (lambda r: r.assessed(harm_stopped_at=r.T0), "SEV2: support-bot leak: the harm has stopped."),
    (lambda r: r.assessed(gates=(r.gate(),)), "SEV2: support-bot leak: not contained yet; 1 approval needed."),
    (lambda r: r.assessed(gates=(r.gate(), r.gate("b"), r.gate("c", status="spent"))), "SEV2: support-bot leak: not contained yet; 2 approvals needed."),
    (lambda r: r.assessed(harm_stopped_at=r.T0, reruns=(PASSED,)), "SEV2: support-bot leak: the harm has stopped; the fix is proved."),
    (lambda r: r.assessed(reruns=(PASSED,)), "SEV2: support-bot leak: not contained yet."),
    (lambda r: r.assessed(r.judged(mode="observe"), harm_stopped_at=r.T0, facts=(Fact("ongoing", False, "person", r.T0, "ann"),)), "SEV2: support-bot leak: Halon only observes this agent; nothing was switched off; the harm has stopped all the same."),
    (lambda r: noted(r, "observe"), "SEV2: support-bot leak: Halon only observes this agent; nothing was switched off."),
    (lambda r: noted(r, "suggest"), "SEV2: support-bot leak: not contained yet."),
    (lambda r: r.assessed(r.judged(mode="observe"), actions=(r.action(verified_at=r.T0),), harm_stopped_at=r.T0), "SEV2: support-bot leak: the harm has stopped (Do disable-mail)."),
    (lambda r: r.assessed(false_alarm_by="sue"), "SEV2: support-bot: called a false alarm by sue; nothing was switched off."),
    (lambda r: r.assessed(false_alarm_by="sue", actions=(r.action(undo_requested_by="sue"),)), "SEV2: support-bot: called a false alarm by sue; what was switched off is being given back."),
    (lambda r: r.assessed(false_alarm_by="sue", actions=(r.action(),)), "SEV2: support-bot: called a false alarm by sue; what was switched off stays so until somebody says `undo`."),
    (lambda r: r.assessed(false_alarm_by="sue", actions=(r.action(status="undone"),)), "SEV2: support-bot: called a false alarm by sue; what was switched off was given back."),
    (lambda r: r.assessed(false_alarm_by="sue", actions=(replace(r.action(), order=r.order(reversible=False, undo=None)),)), "SEV2: support-bot: called a false alarm by sue; what was done can't be taken back."),
    (lambda r: r.assessed(false_alarm_by="sue", actions=(r.action(status="would run"),)), "SEV2: support-bot: called a false alarm by sue; nothing was switched off."),
    (lambda r: r.opened(r.alert(group="send_message")), "support-bot send_message: not contained yet."),
    (lambda r: r.assessed(closed_at=r.T0, outcome="false_alarm", reference="INC-1234"), "INC-1234 is closed (false alarm)."),
    (lambda r: r.opened(r.alert(agent="<b>bot</b>", group="[x](http://evil)")), "b bot /b x (http : //evil): not contained yet."),
]  # fmt: skip


@pytest.mark.parametrize(("state", "told"), HEADLINES, ids=[told[:60] for _, told in HEADLINES])
def test_the_headline_is_one_true_sentence(room: Any, state: Any, told: str) -> None:
    """Contained is said only of what was read back, stopped only of what was seen to have stopped."""
    assert headline(state(room)) == told


def noisy(room: Any, words: str, many: int) -> State:
    """A state full of text from outside, with a lot going on."""
    state: State = room.assessed(
        room.judged(blast_radius={f"part{n}": words for n in range(many)},
                    obligations=tuple(room.duty("undetermined", id=f"duty-{n}", needs=("a", "b")) for n in range(many))),
        gates=tuple(room.gate(f"g{n}", title=words) for n in range(many)), agent=words, group=words,
        actions=tuple(room.action(f"a{n}") for n in range(many)), missed=tuple(f"duty-{n}/s" for n in range(many)),
        correctives=tuple(replace(OPEN, id=f"c{n}", title=words, owner=words[:20]) for n in range(many)),
    )  # fmt: skip
    return state


@settings(max_examples=60, deadline=None)
@given(st.one_of(ANY, st.just("a " * 400), st.just("word " * 50)), st.integers(0, 30))
def test_the_text_is_always_under_120_words(room: Any, words: str, many: int) -> None:
    """However much there is to say, and whatever alerts are called."""
    text = as_text(noisy(room, words, many))
    assert 0 < len(text.split()) < 120


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("<>`*_[]()#|~\\\n\r\t!& \u202e\u2028\x00abhtpsw:/.@-"), max_size=80))
def test_text_from_outside_is_never_markup(text: str) -> None:
    """No tag, code, emphasis, table, heading, link or control character is left of it, and it stays in its line."""
    told = plain(text)
    assert not set("<>`*[]#|~\\") & set(told)
    assert all(letter.isprintable() for letter in told)
    assert not re.search(r"(?i)[a-z]://|\bwww\.", told)
    assert len(told) <= 240


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("_ab1 *\\.("), max_size=40))
def test_no_underscore_is_emphasis_in_the_temporal_ui(text: str) -> None:
    """Inside a name it stays as it is typed; where it could begin or end an emphasis it is escaped, and shows."""
    told = marked(text)
    assert not re.search(r"(?<![a-z0-9\\])_|(?<!\\)_(?![a-z0-9])", told)
    assert told.replace("\\_", "_") == plain(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("plain words", "plain words"),
        ("send_message since aware_at", "send_message since aware_at"),
        ("__init__ and _x_", "__init__ and _x_"),
        ("see https://evil.example/x", "see https : //evil.example/x"),
        ("WWW.evil.example", "WWW . evil.example"),
        ("10:30 and a/b", "10:30 and a/b"),
        ("<img src=x onerror=y>", "img src=x onerror=y"),
        ("a\u202eb\x00c", "abc"),
        ("x" * 300, "x" * 239 + "…"),
        ("", ""),
    ],
)
def test_plain(text: str, told: str) -> None:
    """What is harmless stays readable."""
    assert plain(text) == told


EVIL = "</li><script>alert(1)</script> [click](https://evil.example) `rm` **now**\n# Approved\n| a | b |"


def test_alerts_can_not_write_into_the_temporal_ui(room: Any) -> None:
    """A summary, a rule and an agent's name full of markup add no tag, link, heading, table or line of their own."""
    calm = room.opened(room.alert(agent="x", group="y", rule="z", summary="s"))
    evil = room.opened(room.alert(agent=EVIL, group=EVIL, rule=EVIL, summary=EVIL))
    for state in (calm, evil):
        assert len(details(state).splitlines()) == len(details(calm).splitlines())
    shown = details(evil)
    assert not re.search(r"[<>|]|\]\(|://", shown)
    assert [line for line in shown.splitlines() if line.startswith("#")] == [
        line for line in shown.splitlines() if line.startswith(("### INC-", "#### Last lines"))]  # fmt: skip


def test_the_details_hold_the_json_that_answers_each_gate(room: Any) -> None:
    """Copied from the page with a name put in, it is a command."""
    state = room.assessed(gates=(room.gate(question=(f"Why: {EVIL}",)), room.gate("b")))
    pasted = [json.loads(line) for line in details(state).splitlines() if line.startswith("    {")]
    assert [parse("reject", one)["gate"] for one in pasted] == [one.id for one in state.gates]
    assert len(details(state)) <= 15_000
    assert "<" not in details(state)


def test_refusals_show_in_the_details(room: Any) -> None:
    """Who signals gets no answer: what was refused lately is shown."""
    state = room.say(room.assessed(), "close", "tom").state
    assert "#### Refused lately" in details(state)
    assert "#### Refused lately" not in details(room.assessed())


def test_status_is_one_object_for_leadership(room: Any) -> None:
    """It says what is asked of whom until when, and what is left; and it is plain JSON."""
    state = room.assessed(room.judged(obligations=(room.duty("undetermined", needs=("aware_at",)),)), gates=(room.gate(),),
                          correctives=(OPEN,))  # fmt: skip
    told = status(state)
    assert json.loads(json.dumps(told)) == told
    assert [(one["of"], one["what"]) for one in told["asked"]] == [
        (["security"], "Revoke the token"), (["privacy"], "does eu-gdpr-33 apply?; answers needed: aware_at"), (["tom"], "Isolate")]  # fmt: skip
    assert waiting_on(state) == ["privacy", "security", "tom"]
    assert told["next_deadline"] == {"at": room.at(3600), "what": f"answer to gate {state.gates[0].id}"}
    assert told["left_before_close"] == unsettled(state)
    assert told["phases"]["detect"] == "not started"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "We are looking into it. Nobody outside has been told yet."),
        (
            {"harm_stopped_at": "2026-11-22T10:01:00.000Z"},
            "It was stopped at 2026-11-22T10:01:00.000Z; we are working on the cause. "
            "Nobody outside has been told yet.",
        ),
        (
            {"closed_at": "t", "outcome": "resolved"},
            "The cause is fixed and checked. Nobody outside has been told yet.",
        ),
        ({"closed_at": "t", "outcome": "waived"}, "We are looking into it. Nobody outside has been told yet."),
    ],
)
def test_what_may_be_said_outside(room: Any, changes: dict[str, str], told: str) -> None:
    """Never that it is over before that was checked."""
    assert may_be_said(room.assessed(**changes)) == told


@pytest.mark.parametrize("audience", ["regulator", "customers", "counterparty"])
def test_who_was_told_outside_is_told(room: Any, audience: Any) -> None:
    """An insurer or a provider stands outside as well."""
    state = room.assessed(
        notices=(Notice("theirs", audience, status="sent"), Notice("board", "leadership", status="sent"))
    )
    assert may_be_said(state) == "We are looking into it. Told so far: theirs."


SETTLED: dict[str, Any] = {"harm_stopped_at": "2026-11-22T10:01:00.000Z", "findings": (FOUND,), "reruns": (PASSED,)}


def test_settled_with_nothing_left(room: Any) -> None:
    """Stopped, explained, proved."""
    assert unsettled(room.assessed(**SETTLED)) == []


LEFT: list[tuple[dict[str, Any], Any, str]] = [
    ({"harm_stopped_at": ""}, None, "the harm has not been seen to stop"),
    ({"findings": ()}, None, "no finding says why it happened"),
    ({"reruns": ()}, None, "the fix is not proved"),
    ({"reruns": (PASSED, replace(PASSED, passed=False))}, None, "the fix is not proved"),
    ({"correctives": (OPEN,)}, None, "corrective action c1 is open (owner tom)"),
    ({"correctives": (replace(OPEN, status="failed"),)}, None, "corrective action c1 is failed"),
    ({}, lambda r: {"gates": (r.gate(),)}, "waits for security"),
    ({}, lambda r: {"actions": (r.action(status="waiting"),)}, "action disable-mail is waiting"),
    ({}, lambda r: {"actions": (r.action(undo_requested_by="tom"),)}, "action disable-mail is being taken back"),
    ({}, lambda r: {"obligations": (r.duty(),)}, "obligation eu-gdpr-33 is neither filed nor declined"),
    ({}, lambda r: {"obligations": (r.duty("undetermined"),)}, "obligation eu-gdpr-33 is neither filed nor declined"),
]


@pytest.mark.parametrize(("changes", "situation", "told"), LEFT, ids=[told for _, _, told in LEFT])
def test_each_thing_left_keeps_it_open(room: Any, changes: dict[str, Any], situation: Any, told: str) -> None:
    """Exactly the one thing is named."""
    state = room.assessed(**{**SETTLED, **changes, **(situation(room) if situation else {})})
    left = unsettled(state)
    assert len(left) == 1
    assert told in left[0]


@pytest.mark.parametrize(
    "situation",
    [
        lambda r: {"correctives": (replace(OPEN, status="waived"), replace(OPEN, status="proved"))},
        lambda r: {"actions": tuple(r.action(s, s) for s in ("verified", "undone", "denied", "would run", "unverified", "failed"))},
        lambda r: {"actions": (replace(r.action(status="planned"), order=r.order(rung=2)),)},
        lambda r: {"obligations": (r.duty("applies", r.stage(filed_at=r.T0)), r.duty("does_not_apply", id="b"))},
        lambda r: {"obligations": (r.duty(),), "decisions": ({"obligation": "eu-gdpr-33", "word": "declined"},)},
        lambda r: {"gates": (r.gate(status="expired"), r.gate("b", status="rejected"))},
        lambda r: {"reruns": (), "waivers": (WAIVED,)},
    ],
)  # fmt: skip
def test_what_does_not_keep_it_open(room: Any, situation: Any) -> None:
    """Finished one way or the other, by name where it isn't."""
    assert unsettled(room.assessed(**{**SETTLED, **situation(room)})) == []


def test_a_false_alarm_needs_no_cause_and_no_proof(room: Any) -> None:
    """But what was taken must be given back first."""
    assert unsettled(room.assessed(false_alarm_by="sue")) == []
    assert len(unsettled(room.assessed(false_alarm_by="sue", actions=(room.action(undo_requested_by="sue"),)))) == 1


def test_only_the_last_rerun_or_a_name_proves(room: Any) -> None:
    """A pass that was followed by a failure proves nothing; a waiver of something else neither."""
    failed = replace(PASSED, passed=False)
    assert proved(room.assessed(reruns=(failed, PASSED)))
    assert not proved(room.assessed(reruns=(PASSED, failed)))
    assert not proved(room.assessed(waivers=(replace(WAIVED, what="c1"),)))
    assert proved(room.assessed(waivers=(WAIVED,)))


@pytest.mark.parametrize("which", ["opened", "assessed", "full"])
def test_about_holds_every_name_for_every_state(room: Any, which: str) -> None:
    """From the first moment to the last the names that the module documents, as JSON; asked twice, the very same."""
    state = getattr(room, which)()
    told = about(state, room.at(500))
    assert set(told) == set(about(room.opened(), room.T0))
    assert canonical(told) == canonical(about(state, room.at(500)))
    assert [name for name in told if not re.search(rf"\b{name}\b", str(about_module.__doc__))] == []


@settings(max_examples=40, deadline=None)
@given(ANY, st.integers(0, 3))
def test_about_is_total(room: Any, words: str, many: int) -> None:
    """Whatever outside texts hold, also broken ones, what templates get is plain JSON."""
    assert canonical(about(noisy(room, words, many), room.at(500)))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(
    st.sampled_from(["affected_individuals", "data_categories", "ongoing", "confirmed", "unauthorised_tool_actions",
                     "window_from", "records_count", "affected_by_jurisdiction", "economic_impact_eur"]),
    st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
                 lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["low", "high"]), inner)),
                 max_leaves=4)))  # fmt: skip
def test_about_is_total_whatever_a_fact_holds(room: Any, facts: dict[str, Any]) -> None:
    """A fact of the wrong shape becomes words, never an error in a notice."""
    state = replace(room.assessed(), facts=tuple(Fact(name, value, "person", room.T0) for name, value in facts.items()))
    told = about(state, room.T0)
    assert canonical(told)
    assert all(isinstance(value, str) for value in told["impact"].values())


def test_about_tells_only_what_was_done(room: Any) -> None:
    """Planned, observed and denied actions are no deeds; an irreversible one that ran is named as such."""
    told = about(room.full(), room.at(500))
    assert told["done"] == ["Do disable-mail: done and checked.", "Do revoke-token: done, not yet checked."]
    observed = about(room.assessed(actions=(room.action(status="would run"), room.action("b", "denied"))), room.T0)
    assert (observed["done"], observed["irreversible"]) == ([], [])
    ran = replace(room.action("x"), order=room.order("x", reversible=False, undo=None))
    assert [one["id"] for one in about(room.assessed(actions=(ran,)), room.T0)["irreversible"]] == ["x"]
    assert told["claims"][0]["name"] == "sent"
    assert "sent" not in {one["name"] for one in told["facts"]}


@pytest.mark.parametrize("which", ["opened", "assessed", "full"])
def test_every_view_is_plain_json(room: Any, which: str) -> None:
    """Each query answers for any state."""
    state = getattr(room, which)()
    shown = [
        views.timeline(state),
        views.gates(state),
        views.obligations(state),
        views.actions(state),
        views.rca(state),
        status(state),
    ]
    for one in shown:
        assert json.loads(json.dumps(one)) == json.loads(json.dumps(one, sort_keys=True))
    assert len(views.gates(state)) == len(state.gates)
    assert [one["paste"] is not None for one in views.gates(state)] == [one.status == "open" for one in state.gates]
    assert [one["decided"] for one in views.obligations(room.full())] == [None, "declined"]


def test_promise_9_a_proof_older_than_a_recurrence_or_a_later_fix_does_not_count(room: Any) -> None:
    """Fixed means proved: of what is there now."""
    state = room.assessed(**SETTLED)
    assert unsettled(state) == []
    again = replace(state, recurred_at=room.at(9_000))
    assert any("not proved" in one for one in unsettled(again))
    later = replace(state, correctives=(replace(OPEN, status="done"),))
    assert any("not proved" in one for one in unsettled(later))


FAILED = {"failed_as": "MissingSecret", "failure": "the environment variable TOKEN is not set"}


def test_status_says_why_an_action_failed_and_what_to_do(room: Any) -> None:
    """In the object, in the text, in the details and in the reports; gone once the action is in force."""
    state = room.assessed(actions=(room.action(status="failed", **FAILED), room.action("b", **FAILED)))
    told = status(state)
    assert told["failed"] == [{"action": "disable-mail", "title": "Do disable-mail", "type": "MissingSecret",
                               "why": "the environment variable TOKEN is not set", "next": "restart the worker once it is set"}]  # fmt: skip
    line = "Do disable-mail: the environment variable TOKEN is not set; restart the worker once it is set"
    assert f"Failed: {line}." in told["text"]
    assert f"- **failed**: {line}" in details(state).splitlines()
    reported = {one["id"]: one["failure"] for one in about(state, room.T0)["actions"]}
    assert reported == {"disable-mail": {"why": FAILED["failure"], "next": told["failed"][0]["next"]}, "b": None}


def test_templates_get_who_must_agree_and_what_happens_otherwise(room: Any) -> None:
    """Roles and quorum of each gate, and what becomes of a duty whose gate nobody answers."""
    duties = (room.duty(gate=room.POLICY), room.duty(id="u"))
    told = about(room.assessed(room.judged(obligations=duties), gates=(room.gate(),)), room.T0)
    assert [(one["roles"], one["quorum"]) for one in told["gates"]] == [(["security"], 1)]
    assert [one["otherwise"] for one in told["obligations"]] == [room.POLICY.otherwise, ""]


def test_what_was_only_observed_has_not_stopped(room: Any) -> None:
    """Nobody is told a time at which nothing happened, inside or outside; a person's word is one."""
    state = noted(room, "observe")
    assert may_be_said(state) == "We are looking into it. Nobody outside has been told yet."
    window = about(replace(state, recovered_at=room.T0), room.T0)["window"]
    assert (window["contained_at"], window["recovered_at"], window["to"]) == ("", "", "")
    said = replace(state, facts=(Fact("ongoing", False, "person", room.T0, "ann"),))
    assert may_be_said(said).startswith(f"It was stopped at {room.T0}")


def test_one_is_singular() -> None:
    """People read these lines."""
    assert [counted(number, "answer") for number in (0, 1, 2)] == ["0 answers", "1 answer", "2 answers"]
    assert counted(2, "person", "people") == "2 people"


def test_recovered_says_why(room: Any) -> None:
    """A false alarm did not stop."""
    for fields, told in (
        ({"harm_stopped_at": room.T0}, "harm has stopped"),
        ({"false_alarm_by": "sue"}, "it was called a false alarm"),
    ):
        state = recovered(room.assessed(firing=(), **fields), room.at(9))
        assert state.tail[-1].text == f"Nothing fires any more; {told}."
