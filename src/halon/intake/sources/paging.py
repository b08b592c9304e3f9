"""What comes back from a paging product: alerts of others, or an answer to one of Halon's own pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from halon.incident.alerts import Alert
from halon.intake.sources import fields
from halon.intake.sources.source import Source

UNKNOWN_AGENT = "unknown"


class PagingSource(Source, Protocol):
    """A source of kind pagerduty or opsgenie. The maps have lower-case keys."""

    @property
    def people(self) -> Mapping[str, str]: ...
    @property
    def agents(self) -> Mapping[str, str]: ...


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


def spoken(source: PagingSource, product: str, *names: str) -> tuple[str, str]:
    """The person of the kit, and what the product calls them: by the first of ``names`` (ids, mail addresses, …) that
    the kit knows. Whoever it does not know keeps the product's name, and the incident says that it knows nobody so."""
    given = [clean for name in names if (clean := fields.clean(name, fields.LONGEST_NAME))]
    called = fields.clean(f"{given[-1]} ({given[0]})" if len(given) > 1 else "".join(given), fields.LONGEST_NAME)
    by = next((source.people[name.lower()] for name in names if name.lower() in source.people), called or product)
    return by, called or product


def agent_of(source: PagingSource, labels: Mapping[str, str], *services: str) -> str:
    """The agent that an alert is of: by label, by the map of services, else the service's own name."""
    if named := labels.get(source.agent_label, ""):
        return fields.clean(named, fields.LONGEST_NAME)
    if mapped := next((source.agents[one.lower()] for one in services if one.lower() in source.agents), ""):
        return mapped
    return next((name for one in services if (name := fields.clean(one, fields.LONGEST_NAME))), UNKNOWN_AGENT)


def rule_of(title: str) -> str:
    """A name for what fired: the title without the numbers that change from one alert to the next."""
    return fields.clean(re.sub(r"[0-9][0-9.,:%/-]*", "N", title), fields.LONGEST_NAME) or "unnamed"


def text(value: Any) -> str:
    """``value`` if it is text, a number as text, else ""."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)
