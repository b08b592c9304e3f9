"""``docs/your-agent.md``, walked through: its own commands, in their order, in a real shell, with what they are said to show.

A fenced block ``bash`` is typed as it stands; ``bash agent`` and ``bash halon`` go to a terminal of that name, where what
ran before is ended by Ctrl-C. A ``text`` block says what is seen after it: each line in its order, ``…`` for anything.
Only ports, and the ids that differ from run to run, are put in.
"""

from __future__ import annotations

import difflib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "your-agent.md"
_BLOCK = re.compile(r"^```(?P<kind>bash(?: \w+)?|text)\n(?P<lines>.*?)^```", re.DOTALL | re.MULTILINE)
_DIFF = re.compile(r"<!-- diff: (?P<old>\S+) (?P<new>\S+) -->\n```diff\n(?P<lines>.*?)^```", re.DOTALL | re.MULTILINE)
_GATE = re.compile(r"\b([a-z][a-z-]+-)[0-9a-f]{8}\b")
_LOOKS = (".venv/bin/halon status", ".venv/bin/halon timeline")
_SET_UP = "make setup"
"""The page's first command. The checkout that this runs in is set up already."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Terminal:
    """A terminal in which one program runs at a time, with all that it printed."""

    log: Path
    process: subprocess.Popen[bytes] | None = None

    def run(self, command: str, folder: Path, environment: dict[str, str]) -> None:
        """Ctrl-C to what runs, then the next command."""
        self.interrupt()
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                ["bash", "-c", f"set -e; {command}"], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    def interrupt(self) -> None:
        """Ctrl-C, and wait until it is over."""
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(5)


@dataclass
class Newcomer:
    """Somebody who types what the page says, in a folder that looks like a clone."""

    folder: Path
    typed: list[str] = field(default_factory=list)
    said: str = ""
    terminals: dict[str, Terminal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / ".venv").symlink_to(Path(sys.executable).parents[1])
        shutil.copytree(ROOT / "docs" / "examples", self.folder / "docs" / "examples")
        self.ports = {"8700": str(free_port()), "8600": str(free_port())}
        steering = ("HALON_", "TEMPORAL_", "SANDBOX_")
        self.environment = {key: text for key, text in os.environ.items() if not key.startswith(steering)} | {
            "HALON_GATEWAY_PORT": self.ports["8600"], "HALON_TEMPORAL_PORT": str(free_port()),
            "HALON_UI_PORT": str(free_port()), "PYTHONUNBUFFERED": "1",
        }  # fmt: skip

    def type(self, lines: str) -> None:
        """Type a block into the one shell that stays open, so to say: what it exports holds for the blocks after it."""
        lines = self._with_ids(self._with_ports(lines))
        self.typed.append(lines)
        kept = self.folder / ".exported"
        whole = f"set -e\n[ ! -e {kept} ] || . {kept}\n{lines}\nexport -p | grep HALON_CONTROL > {kept} || true\n"
        done = subprocess.run(
            ["bash", "-c", whole], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, f"exit {done.returncode}:\n{lines}\n{done.stdout}\n{self._logs()}"
        self.said = done.stdout

    def type_in(self, name: str, lines: str) -> None:
        """Give a terminal its next program."""
        terminal = self.terminals.setdefault(name, Terminal(self.folder / f"{name}.terminal"))
        terminal.run(self._with_ports(lines).strip(), self.folder, self.environment)

    def sees(self, lines: str, *, terminal: str = "") -> None:
        """Wait until all lines are seen; a block that only looks is typed again meanwhile."""
        lines = self._with_ports(lines)
        looks = not terminal and all(line.startswith(_LOOKS) for line in self.typed[-1].splitlines())
        end = time.monotonic() + 30
        while True:
            said = self.terminals[terminal].log.read_text("utf-8") if terminal else self.said
            missing = unseen(lines, said)
            if not missing:
                self.said = said
                return
            if time.monotonic() > end or not (terminal or looks):
                raise AssertionError(f"the page says that this is seen: {missing!r}\nSeen:\n{said}\n{self._logs()}")
            time.sleep(0.3)
            if looks:
                self.type(self.typed.pop())

    def _with_ports(self, text: str) -> str:
        for written, port in self.ports.items():
            text = text.replace(f":{written}", f":{port}").replace(f"--port {written}", f"--port {port}")
        return text

    def _with_ids(self, text: str) -> str:
        """The ids of gates on the page stand for those that were seen last."""

        def seen(found: re.Match[str]) -> str:
            known = re.findall(rf"(?<![\w-]){re.escape(found[1])}[0-9a-f]{{8}}\b", self.said)
            return known[-1] if known else found[0]

        return _GATE.sub(seen, text)

    def _logs(self) -> str:
        logs = [terminal.log for terminal in self.terminals.values()]
        return "\n".join(f"--- {log.name}\n{log.read_text('utf-8')[-1500:]}" for log in logs)


def unseen(lines: str, said: str) -> str:
    """The first of ``lines`` that does not stand in ``said`` after those before it."""
    rest = said.splitlines()
    for line in lines.splitlines():
        wanted = "".join(".*" if part == "…" else pattern(part) for part in re.split("(…)", line))
        at = next((index for index, one in enumerate(rest) if re.fullmatch(wanted, one)), None)
        if at is None:
            return line
        rest = rest[at + 1 :]
    return ""


def pattern(text: str) -> str:
    """``text`` as a pattern in which references and digests stand for any of their kind."""
    text = re.escape(text)
    text = re.sub(r"INC\\-[0-9A-Z]{4}", r"INC\\-[0-9A-Z]{4}", text)
    return re.sub(r"(?<=\\-)[0-9a-f]{8}\b", "[0-9a-f]{8}", text)


def blocks() -> list[tuple[str, str]]:
    """Kind and lines of each block of the page."""
    found = [(block["kind"], block["lines"]) for block in _BLOCK.finditer(PAGE.read_text("utf-8"))]
    assert len(found) > 20
    return found


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    """A newcomer with an empty folder; their programs are ended with the test."""
    somebody = Newcomer(tmp_path)
    yield somebody
    for terminal in somebody.terminals.values():
        terminal.interrupt()


@pytest.mark.long
def test_the_page_is_true_from_its_first_line_to_its_last(newcomer: Newcomer) -> None:
    """Every command of the page does what the page says, with nothing done beside it."""
    told = blocks()
    assert told[0] == ("bash", f"{_SET_UP}\n")
    last = ""
    for kind, lines in told[1:]:
        if kind == "text":
            newcomer.sees(lines, terminal=last)
        elif kind == "bash":
            newcomer.type(lines)
            last = ""
        else:
            last = kind.removeprefix("bash ")
            newcomer.type_in(last, lines)
    sent = (newcomer.folder / "my-agent" / "sent.txt").read_text("utf-8").splitlines()
    questions = [line for line in newcomer.typed if "When does Finch arrive?" in line]
    assert 1 <= len(sent) < len(questions), "some messages left the house, and some were stopped"


def test_what_is_to_be_pasted_is_the_whole_difference() -> None:
    """The diff on the page is that of the two files, and short: at most 12 lines are added, none is taken away."""
    found = _DIFF.search(PAGE.read_text("utf-8"))
    assert found is not None
    old, new = ((PAGE.parent / found[name]).read_text("utf-8").splitlines() for name in ("old", "new"))
    made = list(difflib.unified_diff(old, new, n=1, lineterm=""))[3:]
    shown = ["@@" if line.startswith("@@") else line for line in made]
    assert found["lines"].splitlines() == shown
    changed = [line for line in shown if line[0] in "+-" and line[1:].strip()]
    assert len(changed) <= 12
    assert not [line for line in changed if line.startswith("-")]
