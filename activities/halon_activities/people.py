"""Who a name is to the kit. Names are told apart without regard to case, as people type them."""

from __future__ import annotations

from halon.incident.assessment import Person
from halon.kit import Kit


def person(kit: Kit, name: str) -> Person | None:
    """The person of this name, or None."""
    wanted = name.strip().lower()
    return next((one for one in people(kit) if one.name.lower() == wanted), None)


def people(kit: Kit) -> tuple[Person, ...]:
    """Everybody whom the kit names."""
    return tuple(kit.people.values())
