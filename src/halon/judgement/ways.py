"""The ways in which harm goes on, from facts and inventory: what containment has to close. Values in, values out.

A way is ``kind:name``. Stopping the agent is not always enough: a credential in other hands works without it, and what
it shares with other agents reaches them. Such a way is *outside*, and nothing that only stops the agent closes it.

A tool that was misused brings the credentials that it signs in with as a second line, also while nobody knows whether
they are exposed: in the incidents on record the harm ran through the token, by another tool or without the agent.
Such a way is *perhaps* there; only what can be undone is done about it unasked. It is gone once somebody says that
no credential is exposed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from halon.judgement.predicates import Leaf, is_unknown, judge, once, range_of, shown
from halon.judgement.surface import Held, Surface

ALL_OF_AGENT = "agent:"
"""What an action covers that stops the whole agent."""
ANY = "*"
"""The name of a way whose name nobody knows yet; in what an action covers: every name."""
USED, EXPOSED, EXTERNAL, UNTRUSTED = (
    "unauthorised_tool_actions", "credential_exposed", "external_recipient", "untrusted_instruction",
)  # fmt: skip
WHICH = {"credential": "exposed_credentials", "output": "output_channels", "source": "untrusted_sources", "tool": USED}
"""The fact that names which one it is, by kind."""
_SAYS_HARM = (EXTERNAL, "cross_tenant", "harmful_content", "wrong_decision")
_BY_RISK = (("funds_moved", ("money",)), ("production_changed", ("write", "admin", "code")))
_LEFT = ("acquired", "disclosed")
RUNAWAY = "runaway_spend"
"""The group of alerts that say that it spends too much, also where none of them brings a figure."""
_PLAIN = re.compile(r"[\w.@:/+*-]{1,80}")
"""A name that is shown as it is; any other is quoted, as every value from outside."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which the harm goes on, and which fact says so, in words.

    ``perhaps``: not settled yet; ``needs`` names the facts that would settle it, or which one it is. ``outside``: it goes
    on also while the agent stands still.
    """

    kind: str
    name: str
    because: str
    perhaps: bool = False
    outside: bool = False
    needs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """``kind:name``, as what an action covers is written."""
        return f"{self.kind}:{self.name}"

    def __str__(self) -> str:
        return self.key if _PLAIN.fullmatch(self.name) else f"{self.kind}:{shown(self.name)}"


Named = Mapping[str, Sequence[str]]
"""The names that the actions of the kit cover, by kind: an inventory for agents that list nothing."""


def closed_by(way: Way) -> frozenset[str]:
    """What an action may cover to close ``way``: just this one, all of its kind, or the whole agent."""
    own = {way.key, f"{way.kind}:{ANY}"}
    return frozenset(own if way.outside else {*own, ALL_OF_AGENT})


def closes(covers: Iterable[str], way: Way) -> bool:
    """Whether an action that covers ``covers`` closes ``way``."""
    return not closed_by(way).isdisjoint(covers)


def named_by(covers: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The names in ``covers``, by kind, each once; without those that mean all."""
    found: dict[str, dict[str, None]] = {}
    for one in covers:
        kind, _, name = one.partition(":")
        if name and name != ANY:
            found.setdefault(kind, {})[name] = None
    return {kind: tuple(names) for kind, names in found.items()}


def ways(facts: Mapping[str, Any], surface: Surface, named: Named) -> tuple[Way, ...]:
    """Every way in which the harm goes on, each once; none where it is known to be no incident.

    Never raises on what a fact holds: a value that does not fit counts as unknown.
    """
    if _flag(facts, "confirmed") is False:
        return ()
    found = [
        *_tools(facts, surface, named),
        *_credentials(facts, surface, named),
        *_outputs(facts, surface, named),
        *_sources(facts, surface, named),
        *_spend(facts),
    ]
    return _each_once([*found, *_spread(facts, surface, found)])


