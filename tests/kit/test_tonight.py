"""What is sound in a kit and would still go wrong tonight."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from halon.cli import entry
from halon.kit import examine, starter_path
from halon.kit.tonight import ITEMS, Finding, items
from halon.kit.tonight.rota import stretches

MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
SET = {
    "SANDBOX_AGENT_TOKEN": "x",
    "HALON_PAGE_WEBHOOK": "https://pages.example/hook",
    "HALON_SMTP": "127.0.0.1:2525",
    "HALON_TOKEN_ALERTMANAGER": "x",
    "HALON_TOKEN_REPORT": "x",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "kit"
    shutil.copytree(starter_path(), target)
    return target


def edit(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text()
    assert old in text, f"{old!r} is not in {name}"
    file.write_text(text.replace(old, new, 1))


def found(folder: Path, rank: str) -> str:
    return "\n".join(str(one) for one in examine(folder, SET, MONDAY)[1] if one.rank == rank)


def test_the_starter_kit_with_everything_set_fails_nowhere() -> None:
    """A kit that teaches must not teach a gap: only advice is left."""
    findings = examine(starter_path(), SET, MONDAY)[1]
    assert [str(one) for one in findings if one.rank != "advice"] == []
    assert all(one.fix for one in findings)


@pytest.mark.parametrize(
    ("name", "old", "new", "rank", "says"),
    [
        ("agents/support-bot.yaml", "  refund: {risk: money}\n", "  refund: {risk: money}\n  wire_money: {risk: money}\n",
         "weak", "the tool wire_money (money) of support-bot goes off only with the whole agent"),
        ("actions.yaml", "    covers: [all]\n", "", "weak", "support-bot has no kill switch"),
        ("actions.yaml", "agents: [support-bot, billing-bot]\n    operation: kill_switch", "agents: [support-bot]\n    operation: kill_switch",
         "weak", "billing-bot has no kill switch"),
        ("agents/billing-bot.yaml", "fallback:\n  words: Invoices are sent by hand today. Please bear with us.\n", "",
         "weak", "it is not said what people get while billing-bot is off"),
        ("agents/billing-bot.yaml", "owner: tom\n", "", "weak", "nobody owns billing-bot"),
        ("agents/billing-bot.yaml", "data:\n  stores:\n", "data:\n  collects:\n", "advice", "no known-good version of billing-bot"),
        ("detections.yaml", "alerts: [AgentPiiInOutput]", "alerts: [AgentPiiInOutputs]", "weak",
         "severity.yaml looks for the rule 'AgentPiiInOutput', which no detection has"),
        ("connectors/sandbox-agent.yaml", "  traces: {method: GET, path: /v1/traces}\n  actions: {method: GET, path: /v1/actions}\n", "",
         "weak", "neither traces nor action log of support-bot can be read"),
        ("oncall.yaml", "roles: [technical_lead]", "roles: [technical_lead, commander]", "advice", "only tom is technical_lead"),
    ],
)  # fmt: skip
def test_each_gap_is_named_with_its_fix(folder: Path, name: str, old: str, new: str, rank: str, says: str) -> None:
    """What an incident would find out at night is found out by day."""
    edit(folder, name, old, new)
    assert says in found(folder, rank)


def test_a_gate_that_nobody_can_answer_at_night_is_found_hour_by_hour(folder: Path) -> None:
    """The security lead sleeps: from Friday evening to Monday morning the token can't be revoked, and the gate lapses."""
    assert "revoke-token" not in found(folder, "fails")
    person = "sue: {name: Sue Sutter, roles: [security_lead], channels: [pages-file, pager]"
    hours = 'hours: {days: [mon, tue, wed, thu, fri], between: ["08:00", "18:00"], zone: Europe/Berlin}'
    edit(folder, "oncall.yaml", person, f"{person}, {hours}")
    edit(folder, "oncall.yaml", "escalation: [ann, tom, sue, lee]", "escalation: [ann, tom, lee]")
    told = found(folder, "fails")
    assert "the gate to revoke-token: 118 hours of the week without enough of security_lead in reach" in told
    assert "Fri 18:00 to Mon 08:00" in told
    assert "it lapses after 4 h" in told


def test_somebody_on_call_answers_outside_their_hours(folder: Path) -> None:
    """On call means in reach."""
    person = "sue: {name: Sue Sutter, roles: [security_lead], channels: [pages-file, pager]"
    edit(folder, "oncall.yaml", person, f'{person}, hours: {{between: ["08:00", "18:00"], zone: Europe/Berlin}}')
    assert "revoke-token" not in found(folder, "fails") + found(folder, "weak")


def test_an_absence_without_a_stand_in_is_a_gap(folder: Path) -> None:
    """Holidays are planned, and so are the hours that they leave open."""
    person = "sue: {name: Sue Sutter, roles: [security_lead], channels: [pages-file, pager]"
    away = "away: [{from: 2026-11-24T00:00Z, to: 2026-11-25T00:00Z}]"
    edit(folder, "oncall.yaml", person, f"{person}, {away}")
    assert "the gate to revoke-token: 24 hours of the week" in found(folder, "fails")


def test_a_restore_that_only_its_proposer_could_approve_can_never_be_passed(folder: Path) -> None:
    """One entitled person is not enough where whoever asks may not answer."""
    edit(
        folder,
        "authority.yaml",
        "  restore:\n    roles: [technical_lead, commander]",
        "  restore:\n    roles: [technical_lead]",
    )
    assert "the gate to give back what was taken can never be passed" in found(folder, "fails")


def test_the_week_goes_round() -> None:
    """A gap over the end of the week is one gap."""
    week = [False, False, *[True] * 164, False, False]
    assert [(one.start, one.end) for one in stretches(week)] == [(166, 170)]
    assert [(one.start, one.end) for one in stretches([True, False, True])] == [(1, 2)]
    assert stretches([True] * 168) == []
    assert stretches([False] * 168)[0].hours == 168


def test_each_item_of_the_source_guide_is_judged() -> None:
    """Seven items, each with the worst that was found about it."""
    fails, weak = Finding("fails", ITEMS[0], "a", "b"), Finding("weak", ITEMS[0], "c", "d")
    assert items((weak, fails))[ITEMS[0]] == "fails"
    assert items((weak,)) == {item: "weak" if item == ITEMS[0] else None for item in ITEMS}


def test_kit_check_tells_and_its_exit_code_is_for_ci(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Worst first with the fix; --strict fails the build."""
    for name, value in SET.items():
        monkeypatch.setenv(name, value)
    assert entry.run(["kit", "check", str(folder), "--strict"]) == 0
    edit(folder, "actions.yaml", "    covers: [all]\n", "")
    edit(folder, "actions.yaml", "covers: [refund, admin_delete, send_email]", "covers: [refund]")
    capsys.readouterr()
    assert entry.run(["kit", "check", str(folder)]) == 0
    page = capsys.readouterr().out
    assert page.index("Would fail tonight:") < page.index("no control can take the tool") < page.index("Advice:")
    assert "kill switch and safe mode             would fail" in page
    assert entry.run(["kit", "check", str(folder), "--strict"]) == 1
    capsys.readouterr()
    assert entry.run(["kit", "check", str(folder), "--strict", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["tonight"][0]["rank"] == "fails"
    assert told["items"]["kill switch and safe mode"] == "fails"
