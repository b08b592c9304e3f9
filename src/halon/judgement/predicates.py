"""Predicate trees over facts, judged true, false or unknown (Kleene's strong three-valued logic)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from halon.judgement.iso_places import is_place

Op = Literal["is", "is_not", "at_least", "at_most", "above", "below", "contains", "any_of", "exists"]
OPS: tuple[str, ...] = get_args(Op)
_LONGEST = 80
_UNDETERMINED = "undetermined"
"""What somebody says who has looked and not settled it: no answer, so no other one is ruled out by it."""
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Leaf:
    """One comparison of a named fact with a value that the kit gives.

    ``place`` looks at one place of a fact that counts people by place; ``US-*``: at whichever place of that country.
    """

    fact: str
    op: Op
    value: Any = True
    place: str = ""


@dataclass(frozen=True, slots=True)
class All:
    """True when every part is true; of no parts, true."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Any_:
    """True when some part is true; of no parts, false."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when the part is false; where it is ``presumed``, also as long as nobody has shown that the part is true."""

    part: Tree
    presumed: bool = False


Tree = All | Any_ | Not | Leaf
ALWAYS = All(())


@dataclass(frozen=True, slots=True)
class Judgement:
    """The value of a tree and why.

    ``because`` holds the deciding leaves in words, ``decided_by`` the facts that they name. ``needs`` names the facts
    that are still needed; it is empty unless ``value`` is None.
    """

    value: bool | None
    because: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    decided_by: tuple[str, ...] = ()


Memo = dict[tuple[Any, ...], "Judgement"]
"""Comparisons already made on the same facts: rules of one kit ask the same again and again."""


def judge(tree: Tree, facts: Mapping[str, Any], memo: Memo | None = None) -> Judgement:
    """The judgement of ``tree`` on ``facts``. A missing fact, None and the text ``unknown`` are unknown.

    Never raises on what a fact holds: a value of a type that the comparison can't take is unknown, and ``because``
    says so. A number may be a range ``{"low": 6, "high": 10}`` whose open end is None or left out. ``memo`` is filled and
    used; it is good for the very same ``facts`` only.
    """
    match tree:
        case Leaf():
            return _leaf(tree, facts) if memo is None else _remembered(tree, facts, memo)
        case Not(part, presumed):
            inner = judge(part, facts, memo)
            if presumed and inner.value is None:
                return Judgement(True, tuple(f"{why}: not shown otherwise" for why in inner.because), (), inner.needs)
            value = None if inner.value is None else not inner.value
            return Judgement(value, inner.because, inner.needs, inner.decided_by)
        case All(parts):
            return _joined([judge(part, facts, memo) for part in parts], decisive=False)
        case Any_(parts):
            return _joined([judge(part, facts, memo) for part in parts], decisive=True)


def facts_of(tree: Tree) -> tuple[str, ...]:
    """The names of all facts that ``tree`` looks at, each once, in reading order."""
    match tree:
        case Leaf(fact):
            return (fact,)
        case Not(part):
            return facts_of(part)
        case All(parts) | Any_(parts):
            return once(name for part in parts for name in facts_of(part))


def once(items: Any) -> tuple[str, ...]:
    """``items`` without repetition, in the order in which they came."""
    return tuple(dict.fromkeys(items))


def is_unknown(value: Any) -> bool:
    """Whether a fact's value says that nothing is known: None, or the words ``unknown`` and ``not known yet``."""
    return value is None or (isinstance(value, str) and value in ("unknown", "not known yet"))


