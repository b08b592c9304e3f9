"""``halon assess FILE`` says of each action when it would run: nothing in mode observe, later rungs if the harm goes on."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from halon.cli import entry
from halon.kit import starter_path

Told = Callable[[str], list[str]]
FACTS = """\
as_of: 2026-11-22T09:00:00Z
agent: support-bot
facts:
  unauthorised_tool_actions: [send_email]
  external_recipient: true
  untrusted_instruction: false
  credential_exposed: false
  confirmed: true
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """The lines of the rungs, in this mode."""

    def said(mode: str) -> list[str]:
        kit, file = tmp_path / mode, tmp_path / "facts.yaml"
        shutil.copytree(starter_path(), kit)
        page = kit / "agents" / "support-bot.yaml"
        page.write_text(re.sub(r"^mode: \w+", f"mode: {mode}", page.read_text("utf-8"), flags=re.MULTILINE), "utf-8")
        file.write_text(FACTS, "utf-8")
        monkeypatch.setenv("HALON_KIT", str(kit))
        monkeypatch.setenv("COLUMNS", "300")
        assert entry.run(["assess", str(file)]) == 0
        return [line for line in capsys.readouterr().out.splitlines() if line.startswith("Rung ")]

    return said


def test_in_act_the_first_rung_runs_at_once_and_a_later_one_only_if_the_harm_goes_on(told: Told) -> None:
    """Nothing of a later rung is said to run at once."""
    lines = told("act")
    assert "Rung 1, action disable_tool: runs at once; can be undone" in lines
    later = [line for line in lines if not line.startswith("Rung 1,")]
    assert later
    assert all(": if the harm goes on, " in line and "at once" not in line for line in later)


def test_in_observe_nothing_runs_and_it_says_what_mode_act_would_do(told: Told) -> None:
    """Each action, also one that would run by itself."""
    lines = told("observe")
    assert "Rung 1, action disable_tool: nothing runs (observe); in mode act: runs at once; can be undone" in lines
    assert all("nothing runs (observe); in mode act: " in line for line in lines)
