"""The blast radius in words: people, data, money, sessions, systems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halon.judgement.predicates import is_unknown, range_of, shown

NOT_KNOWN = "not known yet"


def blast_radius(facts: Mapping[str, Any]) -> dict[str, str]:
    """What is hit, each in a few words; ``not known yet`` where no fact says so."""
    return {
        "people": amount(facts.get("affected_individuals"), "person", "people"),
        "data": _data(facts),
        "money": amount(facts.get("spend_eur"), "EUR", "EUR"),
        "sessions": amount(facts.get("affected_sessions"), "session", "sessions"),
        "systems": _systems(facts),
    }


def amount(value: Any, one: str, many: str) -> str:
    """A number or range in words, such as ``at least 6 people``."""
    bounds = range_of(value)
    if bounds is None:
        return NOT_KNOWN
    low, high = bounds
    if low is not None and high is not None:
        if low == high:
            return f"{_number(low)} {one if low == 1 else many}"
        return f"{_number(low)} to {_number(high)} {many}"
    if low is not None:
        return f"at least {_number(low)} {one if low == 1 else many}"
    return f"at most {_number(high or 0)} {many}"


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else f"{value:.2f}"


def _data(facts: Mapping[str, Any]) -> str:
    involved = facts.get("personal_data_involved")
    kinds = facts.get("data_categories")
    if involved is False:
        return "no personal data"
    if involved is not True and not kinds:
        return NOT_KNOWN
    words = "personal data" if involved is True else "data"
    if isinstance(kinds, list | tuple) and kinds:
        words += f" ({shown(kinds).replace('_', ' ')})"
    if (records := amount(facts.get("records_count"), "record", "records")) != NOT_KNOWN:
        words += f", {records}"
    happened = facts.get("acquired_vs_accessed")
    return words if is_unknown(happened) else f"{words}, {shown(happened)}"


def _systems(facts: Mapping[str, Any]) -> str:
    tools = facts.get("unauthorised_tool_actions")
    hit = amount(facts.get("affected_systems"), "system", "systems")
    if not isinstance(tools, list | tuple):
        return hit
    used = f"used without permission: {shown(tools)}" if tools else "no tool used without permission"
    return used if hit == NOT_KNOWN else f"{hit}; {used}"
