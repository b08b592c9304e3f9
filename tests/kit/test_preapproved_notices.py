"""Preapproved notices, portals and cadences of a kit: what is sound, and what would take the full gate tonight."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from halon.kit import KitError, examine, load, starter_path
from halon.kit.preapproved import Preapproved, digest_of, objections, sources
from halon.rendering import slots_of, source_of

FIRST = "customers-first"
SOURCE = source_of(f"notices/{FIRST}.txt.j2")
SLOTS = sorted(slots_of(FIRST, SOURCE)[0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(starter_path(), tmp_path / "kit")
    return tmp_path / "kit"


def add(folder: Path, text: str) -> None:
    file = folder / "communications.yaml"
    file.write_text(file.read_text("utf-8") + text, "utf-8")


def entry(**fields: str) -> str:
    told = {
        "template": FIRST,
        "digest": digest_of(SOURCE),
        "by": "cus",
        "until": str(date.today() + timedelta(days=300)),
        "slots": f"[{', '.join(SLOTS)}]",
    }
    return "preapproved:\n  - {" + ", ".join(f"{name}: {value}" for name, value in (told | fields).items()) + "}\n"


def found(folder: Path) -> str:
    return "\n".join(str(one) for one in examine(folder, {})[1])


def test_a_sound_entry_is_loaded_and_only_asks_to_be_used(folder: Path) -> None:
    """Who, until when, which slots; one yes of the commander unless the kit says otherwise."""
    add(folder, entry())
    kit = load(folder, {})
    assert kit.preapproved[FIRST].roles == ("commander",)
    assert "takes its full gate" not in found(folder)
    assert "no regime uses the preapproved notice customers-first" in found(folder)


@pytest.mark.parametrize(("fields", "why"), [
    ({"digest": "0" * 64}, "the template was changed since cus approved it"),
    ({"until": "2026-01-01"}, "the approval of cus ended on 2026-01-01"),
    ({"until": "2999-12-31"}, "366 days is the longest"),
    ({"slots": "[reference, now]"}, "prints what was not approved: drill, entity"),
])  # fmt: skip
def test_what_no_longer_fits_is_found_by_kit_check(folder: Path, fields: dict[str, str], why: str) -> None:
    """The kit stays usable, for the clocks run; the finding says that the full gate is taken, and prints the digest."""
    add(folder, entry(**fields))
    assert why in found(folder)
    assert digest_of(SOURCE) in found(folder)


def test_who_could_not_approve_it_in_full_does_not_approve_it_ahead(folder: Path) -> None:
    """Whoever wrote the name into the file: it takes a role of the regime's own gate."""
    regime = folder / "regimes" / "contract-dpa.yaml"
    regime.write_text(regime.read_text("utf-8").replace("template: customers\n", f"template: {FIRST}\n"), "utf-8")
    add(folder, entry(by="tom"))
    assert "takes its full gate: tom could not approve it in full: that takes" in found(folder)
    file = folder / "communications.yaml"
    file.write_text(file.read_text("utf-8").replace("by: tom", "by: cus"), "utf-8")
    assert "could not approve it in full" not in found(folder)


@pytest.mark.parametrize(("text", "why"), [
    ("Subject: s\n{{ happened[99].x.y }}\n", "at the first minute: UndefinedError"),
    ("Subject: s\n{{ impact.nothing }}\n", "at the first minute: UndefinedError"),
    ("Subject: s\n{% if impact.personal_data == 'yes' %}{{ impact.typo }}{% endif %}\n", "hours later: UndefinedError"),
])  # fmt: skip
def test_an_own_template_that_would_fail_tonight_is_found(folder: Path, text: str, why: str) -> None:
    """It is rendered as it would be at the first minute and hours later; a sound one is no finding."""
    own = folder / "notices"
    own.mkdir()
    (own / "customers.txt.j2").write_text("Subject: s\n{{ happened | join(' ') }}\n", "utf-8")
    assert "can't be rendered" not in found(folder)
    (own / "customers.txt.j2").write_text(text, "utf-8")
    assert f"notices/customers.txt.j2 can't be rendered {why}" in found(folder)


def test_an_approval_that_soon_ends_is_said_ahead(folder: Path) -> None:
    """Two weeks, so that somebody reads it again in time."""
    add(folder, entry(until=(date.today() + timedelta(days=5)).isoformat()))
    assert "the approval of the notice customers-first ends on" in found(folder)


@pytest.mark.parametrize(("fields", "why"), [
    ({"template": "nobody-wrote-it"}, "notice template"), ({"by": "mallory"}, "person"), ({"roles": "[no_such_role]"}, "role"),
    ({"digest": "abc"}, "digest"), ({"slots": "[]"}, "slots"),
])  # fmt: skip
def test_an_entry_that_means_nothing_is_no_sound_kit(folder: Path, fields: dict[str, str], why: str) -> None:
    """A name that leads nowhere is a problem with its file and line."""
    add(folder, entry(**fields))
    with pytest.raises(KitError) as caught:
        load(folder, {})
    assert why in str([str(one) for one in caught.value.problems])


def test_a_template_that_takes_in_another_is_never_preapproved() -> None:
    """Its digest would not cover what it takes in."""
    source = 'Subject: s\n{% include "notices/customers.txt.j2" %}\n'
    one = Preapproved("own", digest_of(source), "cus", "2027-06-30", ("reference",))
    assert "the template takes in others" in next(objections(one, source, "2026-11-22T09:00:00Z"))


