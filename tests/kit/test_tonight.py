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
    edit(target, "entities/acme-eu.yaml", "security@customer.example", "security@customer.de")
    edit(target, "entities/acme-eu.yaml", "breach-notices@authority.example", "breach-notices@authority.de")
    return target


def edit(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text()
    assert old in text, f"{old!r} is not in {name}"
    file.write_text(text.replace(old, new, 1))


def found(folder: Path, rank: str) -> str:
    return "\n".join(str(one) for one in examine(folder, SET, MONDAY)[1] if one.rank == rank)


def test_the_starter_kit_with_everything_set_and_real_addresses_fails_nowhere(folder: Path) -> None:
    """A kit that teaches must not teach a gap: beside advice only what no kit can mend in this release is left."""
    findings = examine(folder, SET, MONDAY)[1]
    assert [one.what for one in findings if one.rank != "advice"] == [
        "what can't be undone is approved under unverified names (verifier: claimed)"
    ]
    assert all(one.fix for one in findings)


def test_the_starter_kit_as_it_comes_says_that_its_notices_would_go_nowhere() -> None:
    """An agent may act, the duty is in force, and the address is only an example: sent would not be told."""
    told = [str(one) for one in examine(starter_path(), SET, MONDAY)[1] if one.rank == "fails"]
    assert [one.partition(";")[0] for one in told] == [
        "the notice contract-dpa would go nowhere: security@customer.example is only an example",
        "the notice eu-gdpr-33 would go nowhere: breach-notices@authority.example is only an example",
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "rank", "says"),
    [
        ("agents/support-bot.yaml", "  refund: {risk: money}\n", "  refund: {risk: money}\n  wire_money: {risk: money}\n",
         "weak", "the tool wire_money (money) of support-bot goes off only with the whole agent"),
        ("actions.yaml", "    covers: [all]\n", "    covers: [refund]\n", "weak", "support-bot has no kill switch"),
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
        ("oncall.yaml", "roles: [technical_lead]", "roles: [technical_lead, commander]", "advice", "only one person holds technical_lead (tom) and"),
    ],
)  # fmt: skip
def test_each_gap_is_named_with_its_fix(folder: Path, name: str, old: str, new: str, rank: str, says: str) -> None:
    """What an incident would find out at night is found out by day."""
    edit(folder, name, old, new)
    assert says in found(folder, rank)


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
    edit(folder, "actions.yaml", "    covers: [all]\n", "    covers: [refund]\n")
    edit(folder, "actions.yaml", "covers: [refund, admin_delete, send_email]", "covers: [refund]")
    edit(
        folder,
        "agents/support-bot.yaml",
        "  refund: {risk: money}\n",
        "  refund: {risk: money}\n  wire: {risk: money}\n",
    )
    capsys.readouterr()
    assert entry.run(["kit", "check", str(folder)]) == 0
    page = capsys.readouterr().out
    assert page.index("Would fail tonight:") < page.index("no control can take the tool") < page.index("Advice:")
    assert "kill switch and safe mode             would fail" in page
    assert "the tool admin_delete (admin) of support-bot is taken only by what can't be undone (revoke-token)" in page
    assert entry.run(["kit", "check", str(folder), "--strict"]) == 1
    capsys.readouterr()
    assert entry.run(["kit", "check", str(folder), "--strict", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["tonight"][0]["rank"] == "fails"
    assert told["items"]["kill switch and safe mode"] == "fails"
