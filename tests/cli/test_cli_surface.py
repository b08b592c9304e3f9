"""The command line itself: every command is there with help, and every failure is one line and the right exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from halon.cli import entry, saying, screen
from halon.cli.finding import reference_of
from halon.cli.moments import distance, local
from halon.incident.commands import COMMANDS

HALON = str(Path(sys.executable).parent / "halon")
LOOKING = ("up", "worker", "gateway", "init", "kit", "assess", "report", "incidents", "status", "show", "watch", "timeline",
           "clocks", "export", "verify")  # fmt: skip
FILLED = {"affected": ("evidence", "count", "places")}
"""Fields that the command line fills in itself, from a file; ``together`` from the gates that were named."""


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("HALON_", "TEMPORAL_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HALON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_of_an_incident_is_a_command_with_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What people can say is defined once; the command line offers all of it, each field with its help."""
    spec = COMMANDS[name]
    words = [[name, "add"], [name, "done"]] if name == "corrective" else [saying.ELSEWHERE.get(name, name).split()]
    shown = ""
    for each in words:
        assert entry.run([*each, "--help"]) == 0
        shown += capsys.readouterr().out
    assert "--by" in shown
    assert "--json" in shown
    if name != "corrective":
        assert spec.help.split(".")[0].split(",")[0] in " ".join(shown.split())
    for field in spec.fields:
        if field.name in ("together", *FILLED.get(name, ())):
            continue  # the command line fills it in itself
        assert field.name.upper() in shown or f"--{field.name.replace('_', '-')}" in shown


@pytest.mark.parametrize("name", LOOKING)
def test_every_other_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence says what it does."""
    assert entry.run([name, "--help"]) == 0
    assert "Usage: halon" in capsys.readouterr().out


def test_help_loads_nothing_heavy() -> None:
    """``halon --help`` must be quick at 2 a.m.: neither Temporal's SDK nor the web server is imported for it."""
    code = ("import sys; from halon.cli import entry; assert entry.run(['--help']) == 0; "
            "print([name for name in ('temporalio', 'fastapi', 'pydantic', 'httpx', 'yaml') if name in sys.modules])")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "words", [["frobnicate"], ["ack"], ["status"], ["severity", ".", "SEV9", "--reason", "x", "--by", "ann"], ["incidents", "--limit", "x"],
              ["filed", ".", "eu-gdpr-33", "--by", "pat"], ["note", ".", "--by", "ann"], ["incidents", "--waiting-on", "' OR 1=1"]]
)  # fmt: skip
def test_a_command_typed_wrongly_is_exit_2_and_one_line(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Found before anything is asked of Temporal, with the next step behind an arrow."""
    assert entry.run(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert "→" in said


def test_without_temporal_a_command_is_exit_1_with_the_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    """The address, and what starts everything."""
    assert entry.run(["incidents"]) == 1
    said = capsys.readouterr().err
    assert "127.0.0.1:1" in said
    assert "halon up" in said
    assert said.count("\n") == 1


def test_a_failure_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json standard output holds one JSON value, whatever happens; the line for people is on standard error."""
    assert entry.run(["status", "INC-7F3A", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert told["error"]["type"] == "TemporalUnreachable"


def test_a_wrong_setting_is_exit_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The variable, its value and what would do."""
    monkeypatch.setenv("HALON_GATEWAY_PORT", "eighty")
    assert entry.run(["incidents"]) == 2
    assert "HALON_GATEWAY_PORT" in capsys.readouterr().err


def test_init_copies_the_starter_kit_and_check_finds_it_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The copy checks as it is; a second init on the same folder is refused."""
    assert entry.run(["init", str(tmp_path / "kit")]) == 0
    assert entry.run(["init", str(tmp_path / "kit")]) == 1
    capsys.readouterr()
    assert entry.run(["kit", "check", str(tmp_path / "kit"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"]
    assert len(told["digest"]) == 64
    assert "support-bot" in told["agents"]
    assert told["warnings"]


def test_an_unsound_kit_is_shown_with_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every problem on a line of its own, exit 1."""
    assert entry.run(["init", str(tmp_path / "kit")]) == 0
    agents = tmp_path / "kit" / "agents" / "support-bot.yaml"
    agents.write_text(agents.read_text().replace("mode: act", "mode: acct"))
    capsys.readouterr()
    assert entry.run(["kit", "check", str(tmp_path / "kit")]) == 1
    said = capsys.readouterr()
    assert "agents/support-bot.yaml:" in said.out
    assert "acct" in said.out
    assert entry.run(["kit", "check", str(tmp_path / "kit"), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert told["problems"][0]["line"] > 0


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """``kit schema`` prints what editors read."""
    assert entry.run(["kit", "schema"]) == 0
    assert "agents/*.yaml" in json.loads(capsys.readouterr().out)["properties"]


def test_facts_are_judged_without_an_incident(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same judgement in words and as the object that people script against."""
    file = tmp_path / "facts.yaml"
    file.write_text(
        "as_of: 2026-11-22T09:00:00Z\nagent: support-bot\nfacts:\n  confirmed: true\n  personal_data_involved: true\n"
    )
    assert entry.run(["assess", str(file)]) == 0
    words = capsys.readouterr().out
    assert words.startswith("SEV")
    assert entry.run(["assess", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {
        "severity",
        "category",
        "orders",
        "obligations",
        "embargoes",
        "kit_digest",
        "uncovered",
        "note",
    }
    assert words.startswith(told["severity"]["level"])
    assert entry.run(["assess", str(tmp_path / "none.yaml")]) == 1


def test_text_from_outside_cannot_steer_the_terminal() -> None:
    """Escape sequences, carriage returns and direction marks of an attacker arrive as harmless characters."""
    shown = screen.clean("ok\x1b[2J\rgone\u202eexe\x07")
    assert shown.isprintable()
    assert "ok" in shown
    assert "gone" in shown


@pytest.mark.parametrize(
    ("typed", "meant"), [("7f3a", "INC-7F3A"), ("inc-7f3a", "INC-7F3A"), ("INC-O1LI", "INC-0111"), ("abc", "abc")]
)
def test_a_reference_is_understood_as_it_is_said(typed: str, meant: str) -> None:
    """Lower case, without its prefix, and with letters that are misheard for digits."""
    assert reference_of(typed) == meant


def test_times_are_local_with_zone_and_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody converts UTC at 2 a.m."""
    import time

    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    assert local("2026-11-22T13:00:00Z").startswith("Sun 22 Nov 14:00 CET (")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert [distance(one) for one in (0, 59, 7800, -300, 200_000)] == [
        "now",
        "in 59 s",
        "in 2 h 10 min",
        "5 min ago",
        "in 2 days",
    ]


def test_a_fact_is_json_or_text() -> None:
    """``12`` is a number, ``risk`` a word, ``null`` says that it is not known."""
    assert [saying._value(text) for text in ("12", "true", "null", "risk", '["a"]')] == [12, True, None, "risk", ["a"]]
