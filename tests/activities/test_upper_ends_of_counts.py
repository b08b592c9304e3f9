"""How many at most, and on which day: what a responder may say without the permission, measured by the kit."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from halon.incident.facts import Fact
from halon.kit import Kit, load, starter_path
from halon.ports.triage import Claimed
from halon_activities.facts import objection

AT, NOW = "2026-11-22T08:00:00Z", "2026-11-22T10:00:00Z"


def with_one_duty(folder: Path) -> Path:
    """The starter kit with no other duty than that to the authority."""
    shutil.copytree(starter_path(), folder)
    shutil.rmtree(folder / "packs", ignore_errors=True)
    for regime in (folder / "regimes").iterdir():
        if regime.stem != "eu-gdpr-33":
            regime.unlink()
    return folder


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """A kit where the authority is told from 500 people on."""
    folder = with_one_duty(tmp_path_factory.mktemp("counting") / "kit")
    regime = folder / "regimes" / "eu-gdpr-33.yaml"
    trigger = "- {fact: gdpr_applies, is: true}"
    text = regime.read_text()
    assert trigger in text
    regime.write_text(text.replace(trigger, f"{trigger}\n    - {{fact: affected_individuals, at_least: 500}}"))
    return load(folder, {})


def asked(kit: Kit, by: str, name: str, value: Any, *facts: Fact, **more: str) -> tuple[str, str]:
    said = Claimed("i", "fact", by, {"name": name, "value": value, **more}, "support-bot", facts)
    return objection(kit, kit.policy, said, kit.people[by].roles, NOW)


FEW = Fact("affected_individuals", 3, "action-log", AT)


@pytest.mark.parametrize(
    ("by", "value", "facts"),
    [
        ("tom", 1200, ()),
        ("tom", {"low": 3}, ()),
        ("tom", {"low": 3, "high": 900}, ()),
        ("tom", 1200, (FEW,)),
        ("pat", 3, (Fact("affected_individuals", 3, "person", AT, "pat"),)),
    ],
)
def test_what_ends_no_clock_is_free_to_say(kit: Kit, by: str, value: Any, facts: tuple[Fact, ...]) -> None:
    """Anybody who may say facts says how many there are, as first word too."""
    assert asked(kit, by, "affected_individuals", value, *facts) == ("", "")


@pytest.mark.parametrize("value", [3, {"low": 3, "high": 20}])
@pytest.mark.parametrize("facts", [(), (FEW,)])
def test_an_upper_end_below_what_a_duty_asks_for_takes_the_permission_and_a_reason(
    kit: Kit, value: Any, facts: tuple[Fact, ...]
) -> None:
    """Also where a machine counted as many before; the refusal says how to put it so that nothing ends."""
    kind, why = asked(kit, "tom", "affected_individuals", value, *facts)
    assert kind == ""
    assert 'if there may be more, say at least that many: {"low": 3}; fact-down takes the role commander' in why
    kind, why = asked(kit, "pat", "affected_individuals", value, *facts)
    assert (kind, "say why: --reason WHY" in why) == ("NeedsReason", True)
    assert asked(kit, "pat", "affected_individuals", value, *facts, reason="counted in the mail") == ("", "")


def test_a_lower_count_is_not_mended_by_leaving_the_end_open(kit: Kit) -> None:
    """So no such advice is given."""
    _, why = asked(kit, "tom", "affected_individuals", 3, Fact("affected_individuals", {"low": 9}, "trace", AT))
    assert "loosens what counts now (at least 9); fact-down takes" in why
    assert "loosens what counts now (not known yet); fact-down takes" in asked(kit, "tom", "affected_individuals", 0)[1]


def test_a_count_on_which_no_duty_hangs_is_free_to_say(kit: Kit) -> None:
    """The rubric's levels can only be reached by it."""
    assert asked(kit, "tom", "spend_eur", 0.01) == ("", "")
    assert asked(kit, "tom", "affected_sessions", {"low": 0, "high": 3}) == ("", "")


def test_a_date_is_read_as_the_clocks_of_the_kit_read_it(kit: Kit, tmp_path: Path) -> None:
    """Noticed at 05:00Z: in Berlin that day began before, in Los Angeles it begins after, which puts its clock off."""
    noticed = Fact("detected_at", "2026-11-22T05:00:00Z", "alert", AT)
    assert asked(kit, "pat", "aware_at", "2026-11-22", noticed) == ("", "")
    folder = with_one_duty(tmp_path / "kit")
    entity = folder / "entities" / "acme-eu.yaml"
    entity.write_text(entity.read_text().replace("Europe/Berlin", "America/Los_Angeles"))
    assert asked(load(folder, {}), "pat", "aware_at", "2026-11-22", noticed)[0] == "NeedsReason"
