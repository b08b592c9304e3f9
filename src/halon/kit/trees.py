"""Predicate trees as YAML writes them, turned into what judgement knows."""

from __future__ import annotations

import re
from typing import Any

from halon.judgement.iso_places import no_place
from halon.judgement.predicates import ALWAYS, OPS, All, Any_, Leaf, Not, Op, Tree
from halon.judgement.terms import ISO_PLACES, Kind, misfit
from halon.judgement.vocabulary import VOCABULARY
from halon.kit.places import Problems
from halon.kit.reading import Path

_JOINTS = ("all", "any", "not", "unless_shown")
_PLACE = re.compile(r"[A-Z]{2}(-([A-Z0-9]{1,3}|\*))?")
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
    "places": ("exists",),  # with place: by its count
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
    if joint in ("not", "unless_shown"):
        return Not(tree(inside, file, (*path, joint), problems), joint == "unless_shown")
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
    ops = [key for key in raw if key not in ("fact", "place")]
    unknown = [key for key in ops if key not in OPS]
    for key in unknown:
        problems.unknown(file, (*path, key), "comparison", key, OPS)
    if unknown:
        return ALWAYS
    if len(ops) != 1:
        problems.add(file, path, f"{name} needs exactly one comparison, not {len(ops)}", OPS, "use all: for several")
        return ALWAYS
    (op,) = (one for one in OPS if one == ops[0])
    place = raw.get("place", "")
    if "place" in raw and (not isinstance(place, str) or not _PLACE.fullmatch(place)):
        problems.add(file, (*path, "place"), "a place is needed here", (), "write DE, US-CA, or US-* for any one state")
        return ALWAYS
    if place and not problems.stored and (wrong := no_place(place.removesuffix("-*"))):
        what, _, step = wrong.partition("; ")
        problems.add(file, (*path, "place"), what, (), step)
        return ALWAYS
    if place and known and VOCABULARY[name].kind != "places":
        names = [term.name for term in VOCABULARY.values() if term.kind == "places"]
        problems.add(file, (*path, "place"), f"{name} is not counted by place", names, "use one of these facts")
        return ALWAYS
    leaf = Leaf(name, op, raw[op], place)  # type: ignore[arg-type]
    if known:
        _fits(leaf, file, (*path, op), problems)
    return leaf


def _fits(leaf: Leaf, file: str, path: Path, problems: Problems) -> None:
    """A comparison that could never be true or false is a mistake in the kit: say so now, not in the night."""
    term = VOCABULARY[leaf.fact]
    fitting = _FITTING["count"] if leaf.place else _FITTING[term.kind]
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
        case _ if leaf.place:
            wrong = misfit(VOCABULARY["affected_individuals"], leaf.value)
        case _:
            wrong = misfit(term, leaf.value)
    if wrong and not (problems.stored and term.unit == ISO_PLACES):
        problems.add(file, path, f"the value for {leaf.fact} {wrong}", (), "write it so")
