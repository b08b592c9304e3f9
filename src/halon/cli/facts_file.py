"""Reads a file of facts, bounded in size, depth and repetition. All that is wrong is said at once, with file and line."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from halon.incident import times
from halon.incident.errors import HalonError
from halon.kit.errors import Problem
from halon.kit.places import Problems
from halon.kit.reading import DEEPEST, LARGEST, Document, read
from halon.kit.reading import Path as Place

MOST = 50
"""Wrong things told at once; the last line then says how many more there are."""
_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}\n]')


class FactsUnusable(HalonError):
    """A file of facts can't be judged. ``wrong`` holds all that is wrong with it; the message has a line for each."""

    def __init__(self, wrong: Sequence[Problem]) -> None:
        self.wrong = tuple(sorted(set(wrong), key=lambda one: (one.line, one.what)))
        lines = [str(one) for one in self.wrong[:MOST]]
        if len(self.wrong) > MOST:
            lines.append(f"and {len(self.wrong) - MOST} more; correct these first")
        super().__init__("\n".join(lines))


def read_file(path: Path) -> Document:
    """The document in ``path``: JSON if it is called so, else YAML. Raises FactsUnusable."""
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise _unread(path, 1, f"can't be read ({error.strerror})", "check the name") from error
    if len(raw) > LARGEST:
        raise _unread(path, 1, f"larger than 1 MiB ({LARGEST} bytes)", "keep to the facts")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _unread(path, line, "is not UTF-8 text", "save it as UTF-8") from error
    if path.suffix == ".json":
        # Strict JSON first: YAML would read some of it differently. YAML's reader then only tells the lines.
        data = _json(path, text)
        located, found = read(str(path), text)
        return Document(str(path), data, {} if found else located.lines)
    document, problems = read(str(path), text)
    if problems:
        raise FactsUnusable(problems)
    return document


class Page:
    """A file of facts while it is looked through: what is wrong is noted with its line, and told all at once."""

    def __init__(self, document: Document) -> None:
        self.data = document.data
        self._name = document.name
        self._problems = Problems({document.name: document})

    def wrong(self, place: Place, what: str, step: str = "") -> None:
        """Note what is wrong at ``place``."""
        self._problems.add(self._name, place, what, (), step)

    def settle(self) -> None:
        """Raises FactsUnusable if anything was noted."""
        if self._problems.found:
            raise FactsUnusable(self._problems.found)

    def mapping(self, place: Place, given: Any) -> dict[str, Any]:
        """``given`` as an object; empty where it is none, which is noted."""
        if isinstance(given, dict):
            return given
        name = place[-1] if place else "the file"
        self.wrong(place, f"{name} must hold names and values", "write one name: value a line")
        return {}

    def known(self, place: Place, name: Any, known: Iterable[str], kind: str) -> bool:
        """Whether ``name`` is one of the ``known``; if not, that is noted with the nearest that is."""
        return self._problems.refers(self._name, place, kind, str(name)[:80], known)

    def moment(self, place: Place, given: Any) -> str:
        """``given`` as a time in the one form that Halon writes; empty where it is none, which is noted."""
        try:
            return times.text(times.parse(given))
        except (TypeError, ValueError, OverflowError):
            self.wrong(place, f"{place[-1]} must be a time", "write it such as 2026-11-22T09:00:00Z")
            return ""


def plain(value: Any) -> Any:
    """A range whose ends are the same as the number that it is; places with such ranges likewise."""
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"low", "high"}:
        return value["low"] if value["low"] == value["high"] else value
    return {name: plain(one) for name, one in value.items()}


def _unread(path: Path, line: int, what: str, step: str) -> FactsUnusable:
    return FactsUnusable([Problem(str(path), line, what, (), step)])


def _json(path: Path, text: str) -> Any:
    if line := _too_deep(text):
        raise _unread(path, line, f"nested too deep, more than {DEEPEST} times", "flatten it")
    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _once(path, text, pairs))
    except json.JSONDecodeError as error:
        raise _unread(path, error.lineno, f"not readable as JSON: {error.msg}", "correct it") from error
    except ValueError as error:  # such as a number with more digits than Python converts
        long = re.search(rf"\d{{{sys.get_int_max_str_digits() + 1},}}", text)
        line = text.count("\n", 0, long.start()) + 1 if long else 1
        raise _unread(path, line, "holds a number with too many digits to be read", "write it shorter") from error


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
        raise _unread(path, line, f"{twice[:80]!r} appears twice", "keep one of them")
    return given
