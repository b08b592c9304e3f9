"""Look into a JSON document by pointer (RFC 6901), and say which expectations it does not meet.

One thing goes beyond the RFC, because many APIs answer with lists whose order says nothing: ``/[id=7]`` is the one item of
a list whose ``id`` is 7 (as text); of none or several, nothing. And an expectation may be that there is nothing: its
pointer begins with ``!``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from halon.incident.canonical import NotCanonical, canonical


class _Missing:
    def __repr__(self) -> str:
        return "missing"


ABSENT: Final = "!"
"""Begins a pointer at which nothing is expected."""
MISSING: Final = _Missing()
"""What ``lookup`` finds where there is nothing; None is a JSON value of its own."""

_SHOWN = 80
_ITEM = re.compile(r"\[(?P<name>[^=\]]+)=(?P<value>.*)\]", re.DOTALL)


def lookup(document: Any, pointer: str) -> Any:
    """The value at ``pointer``, or MISSING. An empty pointer is the whole document.

    Raises ValueError if the text is no JSON pointer.
    """
    if pointer == "":
        return document
    if not pointer.startswith("/"):
        raise ValueError(f"{pointer!r} is not a JSON pointer; it starts with /, like /state/enabled")
    found = document
    for part in pointer[1:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if item := _ITEM.fullmatch(name):
            found = _item(found, item["name"], item["value"])
        elif isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isascii() and name.isdigit() and str(int(name)) == name:
            if int(name) >= len(found):
                return MISSING
            found = found[int(name)]
        else:
            return MISSING
    return found


def part(text: str) -> str:
    """``text`` as one part of a pointer."""
    return text.replace("~", "~0").replace("/", "~1")


def unmet(expected: Mapping[str, Any], document: Any) -> tuple[str, ...]:
    """Which of the expected values (by pointer) the document does not have, each as a sentence; none if it has all."""
    reasons = []
    for pointer, wanted in expected.items():
        if pointer.startswith(ABSENT):
            reasons.extend(_unwanted(document, pointer.removeprefix(ABSENT)))
            continue
        found = lookup(document, pointer)
        if found is MISSING:
            reasons.append(f"{pointer or 'the answer'} is missing; {_shown(wanted)} was expected")
        elif not _same(found, wanted):
            reasons.append(f"{pointer or 'the answer'} is {_shown(found)}; {_shown(wanted)} was expected")
    return tuple(reasons)


def _item(found: Any, name: str, value: str) -> Any:
    """The one item; XML with a single item reads as that item, not as a list."""
    items = found if isinstance(found, list) else [found]
    fitting = [one for one in items if isinstance(one, dict) and name in one and _text(one[name]) == value]
    return fitting[0] if len(fitting) == 1 else MISSING


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _unwanted(document: Any, pointer: str) -> list[str]:
    """Why it can't be said that nothing is at ``pointer``. An answer about something else altogether says nothing."""
    if (found := lookup(document, pointer)) is not MISSING:
        return [f"{pointer} is {_shown(found)}; nothing was expected there"]
    first, _, rest = pointer.lstrip("/").partition("/")
    around = document if not rest else lookup(document, f"/{first}")
    of_list = not rest and (first.isdigit() or _ITEM.fullmatch(first) is not None)
    if not isinstance(around, list if of_list else dict | list):
        return [f"{pointer} is nowhere in sight: {f'/{first}' if rest else 'the answer'} is not there either"]
    return []


def _same(found: Any, wanted: Any) -> bool:
    """Equal as JSON: ``true`` is not 1, while 1 and 1.0 are the same number; order of keys does not matter."""
    if type(found) in (int, float) and type(wanted) in (int, float):
        return bool(found == wanted)
    try:
        return canonical(found) == canonical(wanted)
    except NotCanonical:
        return False


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=lambda other: f"[{type(other).__name__}]")
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
