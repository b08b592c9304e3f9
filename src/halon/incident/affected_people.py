"""The list of affected people that counts, as the state holds it. Persisted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AffectedList:
    """The list that counts. It lies in the evidence store; here are its SHA-256 (hex), its number and who said so when.

    ``places`` counts by jurisdiction, under the empty name those of whom nobody knows where; it is empty where that was not
    counted. ``reviewed_by`` is empty until a person has looked through it.
    """

    sha256: str
    count: int
    by: str
    at: str
    reason: str
    places: dict[str, int]
    reviewed_by: str = ""
    reviewed_at: str = ""


def within(place: str, wanted: str) -> bool:
    """Whether somebody in ``place`` is, or may be, in ``wanted``: ``DE``, ``US-CA``, or ``US-*`` for the country with all
    its states. Of whom only the country is known may live in each of its states."""
    country = wanted.removesuffix("-*")
    return place in (wanted, country) or place.startswith(f"{country}-") or wanted.startswith(f"{place}-")


def counted_in(count: int, by_place: Mapping[str, int], places: Sequence[str]) -> int:
    """How many of ``count`` people are or may be in ``places`` (empty: all), by their number in each (empty: not known).

    Of whom nobody knows where, under the empty name, may be in each: they are written to as well.
    """
    if not places or not by_place:
        return count
    return sum(
        number for place, number in by_place.items() if not place or any(within(place, wanted) for wanted in places)
    )
