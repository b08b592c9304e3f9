"""Judgement and authority: pure decisions that need the kit, so they run beside it and not in the workflow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from temporalio import activity

from halon.incident.assessment import Assessment
from halon.incident.facts import Fact


@dataclass(frozen=True, slots=True)
class Case:
    """What there is to judge at ``now`` (ISO 8601 UTC). ``filed`` maps ``obligation/stage`` to the time of filing."""

    incident_id: str
    reference: str
    agent: str
    group: str
    rules: tuple[str, ...]
    facts: tuple[Fact, ...]
    now: str
    filed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A command and the name under which it came."""

    incident_id: str
    command: str
    by: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who ``by`` is to the kit. ``known`` False: nobody of that name. ``verified`` False: only the typed name says so.

    ``may`` False carries the reason in ``why``, and its type in ``refusal`` where it is another than NotAuthorised.
    """

    by: str
    known: bool
    roles: tuple[str, ...] = ()
    verified: bool = False
    may: bool = False
    why: str = ""
    refusal: str = ""


@activity.defn(name="triage.assess")
async def assess(case: Case) -> Assessment:
    """Judge the facts with the kit."""
    raise NotImplementedError


@activity.defn(name="triage.authority")
async def authority(claimed: Claimed) -> Authority:
    """Look up who a person is and whether the kit lets them say this command."""
    raise NotImplementedError
