"""JSON pointers (RFC 6901) as a kit writes them: their form, and where they stand if it is wrong."""

from __future__ import annotations

import re
from typing import Any

from halon.kit.places import Problems
from halon.kit.reading import Path

LONGEST = 300
DEEPEST = 32
_BAD_ESCAPE = re.compile(r"~(?![01])")


def pointer(raw: Any, file: str, path: Path, problems: Problems, *, whole: bool = False) -> str | None:
    """The pointer at ``path``, or None where it is none; then the problem is noted.

    ``whole`` allows the empty pointer, which is the whole document.
    """
    if not isinstance(raw, str):
        problems.add(file, path, "a JSON pointer is needed here", (), "write for example /data/name")
        return None
    what, step = _wrong(raw, whole=whole)
    if what:
        problems.add(file, path, f"{raw[:80]!r} {what}", (), step)
        return None
    return raw


def _wrong(text: str, *, whole: bool) -> tuple[str, str]:
    if text == "":
        return ("", "") if whole else ("is the whole document, which is no text", "name one place in it, like /name")
    if not text.startswith("/"):
        return "is not a JSON pointer", f"it starts with /, like /{text[:60].replace('.', '/')}"
    if len(text) > LONGEST or text.count("/") > DEEPEST:
        return f"is longer than {LONGEST} characters or {DEEPEST} steps", "point at something nearer"
    if not text.isprintable():
        return "holds a control character", "write it on one line"
    if _BAD_ESCAPE.search(text):
        return "has a ~ that stands for nothing", "write ~0 for ~ and ~1 for / inside a name"
    if "*" in text.split("/"):
        return "has a *, and there are no wildcards", "point at one place, and put the list of alerts into alerts:"
    return "", ""
