"""A payload as a mapped source looks into it: by pointers, with the texts read that hold JSON of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from halon.connectors.pointers import MISSING, lookup
from halon.intake.body import parse_json
from halon.intake.problems import BadPayload
from halon.settings import Limits

LARGEST_NUMBER = 10**40
MOST_LEAVES = 2_000


class Pointed:
    """A payload, and which places of it were read. ``used`` holds the pointers that found something.

    A text at one of ``parsed`` that is no JSON stays a text, and is named in ``unread``.
    """

    def __init__(self, body: Any, parsed: Sequence[str] = ()) -> None:
        self.used: set[str] = set()
        self.unread: list[str] = []
        for pointer in parsed:
            body = self._parsed(body, pointer)
        self.body = body

    def find(self, pointer: str) -> Any:
        """What stands at ``pointer``, or MISSING."""
        found = lookup(self.body, pointer)
        if found is not MISSING:
            self.used.add(pointer)
        return found

    def text(self, pointer: str) -> str:
        """The text, number or truth value at ``pointer`` as text; "" for anything else, and for nothing."""
        return said(self.find(pointer))

    def unused(self) -> Iterator[str]:
        """The places with a value that nothing read, in their order; at most 2,000 places are looked at."""
        for number, (pointer, _) in enumerate(_leaves(self.body, "")):
            if number == MOST_LEAVES:
                return
            if not any(pointer == one or pointer.startswith(f"{one}/") for one in self.used):
                yield pointer

    def _parsed(self, body: Any, pointer: str) -> Any:
        held = lookup(body, pointer)
        if not isinstance(held, str):
            return body
        try:
            read = parse_json(held.encode("utf-8", "surrogatepass"), Limits())
        except BadPayload:
            self.unread.append(pointer)
            return body
        return _with(body, pointer.split("/")[1:], read)


def said(value: Any) -> str:
    """A JSON scalar as text, "" for null, for an object and a list, and for a number that nobody means."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if -LARGEST_NUMBER < value < LARGEST_NUMBER else ""
    return str(value) if isinstance(value, float) else ""


def fixed(value: Any) -> str:
    """Any JSON value as one text that is the same for the same value, whatever order its keys have."""
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=True)
    except (RecursionError, ValueError):  # deeper, or with a larger number, than the front door lets through
        return "unreadable"


def _with(body: Any, names: list[str], value: Any) -> Any:
    """``body`` with ``value`` at the place that ``names`` lead to, which is there; the body itself stays as it is."""
    if not names:
        return value
    name = names[0].replace("~1", "/").replace("~0", "~")
    if isinstance(body, list):
        at = int(name)
        return [*body[:at], _with(body[at], names[1:], value), *body[at + 1 :]]
    return {**body, name: _with(body[name], names[1:], value)}


def _leaves(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    waiting = [(at, value)]
    while waiting:
        at, value = waiting.pop()
        inside: list[tuple[str, Any]] = []
        if isinstance(value, dict):
            inside = [(f"{at}/{_escaped(str(name))}", item) for name, item in value.items()]
        elif isinstance(value, list):
            inside = [(f"{at}/{index}", item) for index, item in enumerate(value)]
        elif value not in (None, ""):
            yield at, value
        waiting.extend(reversed(inside))


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
