"""Who stands in for whom, and when: overrides and absences of oncall.yaml; and who says who is on call at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from halon.incident import times
from halon.judgement.roster import Absence, Override
from halon.kit.bundle import Bundle
from halon.kit.counterparties import check_zone
from halon.kit.places import Problems
from halon.kit.reading import Path

ONCALL = "oncall.yaml"


@dataclass(frozen=True, slots=True)
class RotaSource:
    """A product that says who is on call. ``token_env`` and ``url_env`` name environment variables.

    ``schedules`` maps the role (commander, technical_lead) to the product's schedule id; ``people`` maps what the
    product calls somebody (user id or mail address, lower case) to their name in the kit.
    """

    kind: Literal["pagerduty", "opsgenie"]
    token_env: str
    schedules: Mapping[str, str]
    people: Mapping[str, str] = field(default_factory=dict)
    region: Literal["us", "eu"] = "us"
    url_env: str = ""


def rota_source(bundle: Bundle, problems: Problems) -> RotaSource | None:
    """The product that says who is on call, if ``from`` in oncall.yaml names one. People and schedules must be there."""
    given = bundle.oncall.source
    if given is None:
        return None
    check_known_as(given.people, ONCALL, ("from", "people"), bundle, problems)
    found = {"commander": given.schedules.commander, "technical_lead": given.schedules.technical_lead}
    schedules = {role: schedule for role, schedule in found.items() if schedule}
    if not schedules:
        problems.add(ONCALL, ("from", "schedules"), "it names no schedule", tuple(found), "add commander: with its id")
    return RotaSource(
        given.kind, given.token_env, schedules, known_as(bundle, given.people), given.region, given.url_env or ""
    )


def known_as(bundle: Bundle, people: Mapping[str, str]) -> dict[str, str]:
    """What a product calls somebody, lower case, to their name in the kit: what ``people`` says, else by their mail."""
    mails = {person.mail.lower(): name for name, person in bundle.oncall.people.items() if person.mail}
    return {**mails, **{called.lower(): name for called, name in people.items()}}


def check_known_as(people: Mapping[str, str], file: str, path: Path, bundle: Bundle, problems: Problems) -> None:
    """Everybody that a product's names are mapped to must be in the kit."""
    for called, name in people.items():
        problems.refers(file, (*path, called), "person", name, bundle.oncall.people)


def overrides(bundle: Bundle, problems: Problems) -> tuple[Override, ...]:
    """Every override. Its people and agents must exist, and it must end after it begins."""
    found: list[Override] = []
    for index, one in enumerate(bundle.oncall.overrides):
        path: Path = ("overrides", index)
        for key, name in (("commander", one.commander), ("technical_lead", one.technical_lead)):
            if name is not None:
                problems.refers(ONCALL, (*path, key), "person", name, bundle.oncall.people)
        for at, agent in enumerate(one.agents):
            problems.refers(ONCALL, (*path, "agents", at), "agent", agent, bundle.agents)
        if _span(one.start, one.end, path, problems):
            found.append(Override(one.start, one.end, one.commander or "", one.technical_lead or "", tuple(one.agents)))
    return tuple(found)


def absences(bundle: Bundle, problems: Problems) -> tuple[Absence, ...]:
    """Every absence, with who stands in."""
    found: list[Absence] = []
    for name, person in bundle.oncall.people.items():
        if person.hours is not None:
            check_zone(person.hours.zone, ONCALL, ("people", name, "hours", "zone"), problems)
        for index, away in enumerate(person.away):
            path: Path = ("people", name, "away", index)
            if away.instead is not None:
                problems.refers(ONCALL, (*path, "instead"), "person", away.instead, bundle.oncall.people)
            if _span(away.start, away.end, path, problems):
                found.append(Absence(name, away.start, away.end, away.instead or ""))
    return tuple(found)


def _span(start: str, end: str, path: Path, problems: Problems) -> bool:
    try:
        if times.parse(start) < times.parse(end):
            return True
        what = "it ends before it begins"
    except ValueError:
        what = f"{start} or {end} is no time of the calendar"
    problems.add(ONCALL, path, what, (), "write from: and to: such as 2026-12-24T18:00+01:00")
    return False
