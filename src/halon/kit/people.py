"""The people, who is on call, and the channels on which they are reached."""

from __future__ import annotations

from collections.abc import Mapping

from halon.incident.assessment import Person
from halon.judgement.roster import Hours, RosterRule
from halon.kit.bundle import Bundle
from halon.kit.channels import usable
from halon.kit.counterparties import check_zone
from halon.kit.places import Problems

ONCALL = "oncall.yaml"


def people(bundle: Bundle, environ: Mapping[str, str], problems: Problems) -> tuple[Person, ...]:
    """Everybody, with those of their channels that can be used in ``environ``."""
    channels = bundle.communications.channels
    found: list[Person] = []
    for name, person in bundle.oncall.people.items():
        for index, channel in enumerate(person.channels):
            problems.refers(ONCALL, ("people", name, "channels", index), "channel", channel, channels)
        ready = tuple(
            channel for channel in person.channels if channel in channels and usable(channels[channel], environ)
        )
        by_mail = any(channel in channels and channels[channel].kind == "smtp" for channel in person.channels)
        if by_mail and person.mail is None:
            problems.add(ONCALL, ("people", name), f"{name} is paged by mail and has no address", (), "add mail:")
        if person.zone is not None:
            check_zone(person.zone, ONCALL, ("people", name, "zone"), problems)
        zone = person.zone or (person.hours.zone if person.hours else "") or bundle.oncall.rules[-1].zone
        found.append(Person(name, person.name, tuple(person.roles), ready, zone, person.principal is not None))
    return tuple(found)


def hours(bundle: Bundle) -> dict[str, Hours]:
    """The working hours of everybody who has some: days (none: every day), from and until, and the zone."""
    return {
        name: (tuple(one.hours.days), (one.hours.between[0], one.hours.between[1]), one.hours.zone)
        for name, one in bundle.oncall.people.items()
        if one.hours is not None
    }


def principals(bundle: Bundle, problems: Problems) -> dict[str, str]:
    """Each person's principal, as Temporal names it (``jwt:ann@example.com``). One principal is one person's."""
    found: dict[str, str] = {}
    for name, person in bundle.oncall.people.items():
        if person.principal is None:
            continue
        if (other := next((one for one, held in found.items() if held == person.principal), None)) is not None:
            what = f"{name} has the principal of {other}, so it would prove neither"
            problems.add(ONCALL, ("people", name, "principal"), what, (), "give each person their own")
        found[name] = person.principal
    return found


def roster_rules(bundle: Bundle, problems: Problems) -> tuple[RosterRule, ...]:
    """The rules of who is on call; the last one must fit every agent at every hour."""
    rules: list[RosterRule] = []
    everybody = bundle.oncall.people
    for index, rule in enumerate(bundle.oncall.rules):
        path = ("rules", index)
        for key, name in (("commander", rule.commander), ("technical_lead", rule.technical_lead)):
            problems.refers(ONCALL, (*path, key), "person", name, everybody)
        for at, name in enumerate(rule.escalation):
            problems.refers(ONCALL, (*path, "escalation", at), "person", name, everybody)
        for at, name in enumerate(rule.agents):
            problems.refers(ONCALL, (*path, "agents", at), "agent", name, bundle.agents)
        check_zone(rule.zone, ONCALL, (*path, "zone"), problems)
        rules.append(
            RosterRule(
                commander=rule.commander,
                technical_lead=rule.technical_lead,
                escalation=tuple(rule.escalation),
                ack_within=rule.ack_minutes * 60,
                agents=tuple(rule.agents),
                days=tuple(rule.days),
                between=(rule.between[0], rule.between[1]) if rule.between else None,
                zone=rule.zone,
            )
        )
    last = rules[-1]
    if last.agents or last.days or last.between:
        problems.add(
            ONCALL,
            ("rules", len(rules) - 1),
            "at some hour nobody is on call",
            (),
            "end with a rule without agents, days and between",
        )
    return tuple(rules)
