"""Which of two values of a fact is the more cautious one, and whether a new value loosens what counts now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halon.judgement.dates import apart, earlier_of, later
from halon.judgement.measures import ANY_TOP, UNMEASURED, Limit, Measures
from halon.judgement.predicates import is_unknown, range_of
from halon.judgement.terms import Term, misfit
from halon.judgement.vocabulary_clocks import KNOWING

_ENDLESS = float("inf")


def cautious(term: Term, one: Any, other: Any) -> Any:
    """The more cautious of two values that fit ``term``, or what unites them; ``other`` where none is.

    Two ranges that overlap can both be right, so what they share counts; of two that don't, the higher.
    """
    match term.cautious:
        case "true":
            return True if one is True else other
        case "false":
            return _absent(term, one, other)
        case "high":
            return _places(one, other) if term.kind == "places" else _amount(one, other)
        case "earlier":
            return earlier_of(one, other)
        case "union":
            return other if set(one) <= set(other) else [*dict.fromkeys((*one, *other))]
        case "choices":
            return max(other, one, key=term.choices.index)
        case _:
            return other


def tightened(term: Term, said: Any, seen: Any) -> Any:
    """What counts when a person said ``said`` and a machine saw ``seen`` afterwards: never less cautious than ``said``."""
    if term.cautious == "earlier":
        # A date may be earlier in one zone and later in another: only what is later nowhere is no less cautious.
        return seen if later(said, seen) and not later(seen, said) else said
    if not is_amount(term):
        return cautious(term, seen, said)
    (low, high), (bottom, top) = _ends(said), _ends(seen)
    if bottom <= low:
        return said
    return _range(bottom, max(high, top) if bottom > high else high)


def is_amount(term: Term) -> bool:
    """Whether ``term`` is one count or sum, of which more is graver."""
    return term.cautious == "high" and term.kind != "places"


def open_ended(value: Any) -> Any:
    """An amount without its upper end: at least that many."""
    return _range(_ends(value)[0], _ENDLESS)


def contradicts(term: Term, one: Any, other: Any) -> bool:
    """Whether two values that fit ``term`` can't both be right. A wider range and a narrower one inside it can, and so
    can a date and a moment that lies on it somewhere."""
    if one == other:
        return False
    if is_amount(term):
        (low, high), (bottom, top) = _ends(one), _ends(other)
        return low > top or bottom > high
    if term.cautious == "union":
        some, more = set(one), set(other)
        return not (some and more) or not (some <= more or more <= some)
    if term.cautious == "earlier":
        return apart(one, other)
    return True


def loosens(term: Term, held: Any, new: Any, detected_at: Any = None, by: Measures = UNMEASURED) -> bool:
    """Whether saying ``new`` moves ``term`` away from caution: lower, later, fewer, or back to unknown.

    ``held`` is what counts now. From unknown only the least cautious extreme loosens (no, none, zero), and for an
    anchor that is somebody's knowledge a time after ``detected_at`` (or what stands in for it), from which its clock
    runs meanwhile. An unknown count reaches from none up without end, so an upper end that is said loosens, and so does
    a lower one than before, where ``by`` says that it could end something that runs; without ``by`` any could. A time
    is later if a clock in one of the zones of ``by`` reads it so. A fact without a graver way loosens only where ``by``
    says that something hangs on it: then any change does, and from unknown an answer that could end something. Values
    that do not fit the term loosen nothing: they are refused elsewhere.
    """
    if misfit(term, new):
        return False
    if not term.cautious:
        return _undirected(term, None if misfit(term, held) else held, new, by)
    if is_amount(term):
        return _lower(None if misfit(term, held) else held, new, by.limit(term.name))
    if is_unknown(held) or misfit(term, held):
        return not is_unknown(new) and _is_extreme(term, new, detected_at, by)
    if is_unknown(new):
        if term.kind == "time":
            # Taken back, a clock runs from its stand-in, or not at all where it has none.
            return term.name not in KNOWING or is_unknown(detected_at) or later(detected_at, held, by.zones)
        return term.kind == "places" or not _is_extreme(term, held, None, by)
    match term.cautious:
        case "true" | "false" if term.kind == "hold":
            return bool(new) and new != held
        case "true" | "false":
            return bool(cautious(term, held, new) != new)
        case "high":
            return any(_lower(count, new.get(place, 0), ANY_TOP) for place, count in held.items())
        case "earlier":
            return later(new, held, by.zones)
        case "union":
            return not set(held) <= set(new)
        case _:
            return term.choices.index(new) < term.choices.index(held)


def _undirected(term: Term, held: Any, new: Any, by: Measures) -> bool:
    """Whether a fact without a graver way could end or postpone what hangs on it."""
    known, told = not is_unknown(held), not is_unknown(new)
    if not known:
        postpones = told and term.kind == "time" and term.name in by.latest
        return postpones or (told and by.ends(term.name, new))
    if term.name in by.asked and (not told or new != held):
        return True
    # Taken back, its clock does not run at all.
    return term.kind == "time" and term.name in by.anchors and (not told or later(new, held, by.zones))


def _is_extreme(term: Term, value: Any, detected_at: Any, by: Measures) -> bool:
    """Whether ``value`` is the least cautious one that the term has."""
    match term.cautious:
        case "true":
            return value is False
        case "false":
            return bool(value) if term.kind == "hold" else value is True
        case "high":
            return not value
        case "earlier":
            return term.name in KNOWING and not is_unknown(detected_at) and later(value, detected_at, by.zones)
        case "union":
            return not value
        case _:
            return bool(value == term.choices[0])


def _absent(term: Term, one: Any, other: Any) -> Any:
    """For what helps: that it is not there counts."""
    nothing: Any = {} if term.kind == "hold" else False
    return nothing if one == nothing or other == nothing else other


def _lower(held: Any, new: Any, limit: Limit) -> bool:
    (low, high), (bottom, top) = _ends(held), _ends(new)
    return bottom < low or (top < high and limit.ended_by(top))


def _amount(one: Any, other: Any) -> Any:
    (low, high), (bottom, top) = _ends(one), _ends(other)
    least, most = max(low, bottom), min(high, top)
    return _range(least, most if least <= most else max(high, top))


def _range(low: float, high: float) -> Any:
    if low == high:
        return low
    return {"low": low} if high == _ENDLESS else {"low": low, "high": high}


def _ends(value: Any) -> tuple[float, float]:
    low, high = range_of(value) or (None, None)
    return (0 if low is None else low), (_ENDLESS if high is None else high)


def _places(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    both = {place: _amount(one[place], other[place]) for place in one if place in other}
    return {**one, **other, **both}
