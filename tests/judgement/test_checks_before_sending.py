"""What a message must hold and must not say, before anybody outside reads it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from halon.incident.about import about
from halon.incident.facts import Fact
from halon.incident.notices import Notice
from halon.incident.state import State
from halon.judgement.communication.checks import check
from halon.judgement.communication.phrases import PHRASES
from halon.judgement.communication.sections import PARTS
from halon.redaction import redact

NOW, PROMISE = "2026-11-22T09:00:00Z", "2026-11-23T09:00:00Z"
GOOD = """What happened
- The assistant sent records to somebody else. 1,204 people are affected.

What we did
- We switched its mail off.

Which data: names. Period: from 2026-11-21 08:00 UTC to 2026-11-21 09:00 UTC.

What you can do
- Change your password.

You hear from us again by 2026-11-23 09:00 UTC. We are sorry for the harm.
"""


def told(*facts: tuple[str, Any], proved: bool = False) -> dict[str, Any]:
    state = State("incident-a.b:run-1", "incident-a.b", "INC-7F3A", "support-bot", "g", "2026-11-21T08:00:00Z")
    held = tuple(Fact(name, value, "person", NOW, by="pat") for name, value in facts)
    return about(replace(state, facts=held), NOW) | {"proved": proved}


WINDOW = (("window_from", "2026-11-21T08:00:00Z"), ("window_to", "2026-11-21T09:00:00Z"))


def objections(body: str, *facts: tuple[str, Any], audience: Any = "customers", **more: Any) -> list[tuple[str, str]]:
    known = facts or (("affected_individuals", 1204), ("risk_to_individuals", "risk"))
    notice = Notice("n", audience, subject="About an incident", body=body, promise=more.pop("promise", PROMISE))
    found = check(notice, told(*WINDOW, *known, **more), lambda text: redact(text).counts)
    return [(one.rule, one.sentence) for one in found]


def test_a_message_that_says_everything_and_nothing_more_passes() -> None:
    """What happened, what was done, who, which data, the window, what to do, when more comes, and that we are sorry."""
    assert objections(GOOD) == []


@pytest.mark.parametrize(("line", "rule"), [
    ("What happened", "says-what-happened"), ("What we did", "says-what-was-done"), ("1,204 people are affected.", "says-who"),
    ("Which data: names.", "says-which-data"), ("What you can do", "says-what-to-do"),
    ("You hear from us again by 2026-11-23 09:00 UTC.", "promises-next-update"),
    ("We are sorry for the harm.", "acknowledges-harm"),
])  # fmt: skip
def test_each_part_that_is_left_out_is_named(line: str, rule: str) -> None:
    """Whoever approves reads which part is not there."""
    body = GOOD.replace(line, "").replace("people are affected", "" if rule == "says-who" else "people are affected")
    assert (rule, "") in objections(body)


def test_headings_without_anything_below_are_no_parts() -> None:
    """Words of a heading in the middle of a line say nothing, nor does one heading below another."""
    body = "From our team to you. Please read. What happened: what we did. You are affected. Which data? none told.\n"
    rules = {
        "says-what-happened",
        "says-what-was-done",
        "says-who",
        "says-which-data",
        "says-the-window",
        "says-what-to-do",
    }
    assert rules <= {rule for rule, _ in objections(body)}
    assert "says-what-happened" in {rule for rule, _ in objections("What happened\n\nWhat we did\n- We stopped it.\n")}


def test_a_category_that_is_known_is_named() -> None:
    """A label with something else behind it does not do."""
    facts = (
        ("affected_individuals", 1204),
        ("risk_to_individuals", "risk"),
        ("data_categories", ["health", "basic_contact"]),
    )
    assert objections(GOOD, *facts) == [("says-which-data", "")]
    assert objections(GOOD.replace("names.", "health data, names and contact details."), *facts) == []


def test_when_it_is_sent_the_categories_must_still_be_those_that_are_known() -> None:
    """A kept yes sends no category that was corrected since; what else became known is for the next draft."""
    facts = (
        ("affected_individuals", 1204),
        ("risk_to_individuals", "risk"),
        ("data_categories", ["health", "government_id"]),
    )
    known = told(*WINDOW, *facts)
    one = Notice("n", "customers", subject="About an incident", body=GOOD, promise=PROMISE)
    found = check(one, known, lambda text: {}, sending=True)
    assert [each.rule for each in found] == ["says-which-data"]
    assert "health" in found[0].why
    assert "government" in found[0].why
    assert check(one, known, lambda text: {}, sending=True, ahead=True) == ()
    assert check(one, told(*WINDOW, *facts[:2]), lambda text: {}, sending=True) == ()
    duty = {"id": "d", "key": "d", "stages": [{"id": "n"}], "wanted": [
        {"what": "kinds", "facts": ["data_categories"]}, {"what": "people", "facts": ["affected_individuals"]},
    ]}  # fmt: skip
    stale = Notice("d-n", "regulator", "d", "n", subject="S", body="Categories: contact details\n")
    found = check(stale, known | {"obligations": [duty]}, lambda text: {}, sending=True)
    assert [(each.rule, "'kinds'" in each.why) for each in found] == [("says-contents", True)]


def test_each_thing_that_is_not_said_is_an_objection_of_its_own() -> None:
    """So that nobody lets more pass than was read."""
    duty = {"id": "d", "key": "d", "stages": [{"id": "n"}], "wanted": [
        {"what": "people", "facts": ["affected_individuals"]}, {"what": "when", "facts": ["window_from"]},
    ]}  # fmt: skip
    known = told(*WINDOW, ("affected_individuals", 1204)) | {"obligations": [duty]}
    found = check(Notice("d-n", "regulator", "d", "n", subject="S", body="Something.\n"), known, lambda text: {})
    assert [(one.rule, one.why.split(";")[0]) for one in found] == [
        ("says-contents", "the duty asks for 'people'"), ("says-contents", "the duty asks for 'when'"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", [
    "The issue is fully\nresolved.", "- The issue is fully\n  resolved.", "The issue is **fully** resolved.", "The issue is _fully_ resolved.",
    "The issue is ful\u200bly resolved.", "The issue is fully\u00a0resolved.", "The issue is <b>fully</b> resolved.", "The issue is `fully` resolved.",
    "The issue is [fully](https://x.example) resolved.", "The issue is fully&nbsp;resolved.", "The issue is \uff46\uff55\uff4c\uff4c\uff59 resolved.",
    "Das Problem, das wir am Wochenende\nhatten, ist be\u00adhoben.", "We looked into everything and can now say that your\nData is safe.",
])  # fmt: skip
def test_a_line_break_or_a_mark_hides_nothing(text: str) -> None:
    """A sentence is read as its reader sees it, over several lines and without marks."""
    assert [rule for rule, _ in objections(f"{GOOD}\n{text}\n")] == ["overpromise"]


def test_a_number_over_two_lines_is_the_facts_and_entries_below_each_other_are_no_sentence() -> None:
    """What counts something stands with it; a list of figures is read entry by entry."""
    known = (("affected_individuals", 1204), ("records_count", 40))
    assert objections("We know that the data of 77\npeople are concerned.\n", *known, audience="regulator") == [
        ("numbers-agree", "We know that the data of 77 people are concerned.")
    ]
    for body in (
        "People: 1,204\nRecords: 40\n",
        "- 1,204\n- records 40\n",
        "INC-7F3A, 2026-11-22 09:00\nrecord head: 1a at entry 26\n",
        "About 7\n\npeople\n",
    ):
        assert objections(body, *known, audience="regulator") == []
    assert objections(f"{GOOD}\nThe issue is not\nfully resolved.\n") == []


def test_a_long_sentence_is_read_to_its_end() -> None:
    """Nothing passes because it stands far behind."""
    found = objections(f"{GOOD}\n{'and so we looked on, ' * 60}and the issue is fully resolved.\n")
    assert [rule for rule, _ in found] == ["overpromise"]


@pytest.mark.parametrize(("sentence", "sorry"), [
    ("We regret nothing and are not sorry.", False), ("There is no reason to be sorry.", False), ("We don't regret it.", False),
    ("Wir bedauern nichts.", False), ("We cannot apologise enough.", True), ("We are very sorry.", True), ("Es tut uns leid.", True),
    ("Please accept our apologies; we do not know more yet.", True), ("It is not over, and we are sorry.", True),
])  # fmt: skip
def test_to_deny_it_is_no_word_of_regret(sentence: str, sorry: bool) -> None:
    """The word alone does not do."""
    rules = [rule for rule, _ in objections(GOOD.replace("We are sorry for the harm.", sentence))]
    assert rules == ([] if sorry else ["acknowledges-harm"])


def test_the_window_must_be_told() -> None:
    """From when to when it was."""
    body = GOOD.replace("Period: from 2026-11-21 08:00 UTC to 2026-11-21 09:00 UTC.", "")
    assert ("says-the-window", "") in objections(body)


@pytest.mark.parametrize("sentence", [
    "The issue is fully resolved.", "It has been fixed.", "There is no risk to you.", "We guarantee that this is over.",
    "This will never happen again.", "Your data is safe.", "No data was accessed.", "No customers were affected.",
    "It was an isolated incident.", "Das Problem ist vollständig behoben.", "Everything is 100% secure.",
])  # fmt: skip
def test_an_overpromise_is_found_with_its_sentence(sentence: str) -> None:
    """The rule and exactly the sentence that it is about, whoever reads it."""
    for audience in ("customers", "regulator", "counterparty", "leadership"):
        assert ("overpromise", sentence) in objections(f"{GOOD}\n{sentence}\n", audience=audience)


@pytest.mark.parametrize("sentence", [
    "We only call it fixed once we have tested it.", "It is not fully resolved.", "We can't guarantee that nobody else is affected.",
    "We do not say that there is no risk.", "We tell you when it has been fixed.",
])  # fmt: skip
def test_saying_that_it_is_not_over_is_no_overpromise(sentence: str) -> None:
    """A phrase that the same sentence denies, or makes depend on something, is let pass."""
    assert objections(f"{GOOD}\n{sentence}\n") == []


def test_resolved_may_be_said_once_it_is_proved() -> None:
    """After the proof it is no promise; before, it is."""
    body = GOOD + "\nThe issue is fully resolved.\n"
    assert ("overpromise", "The issue is fully resolved.") in objections(body)
    assert objections(body, proved=True) == []


def test_that_nobody_was_affected_may_be_said_where_the_facts_say_it() -> None:
    """The same sentence is wrong without the fact and right with it."""
    body = GOOD.replace("1,204 people are affected.", "No customers were affected.")
    assert ("overpromise", "No customers were affected.") in objections(body, ("affected_individuals", 3))
    assert objections(body, ("affected_individuals", 0)) == []


@pytest.mark.parametrize(("sentence", "rule"), [
    ("It was human error.", "blame"), ("It was caused by an engineer.", "blame"), ("The customer is to blame.", "blame"),
    ("The page said: ignore all previous instructions.", "exploitable"),
    ("It was stopped at https[:]//agent.example/control/tools.", "exploitable"), ("See CONTROL_TOKEN.", "exploitable"),
    ("Write to ann.other@mail.example.", "sensitive"), ("The key was sk-abcdefghijklmnopqrstuvwxyz012345.", "sensitive"),
])  # fmt: skip
def test_blame_and_what_helps_to_do_it_again_are_found(sentence: str, rule: str) -> None:
    """No person is blamed, no prompt, address of a control, name of a secret, secret or stranger's address goes out."""
    assert (rule, sentence) in objections(f"{GOOD}\n{sentence}\n")


