"""What a law asks a notice to hold: named fact by fact, by stage, and filled only by what stands in the text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from halon.incident.assessment import Obligation, Stage, Wanted
from halon.incident.notices import Notice
from halon.judgement.communication.checks import check
from halon.judgement.communication.contents import completeness, follows, wanted
from halon.judgement.communication.fillers import FILLERS
from halon.judgement.vocabulary import VOCABULARY
from halon.kit.starter import starter_path

ABOUT: dict[str, Any] = {
    "agent": "support-bot",
    "reference": "INC-7F3A",
    "figures": {
        "confirmed": True, "affected_individuals": 1204, "data_categories": ["health"], "discovered_at": "2026-11-21T08:00:00Z",
        "causal_link": "suspected",
    },
    "happened": ["The AI agent support-bot did what it was not allowed to do."],
    "actions": [{"title": "Switch its mail off", "status": "verified"}],
    "contact": {"name": "Pat Privacy", "roles": []},
    "window": {"from": "2026-11-21T08:00:00Z"},
    "impact": {"consequences": "not known yet"},
}  # fmt: skip
REGIMES = sorted(starter_path().glob("**/regimes/*.yaml"))


def told(*facts: str, body: str = "", about: dict[str, Any] = ABOUT) -> Any:
    return completeness(({"what": "it", "facts": facts},), about, body)[0]


def test_it_is_filled_by_what_stands_in_the_text() -> None:
    """Not by a fact that is known and that the text does not say; what is not known follows later."""
    empty, half, whole = (told("affected_individuals", "data_categories", body=body)
                          for body in ("Something happened.", "1,204 people are concerned.", "1,204 people. Health data."))  # fmt: skip
    assert (empty.filled, empty.unsaid) == (False, ("affected_individuals", "data_categories"))
    assert (half.filled, half.unsaid) == (False, ("data_categories",))
    assert (whole.filled, whole.missing) == (True, ())
    assert told("records_count", body="400 records").missing == ("records_count",)


@pytest.mark.parametrize(("fact", "says", "silent"), [
    ("happened", "The AI agent support-bot did what it was not allowed to do.", "Something happened."),
    ("happened", "What happened\n- It sent mails to a stranger.\n", "What happened?"),
    ("done", "Switch its mail off: done and checked.", "We did something."), ("contact", "Contact: Pat Privacy", "Contact us"),
    ("window_from", "on 21 November 2026", "on 21 November 2025"), ("reference", "INC-7F3A", "INC-7F3"),
    ("discovered_at", "Discovered on 2026-11-21.", "Discovered."), ("causal_link", "link between the AI system and the harm: suspected", "suspected"),
    ("affected_individuals", "1.204 Personen", "11,204 people"), ("data_categories", "Gesundheitsdaten", "Daten"),
])  # fmt: skip
def test_a_value_counts_in_the_forms_in_which_people_write_it(fact: str, says: str, silent: str) -> None:
    """Dates, numbers and categories in English and German; what people put in their own words by its heading."""
    assert told(fact, body=says).filled
    assert not told(fact, body=silent).filled


def test_the_root_cause_is_not_filled_by_what_happened() -> None:
    """Only by a finding that somebody wrote down; it follows until then."""
    assert told("cause", body=ABOUT["happened"][0]).missing == ("cause",)
    found = {**ABOUT, "findings": [{"text": "the tool had no limit", "layer": "tools"}]}
    assert told("cause", body="Cause: the tool had no limit", about=found).filled


def test_an_alert_that_nobody_confirmed_is_no_account_of_what_happened() -> None:
    """It is being checked: then the law's question is still open."""
    unsure = {**ABOUT, "figures": {}, "happened": ["An alert is being checked; it is not confirmed yet."]}
    assert told("happened", body="An alert is being checked; it is not confirmed yet.", about=unsure).missing == (
        "happened",
    )


def test_without_facts_a_person_writes_it() -> None:
    """It is never counted as filled, whatever the text says."""
    one = told(body="why it was necessary: because")
    assert (one.filled, one.facts, one.missing, one.unsaid) == (False, (), (), ())


DUTY = {
    "key": "eu-dora-19",
    "wanted": [{"what": "people", "facts": ["affected_individuals"], "stages": []}, {"what": "root cause", "facts": ["cause"], "stages": ["final"]}],
}  # fmt: skip


def test_each_stage_is_asked_for_its_own() -> None:
    """The first report lacks no root cause, which the final one owes; an update holds what is asked of all."""
    assert [one["what"] for one in wanted(DUTY, "initial")] == ["people"]
    assert [one["what"] for one in wanted(DUTY, "final")] == ["people", "root cause"]
    assert [one["what"] for one in wanted(DUTY, "update")] == ["people"]


