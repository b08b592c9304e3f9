"""What ``status`` prints of an action that failed, and which agent ``up`` proposes to try."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from halon.cli import words
from halon.cli.asking import Shown
from halon.cli.up import _first_agent
from halon.kit import load, starter_path

FAILED = {
    "action": "a",
    "title": "Switch it off",
    "type": "MissingSecret",
    "why": "TOKEN is not set",
    "next": "restart the worker",
}


def test_status_says_in_one_line_why_an_action_failed_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    """The reason, then the next step; nothing where nothing failed."""
    words.status("INC-7F3A", Shown({"headline": "SEV1: x.", "failed": [FAILED]}, live=True))
    assert "Failed: Switch it off: TOKEN is not set → restart the worker" in capsys.readouterr().out.splitlines()
    words.status("INC-7F3A", Shown({"headline": "SEV1: x."}, live=True))
    assert "Failed" not in capsys.readouterr().out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The starter kit, where an agent that sorts last is in mode suggest."""
    shutil.copytree(starter_path(), tmp_path, dirs_exist_ok=True)
    page = tmp_path / "agents" / "support-bot.yaml"
    page.write_text(page.read_text("utf-8").replace("mode: act", "mode: observe"), "utf-8")
    own = "title: Own\nentity: acme-eu\nmode: suggest\nconnector: sandbox-agent\n"
    own += "control_url: http://127.0.0.1:8700\nsecret: ZOO_TOKEN\ntools:\n  t: {risk: read}\n"
    (tmp_path / "agents" / "zoo-bot.yaml").write_text(own, "utf-8")
    return tmp_path


def test_the_agent_to_try_is_one_that_halon_acts_on(folder: Path) -> None:
    """Not the first of the alphabet, which may be only observed: then nothing would be seen."""
    assert _first_agent(load(starter_path(), {})) == "support-bot"
    assert _first_agent(load(folder, {})) == "zoo-bot"


def test_what_fails_tonight_begins_with_what_halon_acts_on(folder: Path) -> None:
    """The agents that are only observed come after; tokens that `up` has made are no warning."""
    warnings = load(folder, {}).warnings
    assert warnings[0].startswith("the agent zoo-bot can't be reached: ZOO_TOKEN is not set")
    assert load(starter_path(), {}).warnings[0].startswith("the agent support-bot ")
    made = {"HALON_TOKEN_ALERTMANAGER": "x", "HALON_TOKEN_REPORT": "x"}
    assert [one for one in load(folder, made).warnings if "no token" in one] == []
    assert [one for one in warnings if "no token" in one and "halon up, which makes one" not in one] == []
