"""What is different in a notice that was drafted again: the few lines that whoever approved of the old one must read."""

from __future__ import annotations

import difflib

from halon.incident.notices import Notice

MOST_LINES = 6
"""Lines that a question shows; the rest is counted."""
LONGEST_LINE = 140


def same(one: Notice, other: Notice) -> bool:
    """Whether both say the same, word for word."""
    return (one.subject, one.body) == (other.subject, other.body)


def changed(before: Notice, after: Notice) -> str:
    """The lines that are gone and those that are new, in one line of text; of each at most ``LONGEST_LINE`` characters."""
    old, new = _lines(before), _lines(after)
    told: list[str] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        told += [f"was {_quoted(line)}" for line in old[a:b]] + [f"now {_quoted(line)}" for line in new[c:d]]
    more = len(told) - MOST_LINES
    shown = "; ".join(told[:MOST_LINES]) or "only blank lines"
    return f"{shown}; and {more} more line{'s' if more > 1 else ''}." if more > 0 else f"{shown}."


def _lines(one: Notice) -> list[str]:
    return [text for line in (one.subject, *one.body.splitlines()) if (text := " ".join(line.split()))]


def _quoted(line: str) -> str:
    text = line.removeprefix("- ")
    return f'"{text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1].rstrip() + "…"}"'
