"""Deadline expressions: what a regime's file says about when something falls due, as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from halon.judgement.predicates import Memo, Tree, judge, once

Unit = Literal["hours", "calendar_days", "business_days", "months"]
UNITS: tuple[Unit, ...] = ("hours", "calendar_days", "business_days", "months")


@dataclass(frozen=True, slots=True)
class After:
    """``amount`` hours after an anchor, or the end of the day ``amount`` days, business days or months after it.

    ``calendar`` says which days are business days. ``end_of`` ``year``: the days run from the last day of the anchor's
    calendar year.
    """

    anchor: str
    amount: int
    unit: Unit = "hours"
    calendar: str = "weekends"
    end_of: Literal["", "year"] = ""


@dataclass(frozen=True, slots=True)
class Earliest:
    """The earliest of its parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest of its parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class FirstKnown:
    """The earliest of those parts whose anchor is known; the others may be other names of the same moment."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Capped:
    """``span``, and not later than ``cap``, unless the span's anchor itself came only after the cap had passed."""

    span: After
    cap: After


@dataclass(frozen=True, slots=True)
class Cases:
    """The first case whose condition holds; None where the law then names no figure."""

    cases: tuple[tuple[Tree, Expression | None], ...]


Expression = After | Earliest | Latest | FirstKnown | Capped | Cases


@dataclass(frozen=True, slots=True)
class Settled:
    """An expression without cases. ``needs`` are the facts that could still change which case holds."""

    due: Expression | None
    needs: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def settle(expression: Expression, facts: Mapping[str, Any], memo: Memo | None = None) -> Settled:
    """``expression`` with its cases decided by ``facts``. Of cases that may hold, the earliest deadline counts."""
    match expression:
        case After() | Capped():
            return Settled(expression)
        case Cases(cases):
            return _chosen(cases, facts, memo)
        case _:
            parts = [settle(part, facts, memo) for part in expression.parts]
            known = tuple(part.due for part in parts if part.due is not None)
            return Settled(
                type(expression)(known) if known else None,
                once(need for part in parts for need in part.needs),
                once(reason for part in parts for reason in part.reasons),
            )


def _chosen(cases: tuple[tuple[Tree, Expression | None], ...], facts: Mapping[str, Any], memo: Memo | None) -> Settled:
    may: list[Settled] = []
    needs: list[str] = []
    for when, due in cases:
        judged = judge(when, facts, memo)
        if judged.value is False:
            continue
        may.append(settle(due, facts, memo) if due is not None else Settled(None))
        if judged.value:
            because = judged.because
            break
        needs += judged.needs
    else:
        because = ()
    if not needs:
        return Settled(may[0].due, may[0].needs, (*because, *may[0].reasons)) if may else Settled(None)
    dues = tuple(dict.fromkeys(one.due for one in may if one.due is not None))
    told = "which period holds is not settled yet; the shortest that may hold counts meanwhile"
    inner = (need for one in may for need in one.needs)
    return Settled(dues[0] if len(dues) == 1 else Earliest(dues) if dues else None, once((*needs, *inner)), (told,))


@lru_cache(maxsize=4096)
def anchors_of(expression: Expression) -> tuple[str, ...]:
    """The names of all anchors in ``expression``, each once, in reading order."""
    return once(name for name, _ in anchors_in(expression))


def anchors_in(expression: Expression, *, postpones: bool = False) -> Iterator[tuple[str, bool]]:
    """Each anchor, with whether a later value of it can put off what runs from another one already."""
    match expression:
        case After(anchor):
            yield anchor, postpones
        case Capped(span, cap):
            yield span.anchor, True
            yield cap.anchor, postpones
        case Cases(cases):
            for _, part in cases:
                if part is not None:
                    yield from anchors_in(part, postpones=postpones)
        case _:
            for part in expression.parts:
                yield from anchors_in(part, postpones=postpones or isinstance(expression, Latest))


def conditions_in(expression: Expression) -> Iterator[Tree]:
    """The conditions of all cases in ``expression``."""
    match expression:
        case After() | Capped():
            return
        case Cases(cases):
            for when, part in cases:
                yield when
                if part is not None:
                    yield from conditions_in(part)
        case _:
            for part in expression.parts:
                yield from conditions_in(part)
