"""May this person say this fact, now? Checked against the vocabulary, the kit, and what counts at this moment."""

from __future__ import annotations

import difflib
import json
from typing import Any

from halon.judgement.directions import is_amount, loosens, open_ended
from halon.judgement.holding import in_force
from halon.judgement.measures import measures
from halon.judgement.policy import Policy
from halon.judgement.predicates import is_unknown, shown
from halon.judgement.vocabulary import VOCABULARY, check_fact, near
from halon.kit import Kit
from halon.kit.ahead import ahead
from halon.kit.files.authority import FACT_DOWN
from halon.ports.triage import Claimed

NEEDS_REASON, UNKNOWN_ENTITY, UNKNOWN_FACT, WRONG_VALUE = "NeedsReason", "UnknownEntity", "UnknownFact", "WrongValue"
MOST_NAMES = 12


def objection(kit: Kit, judging: Policy, claimed: Claimed, roles: tuple[str, ...], now: str) -> tuple[str, str]:
    """The type of the refusal (empty: NotAuthorised) and why not, with the next step; two empty texts if it may be said.

    A fact that loosens a severity or a clock takes the permission ``fact-down`` and a reason, like lowering itself. What
    an upper end of a count can end, where a date begins, and which legal entities there are is measured by ``judging``,
    the rules that judge the incident; who may say what, by ``kit``, the one in use.
    """
    name, value = str(claimed.parameters.get("name", "")), claimed.parameters.get("value")
    entity = str(claimed.parameters.get("entity", ""))
    if wrong := check_fact(name, value):
        return _misfit(name, wrong)
    named = [entity] if entity else []
    named += [str(one) for one in value] if name == "entities_involved" and isinstance(value, list) else []
    for one in named:
        if one not in judging.entities:
            close = near(one, judging.entities, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            known = ", ".join(judging.entities)
            return UNKNOWN_ENTITY, f"there is no legal entity {one[:80]!r}; {hint}known: {known}"
    if who := _not_theirs(kit, name, roles):
        return "", who
    if early := ahead(name, value, now):
        return WRONG_VALUE, early
    if not loosened(judging, claimed, now):
        return "", ""
    counts, detected = _counts(judging, claimed, name, entity), _detected(claimed, entity, now)
    term, by = VOCABULARY[name], measures(judging)
    change = f"{name} = {_word(value)} loosens what counts now ({_word(counts)})"
    if is_amount(term) and not is_unknown(value):
        at_least = open_ended(value)
        if at_least["low"] and not loosens(term, counts, at_least, detected, by):
            change += f"; if there may be more, say at least that many: {json.dumps(at_least)}"
    may, why = kit.may(FACT_DOWN, roles)
    if not may:
        return "", f"{change}; {why}"
    if not str(claimed.parameters.get("reason", "")).strip():
        return NEEDS_REASON, f'{change}; say why: --reason WHY, or "reason" in the JSON'
    return "", ""


def loosened(judging: Policy, claimed: Claimed, now: str) -> bool:
    """Whether a fact that may be said loosens a severity or a clock by the rules ``judging``."""
    name, entity = str(claimed.parameters.get("name", "")), str(claimed.parameters.get("entity", ""))
    counts, value = _counts(judging, claimed, name, entity), claimed.parameters.get("value")
    return loosens(VOCABULARY[name], counts, value, _detected(claimed, entity, now), measures(judging))


def _detected(claimed: Claimed, entity: str, now: str) -> Any:
    told = in_force(claimed.facts, entity).values.get("detected_at")
    return min((one.at for one in claimed.facts if one.at), default=now) if is_unknown(told) else told


def _misfit(name: str, wrong: str) -> tuple[str, str]:
    """Type and words of why a fact can't be said like this: the name that was meant first, then the nearest."""
    known = [term.name for term in VOCABULARY.values() if not term.derived]
    if name in known:
        return WRONG_VALUE, wrong
    if name in VOCABULARY:
        return UNKNOWN_FACT, wrong
    nearest = difflib.get_close_matches(name[:80].lower(), known, n=MOST_NAMES, cutoff=0.0)
    meant = near(name, known, 1)
    hint = f"did you mean {meant[0]!r}? " if meant else ""
    rest = len(known) - len(nearest)
    return (
        UNKNOWN_FACT,
        f"{hint}There is no fact {name[:80]!r}. Nearest: {', '.join(nearest)}; {rest} more are in docs/kit.md.",
    )


def _not_theirs(kit: Kit, name: str, roles: tuple[str, ...]) -> str:
    """Why somebody with ``roles`` may not say ``name``; empty if they may."""
    says = kit.says(name)
    if not says or set(says) & set(roles):
        return ""
    who = ", ".join(one.name for one in kit.people.values() if set(one.roles) & set(says))
    mine = ", ".join(roles) or "none"
    return f"{name} is said by {' or '.join(says)} (yours: {mine}); ask one of {who}, or write a note"


def _counts(judging: Policy, claimed: Claimed, name: str, entity: str) -> Any:
    """What counts now. Until roles are said, those of the kit do."""
    counts = in_force(claimed.facts, entity).values.get(name)
    if name != "roles" or not is_unknown(counts):
        return counts
    agent = judging.agents.get(claimed.agent)
    own = judging.entities.get(entity or (agent.entity if agent else ""))
    return list(own.roles) if own else counts


def _word(value: Any) -> str:
    return "not known yet" if is_unknown(value) else shown(value)
