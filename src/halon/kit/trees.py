"""Predicate trees and deadline expressions as YAML writes them, turned into what judgement knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from halon.judgement.deadlines import UNITS, After, Earliest, Expression, Latest, Unit
from halon.judgement.predicates import ALWAYS, OPS, All, Any_, Leaf, Not, Op, Tree
from halon.judgement.terms import Kind, misfit
from halon.judgement.vocabulary import VOCABULARY
from halon.kit.places import Problems
from halon.kit.reading import Path

_JOINTS = ("all", "any", "not")
_LATER = ("business_days", "months", "weeks", "days", "minutes")
_LONGEST_SPAN: dict[Unit, int] = {"hours": 24 * 400, "calendar_days": 800}
_NUMERIC: tuple[Op, ...] = ("at_least", "at_most", "above", "below")
_FITTING: dict[Kind, tuple[Op, ...]] = {
    "flag": ("is", "is_not", "exists"),
    "text": ("is", "is_not", "any_of", "exists"),
    "choice": ("is", "is_not", "any_of", "exists"),
    "texts": ("contains", "any_of", "exists"),
    "choices": ("contains", "any_of", "exists"),
    "count": ("is", "is_not", *_NUMERIC, "exists"),
    "number": ("is", "is_not", *_NUMERIC, "exists"),
    "time": ("exists",),
    "places": ("exists",),
    "hold": ("exists",),
}


def tree(raw: Any, file: str, path: Path, problems: Problems) -> Tree:
    """The predicate tree at ``path``. What is wrong with it goes to ``problems``."""
    if raw == "always":
        return ALWAYS
    if not isinstance(raw, dict):
        problems.add(
            file,
            path,
            "a condition is needed here",
            (*_JOINTS, "fact", "always"),
            "write for example {fact: confirmed, is: true}",
        )
        return ALWAYS
    joints = [key for key in _JOINTS if key in raw]
    if not joints:
        return _leaf(raw, file, path, problems)
    joint = joints[0]
    for extra in raw:
        if extra != joint:
            problems.add(file, (*path, extra), f"{extra!r} can't stand beside {joint!r}", (), "put it inside, or nest")
    inside = raw[joint]
    if joint == "not":
        return Not(tree(inside, file, (*path, joint), problems))
    if not isinstance(inside, list) or not inside:
        problems.add(file, (*path, joint), f"{joint!r} needs a list of conditions", (), "write each after a dash")
        return ALWAYS
    parts = tuple(tree(part, file, (*path, joint, index), problems) for index, part in enumerate(inside))
    return All(parts) if joint == "all" else Any_(parts)


def _leaf(raw: dict[str, Any], file: str, path: Path, problems: Problems) -> Tree:
    name = raw.get("fact")
    if not isinstance(name, str):
        problems.add(file, path, "a comparison needs 'fact'", OPS, "write for example {fact: confirmed, is: true}")
        return ALWAYS
    known = problems.refers(file, (*path, "fact"), "fact", name, VOCABULARY)
    ops = [key for key in raw if key != "fact"]
    unknown = [key for key in ops if key not in OPS]
    for key in unknown:
        problems.unknown(file, (*path, key), "comparison", key, OPS)
    if unknown:
        return ALWAYS
    if len(ops) != 1:
        problems.add(file, path, f"{name} needs exactly one comparison, not {len(ops)}", OPS, "use all: for several")
        return ALWAYS
    (op,) = (one for one in OPS if one == ops[0])
    leaf = Leaf(name, op, raw[op])  # type: ignore[arg-type]
    if known:
        _fits(leaf, file, (*path, op), problems)
    return leaf


def _fits(leaf: Leaf, file: str, path: Path, problems: Problems) -> None:
    """A comparison that could never be true or false is a mistake in the kit: say so now, not in the night."""
    term = VOCABULARY[leaf.fact]
    fitting = _FITTING[term.kind]
    if leaf.op not in fitting:
        problems.add(
            file, path, f"{leaf.fact} ({term.meaning}) can't be compared by {leaf.op!r}", fitting, "use one of these"
        )
        return
    wrong: str | None = None
    match leaf.op:
        case "exists":
            wrong = None if isinstance(leaf.value, bool) else "must be true or false"
        case "any_of":
            one_by_one = term.kind in ("text", "choice")
            if not isinstance(leaf.value, list) or not leaf.value:
                wrong = "needs a list of values"
            else:
                candidates = leaf.value if one_by_one else [leaf.value]
                wrong = next((bad for value in candidates if (bad := misfit(term, value))), None)
        case "contains":
            wrong = misfit(term, [leaf.value])
        case _ if isinstance(leaf.value, dict) or leaf.value is None:
            wrong = "needs one value"
        case _:
            wrong = misfit(term, leaf.value)
    if wrong:
        problems.add(file, path, f"the value for {leaf.fact} {wrong}", (), "write it so")


def deadline(raw: Any, file: str, path: Path, earlier: Sequence[str], problems: Problems) -> Expression | None:
    """The deadline expression at ``path``; None where no figure is given. ``earlier`` are the stages before it."""
    if raw is None:
        return None
    if not isinstance(raw, dict):
        problems.add(
            file,
            path,
            "a deadline is needed here",
            ("after", "earliest", "latest"),
            "write for example {after: aware_at, hours: 72}",
        )
        return None
    for joint in ("earliest", "latest"):
        if joint in raw:
            return _joined(raw, joint, file, path, earlier, problems)
    return _span(raw, file, path, earlier, problems)


def _joined(
    raw: dict[str, Any], joint: str, file: str, path: Path, earlier: Sequence[str], problems: Problems
) -> Expression | None:
    inside = raw[joint]
    if len(raw) != 1 or not isinstance(inside, list) or not inside:
        what = f"{joint!r} needs a list of deadlines and nothing beside it"
        problems.add(file, (*path, joint), what, (), f"write {joint}: and the list of after: below it")
        return None
    parts = [deadline(part, file, (*path, joint, i), earlier, problems) for i, part in enumerate(inside)]
    known = tuple(part for part in parts if part is not None)
    return Earliest(known) if joint == "earliest" else Latest(known)


def _span(raw: dict[str, Any], file: str, path: Path, earlier: Sequence[str], problems: Problems) -> Expression | None:
    anchor = raw.get("after")
    units: list[Unit] = [unit for unit in UNITS if unit in raw]
    for key in raw:
        if key in _LATER:
            problems.add(
                file,
                (*path, key),
                f"{key!r} can't be counted yet",
                UNITS,
                "reckon the span in hours or calendar days on the safe side, and say so in notes",
            )
        elif key != "after" and key not in UNITS:
            problems.unknown(file, (*path, key), "unit", key, UNITS)
    if not isinstance(anchor, str):
        problems.add(file, path, "a deadline needs 'after'", ("aware_at", "detected_at"), "name the fact it runs from")
        return None
    times = [name for name, term in VOCABULARY.items() if term.kind == "time"]
    filings = [f"filed:{stage}" for stage in earlier]
    if not problems.refers(file, (*path, "after"), "anchor", anchor, (*times, *filings)):
        return None
    if len(units) != 1:
        if not any(key in _LATER for key in raw):
            problems.add(file, path, "a deadline needs exactly one span", UNITS, "write for example hours: 72")
        return None
    unit = units[0]
    amount, most = raw[unit], _LONGEST_SPAN[unit]
    if isinstance(amount, bool) or not isinstance(amount, int) or not 1 <= amount <= most:
        what = f"{unit} must be a whole number from 1 to {most}"
        problems.add(file, (*path, unit), what, (), f"write for example {unit}: 24")
        return None
    return After(anchor, amount, unit)