def _tools(facts: Mapping[str, Any], surface: Surface, named: Named) -> list[Way]:
    used = _names(facts, USED)
    if used:
        return [*(Way("tool", name, f"{USED} is {shown(name)}") for name in used), *_not_by_those(facts, surface, used)]
    found = []
    for fact, risks in _BY_RISK:
        if _flag(facts, fact):
            some = [name for name, risk in surface.tools.items() if risk in risks]
            found += _one_of("tool", some, named, _why(facts, fact))
    if used is None:
        found += [Way("tool", name, f"{USED} is not known yet", True, needs=(USED,)) for name in named.get("tool", ())]
    return found


def _not_by_those(facts: Mapping[str, Any], surface: Surface, used: Sequence[str]) -> list[Way]:
    """What happened by none of the tools that somebody named, as far as their risk says: perhaps another one did it."""
    found = []
    for fact, risks in _BY_RISK:
        if _flag(facts, fact) and not any(surface.tools.get(name) in risks for name in used):
            because = f"{_why(facts, fact)}, and no tool of {USED} can do that"
            able = [name for name, risk in surface.tools.items() if risk in risks]
            found += [Way("tool", name, because, True, needs=(USED,)) for name in able]
    return found


def _credentials(facts: Mapping[str, Any], surface: Surface, named: Named) -> list[Way]:
    exposed = _flag(facts, EXPOSED)
    if exposed is False:
        return []
    which = WHICH["credential"]
    if said := _names(facts, which):
        return [Way("credential", name, f"{which} is {shown(name)}", outside=True) for name in said]
    listed = [one.name for one in surface.credentials] or list(named.get("credential", ()))
    if exposed:  # all that it could read count, until somebody says which
        needs = () if len(listed) == 1 else (which,)
        return [Way("credential", name, _why(facts, EXPOSED), outside=True, needs=needs) for name in listed or [ANY]]
    used, steered = _names(facts, USED), _flag(facts, UNTRUSTED)
    if not used and not steered:
        return []
    if used and not steered and surface.credentials:
        listed = [held.name for tool in used for held in _used_by(surface, tool)]
    why = _why(facts, UNTRUSTED) if steered else f"{USED} is {shown(list(used or ()))}"
    because = f"{why}, and {EXPOSED} is not known yet"
    return [Way("credential", name, because, True, True, (EXPOSED,)) for name in listed]


def _used_by(surface: Surface, tool: str) -> tuple[Held, ...]:
    """The credentials of a tool; all of them for a tool that the inventory does not know."""
    return surface.credentials_of(tool) if tool in surface.tools else surface.credentials


def _outputs(facts: Mapping[str, Any], surface: Surface, named: Named) -> list[Way]:
    which = WHICH["output"]
    if said := _names(facts, which):
        return [Way("output", name, f"{which} is {shown(name)}") for name in said]
    used = _names(facts, USED) or ()
    listed = [one.name for one in surface.outputs if set(one.tools) & set(used)]
    listed = listed or [one.name for one in surface.outputs]
    if fact := next((one for one in _SAYS_HARM if _flag(facts, one)), None):
        if used and not listed:
            return []  # as far as the inventory goes, the tools that it used are the way out
        return _one_of("output", listed, named, _why(facts, fact))
    touched = _flag(facts, "personal_data_involved") or _flag(facts, "sensitive_data_involved")
    left = facts.get("acquired_vs_accessed") in _LEFT
    if _flag(facts, EXTERNAL) is None and (touched or left):
        because = f"data is involved, and {EXTERNAL} is not known yet"
        return [Way("output", name, because, True, needs=(EXTERNAL,)) for name in listed]
    return []


