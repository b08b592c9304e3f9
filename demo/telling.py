"""What the demo says on the terminal, and the checks that it counts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rich.console import Console

T = TypeVar("T")


class CannotGoOn(Exception):
    """A check failed, and nothing after it would make sense."""


def shortened(text: object, most: int = 220) -> str:
    """``text`` on one line, at most so many characters."""
    line = " ".join(str(text).split())
    return line if len(line) <= most else line[: most - 1] + "…"


@dataclass
class Telling:
    """The terminal. Text from programs is printed as it is, never as markup."""

    console: Console = field(
        default_factory=lambda: Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    )
    began: float = field(default_factory=time.monotonic)
    passed: int = 0
    failed: list[str] = field(default_factory=list)

    @property
    def clock(self) -> str:
        """Seconds since the demo began."""
        return f"{time.monotonic() - self.began:6.1f} s"

    def line(self, text: str, style: str = "") -> None:
        """One line."""
        self.console.print(text, style=style or None)

    def act(self, title: str) -> None:
        """The title of a part."""
        self.line(f"\n{self.clock}  {title}", "bold")

    def saw(self, text: str) -> None:
        """Something that was read back, without a check."""
        self.line(f"{self.clock}         {text}", "dim")

    def check(self, what: str, condition: object, shown: object = "", *, must: bool = False) -> bool:
        """Count one check. ``shown`` is what was read back. Raises CannotGoOn if it fails and ``must`` hold."""
        held = bool(condition)
        back = f": {shortened(shown)}" if shown != "" else ""
        self.line(f"{self.clock}  {'ok  ' if held else 'FAIL'}   {what}{back}", "" if held else "bold red")
        if held:
            self.passed += 1
            return True
        self.failed.append(what)
        if must:
            raise CannotGoOn(what)
        return False

    def until(
        self, what: str, look: Callable[[], T], good: Callable[[T], Any], seconds: float = 45, every: float = 0.1
    ) -> T:
        """Look again until it is good, and return what was seen. Raises CannotGoOn with the last look after that time."""
        end = time.monotonic() + seconds
        while True:
            seen = look()
            if good(seen):
                return seen
            if time.monotonic() > end:
                self.check(f"{what} (waited {seconds:g} s)", False, seen, must=True)
            time.sleep(every)
