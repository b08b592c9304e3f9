"""How the demo's lines look: drawn with colour on a terminal, plain lines everywhere else."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.panel import Panel
from rich.rule import Rule
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

_WIDEST = 100
_BEFORE_TEXT = 11
_QUIET_SECONDS = 3.0
_DOT_SECONDS = 4.0

Rows = Sequence[tuple[str, str]]


def is_plain() -> bool:
    """Whether to write plain lines: no terminal, or one that is asked or known to have no colours."""
    return not sys.stdout.isatty() or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "dumb") == "dumb"


class Plain:
    """One line after the other, without colour; what is waited for is said after a few seconds, and goes on in dots."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # a terminal without UTF-8 shows a question mark, not a traceback

    def title(self, heads: Sequence[str]) -> None:
        """The first lines."""
        self._write(*heads)

    def scene(self, title: str, sentence: str) -> None:
        """A heading, and what happens in one sentence."""
        self._write("", f"== {title}", f"   {sentence}")

    def line(self, text: str, style: str = "") -> None:
        """A line without a time."""
        self._write(text)

    def seen(self, at: str, text: str) -> None:
        """Something that was read back."""
        self._write(f"{at}         {text}")

    def check(self, at: str, held: bool, what: str, shown: str) -> None:
        """A check and what was read back."""
        self._write(f"{at}  {'ok  ' if held else 'FAIL'}   {what}{f': {shown}' if shown else ''}")

    def box(self, title: str, rows: Rows, tone: str) -> None:
        """A few lines that belong together."""
        mark = "!!!" if tone == "red" else "---"
        self._write(
            "",
            f"   {mark} {title}",
            *(f"       {name}: {text}" if name else f"       {text}" for name, text in rows),
            "",
        )

    @contextmanager
    def waiting(self, what: str, at_most: float) -> Iterator[None]:
        """Say what is waited for if it takes more than a moment."""
        over = threading.Event()

        def speak() -> None:
            if over.wait(_QUIET_SECONDS):
                return
            self._write(f"           waiting: {what} (up to {at_most:.0f} s)", dots=True)
            while not over.wait(_DOT_SECONDS):
                self._write(" .", dots=True)

        voice = threading.Thread(target=speak, daemon=True)
        voice.start()
        try:
            yield
        finally:
            over.set()
            voice.join()
            self._write()

    def _write(self, *lines: str, dots: bool = False) -> None:
        """Write lines; ``dots`` go on in the line that is open, and any other line begins below it."""
        with self._lock:
            if dots:
                with suppress(BrokenPipeError):  # the next line says so where it can be heard
                    print(*lines, end="", flush=True)
                self._open = True
                return
            if self._open:
                print(flush=True)
                self._open = False
            for line in lines:
                print(line, flush=True)


@dataclass
class _Elapsed:
    """The live line: a spinner, what is waited for, and for how long already."""

    what: str
    at_most: float
    began: float = field(default_factory=time.monotonic)
    spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="cyan"))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        gone = time.monotonic() - self.began
        if gone < 0.3:
            return
        text = Text.assemble((f" {self.what}", "italic"), (f"  {gone:.0f} s of at most {self.at_most:.0f} s", "dim"))
        text.truncate(options.max_width - 12, overflow="ellipsis")
        yield Text.assemble(" " * 10, self.spinner.render(console.get_time()), text)  # type: ignore[arg-type]


class Drawn:
    """Headings, boxes and columns for a terminal. Text from programs is drawn as it is, never as markup."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, markup=False, emoji=False)
        self._console.width = min(self._console.width, _WIDEST)

    def title(self, heads: Sequence[str]) -> None:
        """The first lines, in a frame."""
        text = Text(heads[0], "bold")
        for more in heads[1:]:
            text.append(f"\n{more}", "default")
        self._console.print(Panel(text, box=box.ROUNDED, border_style="cyan", padding=(0, 2)))

    def scene(self, title: str, sentence: str) -> None:
        """A rule with the heading, and what happens in one sentence."""
        self._console.print()
        self._console.print(Rule(Text(title, "bold cyan"), align="left", style="cyan"))
        self._console.print(_columns(Text(), Text(), Text(sentence, "italic")))

    def line(self, text: str, style: str = "") -> None:
        """A line without a time."""
        self._console.print(text, style=style or None, soft_wrap=True)  # what is to be copied stays in one piece

    def seen(self, at: str, text: str) -> None:
        """Something that was read back."""
        self._console.print(_columns(Text(at, "dim"), Text("·", "dim"), Text(text, "dim")))

    def check(self, at: str, held: bool, what: str, shown: str) -> None:
        """A check and what was read back; one that failed can't be overlooked."""
        if not held:
            body = Text.assemble((f"FAILED  {what}", "bold white on red"), (f"\n{shown}" if shown else "", "red"))
            self._console.print(_columns(Text(at, "red"), Text("✗", "bold red"), body))
            return
        text = Text(what)
        if shown:
            fits = len(what) + 2 + len(shown) <= self._console.width - _BEFORE_TEXT
            text.append("  " if fits else "\n").append(shown, "cyan")
        self._console.print(_columns(Text(at, "dim"), Text("✓", "bold green"), text))

    def box(self, title: str, rows: Rows, tone: str) -> None:
        """A panel; the names of the rows stand in a column of their own."""
        grid = Table.grid(padding=(0, 2))
        if any(name for name, _ in rows):
            grid.add_column(style="bold", min_width=12)
        grid.add_column(overflow="fold")
        for name, text in rows:
            grid.add_row(*([Text(name)] if any(one for one, _ in rows) else []), Text(text))
        heavy = box.HEAVY if tone == "red" else box.ROUNDED
        self._console.print(Panel(grid, title=Text(title, f"bold {tone}"), title_align="left", box=heavy,
                                  border_style=tone, padding=(0, 2)))  # fmt: skip

    @contextmanager
    def waiting(self, what: str, at_most: float) -> Iterator[None]:
        """A live line that is gone when the wait is over."""
        shown = _Elapsed(what, at_most)
        with Live(shown, console=self._console, transient=True, refresh_per_second=8):
            yield


def _columns(at: Text, mark: Text, body: Text) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=8, no_wrap=True)
    grid.add_column(width=1)
    grid.add_column(ratio=1, overflow="fold")
    grid.expand = True
    grid.add_row(at, mark, body)
    return grid
