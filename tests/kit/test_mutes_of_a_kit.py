"""mutes.yaml: a mute ends, covers what the kit knows, and somebody answers for it; a kit may do without."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from halon.kit import KitError, examine, load, restore, schema, starter_path

NONE: dict[str, str] = {}
HEAD = "mutes:\n  night:\n    agents: [support-bot]\n    reason: r\n    by: tom\n"


def kit_with(folder: Path, mutes: str | None) -> Path:
    """The starter kit with this mutes.yaml, or without one."""
    kit = folder / "kit"
    shutil.copytree(starter_path(), kit)
    (kit / "mutes.yaml").unlink()
    if mutes is not None:
        (kit / "mutes.yaml").write_text(mutes)
    return kit


def test_a_kit_needs_no_mutes(tmp_path: Path) -> None:
    """Kits of before, also stored ones, go on as they are."""
    kit = load(kit_with(tmp_path, None), NONE)
    assert (kit.policy.mutes, kit.policy.longest_mute) == ((), 86_400)
    assert "mutes.yaml" not in json.loads(kit.canonical)["files"]
    assert restore(kit.canonical, NONE).digest == kit.digest
    assert "mutes.yaml" in schema()["properties"]
    assert "mutes.yaml" not in schema()["required"]


def test_a_weekly_window_and_the_bound_for_people(tmp_path: Path) -> None:
    """Days, local times and zone; `except` is the level that wakes it."""
    text = f"longest_hours: 4\n{HEAD}    groups: [wrong_decision]\n    except: SEV2\n    weekly: {{days: [sat], from: '22:00', to: '02:00', zone: Europe/Berlin}}\n"
    policy = load(kit_with(tmp_path, text), NONE).policy
    (night,) = policy.mutes
    assert (night.days, night.between, night.zone, night.groups, night.wakes_at) == (
        ("sat",), ("22:00", "02:00"), "Europe/Berlin", ("wrong_decision",), "SEV2")  # fmt: skip
    assert policy.longest_mute == 4 * 3600


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", "a mute has an end"),
        ("    from: 2026-12-24T18:00Z\n", "a mute has an end"),
        ("    from: 2026-12-24T18:00Z\n    until: 2026-12-24T17:00Z\n", "it ends before it begins"),
        ("    from: 2026-01-24T18:00Z\n    until: 2026-12-24T17:00Z\n", "it lasts longer than 92 days"),
        ("    from: 2026-02-31T18:00Z\n    until: 2026-12-24T17:00Z\n", "no time of the calendar"),
        ("    from: 2026-12-24T18:00Z\n    until: 2026-12-24T19:00Z\n    weekly: {days: [sat], from: '22:00', to: '02:00'}\n", "and weekly as well"),
        ("    weekly: {days: [sat], from: '22:00', to: '22:00'}\n", "it ends when it begins"),
        ("    weekly: {days: [sat], from: '22:00', to: '02:00', zone: Mars}\n", "there is no time zone 'Mars'"),
        ("    weekly: {days: [sat], from: '22:00', to: '02:00'}\n    rules: [AgentEvalScoreDrp]\n", "did you mean 'AgentEvalScoreDrop'"),
        ("    weekly: {days: [sat], from: '22:00', to: '02:00'}\n    groups: [wrong]\n", "there is no group 'wrong'"),
        ("    weekly: {days: [sat], from: '22:00', to: '02:00'}\n    except: SEV9\n", "SEV1"),
        ("    weekly: {days: [], from: '22:00', to: '02:00'}\n", "days"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, more: str, told: str) -> None:
    """A typo in a mute must not wake people, nor hide what it was not meant to hide."""
    with pytest.raises(KitError) as caught:
        load(kit_with(tmp_path, HEAD + more), NONE)
    assert "mutes.yaml:" in str(caught.value)
    assert told in str(caught.value)


def test_a_mute_of_nobody_and_of_nothing_is_refused(tmp_path: Path) -> None:
    """An agent that the kit does not have, a person that is not in it, and a mute of every agent by leaving them out."""
    window = "    weekly: {days: [sat], from: '22:00', to: '02:00'}\n"
    text = HEAD.replace("support-bot", "suport-bot").replace("by: tom", "by: tim") + window
    with pytest.raises(KitError) as caught:
        load(kit_with(tmp_path / "a", text), NONE)
    assert "did you mean 'support-bot'" in str(caught.value)
    assert "did you mean 'tom'" in str(caught.value)
    with pytest.raises(KitError, match="agents"):
        load(kit_with(tmp_path / "b", HEAD.replace("    agents: [support-bot]\n", "") + window), NONE)


@pytest.mark.parametrize(
    ("more", "weak"),
    [
        ("    from: 2026-11-20T18:00Z\n    until: 2026-11-25T18:00Z\n", True),
        ("    from: 2026-11-22T18:00Z\n    until: 2026-11-23T18:00Z\n", False),
        ("    from: 2026-11-24T18:00Z\n    until: 2026-11-29T18:00Z\n", False),
        ("    from: 2026-11-20T18:00Z\n    until: 2026-11-25T18:00Z\n    rules: [AgentEvalScoreDrop]\n", False),
        ("    weekly: {days: [mon], from: '00:00', to: '23:00'}\n", False),
    ],
)
def test_a_mute_of_everything_for_days_is_weak(tmp_path: Path, more: str, weak: bool) -> None:
    """While it is in force nobody is paged about the agent: the check says so, with the fix."""
    findings = examine(kit_with(tmp_path, HEAD + more), NONE, datetime(2026, 11, 23, tzinfo=UTC))[1]
    told = [str(one) for one in findings if one.rank == "weak" and "the mute night silences every rule" in one.what]
    assert bool(told) is weak
    assert all("name its rules in mutes.yaml" in one for one in told)
