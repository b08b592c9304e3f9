"""Every gate, played for four weeks to the minute: can those who may answer be reached, and enough of them?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from halon.incident import quorum, times
from halon.judgement.policy import Policy
from halon.kit.bundle import Bundle
from halon.kit.tonight.finding import Finding, Item, Rank
from halon.kit.tonight.gates import Question, questions
from halon.kit.tonight.spoken import listed, spoken
from halon.kit.tonight.windows import Reach, Takes, Window

WEEKS = 4
MOST = 12
"""Findings about gates; the last one then says how many more there are."""
ITEM: Item = "on-call and commander's playbook"
_MORE_PEOPLE = "give the role to more people, or name more roles in the gate"


@dataclass(frozen=True, slots=True)
class Short:
    """Why gates can't be passed: too few of ``entitled``, who hold ``roles``, for a ``quorum``.

    ``proposed`` is the case that one of those in reach brought it up; ``for_good`` says that no hours would help.
    """

    rank: Rank
    roles: tuple[str, ...]
    entitled: frozenset[str]
    quorum: int
    deadline: int
    proposed: bool
    for_good: bool


Where = dict[tuple[Window, ...], dict[str, tuple[str, ...]]]
"""When gates can't be passed: which, and for which agents (none: for all that they are about)."""


def about_rota(bundle: Bundle, policy: Policy, now: datetime) -> Iterator[Finding]:
    """Gates that would wait for people who can't be reached, and roles that hang on one person."""
    yield from _gates(bundle, policy, now, now + timedelta(weeks=WEEKS))
    yield from _assumed(bundle)
    yield from _alone(bundle)
    if not any(book.playbook for book in policy.runbooks):
        yield Finding("weak", ITEM, "there is no commander's playbook", "write playbook: in runbooks/any.yaml")


def _gates(bundle: Bundle, policy: Policy, start: datetime, end: datetime) -> Iterator[Finding]:
    reach = Reach(bundle, policy, start, end)
    found: dict[Short, Where] = {}
    for question in questions(bundle, policy):
        for (short, windows), agents in _gaps(question, reach).items():
            some = agents if len(agents) < len(question.agents) else ()
            found.setdefault(short, {}).setdefault(windows, {})[question.about] = some
    told = sorted(found.items(), key=lambda one: (one[0].rank, -max(map(_length, one[1]))))
    for short, where in told[:MOST]:
        yield _finding(short, where, _zone(short.entitled, policy, bundle), end)
    if len(told) > MOST:
        what = f"{len(told) - MOST} more kinds of gates can't be passed at some hours"
        yield Finding("weak", ITEM, what, "mend those above first, then check again")


def _gaps(question: Question, reach: Reach) -> dict[tuple[Short, tuple[Window, ...]], tuple[str, ...]]:
    """Why and when this gate can't be passed, with the agents for which that is so."""
    found: dict[tuple[Short, tuple[Window, ...]], tuple[str, ...]] = {}
    asked, entitled, proposers = question.policy, question.entitled, question.proposers
    takes, people = Takes.of(asked), max(asked.quorum, len(asked.every))
    alone = len(entitled) <= people and entitled <= proposers
    for agent in question.agents:
        plain = reach.gaps(entitled, takes, agent)
        worst = reach.gaps(entitled, takes, agent, proposers) if proposers else plain
        lapses = question.live and any(one.seconds >= asked.deadline for one in plain)
        never = question.live and question.final and worst == (Window(reach.start, reach.end),)
        for windows, bad, proposed in ((plain, lapses, False), (worst if worst != plain else (), never, True)):
            if windows:
                rank: Rank = "fails" if bad else "weak"
                short = Short(
                    rank, quorum.asked_of(asked), entitled, people, asked.deadline, proposed, alone and proposed
                )
                found[short, windows] = (*found.get((short, windows), ()), agent)
    return found


def _finding(short: Short, where: Where, zone: str, end: datetime) -> Finding:
    windows = max(where, key=_length)
    names = [f"{about} ({listed(agents, 3)})" if agents else about for about, agents in where[windows].items()]
    gates = f"the gate{'s' if len(names) > 1 else ''} {listed(names, 3)}"
    roles, who = " or ".join(short.roles), listed(sorted(short.entitled), 3)
    if short.for_good:
        what = (
            f"{gates} can't be passed if {who} brought it up: besides whoever did, it needs {short.quorum} of {roles}"
        )
        return Finding(short.rank, ITEM, what, "give the role to more people, or name more roles in the gate")
    besides = " besides whoever brought it up" if short.proposed else ""
    few = "nobody" if short.quorum == 1 else f"fewer than {short.quorum}"
    too_few = f"{gates}: {few} of {roles} ({who}) can be reached{besides}"
    lapses = any(one.seconds >= short.deadline for one in windows)
    ends = f"{'it lapses' if lapses else 'it waits, and would lapse'} after {times.span(short.deadline)}"
    others = f". At other hours so for {len(where) - 1} more groups of agents" if len(where) > 1 else ""
    what = f"{too_few}: {spoken(windows, zone, end)}; {ends}{others}"
    fix = "put somebody with the role on call for these hours, or give it to more people"
    return Finding(short.rank, ITEM, what, fix)


def _length(windows: tuple[Window, ...]) -> float:
    return sum(one.seconds for one in windows)


def _assumed(bundle: Bundle) -> Iterator[Finding]:
    """Somebody without hours counts as in reach day and night: an assumption that must be said."""
    always = [name for name, person in bundle.oncall.people.items() if person.hours is None]
    if always:
        what = f"counted as answering at any hour, because no hours are written for them: {listed(always, 8)}"
        yield Finding("advice", ITEM, what, "write hours: in oncall.yaml for whoever sleeps")


def _alone(bundle: Bundle) -> Iterator[Finding]:
    held = {role: bundle.holders(role) for role in ("commander", "technical_lead", "security_lead", "privacy_officer")}
    alone = [f"{role} ({one[0]})" for role, one in held.items() if len(one) == 1]
    if alone:
        what = f"only one person holds {listed(alone, 4)}; while they are away nobody stands in"
        yield Finding("advice", ITEM, what, "give the role to a second person in oncall.yaml")


def _zone(people: Iterable[str], policy: Policy, bundle: Bundle) -> str:
    """The zone that all of them share, else the organisation's: that of the last rule of who is on call."""
    zones: Sequence[str] = [person.zone for person in policy.people if person.name in set(people)]
    return zones[0] if zones and len(set(zones)) == 1 and zones[0] else bundle.oncall.rules[-1].zone
