"""What an action has from its kind: everything that its entry leaves out, and nothing that would make it less careful."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

from halon.judgement.vocabulary import VOCABULARY, near
from halon.kit.catalogue import catalogue
from halon.kit.files.actions import ActionEntry, Actions, ActionsFile, ActionShape, GateEntry
from halon.kit.files.kinds import KindShape
from halon.kit.files.shapes import GateShape
from halon.kit.places import Problems

ACTIONS = "actions.yaml"
ALONE = ("title", "reversible", "effect")
"""What an entry of no known kind has to say itself, as every entry once had to."""
_TYPO = 0.8
"""How like a known name another one is that was meant to be it (0 to 1)."""


def settled(file: ActionsFile, problems: Problems, *, stored: bool = False) -> Actions:
    """The actions of ``file`` with what they inherit. What can't be is noted; ``stored`` kits may be older than kinds."""
    known = catalogue().kinds
    for name, own in () if stored else file.kinds.items():
        if name in known:
            what = f"{name!r} is a kind of the catalogue already"
            problems.add(ACTIONS, ("kinds", name), what, (), "give your own kind another name")
        for at, need in enumerate(own.needs):
            for index, fact in enumerate(need.fact):
                problems.refers(ACTIONS, ("kinds", name, "needs", at, "fact", index), "fact", fact, VOCABULARY)
    kinds = {**file.kinds, **known}
    actions = {}
    for action_id, entry in file.actions.items():
        kind = _kind(action_id, entry, kinds, problems, stored=stored)
        actions[action_id] = _filled(action_id, entry, kind, problems)
    return Actions(actions, kinds)


def _kind(
    action_id: str, entry: ActionEntry, kinds: Mapping[str, KindShape], problems: Problems, *, stored: bool
) -> KindShape | None:
    """The kind of the entry; None where it is of none and says everything itself.

    For a name that is refused, the kind that was probably meant, so that the rest can be looked at as well.
    """
    if entry.action in kinds:
        return kinds[entry.action]
    missing = [name for name in ALONE if getattr(entry, name) is None]
    if not missing and (stored or not _mistyped(entry.action, kinds)):
        return None
    path = ("actions", action_id, "action")
    close = near(entry.action, kinds, 1)
    own = f"define {entry.action!r} under kinds: in {ACTIONS}"
    step = f"did you mean {close[0]!r}? or {own}" if close else own
    if missing:
        step += f", or say {', '.join(missing)} here"
    problems.add(ACTIONS, path, f"there is no kind of action {entry.action!r}", tuple(kinds), step)
    return kinds[close[0]] if close else next(iter(kinds.values()))


def _mistyped(name: str, kinds: Mapping[str, KindShape]) -> bool:
    return any(SequenceMatcher(None, name, other).ratio() >= _TYPO for other in near(name, kinds, 1))


def _filled(action_id: str, entry: ActionEntry, kind: KindShape | None, problems: Problems) -> ActionShape:
    said: dict[str, Any] = {name: getattr(entry, name) for name in ActionEntry.model_fields}
    said["gate"] = _gate(action_id, entry.gate, kind, problems)
    if kind is None:
        return ActionShape(**{name: value for name, value in said.items() if value is not None})
    inherited: dict[str, Any] = {
        "title": kind.title,
        "reversible": kind.reversible,
        "effect": kind.effect,
        "disruption": kind.disruption,
        "stops": [kind.stops],
        "covers": kind.covers,
        "touches_evidence": kind.touches_evidence,
        "takes_effect": kind.takes_effect,
    }
    if entry.reversible in (None, kind.reversible):
        inherited["way_back"] = kind.undo
    if entry.touches_evidence is False and kind.touches_evidence and not kind.reversible:
        what = f"{entry.action} removes what evidence is taken from, and {action_id} says that it does not"
        path = ("actions", action_id, "touches_evidence")
        problems.add(ACTIONS, path, what, (), "leave touches_evidence out; evidence is sealed first")
    own = {name: value for name, value in said.items() if value is not None}
    return ActionShape(**{**inherited, **own, "kind": kind})


def _gate(action_id: str, gate: GateEntry | None, kind: KindShape | None, problems: Problems) -> GateShape | None:
    if gate is None:
        return None
    roles = gate.roles or (kind.roles if kind is not None else [])
    if not roles:
        path = ("actions", action_id, "gate")
        problems.add(ACTIONS, path, f"actions.{action_id}.gate.roles is missing", (), "add it")
        return None
    return GateShape.model_validate({**gate.model_dump(), "roles": roles})
