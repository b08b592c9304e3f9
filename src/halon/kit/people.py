"""The people, who is on call, who may say what, and the channels on which they are reached."""

from __future__ import annotations

from collections.abc import Mapping

from halon.incident.assessment import Person
from halon.incident.commands import COMMANDS
from halon.judgement.roster import RosterRule
from halon.kit.bundle import Bundle
from halon.kit.channels import usable
from halon.kit.files.authority import FACT_DOWN, SEVERITY_DOWN
from halon.kit.gates import check_gate, check_role
from halon.kit.law import check_zone
from halon.kit.places import Problems

ONCALL, AUTHORITY, COMMUNICATIONS = "oncall.yaml", "authority.yaml", "communications.yaml"


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
        found.append(Person(name, person.name, tuple(person.roles), ready, zone))
    return tuple(found)


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


def authority(bundle: Bundle, problems: Problems, *, stored: bool = False) -> dict[str, tuple[str, ...]]:
    """Each command with the roles that may say it; every command must be there and be open to somebody.

    A ``stored`` kit may be older than a command.
    """
    known = (*COMMANDS, SEVERITY_DOWN, FACT_DOWN)
    given = bundle.authority.commands
    for name, roles in given.items():
        if problems.refers(AUTHORITY, ("commands", name), "command", name, known):
            if not roles:
                problems.add(AUTHORITY, ("commands", name), f"nobody may say {name}", bundle.roles, "name a role")
            for index, role in enumerate(roles):
                check_role(role, AUTHORITY, ("commands", name, index), bundle, problems)
    for name in known:
        if name not in given and not stored:
            what = f"it is not said who may say {name!r}"
            problems.add(AUTHORITY, ("commands",), what, (), f"add {name}: with roles")
    for name, gate in (("restore", bundle.authority.gates.restore), ("ask", bundle.authority.gates.ask)):
        check_gate(gate, AUTHORITY, ("gates", name), bundle, problems)
    return {name: tuple(roles) for name, roles in given.items()}
