"""The gates that can open under a kit: who may answer them, and who may have proposed what they ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from halon.incident import quorum
from halon.incident.orders import GatePolicy
from halon.judgement.policy import Policy
from halon.kit.bundle import Bundle
from halon.kit.tonight.policies import fitting

GIVE_BACK = ("undo", "restore", "false-alarm")
"""Commands by which somebody proposes that something is given back."""


@dataclass(frozen=True, slots=True)
class Question:
    """A gate that can open: what it is about, and for which agents.

    ``entitled`` are the people who may answer. ``proposers`` are those of them who may have brought it up and then may
    not answer. ``final`` says that what it asks can't be undone, ``live`` that it really opens: an agent that is only
    observed opens none.
    """

    about: str
    policy: GatePolicy
    agents: tuple[str, ...]
    entitled: frozenset[str]
    proposers: frozenset[str] = frozenset()
    final: bool = False
    live: bool = True


def questions(bundle: Bundle, policy: Policy) -> Iterator[Question]:
    """Every gate that can open under this kit.

    What Halon drafts itself, a notice, nobody has proposed; an action that a person's word alone calls for, that person
    has; giving back, whoever says so.
    """
    acting = {name for name, agent in bundle.agents.items() if agent.mode != "observe"}
    everybody = tuple(bundle.agents)
    for key, action in bundle.actions.actions.items():
        agents, live = tuple(action.agents), not acting.isdisjoint(action.agents)
        if action.gate is not None:
            yield _asked(bundle, f"to {key}", action.gate.policy(), agents, final=not action.reversible, live=live)
        if action.restore_gate is not None:
            yield _back(bundle, f"to take {key} back", action.restore_gate.policy(), agents, live=live)
    yield _back(
        bundle, "to give back what was taken", bundle.authority.gates.restore.policy(), everybody, live=bool(acting)
    )
    yield from _by_rule(bundle, policy, acting)
    suggesting = tuple(name for name, agent in bundle.agents.items() if agent.mode == "suggest")
    if suggesting:
        yield _asked(bundle, "before an action in mode suggest", policy.ask, suggesting)
    for stem, law in bundle.regimes.items():
        gate = law.gate.policy()
        yield Question(f"of the notice {stem}", gate, everybody, _entitled(bundle, gate))


def _by_rule(bundle: Bundle, policy: Policy, acting: set[str]) -> Iterator[Question]:
    """The gates that take the place of others by severity, category or action."""
    for at, rule in enumerate(policy.gate_rules, 1):
        about = f"by gates.policies {at} ({rule.kind}: {rule.told})"
        if rule.kind == "notice":
            yield Question(about, rule.gate, tuple(bundle.agents), _entitled(bundle, rule.gate))
            continue
        for name in fitting(rule, bundle):
            action = bundle.actions.actions[name]
            agents, live = tuple(action.agents), not acting.isdisjoint(action.agents)
            if rule.kind == "restore":
                yield _back(bundle, about, rule.gate, agents, live=live)
            else:
                yield _asked(bundle, about, rule.gate, agents, final=not action.reversible, live=live)


def _asked(
    bundle: Bundle, about: str, policy: GatePolicy, agents: tuple[str, ...], *, final: bool = False, live: bool = True
) -> Question:
    # Anybody can have reported the fact that calls for it.
    entitled = _entitled(bundle, policy)
    proposers = entitled if policy.exclude_proposer else frozenset()
    return Question(about, policy, agents, entitled, proposers, final, live)


def _back(bundle: Bundle, about: str, policy: GatePolicy, agents: tuple[str, ...], *, live: bool) -> Question:
    entitled = _entitled(bundle, policy)
    may = {role for name in GIVE_BACK for role in bundle.authority.commands.get(name, ())}
    asking = {name for role in may for name in bundle.holders(role)}
    proposers = entitled & asking if policy.exclude_proposer else frozenset()
    return Question(about, policy, agents, entitled, frozenset(proposers), live=live)


def _entitled(bundle: Bundle, policy: GatePolicy) -> frozenset[str]:
    """Who may answer: the role of the gate lets nobody answer who may not say ``approve``."""
    return bundle.speakers("approve") & {name for role in quorum.asked_of(policy) for name in bundle.holders(role)}
