"""Reads a file of facts, bounded in size, depth and repetition. What is wrong is said with file and line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from halon.incident import times
from halon.incident.errors import HalonError
from halon.judgement.vocabulary import near
from halon.kit.reading import DEEPEST, LARGEST, Document, read
from halon.kit.reading import Path as Place

_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}\n]')


class FactsUnusable(HalonError):
    """A file of facts can't be judged. The message says where, what, and the next step."""


def read_file(path: Path) -> Document:
    """The document in ``path``: JSON if it is called so, else YAML. Raises FactsUnusable."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise FactsUnusable(f"{path}: can't be read ({error.strerror}); check the name") from error
    if len(raw) > LARGEST:
        raise FactsUnusable(f"{path}:1: larger than 1 MiB ({LARGEST} bytes); keep to the facts")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise FactsUnusable(f"{path}:{line}: is not UTF-8 text; save it as UTF-8") from error
    if path.suffix == ".json":
        # Strict JSON first: YAML would read some of it differently. YAML's reader then only tells the lines.
        data = _json(path, text)
        located, found = read(str(path), text)
        return Document(str(path), data, {} if found else located.lines)
    document, problems = read(str(path), text)
    if problems:
        raise FactsUnusable("\n".join(str(problem) for problem in problems))
    return document


def unusable(document: Document, place: Place, what: str) -> FactsUnusable:
    """The refusal of what stands at ``place``."""
    line = document.line(place)
    return FactsUnusable(f"{document.name}:{line}: {what}" if line else f"{document.name}: {what}")


def mapping(document: Document, place: Place, given: Any) -> dict[str, Any]:
    """``given`` as an object. Raises FactsUnusable."""
    if not isinstance(given, dict):
        what = place[-1] if place else "the file"
        raise unusable(document, place, f"{what} must hold names and values; write one name: value a line")
    return given


def require_known(document: Document, place: Place, names: Iterable[Any], known: tuple[str, ...], kind: str) -> None:
    """Raises FactsUnusable for the first of ``names`` that is not ``known``, with the nearest that is."""
    for name in names:
        if name not in known:
            close = near(str(name), known, 1)
            hint = f"did you mean {close[0]!r}?" if close else "use one of these"
            where = (*place, name) if kind == "key" or place == ("entities",) else place
            what = f"there is no {kind} {str(name)[:80]!r}; known: {', '.join(known)}; {hint}"
            raise unusable(document, where, what)


def moment(document: Document, place: Place, given: Any) -> str:
    """``given`` as a time in the one form that Halon writes. Raises FactsUnusable."""
    try:
        return times.text(times.parse(given))
    except (TypeError, ValueError, OverflowError) as error:
        what = f"{place[-1]} must be a time; write it such as 2026-11-22T09:00:00Z"
        raise unusable(document, place, what) from error


def _json(path: Path, text: str) -> Any:
    if line := _too_deep(text):
        raise FactsUnusable(f"{path}:{line}: nested too deep, more than {DEEPEST} times; flatten it")
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _once(path, text, pairs))
    except json.JSONDecodeError as error:
        raise FactsUnusable(f"{path}:{error.lineno}: not readable as JSON: {error.msg}; correct it") from error
    except ValueError as error:  # such as a number with more digits than Python converts
        raise FactsUnusable(f"{path}: not readable as JSON: {error}; correct it") from error


def _too_deep(text: str) -> int:
    """The line on which JSON text is nested too deep; 0 if it nowhere is."""
    line, deep = 1, 0
    for found in _MARK.finditer(text):
        mark = found[0]
        if mark == "\n":
            line += 1
        elif mark in "[{":
            deep += 1
            if deep > DEEPEST:
                return line
        elif mark in "]}":
            deep -= 1
    return 0


def _once(path: Path, text: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names stand once each: of two values nobody could say which one is meant."""
    given = dict(pairs)
    if len(given) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        places = [found.start() for found in re.finditer(re.escape(json.dumps(twice)) + r"\s*:", text)]
        line = text.count("\n", 0, places[-1]) + 1 if places else 0
        at = f"{path}:{line}" if line else str(path)
        raise FactsUnusable(f"{at}: {twice[:80]!r} appears twice; keep one of them")
    return given
