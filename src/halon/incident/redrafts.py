"""When a notice is drafted again, and what is different then: the few lines that whoever approved of the old one must read."""

from __future__ import annotations

import difflib

from halon.incident.facts import PERSON
from halon.incident.notices import Notice
from halon.incident.state import State

EACH_JUDGEMENT = 3
"""The form of assessments after each of which a waiting notice is drafted again, whoever said what was judged."""

MOST_LINES = 6
"""Lines that a question shows; the rest is counted."""
LONGEST_LINE = 140


def known(state: State) -> str:
    """What a draft made now would show: the last judgement. Where an earlier release judged, how much people have said."""
    if not each_judgement(state):
        return str(sum(1 for fact in state.facts if fact.source == PERSON))
    return f"{state.assessed_version}@{state.ledger.get('assessed', '')}"


def judged(state: State) -> bool:
    """Whether all that people have said is judged. What machines see, without end maybe, holds up no draft."""
    return state.person_version <= state.assessed_version


def overtaken(state: State, drafted: str) -> bool:
    """Whether more was said while a draft was made of what was ``known``: nobody is asked about what is old already."""
    return drafted != known(state) or (each_judgement(state) and not judged(state))


def outdated(state: State, drafted: str) -> bool:
    """Whether the text of a notice may be another than when ``known`` was ``drafted``, or soon will be."""
    return drafted != known(state) or (each_judgement(state) and state.facts_version > state.assessed_version)


def each_judgement(state: State) -> bool:
    """Whether each judgement counts for a draft, and not people's words alone."""
    return state.assessment is not None and state.assessment.form >= EACH_JUDGEMENT


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
