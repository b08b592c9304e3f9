"""How much may stand still without asking, by level: the kit's, what it leaves out, and what makes no sense."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from halon.incident.facts import Fact
from halon.judgement.assess import assess
from halon.judgement.trust import Trust
from halon.kit import KitError, load, starter_path

AT = "2026-11-20T10:00:00.000Z"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the starter kit without the key."""
    copy = tmp_path / "kit"
    shutil.copytree(starter_path(), copy)
    file = copy / "severity.yaml"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("allowed_disruption")]
    file.write_text("\n".join(lines) + "\n")
    return copy


def allow(folder: Path, told: str) -> None:
    """Write the key at the end of the file."""
    with (folder / "severity.yaml").open("a") as file:
        file.write(f"allowed_disruption: {told}\n")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("", [4, 3, 2, 1]),
        ("{SEV4: 0}", [4, 3, 2, 0]),
        ("{SEV1: 4, SEV2: 4, SEV3: 4, SEV4: 4}", [4, 4, 4, 4]),
        ("{SEV1: 3}", [3, 3, 2, 1]),
    ],
)
def test_a_level_that_is_left_out_has_the_usual_limit(folder: Path, told: str, expected: list[int]) -> None:
    """The key is optional, and so is each level of it."""
    if told:
        allow(folder, told)
    allowed = load(folder, {}).policy.rubric.allowed
    assert [allowed[level] for level in ("SEV1", "SEV2", "SEV3", "SEV4")] == expected


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ("{SEV3: 4}", "SEV2 allows less disruption (3) than SEV3 (4)"),
        ("{SEV1: 5}", "allowed_disruption.SEV1"),
        ("{SEV5: 1}", "SEV5"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(folder: Path, told: str, says: str) -> None:
    """With the line and what to write."""
    allow(folder, told)
    with pytest.raises(KitError) as caught:
        load(folder, {})
    assert "severity.yaml:" in str(caught.value)
    assert says in str(caught.value)


def test_the_same_action_runs_or_asks_by_the_kits_limit(folder: Path) -> None:
    """What lets the agent only read has disruption 2: a level that allows 1 asks first, and says why."""
    facts = (Fact("unauthorised_tool_actions", ["refund"], "trace", AT),)

    def gated() -> tuple[bool, str]:
        judged = assess(facts, load(folder, {}).policy, AT, agent="support-bot")
        assert judged.severity.level == "SEV3"
        found = next(one for one in judged.orders if one.id == "read-only")
        return found.gate is not None, found.why[0]

    assert gated()[0] is False
    allow(folder, "{SEV3: 1}")
    assert gated() == (True, "asks first: disruption 2 is more than SEV3 allows (1)")


def test_a_persons_severity_says_what_may_run_unasked(folder: Path) -> None:
    """Raised by a person, more runs by itself; lowered, it asks; and what is said of it names the person's level."""
    allow(folder, "{SEV2: 2, SEV3: 1, SEV4: 0}")
    policy, facts = load(folder, {}).policy, (Fact("unauthorised_tool_actions", ["refund"], "trace", AT),)

    def why(level: Any) -> tuple[str, ...]:
        judged = assess(facts, policy, AT, agent="support-bot", level=level)
        assert (judged.severity.level, judged.level_said) == ("SEV3", level)
        found = next(one for one in judged.orders if one.id == "read-only")
        assert (found.gate is None) is not any(one.startswith("asks first") for one in found.why)
        return found.why[:1] if found.gate is not None else ()

    assert why("") == ("asks first: disruption 2 is more than SEV3 allows (1)",)
    assert why("SEV2") == ()
    assert why("SEV4") == ("asks first: disruption 2 is more than SEV4 allows (0)",)


@pytest.mark.parametrize(("level", "waits"), [("", False), ("SEV3", False), ("SEV2", True)])
def test_a_persons_severity_says_what_a_source_may_set_off(folder: Path, level: Any, waits: bool) -> None:
    """A source that may act alone up to SEV3 needs corroboration in what a person calls SEV2."""
    policy = replace(load(folder, {}).policy, trust={"graf": Trust("alone", "SEV3")})
    facts = (Fact("unauthorised_tool_actions", ["refund"], "trace", AT),)
    judged = assess(facts, policy, AT, agent="support-bot", sources=("graf",), level=level)
    assert bool(judged.waits) is waits
