"""Deadline expressions in plain words."""

from __future__ import annotations

from halon.judgement.business_days import CALENDARS
from halon.judgement.expressions import After, Capped, Cases, Earliest, Expression, Latest

_UNITS = {"hours": "hour", "calendar_days": "calendar day", "business_days": "business day", "months": "month"}


def in_words(expression: Expression) -> str:
    """What ``expression`` says, as part of a sentence."""
    match expression:
        case After():
            return _after(expression)
        case Capped(span, cap):
            return f"{_after(span)}, not later than {_after(cap)} unless the first began only after that"
        case Cases(cases):
            return "; or ".join(in_words(due) if due else "without a figure" for _, due in cases) + ", by the facts"
        case Earliest():
            word = "the earliest of"
        case Latest():
            word = "the latest of"
        case _:
            word = "the first that is known of"
    return f"{word}: {', '.join(in_words(part) for part in expression.parts)}"


def _after(span: After) -> str:
    unit = _UNITS[span.unit] + ("" if span.amount == 1 else "s")
    counted = f" ({CALENDARS[span.calendar]} not counted)" if span.unit == "business_days" else ""
    kind, _, stage = span.anchor.partition(":")
    anchor = f"the {'first' if kind == 'filed' else 'latest'} filing of {stage}" if stage else span.anchor
    return f"{span.amount} {unit}{counted} after {'the end of the year of ' if span.end_of else ''}{anchor}"
