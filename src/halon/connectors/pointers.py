"""Look into a JSON document by pointer (RFC 6901), and say which expectations it does not meet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from halon.incident.canonical import NotCanonical, canonical


class _Missing:
    def __repr__(self) -> str:
        return "missing"


MISSING: Final = _Missing()
"""What ``lookup`` finds where there is nothing; None is a JSON value of its own."""

_SHOWN = 80


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
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isascii() and name.isdigit() and str(int(name)) == name:
            if int(name) >= len(found):
                return MISSING
            found = found[int(name)]
        else:
            return MISSING
    return found


def unmet(expected: Mapping[str, Any], document: Any) -> tuple[str, ...]:
    """Which of the expected values (by pointer) the document does not have, each as a sentence; none if it has all."""
    reasons = []
    for pointer, wanted in expected.items():
        found = lookup(document, pointer)
        if found is MISSING:
            reasons.append(f"{pointer or 'the answer'} is missing; {_shown(wanted)} was expected")
        elif not _same(found, wanted):
            reasons.append(f"{pointer or 'the answer'} is {_shown(found)}; {_shown(wanted)} was expected")
    return tuple(reasons)


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
