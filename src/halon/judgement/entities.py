"""Which legal entities an incident touches, and what holds for each: its own facts, roles and anchors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from halon.incident.facts import Fact
from halon.judgement.deadlines import StandIn
from halon.judgement.holding import FILE, Holding, in_force
from halon.judgement.iso_places import is_place
from halon.judgement.policy import Entity
from halon.judgement.predicates import is_unknown, once
from halon.judgement.terms import misfit
from halon.judgement.vocabulary import VOCABULARY
from halon.judgement.vocabulary_clocks import KNOWING, OVER, PROVED_BY


@dataclass(frozen=True, slots=True)
class Touched:
    """The entities looked at, the agent's own first. ``own`` is empty where that is not known.

    ``strangers`` are names that were said to be involved and that the kit does not have.
    """

    ids: tuple[str, ...]
    own: str = ""
    strangers: tuple[str, ...] = ()

    def key(self, obligation: str, entity: str) -> str:
        """What an obligation of ``entity`` is called: empty (its id) for the agent's own, ``id@entity`` for others.

        An incident keeps the name under which it first had the duty, whoever's agent it turns out to be later.
        """
        return "" if entity == self.own else f"{obligation}@{entity}"


def touched(
    known: Mapping[str, Entity], own: str, facts: Sequence[Fact], general: Mapping[str, Any], also: Sequence[str] = ()
) -> Touched:
    """The agent's ``own`` entity, those that are said to be involved, those with a fact of their own, and ``also``.

    Where the agent's own entity is not known, every entity of the kit is looked at.
    """
    said = general.get("entities_involved")
    named = said if isinstance(said, list | tuple) else ()
    others = once(
        (*(str(name) for name in named), *(one.entity for one in facts if one.entity and not one.claim), *also)
    )
    base = (own,) if own in known else tuple(known)
    if own not in known:
        own = base[0] if len(base) == 1 else ""
    ids = once((*base, *(name for name in others if name in known)))
    return Touched(ids, own, tuple(name[:80] for name in others if name not in known))


_IN_ANY_CASE = ("dora_entity_type",)
"""Texts that rules compare, whatever their case and however their words are joined."""


def holding_of(entity: Entity, facts: Sequence[Fact], own: str = "") -> Holding:
    """What counts for ``entity``. Until somebody says which roles it holds here and where it sits, the kit's answers do.

    Roles that are said without an entity are those of ``own``, the agent's entity (empty: not known, so of each).
    """
    if own not in ("", entity.id):
        facts = [one for one in facts if one.name != "roles" or one.entity]
    holding = in_force(facts, entity.id)
    if is_unknown(holding.values.get("roles")):
        holding.values["roles"] = list(entity.roles)
    if entity.establishments and is_unknown(holding.values.get("establishments")):
        holding.values["establishments"] = list(entity.establishments)
    said = holding.values.get("establishments")
    if isinstance(said, list | tuple) and not all(map(is_place, said)):  # an earlier release took what is no place
        holding.values["establishments"] = [place if is_place(place) else "unknown" for place in said]
    for name in _IN_ANY_CASE:
        if isinstance(word := holding.values.get(name), str):
            holding.values[name] = " ".join(re.split(r"[\s_-]+", word.strip().casefold()))
    return holding


def stand_ins(facts: Sequence[Fact], values: Mapping[str, Any], now: str, entity: str = "") -> dict[str, StandIn]:
    """For each anchor that is somebody's knowledge, the earliest moment at which anybody could have had it.

    Where the determination itself counts among the ``values`` of ``entity`` and only its time is missing, also the
    latest: when a person first said so.
    """
    detected = values.get("detected_at")
    if not is_unknown(detected) and misfit(VOCABULARY["detected_at"], detected) is None:
        stand_in = StandIn(str(detected), "the clock runs from detected_at meanwhile")
    else:
        first = min((fact.at for fact in facts if fact.at), default=now)
        stand_in = StandIn(first or now, "the clock runs from the first thing that was told meanwhile")
    found = dict.fromkeys(KNOWING, stand_in)
    for anchor, (name, answer) in PROVED_BY.items():
        if values.get(name) == answer and (said := _first_said(facts, name, answer, entity)):
            proof = f"a person had said {name} by {said}, so it was determined by then"
            found[anchor] = replace(stand_in, by=said, proof=proof)
    ended, goes_on = OVER
    if values.get(goes_on) is False:
        by = _first_said(facts, goes_on, answer=False, entity=entity)
        told = f"a person had said that it goes on no longer by {by}, so it had ended by then"
        # What no person said moves nothing: then it counts as over all along.
        found[ended] = StandIn(by, told, by, told) if by else replace(stand_in, by=stand_in.at, proof=stand_in.reason)
    return found


def _first_said(facts: Sequence[Fact], name: str, answer: bool | str, entity: str) -> str:
    """Since when a person has said ``answer`` without saying otherwise in between; empty if nobody did."""
    since = ""
    for fact in facts:
        if fact.name == name and not fact.claim and fact.entity in ("", entity) and (fact.told or fact.source == FILE):
            since = (since or fact.at) if fact.value == answer else ""
    return since
