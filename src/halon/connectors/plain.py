"""Text of an incident as other products may show it: bounded, without characters that steer how it is shown."""

from __future__ import annotations

import re

_JOINERS = frozenset("\u200c\u200d")
"""Invisible, and needed to write Persian, Hindi and many emoji."""
_URL = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]{1,1000}")


def line(text: str, longest: int) -> str:
    """``text`` on one line of at most ``longest`` characters, with ``…`` where it was cut."""
    return cut(" ".join("".join(c if _shown(c) else " " for c in text[: 4 * longest]).split()), longest)


def lines(text: str, longest: int) -> str:
    """``text`` with its line breaks, at most ``longest`` characters.

    Control characters go, and so do the marks that turn the direction of writing: they make text read otherwise than
    it is.
    """
    broken = text[: 4 * longest].replace("\r\n", "\n").replace("\r", "\n")
    return cut(
        "".join(c if c == "\n" else " " if c == "\t" else c if _shown(c) else "" for c in broken).strip(), longest
    )


def cut(text: str, longest: int) -> str:
    """``text``, at most ``longest`` characters, with ``…`` where it was cut."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def link(url: str) -> str:
    """``url`` if it is a plain absolute http or https URL, else "": a message goes out without its link."""
    return url if _URL.fullmatch(url) else ""


def _shown(character: str) -> bool:
    return character.isprintable() or character in _JOINERS
