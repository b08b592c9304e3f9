"""Which runbooks an incident follows, and what it takes from them."""

from __future__ import annotations

from halon.judgement.predicates import Leaf
from halon.judgement.runbooks import Runbook, StepRule, cadence, chosen, preferred, questions, steps

REAL = StepRule(
    "triage/real", "triage", "Is it real?", "technical_lead", ("confirmed",), Leaf("confirmed", "exists", True), 1800
)
ANY = Runbook(
    "any", "Every incident", "any", (REAL, StepRule("rca/whys", "rca", "Why?", "commander")), ("x",), ("q1", "q2"), 7200
)
SECURITY = Runbook("security", "Security", "security", (StepRule("triage/real", "triage", "Real, by the logs?", "security_lead"),),
                   ("y", "x"), ("q2", "q0"), 1800)  # fmt: skip
PRIVACY = Runbook("privacy", "Privacy", "privacy", (StepRule("notify/list", "notify", "The list?", "privacy_officer"),))


def test_the_main_category_comes_first_and_any_last() -> None:
    """A step of a category replaces the general one of its name; each question is asked once."""
    books = chosen((ANY, PRIVACY, SECURITY), ("security", "privacy"))
    assert [book.id for book in books] == ["security", "privacy", "any"]
    found = steps(books, {})
    assert [(step.id, step.owner) for step in found] == [
        ("triage/real", "security_lead"), ("rca/whys", "commander"), ("notify/list", "privacy_officer"),
    ]  # fmt: skip
    assert questions(books) == ("q2", "q0", "q1")
    assert preferred(books) == ("y", "x")
    assert (cadence(books), cadence((PRIVACY,))) == (1800, 0)


def test_a_step_is_met_by_what_is_known_and_never_by_what_is_not() -> None:
    """Unknown leaves it open; a step without a condition waits for a person."""
    assert [step.met for step in steps((ANY,), {})] == [False, False]
    told = steps((ANY,), {"confirmed": False})[0]
    assert (told.automated, told.met, told.due_seconds) == (True, True, 1800)