def shown(value: Any) -> str:
    """A fact's value in words: short, on one line. What is inside is data and stays quoted as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if (bounds := range_of(value)) is not None and isinstance(value, Mapping):
        low, high = bounds
        if low is not None and low == high:
            return shown(low)
        if low is not None and high is not None:
            return f"between {low:g} and {high:g}"
        return f"at least {low:g}" if low is not None else f"at most {high:g}"
    if isinstance(value, str) and value.replace("_", "").replace("-", "").isalnum():
        text = value
    elif isinstance(value, list | tuple) and value and all(isinstance(item, str) for item in value):
        text = ", ".join(shown(item) for item in value)
    elif isinstance(value, list | tuple | Mapping):
        text = f"{_kind(value)} of {len(value)}"
    else:
        text = json.dumps(value if isinstance(value, str | int | float) else type(value).__name__)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def range_of(value: Any) -> tuple[float | None, float | None] | None:
    """The lower and upper bound of a number or range; None if ``value`` is neither. An open end is None."""
    if _is_number(value):
        return value, value
    if not isinstance(value, Mapping) or not value or not set(value) <= {"low", "high"}:
        return None
    low, high = value.get("low"), value.get("high")
    for bound in (low, high):
        if bound is not None and not _is_number(bound):
            return None
    if (low is None and high is None) or (low is not None and high is not None and low > high):
        return None
    return low, high


def _is_number(value: Any) -> bool:
    # NaN fails the comparison as well: neither it nor an infinity is a number that can be judged.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


def _remembered(leaf: Leaf, facts: Mapping[str, Any], memo: Memo) -> Judgement:
    # True and 1 are equal and mean different things here, so the type is part of the key; a list has no key but itself.
    value = leaf.value
    plain = isinstance(value, bool | int | float | str)
    key = (leaf.fact, leaf.op, type(value), value, leaf.place) if plain else (id(leaf),)
    found = memo.get(key)
    if found is None:
        found = memo[key] = _leaf(leaf, facts)
    return found


def _joined(parts: list[Judgement], *, decisive: bool) -> Judgement:
    """The parts as one: a part whose value is ``decisive`` decides alone; else an unknown part leaves it unknown."""
    value: bool | None
    if chosen := [part for part in parts if part.value is decisive]:
        value = decisive
    elif chosen := [part for part in parts if part.value is None]:
        value = None
    else:
        chosen, value = parts, not decisive
    if len(chosen) == 1:
        return Judgement(value, chosen[0].because, chosen[0].needs, chosen[0].decided_by)
    return Judgement(
        value,
        once(reason for part in chosen for reason in part.because),
        once(need for part in chosen for need in part.needs),
        once(name for part in chosen for name in part.decided_by),
    )


def _leaf(leaf: Leaf, facts: Mapping[str, Any]) -> Judgement:
    value = facts.get(leaf.fact)
    if is_unknown(value):
        return Judgement(None, (f"{leaf.fact} is not known yet",), (leaf.fact,))
    if leaf.place:
        return _placed(leaf, value, facts)
    outcome = _compare(leaf, value)
    if isinstance(outcome, str):
        return Judgement(None, (f"{leaf.fact} is {shown(value)}: {outcome}",), (leaf.fact,))
    if outcome is None:
        why = f"{leaf.fact} is {shown(value)}; not settled yet whether it {_asked(leaf)}"
        return Judgement(None, (why,), (leaf.fact,))
    return Judgement(outcome, (_told(leaf, value, outcome),), (), (leaf.fact,))


def _placed(leaf: Leaf, value: Any, facts: Mapping[str, Any]) -> Judgement:
    """A comparison of the count of one place. Whoever is not placed yet may live there."""
    if not isinstance(value, Mapping):
        return Judgement(None, (f"{leaf.fact} is {shown(value)}: counts by place are needed",), (leaf.fact,))
    total = facts.get("affected_individuals")
    if leaf.place.endswith("*"):
        prefix = leaf.place[:-1]
        places = [place for place in value if isinstance(place, str) and place.startswith(prefix)]
        counts = {place: count_in(value, place, total) for place in (*places, prefix + "?")}
    else:
        counts = {leaf.place: count_in(value, leaf.place, total)}
    parts = [
        _leaf(Leaf(f"{leaf.fact} in {place}", leaf.op, leaf.value), {f"{leaf.fact} in {place}": count})
        for place, count in counts.items()
    ]
    judged = _joined(parts, decisive=True)
    strange = next((place for place in value if not is_place(place)), None)
    if strange is not None and not (judged.value and leaf.op in ("above", "at_least")):
        why = f"{leaf.fact} counts people in {shown(strange)}, which is no place: they may live in {leaf.place}"
        return Judgement(None, (why,), (leaf.fact,))
    # What is needed is the fact itself (or the total), not the words for a place of it.
    return Judgement(judged.value, judged.because, (leaf.fact,) if judged.value is None else (), (leaf.fact,))


def count_in(places: Mapping[str, Any], place: str, total: Any) -> Any:
    """How many live in ``place`` at least and at most: a number or range.

    A place that is not named has none, except for those of ``total`` who were not placed at all, or only in its country.
    """
    own = places.get(place)
    if own is not None:
        return own
    ranges = {name: bounds for name, count in places.items() if (bounds := range_of(count)) is not None}
    if place in {name.partition("-")[0] for name in ranges}:  # a country of which only parts are counted
        inside = [bounds for name, bounds in ranges.items() if name.startswith(f"{place}-")]
        least = sum(low or 0 for low, _ in inside)
    else:
        least = 0
    country = ranges.get(place.partition("-")[0]) if "-" in place else None
    unplaced = range_of(total)
    if country is not None:
        siblings = sum(low or 0 for name, (low, _) in ranges.items() if name.startswith(f"{place.partition('-')[0]}-"))
        most = None if country[1] is None else max(country[1] - siblings, 0)
    elif unplaced is None:
        most = least
    else:
        placed = sum(
            low or 0 for name, (low, _) in ranges.items() if name.partition("-")[0] not in ranges or "-" not in name
        )
        most = None if unplaced[1] is None else max(unplaced[1] - placed, 0) + least
    if most is not None and most <= least:
        return least
    return {"low": least} if most is None else {"low": least, "high": most}


def _compare(leaf: Leaf, value: Any) -> bool | str | None:
    """True, False, None for not settled, or text that says why the two can't be compared."""
    match leaf.op:
        case "exists":
            return (not _is_empty(value)) is bool(leaf.value)
        case "is":
            return _equal(value, leaf.value)
        case "is_not":
            equal = _equal(value, leaf.value)
            return not equal if isinstance(equal, bool) else equal
        case "contains":
            if not isinstance(value, list | tuple):
                return "a list is needed to look inside"
            return _among(leaf.value, value)
        case "any_of":
            wanted = leaf.value if isinstance(leaf.value, list | tuple) else (leaf.value,)
            if isinstance(value, list | tuple):
                return _either([_among(item, value) for item in wanted])
            return _either([_equal(value, item) for item in wanted])
        case _:
            return _measure(leaf, value)


