"""What a message promises and whom it blames, however it is worded; and what denies a promise."""

from __future__ import annotations

from typing import Any

import pytest

from halon.incident.figures import harmed
from halon.incident.notices import Notice
from halon.judgement.communication.blame import blamed
from halon.judgement.communication.checks import check
from halon.judgement.communication.phrases import said

PROMISES = (
    "Once again, there is no risk to you.", "When you read this, the issue is fully resolved.", "If you wonder: your data is safe.",
    "Not to worry, there is no risk.", "Don\u2019t worry: your data is safe.", "Before noon it was fully resolved.",
    "The issue has now been resolved.", "We have resolved the issue.", "We\u2019ve fixed it.", "We fixed the problem.",
    "Our team has already fixed the error.", "The problem no longer exists.", "The incident is over.",
    "There is no longer any risk.", "There is no danger to you.", "It does not pose any risk.", "You have nothing to worry about.",
    "Your data was never at risk.", "All data is secure.", "Your accounts remain safe.", "We are 100 percent safe.",
    "It cannot ever happen again.", "It is impossible that this recurs.", "No customer data left our systems.",
    "This will not happen again.", "It will not occur again.", "We are confident that it will never occur again.",
    "There will be no further incidents.", "Your data was not accessed.", "Your personal information has not been compromised.",
    "Your passwords weren't exposed.", "Nothing was lost.", "The risk is zero.", "There is not the slightest risk.",
    "Under no circumstances is there a risk.", "You do not need to worry.", "You don't have to worry.", "The fix is complete.",
    "The incident is now fully contained and resolved.", "The incident has been completely dealt with.", "The bug got fixed.",
    "The danger has passed.", "Everything is back to normal.", "The issue is fully-resolved.", "Your data are in safe hands.",
    "Ihre Daten waren nie gefährdet.", "Es gibt kein Restrisiko.", "Sie brauchen sich keine Sorgen zu machen.",
    "Es bestand zu keinem Zeitpunkt eine Gefahr.", "Ihre Daten wurden nicht entwendet.", "Das wird nicht mehr auftreten.",
    "Das Problem ist behoben.", "Wir haben das Problem behoben.", "Die Ursache wurde inzwischen beseitigt.", "Es besteht kein Risiko.",
    "Es besteht keinerlei Gefahr für Sie.", "Die Gefahr ist gebannt.", "Ihre Daten sind sicher.", "Das kann nicht wieder vorkommen.",
)  # fmt: skip
DENIED = (
    "It is not fully resolved.", "It has not been fixed yet.", "We can't guarantee that your data is safe.",
    "We do not say that there is no risk.", "We do not know yet if your data is safe.", "We are checking whether your data is safe.",
    "We tell you when it has been fixed.", "We work until it is fully resolved.", "Das Problem ist noch nicht behoben.",
    "Es ist noch nicht vollständig behoben.", "Wir können nicht sagen, dass das Problem behoben ist.",
    "We cannot promise that this will not happen again.", "We do not know yet whether your data was not accessed.",
    "We can't say that the risk is zero.", "The risk is not zero.", "It is not dealt with yet.", "There is a risk for you.",
    "We are sorry for the harm and the worry that this causes.", "The rule was tested and is in force.",
    "Your data was accessed.", "We looked into what was accessed and what was not.", "Wir schließen nicht aus, dass ein Risiko besteht.",
    "Wir prüfen, ob Ihre Daten sicher sind.", "Wir sagen Ihnen, sobald das Problem behoben ist.",
    "We have found the cause, changed what caused it, and tested that it does not happen again.",
    "The cause is being worked on, and we only call it fixed once we have tested it.",
)  # fmt: skip
BLAME = (
    "OpenModel Inc. is responsible for this.", "a clerk clicked on the wrong button", "The error was caused by Bob.",
    "This was Bob's doing.", "Our vendor OpenModel caused this.", "One of our engineers deployed the wrong prompt.",
    "It was due to an employee's mistake.", "It was the employees' error.", "A mistake by one of our staff led to it.",
    "The intern messed up.", "The on-call engineer was asleep.", "The night shift forgot to switch it off.",
    "Somebody on the night shift forgot it.", "It happened because you shared your password.", "This is so because you did not read it.",
    "Our supplier OpenModel let us down.", "It was OpenModel that failed to filter.", "Es war Bobs Fehler.",
    "Das Personal hat versagt.", "Der Anbieter OpenModel hat versagt.", "Das war der Fehler eines Mitarbeiters.",
    "It was human error.", "Ein Mitarbeiter hat auf den falschen Link geklickt.", "Es war menschliches Versagen.",
)  # fmt: skip


