"""What comes back from a paging product: alerts of others, or an answer to one of Halon's own pages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from halon.incident.alerts import Alert
from halon.intake.sources import fields
from halon.intake.sources.source import Source

_LARGEST = 10**40


@dataclass(frozen=True, slots=True)
class Ack:
    """Somebody acknowledged one of Halon's own pages.

    ``key`` is the thread's, ``by`` the person of the kit (or what the product calls them, if the kit does not know
    them), ``called`` what the product calls them, ``event`` the delivery's id or what stands for it.
    """

    key: str
    by: str
    called: str
    product: str
    event: str


@dataclass(frozen=True, slots=True)
class Came:
    """What a delivery holds. Neither: it is of no concern, and is acknowledged."""

    alerts: list[Alert] = field(default_factory=list)
    ack: Ack | None = None


def spoken(source: Source, product: str, *names: str) -> tuple[str, str]:
    """The person of the kit, and what the product calls them: by the first of ``names`` (ids, mail addresses, …) that
    the kit knows. Whoever it does not know keeps the product's name, and the incident says that it knows nobody so."""
    given = [clean for name in names if (clean := fields.clean(name, fields.LONGEST_NAME))]
    called = fields.clean(f"{given[-1]} ({given[0]})" if len(given) > 1 else "".join(given), fields.LONGEST_NAME)
    by = next((source.people[name.lower()] for name in names if name.lower() in source.people), called or product)
    return by, called or product


def rule_of(title: str) -> str:
    """A name for what fired: the title without the numbers that change from one alert to the next."""
    # Cleaned first: without its digits a token or a card number is not recognised, and its letters would stay.
    return re.sub(r"[0-9][0-9.,:%/-]*", "N", fields.clean(title, fields.LONGEST_NAME)) or "unnamed"


def text(value: Any) -> str:
    """``value`` if it is text, a number as text, else ""."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, int) and abs(value) > _LARGEST:
        return ""  # Python writes no number of thousands of digits
    return str(value)
