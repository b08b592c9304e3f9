"""A place that is none is refused, or leaves open what hangs on it: it never rules a duty out in silence (promise 6)."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from halon.incident.facts import Fact
from halon.judgement.assess import assess
from halon.judgement.iso_places import COUNTRIES, PARTS, is_place, meant
from halon.judgement.policy import Policy
from halon.judgement.predicates import All, Any_, Leaf, Not, Tree, judge
from halon.judgement.vocabulary import check_fact
from halon.kit import KitError, load, restore, starter_path

NOW = "2026-11-23T09:00:00Z"
LEAK = {
    "personal_data_involved": True,
    "acquired_vs_accessed": "acquired",
    "data_encrypted": False,
    "discovered_at": "2026-11-22",
}


def with_packs(folder: Path) -> Path:
    shutil.copytree(starter_path(), folder)
    page = folder / "organisation.yaml"
    packs = sorted(one.name for one in (folder / "packs").iterdir())
    page.write_text(page.read_text().replace("packs: []", f"packs: [{', '.join(packs)}]"))
    return folder


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load(with_packs(tmp_path_factory.mktemp("places") / "kit"), {}).policy


@pytest.mark.parametrize(
    ("written", "meaning"),
    [("us-tx", "US-TX"), ("TX", "US-TX"), ("USA", "US"), ("Texas", "US-TX"), ("UK", "GB"), ("uk", "GB"), ("US_TX", "US-TX"),
     ("US-TEX", "US-TX"), ("Germany", "DE"), ("Gremany", "DE"), ("UK-ENG", "GB-ENG"), ("US-XX", ""), ("EU", ""), ("", ""), ("DE-", "")],
)  # fmt: skip
@pytest.mark.parametrize(
    "fact", ["affected_by_jurisdiction", "affected_residencies", "establishments", "incident_member_states"]
)
def test_promise_6_a_misspelt_place_is_refused_with_the_one_that_is_meant(
    fact: str, written: str, meaning: str
) -> None:
    """Wherever a place is said; with the nearest code where there is one."""
    counted = fact.startswith("affected")
    answer = check_fact(fact, {"DE": 6, written: 900} if counted else ["DE", written])
    assert answer is not None
    assert f"there is no place {written!r}" in answer
    assert (f"did you mean {meaning}" in answer) if meaning else ("did you mean" not in answer or "US-XX" in answer)


def test_what_is_a_place_is_taken() -> None:
    """Every country, every part whose name is known, and parts of other countries."""
    assert len(COUNTRIES) == 250
    assert {country: len(parts) for country, parts in PARTS.items()} == {"US": 57, "CA": 13, "AU": 8, "DE": 16}
    taken = [
        *COUNTRIES,
        *(f"{country}-{part}" for country, parts in PARTS.items() for part in parts),
        "FR-75",
        "GB-ENG",
    ]
    assert check_fact("affected_by_jurisdiction", dict.fromkeys(taken, 1)) is None
    assert check_fact("establishments", taken) is None
    assert [meant(one) for one in ("US-CA", "Alaska", "zzzzzz")] == [("US-CA",), ("US-AK",), ()]


@pytest.mark.parametrize("written", ["us-tx", "TX", "USA", "Texas"])
def test_promise_6_what_an_earlier_release_took_rules_no_duty_out(policy: Policy, written: str) -> None:
    """A fact on record with a place that is none: whoever is counted there may live anywhere."""
    said = [Fact(name, value, "person", NOW, "kim") for name, value in LEAK.items()]
    said.append(Fact("affected_by_jurisdiction", {written: 900}, "person", NOW, "kim"))
    found = {one.id: one for one in assess(said, policy, NOW, agent="support-bot", entity="acme-eu").obligations}
    for name in ("us-tx", "us-ca"):
        assert found[name].status == "undetermined", found[name].because
        assert "affected_by_jurisdiction" in found[name].needs
        assert found[name].stages[0].due


def test_what_is_counted_in_a_real_place_counts_beside_one_that_is_none() -> None:
    """900 in Texas are 900, whoever else was misplaced; nobody in California is not known to be nobody."""
    counted = {"affected_by_jurisdiction": {"US-TX": 900, "us-ca": 3}}
    assert judge(Leaf("affected_by_jurisdiction", "at_least", 250, "US-TX"), counted).value is True
    there = judge(Leaf("affected_by_jurisdiction", "above", 0, "US-CA"), counted)
    assert (there.value, there.needs) == (None, ("affected_by_jurisdiction",))
    assert "us-ca, which is no place" in there.because[0]
    assert judge(Leaf("affected_by_jurisdiction", "below", 3, "US-CA"), counted).value is None


def test_promise_6_an_establishment_that_is_no_place_rules_nothing_out(policy: Policy) -> None:
    """An entity said to sit in "in" by an earlier release: what binds those in India is open, not ruled out."""
    facts = {
        "cybersecurity_incident": True,
        "roles": ["controller"],
        "affected_by_jurisdiction": {"DE": 1},
        "detected_at": NOW,
    }
    found = {}
    for places in (["DE"], ["DE", "in"], ["DE", "IN"]):
        said = [Fact(name, value, "person", NOW, "kim") for name, value in {**facts, "establishments": places}.items()]
        judged = assess(said, policy, NOW, agent="support-bot", entity="acme-eu").obligations
        found[places[-1]] = next(one for one in judged if one.id == "in-certin")
    assert {place: one.status for place, one in found.items()} == {
        "DE": "does_not_apply", "in": "undetermined", "IN": "applies"
    }  # fmt: skip
    assert "establishments" in found["in"].needs


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("entities/acme-eu.yaml", "establishments: [DE]", "establishments: [UK]"),
        ("packs/us-states/regimes/us-tx.yaml", "place: US-TX", "place: US-TEX"),
        ("packs/uk/regimes/uk-gdpr-33.yaml", "contains: GB", "contains: UK"),
    ],
)
def test_a_kit_that_names_no_place_is_refused_and_a_stored_one_still_stands(
    tmp_path: Path, policy: Policy, file: str, old: str, new: str
) -> None:
    """With the place that is meant, at its line; an incident on a kit of an earlier release goes on."""
    folder = with_packs(tmp_path / "kit")
    stored = load(folder, {}).canonical
    page = folder / file
    assert old in page.read_text()
    page.write_text(page.read_text().replace(old, new))
    with pytest.raises(KitError) as caught:
        load(folder, {})
    wrong = [one for one in caught.value.problems if "there is no place" in one.what or "no place" in one.next_step]
    assert wrong or "there is no place" in str(caught.value)
    assert all(one.file == file and one.line > 0 for one in caught.value.problems)
    assert "did you mean" in str(caught.value)
    before = old.partition(": ")[2].strip("[]").encode()
    after = new.partition(": ")[2].strip("[]").encode()
    assert restore(stored.replace(b'"' + before + b'"', b'"' + after + b'"'), {}).policy.regimes


def test_every_place_that_a_shipped_rule_names_is_one(policy: Policy) -> None:
    """A rule for a place that is none would bind nobody."""
    named = {one for law in policy.regimes for one in _places(law.when)}
    assert len(named) > 12
    assert all(is_place(one.removesuffix("-*")) for one in named)


def _places(tree: Tree) -> list[str]:
    match tree:
        case Leaf(fact, _, value, place):
            inside = value if isinstance(value, list) else [value]
            return [place] if place else [str(one) for one in inside] if fact == "establishments" else []
        case Not(part):
            return _places(part)
        case All(parts) | Any_(parts):
            return [one for part in parts for one in _places(part)]


@pytest.mark.parametrize(
    ("hold", "says"),
    [
        (
            {"agency": "BKA", "until": "2026-12-24"},
            "has no key 'until'; did you mean 'to'? known: agency, from, to, written",
        ),
        ({"agncy": "BKA"}, "did you mean 'agency'?"),
        ({"agency": "BKA", "colour": "red"}, "has no key 'colour'; known: agency, from, to, written"),
        ({"agency": "BKA", "to": "next week"}, "needs in 'to' a time"),
        ({"agency": ["BKA"]}, "needs in 'agency' text"),
        ("yes", "must be an object with agency, from, to, written"),
    ],
)
def test_a_hold_has_closed_keys(hold: Any, says: str) -> None:
    """With ``until`` in place of ``to`` it would never end, and nobody would be told."""
    answer = check_fact("law_enforcement_hold", hold)
    assert answer is not None
    assert says in answer
    for fits in (
        {},
        {"agency": "BKA", "from": "2026-11-20", "to": "2026-12-24", "written": "yes"},
        {"agency": "x", "written": True},
    ):
        assert check_fact("law_enforcement_hold", fits) is None
