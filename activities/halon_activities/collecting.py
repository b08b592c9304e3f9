"""What is asked of an agent as evidence: kinds, bounds, and where the next page of a long answer begins. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from halon.incident import times
from halon_activities.telemetry import deeds_in, spans_in

MIB = 1024 * 1024
MOST_PAGES = 10
"""Pages of one kind; with a thousand rows each, more than a person reads, and an end for an agent that never ends."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: the call under ``observe``, in words, whether it is asked for a window of time, at most so many bytes.

    ``expected`` ones are told of each by itself where the connector has no such call. What is asked for a window is a log
    of what happened; the rest is what is in force, which the first calls change.
    """

    name: str
    words: str
    windowed: bool
    expected: bool
    largest: int = 16 * MIB


KINDS = (
    Kind("traces", "traces", True, True),
    Kind("actions", "action log", True, True),
    Kind("controls", "state of the controls", False, True, 4 * MIB),
    Kind("describe", "version and toolset", False, True, 4 * MIB),
    Kind("config", "configuration and its hash", False, False, 4 * MIB),
    Kind("prompts", "prompts in force", False, False, 4 * MIB),
    Kind("permissions", "tools and permissions in force", False, False, 4 * MIB),
    Kind("memory", "memory and retrieval references", False, False, 8 * MIB),
    Kind("logs", "logs", True, False),
)


def file_name(label: str, kind: Kind, page: int) -> str:
    """The name under which a page of this kind is sealed; the first one has no number."""
    number = f".{page}" if page > 1 else ""
    return f"{label}-{kind.name}{number}.json".replace(" ", "-")


def next_since(kind: str, answer: Any, limit: int) -> str:
    """Where the page after this one begins (ISO 8601 UTC); empty if this one was not full, or names no times."""
    rows = _moments(kind, answer)
    return max(rows) if len(rows) >= limit else ""


def _moments(kind: str, answer: Any) -> list[str]:
    """When each row of an answer happened; of a trace, when it began."""
    if kind == "traces":
        began: dict[str, int] = {}
        for span in spans_in(answer) or ():
            began[span.trace_id] = min(span.start, began.get(span.trace_id, span.start))
        return list(_times(nanoseconds // 1_000_000 for nanoseconds in began.values()))
    if kind == "actions":
        return [times.normal(deed.at) for deed in deeds_in(answer) or ()]
    rows = answer.get("logs") if isinstance(answer, dict) else None
    found = []
    for row in rows if isinstance(rows, list) else ():
        at = row.get("at") if isinstance(row, dict) else None
        try:
            found.append(times.normal(at) if isinstance(at, str) else "")
        except ValueError:
            continue
    return [at for at in found if at]


def _times(milliseconds: Iterable[int]) -> Iterable[str]:
    for one in milliseconds:
        try:
            yield times.after("1970-01-01T00:00:00Z", one / 1000)
        except (OverflowError, ValueError):
            continue  # an agent that names no real moment has no next page
