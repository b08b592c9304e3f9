"""What is written to the terminal: plain words, in columns; nothing that came from outside may steer the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any


def clean(text: object) -> str:
    """``text`` without characters that a terminal obeys or that turn the reading direction round."""
    return "".join(char if char.isprintable() else " " if char in "\n\r\t" else "\ufffd" for char in str(text))


def line(text: str = "", *, style: str = "") -> None:
    """One line. ``style`` is a rich style, used on a terminal only."""
    if style and sys.stdout.isatty():
        from rich.console import Console
        from rich.text import Text

        Console(highlight=False).print(Text(clean(text), style=style))
        return
    print(clean(text), flush=True)


def lines(texts: Sequence[str]) -> None:
    """Several lines."""
    for text in texts:
        line(text)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns: drawn on a terminal, aligned and uncut in a pipe."""
    shown = [[clean(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for head in heads:
            drawn.add_column(head, overflow="fold")
        for row in shown:
            drawn.add_row(*(Text(cell) for cell in row))
        Console(highlight=False).print(drawn)
        return
    widths = [max(len(cell) for cell in column) for column in zip(heads, *shown, strict=True)]
    for row in (list(heads), *shown):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip(), flush=True)


def value(thing: Any) -> None:
    """One JSON value, for ``--json``."""
    print(json.dumps(thing, indent=2, ensure_ascii=False, default=str), flush=True)


def aside(text: str) -> None:
    """One line beside the output, on stderr."""
    print(clean(text), file=sys.stderr, flush=True)
