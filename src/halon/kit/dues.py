"""Deadline expressions as YAML writes them, turned into what judgement knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from halon.judgement.business_days import CALENDARS
from halon.judgement.expressions import (
    UNITS,
    After,
    Capped,
    Cases,
    Earliest,
    Expression,
    FirstKnown,
    Latest,
    Unit,
)
from halon.judgement.predicates import Tree
from halon.judgement.vocabulary import VOCABULARY
from halon.kit.places import Problems
from halon.kit.reading import Path
from halon.kit.trees import tree

_JOINTS: dict[str, type[Earliest] | type[Latest] | type[FirstKnown]] = {
    "earliest": Earliest,
    "latest": Latest,
    "first_known": FirstKnown,
}
_LATER = ("weeks", "days", "minutes")
_LONGEST: dict[Unit, int] = {"hours": 24 * 400, "calendar_days": 800, "business_days": 400, "months": 24}
_BESIDE = ("after", "of", "end_of", "not_later_than")


def deadline(raw: Any, file: str, path: Path, earlier: Sequence[str], problems: Problems) -> Expression | None:
    """The deadline expression at ``path``; None where no figure is given. ``earlier`` are the stages before it.

    What is wrong with it goes to ``problems``.
    """
    if raw is None:
        return None
    if not isinstance(raw, dict):
        problems.add(
            file,
            path,
            "a deadline is needed here",
            ("after", *_JOINTS, "cases"),
            "write for example {after: aware_at, hours: 72}",
        )
        return None
    for joint in _JOINTS:
        if joint in raw:
            return _joined(raw, joint, file, path, earlier, problems)
    if "cases" in raw:
        return _cases(raw, file, path, earlier, problems)
    return _span(raw, file, path, earlier, problems)


def _list(raw: dict[str, Any], key: str, file: str, path: Path, problems: Problems) -> list[Any]:
    inside = raw[key]
    if len(raw) == 1 and isinstance(inside, list) and inside:
        return inside
    what = f"{key!r} needs a list of deadlines and nothing beside it"
    problems.add(file, (*path, key), what, (), f"write {key}: and the list below it")
    return []


def _joined(
    raw: dict[str, Any], joint: str, file: str, path: Path, earlier: Sequence[str], problems: Problems
) -> Expression | None:
    inside = _list(raw, joint, file, path, problems)
    parts = [deadline(part, file, (*path, joint, i), earlier, problems) for i, part in enumerate(inside)]
    known = tuple(part for part in parts if part is not None)
    return _JOINTS[joint](known) if known else None


def _cases(raw: dict[str, Any], file: str, path: Path, earlier: Sequence[str], problems: Problems) -> Expression | None:
    found: list[tuple[Tree, Expression | None]] = []
    for index, case in enumerate(_list(raw, "cases", file, path, problems)):
        at = (*path, "cases", index)
        if not isinstance(case, dict) or "when" not in case or not set(case) <= {"when", "due"}:
            problems.add(file, at, "a case needs 'when' and 'due'", ("when", "due"), "write {when: …, due: …}")
            continue
        when = tree(case["when"], file, (*at, "when"), problems)
        found.append((when, deadline(case.get("due"), file, (*at, "due"), earlier, problems)))
    return Cases(tuple(found)) if found else None


def _span(raw: dict[str, Any], file: str, path: Path, earlier: Sequence[str], problems: Problems) -> Expression | None:
    anchor = raw.get("after")
    units: list[Unit] = [unit for unit in UNITS if unit in raw]
    for key in raw:
        if key in _LATER:
            what = f"{key!r} can't be counted"
            problems.add(file, (*path, key), what, UNITS, "say the span in one of these units")
        elif key not in _BESIDE and key not in UNITS:
            problems.unknown(file, (*path, key), "unit", key, UNITS)
    if not isinstance(anchor, str):
        problems.add(file, path, "a deadline needs 'after'", ("aware_at", "detected_at"), "name the fact it runs from")
        return None
    times = [name for name, term in VOCABULARY.items() if term.kind == "time"]
    filings = [f"{kind}:{stage}" for stage in earlier for kind in ("filed", "latest")]
    if not problems.refers(file, (*path, "after"), "anchor", anchor, (*times, *filings)):
        return None
    if len(units) != 1:
        if not any(key in _LATER for key in raw):
            problems.add(file, path, "a deadline needs exactly one span", UNITS, "write for example hours: 72")
        return None
    unit = units[0]
    amount, most = raw[unit], _LONGEST[unit]
    if isinstance(amount, bool) or not isinstance(amount, int) or not 1 <= amount <= most:
        what = f"{unit} must be a whole number from 1 to {most}"
        problems.add(file, (*path, unit), what, (), f"write for example {unit}: {min(24, most)}")
        return None
    span = _counted(raw, anchor, amount, unit, file, path, problems)
    return span if span is None or "not_later_than" not in raw else _capped(span, raw, file, path, earlier, problems)


def _counted(
    raw: dict[str, Any], anchor: str, amount: int, unit: Unit, file: str, path: Path, problems: Problems
) -> After | None:
    """The span with its calendar and with where it begins."""
    business = unit == "business_days"
    if business != ("of" in raw):
        what = "business days need a calendar" if business else f"a calendar means nothing to {unit}"
        problems.add(file, path, what, CALENDARS, "write of: and one of these" if business else "leave of: out")
        return None
    calendar = raw.get("of", "weekends")
    if calendar not in CALENDARS:
        problems.unknown(file, (*path, "of"), "calendar", str(calendar), CALENDARS)
        return None
    if raw.get("end_of", "year") != "year" or ("end_of" in raw and unit == "hours"):
        what = "end_of can only be year, and not with hours"
        problems.add(file, (*path, "end_of"), what, ("year",), "write end_of: year with calendar_days, or leave it out")
        return None
    return After(anchor, amount, unit, calendar, "year" if "end_of" in raw else "")


def _capped(
    span: After, raw: dict[str, Any], file: str, path: Path, earlier: Sequence[str], problems: Problems
) -> Expression | None:
    cap = deadline(raw["not_later_than"], file, (*path, "not_later_than"), earlier, problems)
    if isinstance(cap, After):
        return Capped(span, cap)
    if cap is not None:
        what = "not_later_than takes one span"
        problems.add(file, (*path, "not_later_than"), what, (), "write {after: aware_at, hours: 24}")
    return None