def _sources(facts: Mapping[str, Any], surface: Surface, named: Named) -> list[Way]:
    which, steered = WHICH["source"], _flag(facts, UNTRUSTED)
    if steered is False:
        return []
    said = _names(facts, which)
    listed = [one.name for one in surface.sources]
    if said or steered:
        why = _why(facts, UNTRUSTED) if steered else f"{which} is {shown(list(said or ()))}"
        found = [Way("source", name, f"{which} is {shown(name)}") for name in said or ()]
        kept = f"{why}, and it may have been remembered"
        return [
            *(found or _one_of("source", listed, named, why)),
            *(Way("memory", one.name, kept, True, needs=(which,)) for one in surface.memory),
        ]
    if used := _names(facts, USED):
        because = f"{USED} is {shown(list(used))}, and {UNTRUSTED} is not known yet"
        return [Way("source", name, because, True, needs=(UNTRUSTED,)) for name in listed]
    return []


def _spend(facts: Mapping[str, Any]) -> list[Way]:
    fact = "spend_times_budget"
    over = judge(Leaf(fact, "above", 1), facts)
    if over.value is not None:
        return [Way("spend", "tokens", over.because[0])] if over.value else []
    if not is_unknown(facts.get(fact)) or judge(Leaf("spend_eur", "above", 0), facts).value:
        because = over.because[0] if over.because else f"{fact} is not known yet"
        return [Way("spend", "tokens", because, True, needs=(fact,))]
    if facts.get("alert_group") == RUNAWAY:
        because = f"alert_group is {RUNAWAY}, and {fact} is not known yet"
        return [Way("spend", "tokens", because, True, needs=(fact,))]
    return []


def _spread(facts: Mapping[str, Any], surface: Surface, found: Sequence[Way]) -> list[Way]:
    """Other agents that have the same credential, source or memory, and what was shipped to others."""
    open_ways = {one.key: one for one in found}
    more = []
    for agent, held in surface.shared().items():
        for one in held:
            if (way := open_ways.get(one.way)) is not None:
                because = f"it has {way} too: {way.because}"
                more.append(Way("spread", agent, because, way.perhaps, True, way.needs))
    several = range_of(facts.get("affected_agents"))
    if several is not None and (several[0] or 0) >= 2:
        why = f"affected_agents is {shown(facts['affected_agents'])}"
        agents = list(surface.shared())
        more += [replace(one, outside=True, needs=()) for one in _one_of("spread", agents, {}, why)]
    if _flag(facts, "supply_chain"):
        more.append(Way("spread", ANY, _why(facts, "supply_chain"), outside=True))
    return more


def _one_of(kind: str, listed: Sequence[str], named: Named, because: str) -> list[Way]:
    """It is one of those that the inventory lists, and nobody said which: certain only where there is but one.

    Where it lists none, it is one without a name, and perhaps one that the kit has an action for.
    """
    if len(listed) == 1:
        return [Way(kind, listed[0], because)]
    needs = (WHICH[kind],) if kind in WHICH else ()
    which = f"{because}; which {kind} is not known yet"
    some = [Way(kind, name, which, True, needs=needs) for name in listed or named.get(kind, ())]
    return some if listed else [Way(kind, ANY, which, needs=needs), *some]


def _each_once(found: Iterable[Way]) -> tuple[Way, ...]:
    """Of several that are the same way: the certain one, with everything that the others need left out."""
    kept: dict[str, Way] = {}
    for one in found:
        old = kept.get(one.key)
        if old is None or (old.perhaps and not one.perhaps):
            kept[one.key] = replace(one, outside=one.outside or (old is not None and old.outside))
        elif old.perhaps == one.perhaps and set(one.needs) - set(old.needs):
            kept[one.key] = replace(old, needs=once((*old.needs, *one.needs)))
    return tuple(kept.values())


def _flag(facts: Mapping[str, Any], name: str) -> bool | None:
    return judge(Leaf(name, "is", True), facts).value


def _why(facts: Mapping[str, Any], name: str) -> str:
    return judge(Leaf(name, "is", True), facts).because[0]


def _names(facts: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """The names in a list; None while unknown, where it is no list of text, or where it says that none is known."""
    value = facts.get(name)
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        return None
    said = once(one for one in value if one and not is_unknown(one))
    return said if said or not value else None
