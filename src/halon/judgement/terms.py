"""The shape of one word of the vocabulary, and whether a value fits it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from halon.judgement.iso_places import no_place
from halon.judgement.predicates import is_unknown, range_of

Kind = Literal["flag", "text", "choice", "texts", "choices", "count", "number", "time", "places", "hold"]
Cautious = Literal["true", "false", "high", "earlier", "union", "choices", ""]
LONGEST_TEXT = 2_000
LONGEST_LIST = 500
NOT_KNOWN = "not known yet"
ISO_PLACES = "ISO 3166"
"""The unit of a list of places: each of its texts is a country or a part of one."""
HOLD_KEYS = ("agency", "from", "to", "written")


@dataclass(frozen=True, slots=True)
class Term:
    """One fact that can be held: its kind, what it means, and the question that a person is asked.

    Kinds: ``flag`` true or false; ``text``; ``choice`` one of ``choices``; ``texts`` a list of text; ``choices`` a list
    out of ``choices``; ``count`` a whole number or a range ``{"low": 6, "high": 10}``; ``number`` the same with
    fractions; ``time`` ISO 8601; ``places`` an object from ISO 3166 codes to counts; ``hold`` an object with ``agency``,
    ``from``, ``to`` and ``written``, empty if there is none. A list with the unit ``ISO 3166`` holds places.
    ``derived`` marks what Halon sets itself.

    ``help`` is for somebody who never did this. ``cautious`` is the direction that is graver, starts a clock or makes
    one end sooner: ``true`` or ``false`` of a flag (``false`` of a hold: there is none), ``high`` of an amount,
    ``earlier`` of a time, ``union`` of a list, ``choices`` in the order of the choices, least cautious first; empty
    where there is none. ``says`` are the roles that may say it; empty means everybody who may say facts.
    """

    name: str
    kind: Kind
    meaning: str
    question: str
    choices: tuple[str, ...] = ()
    derived: bool = False
    unit: str = ""
    help: str = ""
    cautious: Cautious = ""
    says: tuple[str, ...] = ()

    @property
    def answers(self) -> tuple[str, ...]:
        """What can be answered, in words. "Not known yet" is always among it."""
        match self.kind:
            case "flag":
                said: tuple[str, ...] = ("yes", "no")
            case "choice" | "choices":
                said = self.choices
            case "count" | "number":
                said = ("a number", 'a range, such as {"low": 6, "high": 10}')
            case "time":
                said = ("a time, such as 2026-11-20T17:30:00Z", "a date")
            case "texts":
                said = ('a list, such as ["one", "another"]',)
            case "places":
                said = ('places with counts, such as {"DE": 6, "US-CA": {"low": 1}}',)
            case "hold":
                said = ('the hold, such as {"agency": "…", "from": "2026-11-20", "to": "…", "written": "yes"}',)
            case "text":
                said = ("words",)
        return (*said, NOT_KNOWN)


def misfit(term: Term, value: Any) -> str | None:
    """Why ``value`` does not fit ``term``, as the end of a sentence; None if it fits. Unknown always fits."""
    if is_unknown(value):
        return None
    match term.kind:
        case "flag":
            return None if isinstance(value, bool) else "must be true, false or unknown"
        case "text":
            return None if _is_text(value) else f"must be text of at most {LONGEST_TEXT} characters"
        case "choice":
            return None if value in term.choices else f"must be one of {', '.join(term.choices)} or unknown"
        case "texts":
            if not _is_list(value):
                return f"must be a list of texts, {LONGEST_LIST} at most"
            return _strange(value) if term.unit == ISO_PLACES else None
        case "choices":
            fits = _is_list(value) and all(item in term.choices for item in value)
            return None if fits else f"must be a list out of {', '.join(term.choices)}"
        case "count":
            return None if _is_amount(value, whole=True) else _AMOUNT.format("a whole number")
        case "number":
            return None if _is_amount(value, whole=False) else _AMOUNT.format("a number")
        case "time":
            return None if _is_time(value) else "must be a time such as 2026-11-20T17:30:00Z, or a date"
        case "places":
            if not isinstance(value, Mapping) or not all(_is_amount(count, whole=True) for count in value.values()):
                return 'must map places to counts, such as {"DE": 6, "US-CA": {"low": 1}}'
            return _strange(value)
        case "hold":
            return _no_hold(value)


_AMOUNT = 'must be {} from 0, or a range such as {{"low": 6, "high": 10}}'


def _strange(places: Iterable[Any]) -> str | None:
    """Why one of ``places`` is none: what is counted where no place is would rule every duty there out in silence."""
    wrong = next((why for place in places if (why := no_place(place))), "")
    return f"must name places of ISO 3166: {wrong}" if wrong else None


def _no_hold(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return f"must be an object with {', '.join(HOLD_KEYS)}"
    for key in value:
        if key not in HOLD_KEYS:
            word = str(key)[:40].lower()
            close = _MEANT.get(word) or next(iter(difflib.get_close_matches(word, HOLD_KEYS, n=1)), "")
            hint = f"did you mean {close!r}? " if close else ""
            return f"has no key {str(key)[:40]!r}; {hint}known: {', '.join(HOLD_KEYS)}"
    for key in ("from", "to"):
        if not is_unknown(value.get(key)) and not _is_time(value[key]):
            return f"needs in {key!r} a time such as 2026-11-20T17:30:00Z, or a date"
    for key in ("agency", "written"):
        if not is_unknown(value.get(key)) and not isinstance(value[key], bool) and not _is_text(value[key]):
            return f"needs in {key!r} text of at most {LONGEST_TEXT} characters"
    return None


_MEANT = {
    "until": "to",
    "till": "to",
    "end": "to",
    "ends": "to",
    "since": "from",
    "start": "from",
    "by": "agency",
    "who": "agency",
}
"""Keys that people write into a hold instead, and what is meant."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) <= LONGEST_LIST and all(_is_text(item) for item in value)


def _is_amount(value: Any, *, whole: bool) -> bool:
    bounds = range_of(value)
    if bounds is None:
        return False
    ends = [end for end in bounds if end is not None]
    return all(end >= 0 for end in ends) and (not whole or all(isinstance(end, int) for end in ends))


def _is_time(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