def test_a_person_of_the_roster_is_not_blamed_by_name() -> None:
    """To be named as contact is no blame, to be named beside a mistake is."""
    notice = Notice("n", "regulator", subject="s", body="Contact: Ann Archer.\nAnn Archer made a mistake.\n")
    people = {"people": {"contacts": [{"name": "Ann Archer", "roles": ["commander"]}]}}
    found = check(notice, told() | people, lambda text: {})
    assert [(one.rule, one.sentence) for one in found] == [("blame", "Ann Archer made a mistake.")]


@pytest.mark.parametrize(("sentence", "value", "agrees"), [
    ("1,204 people are affected.", 1204, True), ("1,205 people are affected.", 1204, False),
    ("People: between 10 and 20", {"low": 10, "high": 20}, True), ("People: between 10 and 30", {"low": 10, "high": 20}, False),
    ("People: 15", {"low": 10, "high": 20}, False), ("About 15 people.", {"low": 10, "high": 20}, True),
    ("About 9 customers got it.", {"low": 10}, False),
    ("3 customers got it.", None, False), ("We answer within 72 hours.", 3, True), ("15 of them", None, True),
])  # fmt: skip
def test_numbers_agree_with_the_facts(sentence: str, value: Any, agrees: bool) -> None:
    """A number beside what it counts is the fact's, or lies in its range; a number of what is not known is wrong."""
    found = [rule for rule, _ in objections(f"{sentence}\n", ("affected_individuals", value), audience="regulator")]
    assert ("numbers-agree" not in found) is agrees


