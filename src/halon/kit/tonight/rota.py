"""Every gate, played for each hour of a week: can those who may answer be reached, and enough of them?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from halon.incident import times
from halon.incident.orders import GatePolicy
from halon.judgement.policy import Policy
from halon.judgement.roster import fits_hours, is_away, on_call
from halon.kit.bundle import Bundle
from halon.kit.tonight.finding import Finding, Item

WEEK = 168
SHOWN = 4
ITEM: Item = "on-call and commander's playbook"


@dataclass(frozen=True, slots=True)
class Question:
    """A gate that can open: what it is about, for which agents ("" for all), and whether a person asks for it."""

    about: str
    policy: GatePolicy
    agents: tuple[str, ...]
    asked_by_people: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Hours in a row, counted from the first hour of the week that is played; ``end`` is not in it."""

    start: int
    end: int

    @property
    def hours(self) -> int:
        """How many."""
        return self.end - self.start


def about_rota(bundle: Bundle, policy: Policy, now: datetime) -> Iterator[Finding]:
    """Gates that would wait for people who can't be reached, and roles that hang on one person."""
    first = now.replace(minute=0, second=0, microsecond=0)
    hours = [times.text(first + timedelta(hours=hour)) for hour in range(WEEK)]
    answering: dict[str, list[frozenset[str]]] = {}
    for question in questions(bundle, policy):
        for agent in question.agents:
            who = answering.setdefault(agent, [_reachable(bundle, policy, agent, hour) for hour in hours])
            yield from _played(question, agent, who, bundle, first)
    for key, action in bundle.actions.actions.items():
        if not action.reversible and action.gate is not None and action.gate.exclude_proposer:
            may = {name for role in action.gate.roles for name in bundle.holders(role)}
            if len(may) == action.gate.quorum:
                what = f"only {' and '.join(sorted(may))} can pass the gate to {key}; whoever brings it up by a fact may not, and then nobody can"
                yield Finding(
                    "advice", ITEM, what, "give the role to one more person, or name one more role in the gate"
                )
    for role in ("commander", "technical_lead", "security_lead", "privacy_officer"):
        holders = bundle.holders(role)
        if len(holders) == 1:
            what = f"only {holders[0]} is {role}; while they are away nobody can stand in"
            yield Finding("advice", ITEM, what, "give the role to a second person in oncall.yaml")
    if not any(book.playbook for book in policy.runbooks):
        yield Finding("weak", ITEM, "there is no commander's playbook", "write playbook: in runbooks/any.yaml")


def questions(bundle: Bundle, policy: Policy) -> Iterator[Question]:
    """Every gate that can open under this kit."""
    named = {agent for rule in policy.roster_rules for agent in rule.agents}
    everybody = ("", *sorted(named & set(bundle.agents)))
    for key, action in bundle.actions.actions.items():
        agents = tuple(dict.fromkeys(agent if agent in named else "" for agent in action.agents))
        if action.gate is not None:
            yield Question(f"to {key}", action.gate.policy(), agents, False)
        if action.restore_gate is not None:
            yield Question(f"to take {key} back", action.restore_gate.policy(), agents, True)
    yield Question("to give back what was taken", bundle.authority.gates.restore.policy(), everybody, True)
    if any(agent.mode == "suggest" for agent in bundle.agents.values()):
        yield Question("before an action in mode suggest", policy.ask, everybody, False)
    for stem, law in bundle.regimes.items():
        yield Question(f"of the notice {stem}", law.gate.policy(), ("",), False)


def _reachable(bundle: Bundle, policy: Policy, agent: str, now: str) -> frozenset[str]:
    roster = on_call(policy.roster_rules, policy.people, agent, now, policy.overrides, policy.absences)
    found = {roster.commander, roster.technical_lead, *roster.escalation}
    for name, person in bundle.oncall.people.items():
        hours = person.hours
        if hours is None or fits_hours(hours.days, (hours.between[0], hours.between[1]), hours.zone, now):
            found.add(name)
    return frozenset(name for name in found if name and not is_away(name, now, policy.absences))


def _played(
    question: Question, agent: str, who: list[frozenset[str]], bundle: Bundle, first: datetime
) -> Iterator[Finding]:
    entitled = {name for role in question.policy.roles for name in bundle.holders(role)}
    # Somebody entitled may have asked for it: then that one does not count.
    needed = question.policy.quorum + (1 if question.asked_by_people and question.policy.exclude_proposer else 0)
    gaps = stretches([len(entitled & there) >= needed for there in who])
    if not gaps:
        return
    name = f"the gate {question.about}" + (f" ({agent})" if agent else "")
    roles = " or ".join(question.policy.roles)
    longest = max(gap.hours for gap in gaps)
    if longest >= WEEK:
        alone = "" if needed == question.policy.quorum else " who did not ask for it themselves"
        what = f"{name} can never be passed: it needs {question.policy.quorum} of {roles}{alone}"
        yield Finding("fails", ITEM, what, "give the role to more people, or name more roles in the gate")
        return
    zone = bundle.oncall.rules[-1].zone
    gaps.sort(key=lambda gap: -gap.hours)
    shown = ", ".join(_told(gap, first, zone) for gap in gaps[:SHOWN]) + (", …" if len(gaps) > SHOWN else "")
    lapses = longest * 3600 >= question.policy.deadline
    what = (
        f"{name}: {sum(gap.hours for gap in gaps)} hours of the week without enough of {roles} in reach ({shown}, {zone})"
        + (f"; it lapses after {question.policy.deadline / 3600:g} h" if lapses else "; it would wait")
    )
    yield Finding("fails" if lapses else "weak", ITEM, what, "put somebody with the role on call for these hours")


def stretches(answered: list[bool]) -> list[Stretch]:
    """The stretches of hours without an answer. The week goes round: its end and its beginning are one stretch."""
    if not any(answered):
        return [Stretch(0, len(answered))]
    found: list[Stretch] = []
    start: int | None = None
    turn = answered.index(True)
    for step in range(turn, turn + len(answered) + 1):
        if answered[step % len(answered)]:
            if start is not None:
                found.append(Stretch(start, step))
                start = None
        elif start is None:
            start = step
    return found


def _told(gap: Stretch, first: datetime, zone: str) -> str:
    start, end = (first + timedelta(hours=hour) for hour in (gap.start, gap.end))
    local = ZoneInfo(zone)
    return f"{start.astimezone(local):%a %H:%M} to {end.astimezone(local):%a %H:%M}"
