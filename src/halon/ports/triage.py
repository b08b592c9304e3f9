"""Judgement and authority: pure decisions that need the kit, so they run beside it and not in the workflow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from temporalio import activity

from halon.incident.assessment import Assessment, Level
from halon.incident.facts import Fact


@dataclass(frozen=True, slots=True)
class Case:
    """What there is to judge at ``now`` (ISO 8601 UTC). ``filed`` maps ``id@entity/stage`` to the time of filing.

    ``kit_digest`` names the kit of the incident, empty before its first judgement; ``kit_kept`` False: it was judged by
    an earlier release, which may not have stored that kit. ``evidence_sealed`` is derived, so nobody says it as a fact.
    ``sources`` are those whose alerts have fired. ``level`` is the severity that a person gave the incident, empty where
    the rubric's counts. ``in_force`` and ``failed`` are the orders that are read back as done, and those that were tried
    and are not: what has to be done besides depends on them. ``standing`` is the severity that the incident has (empty:
    none yet): by it the kit's rules for gates go where the rubric says less by now.
    """

    incident_id: str
    reference: str
    agent: str
    group: str
    rules: tuple[str, ...]
    facts: tuple[Fact, ...]
    now: str
    filed: dict[str, str] = field(default_factory=dict)
    kit_digest: str = ""
    evidence_sealed: bool = False
    kit_kept: bool = True
    sources: tuple[str, ...] = ()
    level: Level | Literal[""] = ""
    in_force: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    standing: Level | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A command and the name under which it came.

    With a ``fact`` come the ``agent`` and the ``facts`` that say what counts now, so that it is seen whether it loosens.
    With it and with ``kit`` comes ``kit_digest``, the kit that judges the incident (empty: none yet, or an earlier release
    asks): by it the fact is measured, and beside it is seen whether a newer one is in use.

    ``offers`` names the proofs that came with it, which stand in its own event alone: that is found by ``update_id``, or
    for a Signal by ``fingerprint``. With an answer come ``gate_kind`` (empty: no such gate), ``gate_digest`` of what it
    allows, and ``gate_needs``, the least that the gate itself asks for.
    """

    incident_id: str
    command: str
    by: str
    parameters: dict[str, Any] = field(default_factory=dict)
    agent: str = ""
    facts: tuple[Fact, ...] = ()
    kit_digest: str = ""
    update_id: str = ""
    fingerprint: str = ""
    offers: tuple[str, ...] = ()
    gate_kind: str = ""
    gate_digest: str = ""
    gate_needs: str = ""


@dataclass(frozen=True, slots=True)
class Authority:
    """Who ``by`` is to the kit. ``known`` False: nobody of that name. ``verified`` False: only the typed name says so.

    ``may`` False carries the reason in ``why``, and its type in ``refusal`` where it is another than NotAuthorised.
    ``how`` is the verifier that proved it: totp, ssh or principal; empty where only the name says so.
    ``others`` and ``places`` answer an ``affected``: who may say it besides, and how many of the list are in each place
    (under the empty name: nobody knows where). ``newer_kit`` and ``newer_kit_difference`` answer a ``kit``: as in the assessment, empty where none is in use.
    """

    by: str
    known: bool
    roles: tuple[str, ...] = ()
    verified: bool = False
    may: bool = False
    why: str = ""
    refusal: str = ""
    newer_kit: str = ""
    newer_kit_difference: tuple[str, ...] = ()
    how: str = ""
    others: tuple[str, ...] = ()
    places: dict[str, int] = field(default_factory=dict)


@activity.defn(name="triage.assess")
async def assess(case: Case) -> Assessment:
    """Judge the facts with the kit."""
    raise NotImplementedError


@activity.defn(name="triage.authority")
async def authority(claimed: Claimed) -> Authority:
    """Look up who a person is and whether the kit lets them say this command."""
    raise NotImplementedError