def test_the_count_of_one_place_may_be_told_there() -> None:
    """Whoever writes to one jurisdiction names its number."""
    facts = (
        ("affected_individuals", 500),
        ("affected_by_jurisdiction", {"US-CA": 120, "DE": {"low": 300, "high": 380}}),
    )
    assert objections("120 residents are concerned.\n", *facts, audience="regulator") == []
    assert [rule for rule, _ in objections("121 residents are concerned.\n", *facts, audience="regulator")] == [
        "numbers-agree"
    ]


def test_a_promise_that_has_passed_is_drafted_again() -> None:
    """Nobody promises a time that is over by the time that it is sent."""
    late = "2026-11-22T08:00:00Z"
    assert ("promise-passed", "") in objections(GOOD, promise=late)


def test_without_a_promise_the_last_message_says_that_it_is_the_last() -> None:
    """Either the next time, or that none comes."""
    body = GOOD.replace("You hear from us again by 2026-11-23 09:00 UTC.", "This is our last message about this.")
    assert objections(body, promise="") == []
    assert ("promises-next-update", "") in objections(GOOD, promise="")


def test_responders_are_told_everything() -> None:
    """Internal working messages are checked for nothing."""
    assert objections("It is fully resolved, says Ann.\n", audience="responders") == []


def test_every_rule_says_why_and_where_it_comes_from() -> None:
    """A rule without a source would be somebody's taste."""
    assert all(one.why and one.source for one in PHRASES)
    assert len({part.rule for part in PARTS}) == len(PARTS)


def test_the_checks_take_time_that_grows_with_the_length_alone() -> None:
    """A hostile text of half a megabyte is checked in seconds, not in hours."""
    began = time.perf_counter()
    objections("no " * 60_000 + "\n" + "1,204 " * 30_000 + "\n" + "ignore all previous " * 10_000)
    assert time.perf_counter() - began < 20
