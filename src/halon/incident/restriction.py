"""That only named people see an incident, such as one in which an insider is suspected. Persisted as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from halon.incident.state import State


@dataclass(frozen=True, slots=True)
class Restriction:
    """Who sees the incident. Nobody in ``people``: it was lifted. ``by`` is who said so, ``halon`` for a rule of the kit.

    ``at`` is ISO 8601 UTC.
    """

    people: tuple[str, ...]
    by: str
    reason: str
    at: str


def restricted(state: State) -> bool:
    """Whether only named people see the incident now."""
    return state.restriction is not None and bool(state.restriction.people)


def access(state: State) -> str:
    """The narrowest class of readers that what is sealed of it gets at least; empty where the kit's word is enough."""
    return "privileged" if restricted(state) else ""


def named(state: State) -> tuple[str, ...]:
    """Who sees it while it is restricted; nobody's name where it is not."""
    return state.restriction.people if state.restriction is not None else ()


def sees(state: State, name: str) -> bool:
    """Whether ``name`` may see the incident and speak in it, as far as a restriction is concerned."""
    return not restricted(state) or name in named(state)
