"""Install what the demo needs into the virtual environment that runs this file: step by step, with the time it takes.

Standard library alone: nothing is installed yet. Used by the Makefile; exit code 0, or pip's with its last lines.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.txt", "requirements-demo.txt")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar", "off")
SPEAK_SECONDS = 5.0
_PACKAGE = re.compile(r"^(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9._-]+)")


class Step:
    """One run of pip, with a line that is rewritten on a terminal and a new one every few seconds elsewhere."""

    def __init__(self, what: str, count: int) -> None:
        self.what, self.count = what, count
        self.seen: set[str] = set()
        self.doing = "starting"
        self.said: list[str] = []
        self.began = time.monotonic()

    def run(self, arguments: list[str]) -> int:
        """Run pip with these arguments and return its exit code."""
        with subprocess.Popen(
            [*PIP, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as pip:
            over = threading.Event()
            voice = threading.Thread(target=self._speak, args=(over,), daemon=True)
            voice.start()
            try:
                assert pip.stdout is not None
                for line in pip.stdout:
                    self._hear(line.rstrip())
                code = pip.wait()
            finally:
                over.set()
                voice.join()
        self._write(
            f"{self.what}: {'done' if code == 0 else 'FAILED'}, {time.monotonic() - self.began:.0f} s", last=True
        )
        return code

    def _hear(self, line: str) -> None:
        self.said.append(line)
        if found := _PACKAGE.match(line):
            self.seen.add(found[1].lower())
            self.doing = f"{len(self.seen)} of {self.count}, {found[1]}" if self.count else found[1]
        elif line.startswith("Installing collected"):
            self.doing = "unpacking"

    def _speak(self, over: threading.Event) -> None:
        while not over.wait(0.25 if sys.stdout.isatty() else SPEAK_SECONDS):
            self._write(f"{self.what}: {self.doing}, {time.monotonic() - self.began:.0f} s")

    @staticmethod
    def _write(text: str, *, last: bool = False) -> None:
        if sys.stdout.isatty():
            print(f"\r\033[K  {text[:78]}", end="\n" if last else "", flush=True)
        else:
            print(f"  {text}", flush=True)


def packages() -> int:
    """How many packages the hashed files name."""
    lines = [line for name in LOCKS for line in (ROOT / name).read_text("utf-8").splitlines()]
    return len({line.partition("==")[0] for line in lines if "==" in line and not line.startswith(" ")})


def main() -> int:
    """Install. Every package is pinned and checked by its hash."""
    if subprocess.run([*PIP[:3], "--version"], capture_output=True, check=False).returncode:
        # The virtual environment was interrupted while it was made.
        subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
    count = packages()
    print(f"{count} pinned packages, this once: a minute or two. No development tools are among them.", flush=True)
    locks = [word for name in LOCKS for word in ("-r", name)]
    for what, number, arguments in (
        ("downloading and installing", count, ["--require-hashes", *locks]),
        ("this folder itself", 0, ["--no-deps", "--no-build-isolation", "--editable", "."]),
    ):
        step = Step(what, number)
        code = step.run(arguments)
        if code:
            print("\n".join(f"    {line}" for line in step.said[-12:]), file=sys.stderr)
            print(f"The set-up stopped: {what}. No network? A proxy? Then try again: make demo", file=sys.stderr)
            return code
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nInterrupted. make demo goes on from here.", file=sys.stderr)
        sys.exit(130)