def test_of_what_an_earlier_release_judged_only_words_are_known() -> None:
    """Nothing of it counts as filled, so that nothing is claimed that was not looked at."""
    old = {"contents": ["nature of the breach"]}
    assert [one.facts for one in completeness(wanted(old, "a"), ABOUT, "The AI agent …")] == [()]


@pytest.mark.parametrize("audience", ["regulator", "customers", "counterparty"])
def test_what_is_known_and_not_said_is_an_objection(audience: Any) -> None:
    """Whoever sends it without, overrides that by name."""
    about = {**ABOUT, "obligations": [DUTY]}
    notice = Notice("n", audience, obligation="eu-dora-19", stage="initial", subject="s", body="Something happened.\n")
    said = [one for one in check(notice, about, lambda text: {}) if one.rule == "says-contents"]
    assert [one.why for one in said] == [
        "the duty asks for 'people'; people whose data or affairs are hit is known and not in the text: print it"
    ]
    there = Notice("n", audience, obligation="eu-dora-19", stage="initial", subject="s", body="1,204 people\n")
    assert "says-contents" not in [one.rule for one in check(there, about, lambda text: {})]


def test_what_follows_is_the_next_stage_that_is_not_filed() -> None:
    """A filed one is over, whatever its place."""
    stages = [
        {"id": "early", "due": "a", "filed_at": "x"},
        {"id": "notification", "due": "b", "filed_at": "y"},
        {"id": "final", "due": "c"},
    ]
    assert follows({"stages": stages}, "early") == {"stage": "final", "due": "c", "due_local": ""}
    assert follows({"stages": stages}, "final") == {}
    assert follows({"stages": stages[:2]}, "early") == {}


def test_the_judged_duty_carries_what_fills_it() -> None:
    """So that it is checked by the rule that the incident stands on."""
    duty = Obligation(
        "x",
        "t",
        "e",
        "a",
        "regulator",
        "applies",
        "pat",
        stages=(Stage("s"),),
        wanted=(Wanted("w", ("happened",), ("s",)),),
    )
    assert duty.wanted[0].stages == ("s",)


def _contents(law: dict[str, Any]) -> list[Any]:
    return [*law["contents"], *(one for stage in law["stages"] for one in stage.get("contents") or ())]


@pytest.mark.parametrize("file", REGIMES, ids=lambda file: file.stem)
def test_a_shipped_law_names_only_facts_that_answer_what_it_asks(file: Path) -> None:
    """No time of when it began stands for when it was paid, classified or resolved; no measure for sanctions; no count for signs."""
    law = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
    for one in _contents(law):
        what, facts = (one, []) if isinstance(one, str) else (one["what"], one.get("facts", []))
        assert set(facts) <= {*FILLERS, *VOCABULARY}, what
        for words, never in _NEVER.items():
            assert not (words in what and set(facts) & set(never)), (what, facts)
        for words, only in _ONLY.items():
            assert words not in what or set(facts) <= set(only), (what, facts)


_NEVER = {
    "resolved": ("window_from",), "classified": ("window_from",), "paid": ("window_from",), "payment": ("window_from", "happened"),
    "root cause": ("happened",), "should do": ("affected_individuals",),
}  # fmt: skip
_ONLY = {"signs of compromise": (), "sanctions": (), "categories of people": (), "why it": (), "root cause": ("cause",)}


def test_dora_asks_each_report_for_its_own_part() -> None:
    """Delegated Regulation 2025/301: the first report has no root cause to give, the last one has."""
    law = yaml.load(
        next(one for one in REGIMES if one.stem == "eu-dora-19").read_text("utf-8"), Loader=yaml.CSafeLoader
    )
    by_stage = {
        stage: {one["what"] for one in law["contents"] if stage in one.get("stages", [stage])}
        for stage in ("initial", "final")
    }
    assert "root cause" in by_stage["final"] - by_stage["initial"]
    assert "when it was detected and when it was classified" in by_stage["initial"] - by_stage["final"]


def test_what_became_known_since_the_yes_does_not_hold_a_notice_back() -> None:
    """An action that was done between the yes and the sending is for the next draft; a number that is wrong by now is not."""
    duty = {"id": "r", "key": "r", "wanted": [{"what": "measures taken", "facts": ["measures"]}], "stages": []}
    about = {**ABOUT, "obligations": [duty], "done": ["Switch its mail off: done and checked."]}
    one = Notice("r-n", "regulator", "r", "n", body="1,204 people are concerned.\n")
    drafted = [each.rule for each in check(one, about, lambda sentence: {})]
    assert drafted == ["says-contents"]
    assert check(one, about, lambda sentence: {}, sending=True) == ()
    more = {**about, "figures": {**ABOUT["figures"], "affected_individuals": 9}}
    assert [each.rule for each in check(one, more, lambda sentence: {}, sending=True)] == ["numbers-agree"]