def _equal(value: Any, wanted: Any) -> bool | str | None:
    if value == _UNDETERMINED and isinstance(wanted, str) and wanted != value:
        return None
    if isinstance(value, Mapping) and (bounds := range_of(value)) is not None and _is_number(wanted):
        low, high = bounds
        if (low is not None and wanted < low) or (high is not None and wanted > high):
            return False
        return True if low == high else None
    if _kind(value) != _kind(wanted):
        return f"that is {_kind(value)}, compared with {_kind(wanted)}"
    return bool(value == wanted)


def _measure(leaf: Leaf, value: Any) -> bool | str | None:
    bounds = range_of(value)
    if bounds is None or not _is_number(leaf.value):
        return f"a number is needed for {leaf.op}"
    low, high = bounds
    limit = leaf.value
    match leaf.op:
        case "at_least":
            surely, never = low is not None and low >= limit, high is not None and high < limit
        case "above":
            surely, never = low is not None and low > limit, high is not None and high <= limit
        case "at_most":
            surely, never = high is not None and high <= limit, low is not None and low > limit
        case _:
            surely, never = high is not None and high < limit, low is not None and low >= limit
    return True if surely else False if never else None


def _among(wanted: Any, values: list[Any] | tuple[Any, ...]) -> bool | str | None:
    if any(_equal(item, wanted) is True for item in values):
        return True
    return None if any(is_unknown(item) for item in values) else False


def _either(outcomes: list[bool | str | None]) -> bool | str | None:
    if any(outcome is True for outcome in outcomes):
        return True
    return next((outcome for outcome in outcomes if outcome is not False), False)


def _is_empty(value: Any) -> bool:
    return isinstance(value, list | tuple | str | Mapping) and len(value) == 0


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list | tuple) else "an object"


def _asked(leaf: Leaf) -> str:
    words = {"at_least": "is at least", "at_most": "is at most", "above": "is above", "below": "is below"}
    verb = words.get(leaf.op, leaf.op.replace("_", " "))
    return f"{verb} {shown(leaf.value)}"


def _told(leaf: Leaf, value: Any, outcome: bool) -> str:
    no = "" if outcome else "not "
    match leaf.op:
        case "is" | "is_not":
            same = outcome if leaf.op == "is" else not outcome
            known = f"{leaf.fact} is {shown(value)}"
            return known if same else f"{known}, not {shown(leaf.value)}"
        case "exists":
            return f"{leaf.fact} is empty" if _is_empty(value) else f"{leaf.fact} is {shown(value)}"
        case "contains":
            return f"{leaf.fact} is {shown(value)}, which {'has' if outcome else 'does not have'} {shown(leaf.value)}"
        case "any_of":
            return f"{leaf.fact} is {shown(value)}, {'one of' if outcome else 'none of'} {shown(leaf.value)}"
        case _:
            return f"{leaf.fact} is {shown(value)}, {no}{leaf.op.replace('_', ' ')} {shown(leaf.value)}"