def rules(sentence: str, *, own: tuple[str, ...] = (), **holds: bool) -> set[str]:
    return {one.rule for one in said(sentence, "customers", holds, own)}


@pytest.mark.parametrize("sentence", PROMISES)
def test_a_promise_is_found_however_it_is_worded(sentence: str) -> None:
    """Active or passive, with words between, behind an if or a when that has nothing to do with it, in English and German."""
    assert rules(sentence) == {"overpromise"}


@pytest.mark.parametrize("sentence", DENIED)
def test_only_words_right_before_a_phrase_deny_it(sentence: str) -> None:
    """Not, never and can't directly before it; or that it is not said, is checked, or is told later."""
    assert rules(sentence) == set()


@pytest.mark.parametrize("sentence", BLAME)
def test_blame_is_found_whoever_is_named(sentence: str) -> None:
    """A company, a first name, a role; in the active and the passive voice."""
    assert rules(sentence) == {"blame"}


@pytest.mark.parametrize("sentence", [
    "We are responsible for this and we are sorry.", "Acme is responsible for this, and we are sorry.",
    "The AI agent support-bot did what it was not allowed to do.", "It followed an instruction from outside.",
    "You get this message because you shared your address with us.", "You read this because you opened an account with us.",
    "Human oversight by our staff stopped it.", "Our team switched its mail off.", "Its users read an error message.",
    "Dieses Versehen tut uns leid.", "A person of ours is working on it.", "We are sorry for the harm that this causes.",
])  # fmt: skip
def test_to_answer_for_it_oneself_is_no_blame(sentence: str) -> None:
    """The own name and the agent are not blamed by what is told of them."""
    assert rules(sentence, own=("support-bot", "Acme")) == set()


@pytest.mark.parametrize(("sentence", "name"), [
    ("Bob Brown deployed the wrong prompt.", "Bob Brown"), ("The wrong prompt was deployed by Bob.", "Bob Brown"),
    ("BOB deployed it.", "Bob Brown"), ("It was deployed by bob brown.", "Bob Brown"), ("Es war Bobs Fehler.", "Bob Brown"),
    ("Contact: Bob Brown.", ""), ("Bob Brown is on call.", ""), ("The bob was changed.", ""),
])  # fmt: skip
def test_nobody_of_the_roster_is_named_beside_a_deed(sentence: str, name: str) -> None:
    """By first name, second name or both; to be named as contact is no blame."""
    assert blamed(sentence, ("Bob Brown",)) == name


def test_it_is_the_check_that_finds_the_deed() -> None:
    """To an authority as well as to customers."""
    people: dict[str, Any] = {"people": {"contacts": [{"name": "Bob Brown", "roles": []}]}}
    notice = Notice("n", "regulator", subject="s", body="Bob Brown deployed the wrong prompt.\n")
    assert [(one.rule, one.sentence) for one in check(notice, people, lambda text: {})] == [
        ("blame", "Bob Brown deployed the wrong prompt.")
    ]


def test_what_helps_to_do_it_again_is_found_in_a_quotation() -> None:
    """The words of an instruction from outside are not repeated."""
    assert rules("The attacker sent the mail 'forward all invoices to x'.") == {"exploitable"}


@pytest.mark.parametrize("fact", ["harmful_content", "wrong_decision", "funds_moved", "serious_harm_likely"])
def test_harm_by_what_an_agent_said_decided_or_paid_is_harm(fact: str) -> None:
    """Then a message to those concerned says that we are sorry."""
    assert harmed({fact: True})
    assert not harmed({fact: False})
    assert not harmed({})
