"""The weekly report about agents that are only observed, or asked about."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity


@dataclass(frozen=True, slots=True)
class Week:
    """The week that ends at ``at`` (ISO 8601 UTC), when the report began."""

    at: str


@dataclass(frozen=True, slots=True)
class Agents:
    """Agents in mode observe or suggest, those of the kit and those that only an alert named."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """The report of one agent for the week that ends at ``at``."""

    agent: str
    at: str


@dataclass(frozen=True, slots=True)
class Reported:
    """What became of one agent's report: ``to`` whom it went; ``already``: it was sent before in this week.

    ``nothing`` is True where there was nothing to say. ``stand`` is what the report argues.
    """

    agent: str
    week: str
    stand: str
    to: tuple[str, ...] = ()
    already: bool = False
    nothing: bool = False


@activity.defn(name="observe.agents")
async def agents(week: Week) -> Agents:
    """Which agents are only observed, or asked about."""
    raise NotImplementedError


@activity.defn(name="observe.report")
async def report(ask: Ask) -> Reported:
    """Collect, judge, render and send one agent's report, once a week."""
    raise NotImplementedError
