"""What the demo says, and the checks that it counts. Every line is kept in a transcript when one is asked for."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from drawing import Drawn, Plain, Rows, is_plain

T = TypeVar("T")


class CannotGoOn(Exception):
    """A check failed, and nothing after it would make sense."""


def shortened(text: object, most: int = 200) -> str:
    """``text`` on one line without characters that a terminal obeys, at most so many of them."""
    line = " ".join("".join(char if char.isprintable() or char.isspace() else "\ufffd" for char in str(text)).split())
    return line if len(line) <= most else line[: most - 1] + "…"


@dataclass
class Telling:
    """The terminal, the count of the checks, and the clock: each line has the time at which its event happened."""

    transcript: Path | None = None
    pen: Plain | Drawn = field(default_factory=lambda: Plain() if is_plain() else Drawn())
    began: float = field(default_factory=time.monotonic)
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    alive: Callable[[], None] = lambda: None
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    scenes: int = 0

    @property
    def seconds(self) -> float:
        """Seconds since the demo began."""
        return time.monotonic() - self.began

    def title(self, heads: Sequence[str]) -> None:
        """The first lines."""
        self.pen.title(heads)

    def line(self, text: str, style: str = "") -> None:
        """One line without a time."""
        self.pen.line(text, style)

    def end(self, text: str, style: str) -> None:
        """The line that sums up."""
        self._keep("end", text)
        self.pen.line(f"\n{text}", style)

    def scene(self, title: str, sentence: str) -> None:
        """A scene begins: its name, and what happens in it, in plain words."""
        self.scenes += 1
        self._keep("scene", title, shown=sentence)
        self.pen.scene(f"{self.scenes}  {title}", sentence)

    def saw(self, text: str, *, at: str = "", mark: str = "") -> None:
        """Something that was read back, without a check. ``at``: when it happened, by the record."""
        self._keep("saw", text, at=at, mark=mark)
        self.pen.seen(self._time(at), shortened(text, 400))

    def box(self, title: str, rows: Rows, tone: str = "yellow", *, mark: str = "") -> None:
        """Lines that belong together and were read back, such as the question of an approval."""
        cut = [(name, shortened(text, 300)) for name, text in rows]
        self._keep("box", title, rows=[list(row) for row in cut], mark=mark)
        self.pen.box(shortened(title), cut, tone)

    def check(
        self, what: str, condition: object, shown: object = "", *, at: str = "", must: bool = False, mark: str = ""
    ) -> bool:
        """Count one check. ``shown`` is what was read back. Raises CannotGoOn if it fails and ``must`` hold."""
        held = bool(condition)
        back = shortened(shown) if shown != "" else ""
        self._keep("check", what, shown=back, held=held, at=at, mark=mark)
        self.pen.check(self._time(at), held, what, back)
        if held:
            self.passed += 1
            return True
        self.failed.append(what)
        if must:
            raise CannotGoOn(what)
        return False

    @contextmanager
    def waiting(self, what: str, at_most: float) -> Iterator[None]:
        """Never silent: while this lasts, the terminal says what is waited for and how long it may take."""
        with self.pen.waiting(what, at_most):
            yield

    def until(
        self, what: str, look: Callable[[], T], good: Callable[[T], Any], seconds: float = 45, every: float = 0.1
    ) -> T:
        """Look again until it is good, and return what was seen.

        Raises CannotGoOn with the last look after that time, and what ``alive`` raises when a program has ended.
        """
        end = time.monotonic() + seconds
        with self.waiting(what, seconds):
            while True:
                seen = look()
                if good(seen):
                    return seen
                self.alive()
                if time.monotonic() > end:
                    break
                time.sleep(every)
        self.check(f"{what} (waited {seconds:.0f} s)", False, seen, must=True)
        raise AssertionError("a check that must hold has failed and was passed over")

    def _time(self, at: str) -> str:
        return f"{self._seconds(at):6.1f} s"

    def _seconds(self, at: str) -> float:
        return (datetime.fromisoformat(at) - self.began_at).total_seconds() if at else self.seconds

    def _keep(self, kind: str, text: str, *, at: str = "", **more: Any) -> None:
        if self.transcript is not None:
            one = {
                "kind": kind,
                "at": round(self._seconds(at), 2),
                "text": text,
                **{k: v for k, v in more.items() if v != ""},
            }
            with self.transcript.open("a", encoding="utf-8") as out:
                out.write(json.dumps(one, ensure_ascii=False) + "\n")