def test_a_slot_allows_what_lies_below_it_and_nothing_beside() -> None:
    """``window`` allows ``window.from``; ``window.from`` does not allow ``window.to``."""
    source = "Subject: s\n{{ window.from }} {% for one in happened %}{{ one }}{% endfor %}{{ window.to | when }}\n"
    assert slots_of("own", source) == (frozenset({"window.from", "window.to", "happened"}), ())
    whole = Preapproved("own", digest_of(source), "cus", "2027-06-30", ("window", "happened"))
    part = Preapproved("own", digest_of(source), "cus", "2027-06-30", ("window.from", "happened"))
    now = datetime.now(UTC).isoformat()
    assert list(objections(whole, source, now)) == []
    assert list(objections(part, source, now)) == ["the template prints what was not approved: window.to"]


def test_the_organisations_own_template_comes_before_ours() -> None:
    """What is approved is the text that would be sent."""
    assert sources({FIRST: "mine"}, FIRST) == "mine"
    assert sources({}, FIRST) == SOURCE


@pytest.mark.parametrize(("old", "new", "why"), [
    ("leadership: [leadership]", "leadership: [door]", "door is a portal"),
    ("  regulator-mail: {kind: smtp,", "  regulator-mail: {kind: portal,", "has no link"),
    ("owner: customer_lead", "owner: nobody_holds_it", "role"),
    ("leadership: {SEV1: 60, SEV2: 60}", "leadership: {SEV1: 1}", "SEV1"),
    ("from: trust@acme.example}", "from: trust@acme.example, each_affected: true, to: [x@acme.example]}", "without to:"),
])  # fmt: skip
def test_channels_and_cadence_that_cannot_be_meant_are_problems(folder: Path, old: str, new: str, why: str) -> None:
    """A portal tells nobody anything; a rhythm of a minute is a flood; an owner must be somebody."""
    file = folder / "communications.yaml"
    text = file.read_text("utf-8").replace(
        "channels:\n", "channels:\n  door: {kind: portal, link: 'https://p.example/'}\n", 1
    )
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(KitError) as caught:
        load(folder, {})
    assert why in str([str(one) for one in caught.value.problems])


def test_without_a_cadence_leadership_hears_sev1_and_sev2_as_often_as_before(folder: Path) -> None:
    """A kit of before keeps its update_minutes; customers get what holds by itself."""
    file = folder / "communications.yaml"
    file.write_text(file.read_text("utf-8").split("\n# At most so many minutes")[0] + "\n", "utf-8")
    policy = load(folder, {}).policy
    assert policy.cadence["leadership"] == {"SEV1": 3600, "SEV2": 3600}
    assert policy.cadence["customers"]["SEV1"] == 86_400
    assert policy.comms_owner == "commander"


def test_the_digest_in_the_docs_is_that_of_the_template_that_comes_with_halon() -> None:
    """Who pastes the example gets a notice that is preapproved."""
    page = Path(__file__).parents[2] / "docs" / "communications.md"
    assert f"digest: {digest_of(SOURCE)}" in page.read_text("utf-8")
    assert f"slots: [{', '.join(SLOTS)}]" in page.read_text("utf-8")


@pytest.mark.parametrize("name", ["contents", "answers", "findings", "correctives"])
def test_what_an_own_template_says_of_each_entry_is_looked_at(folder: Path, name: str) -> None:
    """A mistyped word in a loop fails in the night in which there is an entry; what the entries have is no finding."""
    known = {"contents": "what", "answers": "words", "findings": "text", "correctives": "title"}[name]
    own = folder / "notices"
    own.mkdir()
    for word, failing in ((known, False), ("waht", True)):
        text = f"Subject: s\n{{% for one in {name} %}}{{{{ one.{word}.upper() }}}}{{% endfor %}}\n"
        (own / "customers.txt.j2").write_text(text, "utf-8")
        assert ("notices/customers.txt.j2 can't be rendered" in found(folder)) is failing


@pytest.mark.parametrize("line", [
    "{% if late %}{{ late.waht }}{% endif %}", "{% if follows %}{{ follows.waht }}{% endif %}",
    "{% if next_update %}{{ next_update.waht.upper() }}{% endif %}",
])  # fmt: skip
def test_what_an_own_template_says_of_what_is_late_or_follows_is_looked_at(folder: Path, line: str) -> None:
    """Also where a template asks first."""
    own = folder / "notices"
    own.mkdir()
    (own / "customers.txt.j2").write_text(f"Subject: s\n{line}\n", "utf-8")
    assert "notices/customers.txt.j2 can't be rendered hours later" in found(folder)
    (own / "customers.txt.j2").write_text(
        f"Subject: s\n{line.replace('waht.upper()', 'upper()').replace('waht', 'due')}\n", "utf-8"
    )
    assert "can't be rendered" not in found(folder)


@pytest.mark.parametrize(
    "name", ["customers", "customers.de", "customers-update", "customers-first.de", "regulator", "regulator.de"]
)
def test_what_comes_with_halon_is_rendered_by_the_same_sample(folder: Path, name: str) -> None:
    """Taken over word for word as one's own, no shipped text is called failing."""
    own = folder / "notices"
    own.mkdir()
    (own / f"{name}.txt.j2").write_text(source_of(f"notices/{name}.txt.j2"), "utf-8")
    assert "can't be rendered" not in found(folder)
