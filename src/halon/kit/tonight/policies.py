"""Rules of gates.policies that never fit: another comes first, or there is nothing that they could be about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from halon.judgement.gate_rules import GateRule
from halon.judgement.policy import Policy
from halon.kit.bundle import Bundle
from halon.kit.tonight.finding import Finding, Item

ITEM: Item = "on-call and commander's playbook"
_WIDER = {"contain": ("irreversible", "ask")}


def about_policies(bundle: Bundle, policy: Policy) -> Iterator[Finding]:
    """A rule that never fits is worse than none: whoever wrote it believes that it counts."""
    for at, rule in enumerate(policy.gate_rules):
        why = _pointless(rule, bundle) or _covered(rule, policy.gate_rules[:at])
        if why:
            what = f"gates.policies {at + 1} of authority.yaml ({rule.kind}: {rule.told}) never fits: {why}"
            yield Finding("weak", ITEM, what, "take it out, or mend what it goes by")


def fitting(rule: GateRule, bundle: Bundle) -> tuple[str, ...]:
    """The actions whose gate the rule can replace, by id."""
    suggested = {name for name, agent in bundle.agents.items() if agent.mode == "suggest"}
    found = []
    for name, action in bundle.actions.actions.items():
        kind = "ask" if action.reversible else "irreversible"
        asks = (
            action.reversible
            if rule.kind == "restore"
            else rule.kind in ("contain", kind)
            and (
                not action.reversible
                or action.gate is not None
                or bool(suggested & set(action.agents))
                or _may_ask(bundle, action.agents)
            )
        )
        if asks and (not rule.actions or name in rule.actions):
            found.append(name)
    return tuple(found)


def _may_ask(bundle: Bundle, agents: Sequence[str]) -> bool:
    """Whether mode act could ask first for one of them all the same: the severity or the trust in a source may say so."""
    return any(bundle.agents[name].mode == "act" for name in agents if name in bundle.agents)


def _pointless(rule: GateRule, bundle: Bundle) -> str:
    if rule.kind == "notice":
        return "a notice has no action" if rule.actions else "" if bundle.regimes else "the kit has no regime"
    if fitting(rule, bundle):
        return ""
    named = f"of {', '.join(rule.actions)} none" if rule.actions else "no action"
    return f"{named} has a gate of this kind"


def _covered(rule: GateRule, earlier: Sequence[GateRule]) -> str:
    for at, one in enumerate(earlier, 1):
        kind = one.kind == rule.kind or rule.kind in _WIDER.get(one.kind, ())
        pairs = ((one.severities, rule.severities), (one.categories, rule.categories), (one.actions, rule.actions))
        if kind and all(not wide or (narrow and set(narrow) <= set(wide)) for wide, narrow in pairs):
            return f"number {at} always comes first"
    return ""
