"""The facts that can be held, as data: name, kind, meaning, and the question in plain words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from halon.judgement.terms import NOT_KNOWN, Term, misfit
from halon.judgement.vocabulary_law import LAW_TERMS
from halon.judgement.vocabulary_triage import TRIAGE_TERMS

VOCABULARY: dict[str, Term] = {term.name: term for term in (*TRIAGE_TERMS, *LAW_TERMS)}
_ELSEWHERE = {
    "submitted_at": "when a stage was filed is said with the command `filed`, for each obligation and stage",
    "agent": "the agent is known from the alert; in a file it stands beside `facts`",
    "entity": "the legal entity is said beside the fact: --entity ID, or `entities:` in a file",
}
"""Names that people look for among the facts, and where they are said instead."""


def check_fact(name: str, value: Any) -> str | None:
    """Why ``name`` can't be held with ``value``, as a sentence with the next step; None if it can.

    A misspelt name is answered with the names nearest to it.
    """
    term = VOCABULARY.get(name)
    if term is None:
        if name in _ELSEWHERE:
            return f"there is no fact {name!r}; {_ELSEWHERE[name]}"
        close = near(name, VOCABULARY)
        hint = f"did you mean {' or '.join(close)}?" if close else "the documentation lists the facts that can be held"
        return f"there is no fact {name[:80]!r}; {hint}"
    if term.derived:
        return f"{name} is set by Halon from the alerts and can't be said by hand; leave it out"
    wrong = misfit(term, value)
    return f"{name} ({term.meaning}) {wrong}" if wrong else None


def answer(name: str, word: Any) -> Any:
    """What a person typed as the value that it means: yes and no for a flag, "not known yet" for every fact."""
    if not isinstance(word, str):
        return word
    plain = word.strip().lower()
    if plain in (NOT_KNOWN, "unknown"):
        return None
    term = VOCABULARY.get(name)
    if term is not None and term.kind == "flag":
        return {"yes": True, "no": False}.get(plain, word)
    return word


def question(name: str) -> str:
    """The question in plain words for a fact; for a name without one, a sentence that asks for its value."""
    term = VOCABULARY.get(name)
    return term.question if term and term.question else f"What is {name}?"


def near(name: str, known: Iterable[str], most: int = 3) -> tuple[str, ...]:
    """The known names nearest to ``name``, best first, whatever their case."""
    folded = {one.lower(): one for one in known}
    return tuple(folded[one] for one in difflib.get_close_matches(name[:80].lower(), list(folded), n=most, cutoff=0.6))
