"""Judges a file of facts without an incident: what ``halon assess FILE`` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from halon.cli.facts_file import FactsUnusable, mapping, moment, read_file, require_known, unusable
from halon.incident.assessment import Assessment, Obligation
from halon.incident.facts import Fact
from halon.incident.orders import Order
from halon.judgement.assess import Examined, examine
from halon.judgement.vocabulary import check_fact
from halon.judgement.vocabulary_law import ROLES
from halon.kit import Kit
from halon.kit.reading import Document
from halon.kit.reading import Path as Place

__all__ = ["FactsUnusable", "as_json", "assess_file", "examine_file"]
KEYS = ("as_of", "agent", "entity", "facts", "entities", "filed")
OF_ENTITY = ("facts", "roles")
FILING, FILED_BY = ("obligation", "stage", "at"), "entity"
EXAMPLE = "as_of: 2026-11-22T09:00:00Z"


def assess_file(path: Path, kit: Kit) -> dict[str, Any]:
    """The assessment of the facts in ``path`` under ``kit``, as the JSON object of ``--json``. Raises FactsUnusable."""
    return as_json(examine_file(path, kit).assessment)


def examine_file(path: Path, kit: Kit) -> Examined:
    """The assessment of the facts in ``path`` (JSON or YAML) under ``kit``, with the questions still open.

    The file holds ``as_of``, optional ``agent`` and ``entity``, ``facts`` by name; ``entities``, which maps the id of a
    legal entity to ``facts`` and ``roles`` of its own; and ``filed``, a list of ``{obligation, stage, at}`` with
    ``entity`` where it was filed by another than the agent's own. Times are ISO 8601. Raises FactsUnusable.
    """
    document = read_file(path)
    given = mapping(document, (), document.data)
    require_known(document, (), given, KEYS, "key")
    if "as_of" not in given:
        raise unusable(document, (), f"as_of is missing; add the time to judge at, such as {EXAMPLE}")
    now = moment(document, ("as_of",), given["as_of"])
    agent = _name(document, "agent", given.get("agent"), kit.policy.agents)
    entity = _name(document, "entity", given.get("entity"), kit.policy.entities)
    if given.get("facts") is None:
        raise unusable(document, (), "facts is missing; add the facts by name, or facts: {} if none is known")
    facts = _facts(document, ("facts",), given["facts"], now, "")
    others = mapping(document, ("entities",), given.get("entities") or {})
    require_known(document, ("entities",), others, tuple(kit.policy.entities), "entity")
    for name, part in others.items():
        facts += _of_entity(document, name, part, now)
    own = entity or (kit.policy.agents[agent].entity if agent else "")
    filed = _filed(document, given.get("filed"), kit, own)
    return examine(facts, kit.policy, now, agent=agent, filed=filed, entity=entity, entities=tuple(others))


def as_json(judged: Assessment) -> dict[str, Any]:
    """An assessment as the JSON object that people script against."""
    return {
        "severity": {"level": judged.severity.level, "reasons": list(judged.severity.reasons)},
        "category": judged.category,
        "orders": [_order(order) for order in judged.orders],
        "obligations": [_obligation(obligation) for obligation in judged.obligations],
        "embargoes": list(judged.embargoes),
        "kit_digest": judged.kit_digest,
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "action": order.action,
        "reversible": order.reversible,
        "disruption": order.disruption,
        "gate": {**asdict(order.gate), "roles": list(order.gate.roles)} if order.gate else None,
        "reasons": list(order.reasons),
    }


def _obligation(obligation: Obligation) -> dict[str, Any]:
    return {
        "id": obligation.id,
        "entity": obligation.entity,
        "authority": obligation.authority,
        "status": obligation.status,
        "because": list(obligation.because),
        "needs": list(obligation.needs),
        "displaced_by": obligation.displaced_by,
        "stages": [
            {
                "id": stage.id,
                "anchor": stage.anchor,
                "due": stage.due or None,
                "due_local": stage.due_local or None,
                "decide_by": stage.decide_by or None,
                "provisional": stage.provisional,
                "filed_at": stage.filed_at or None,
            }
            for stage in obligation.stages
        ],
    }


def _facts(document: Document, place: Place, given: Any, now: str, entity: str) -> tuple[Fact, ...]:
    facts = mapping(document, place, given)
    for name, value in facts.items():
        wrong = check_fact(name, value)
        if wrong is not None:
            raise unusable(document, (*place, name), wrong)
    return tuple(Fact(name, value, "file", now, entity=entity) for name, value in facts.items())


def _of_entity(document: Document, name: str, given: Any, now: str) -> tuple[Fact, ...]:
    """What the file says of one legal entity: facts of its own, and the roles that it holds here."""
    place: Place = ("entities", name)
    part = mapping(document, place, {} if given is None else given)
    require_known(document, place, part, OF_ENTITY, "key")
    facts = _facts(document, (*place, "facts"), part.get("facts") or {}, now, name)
    roles = part.get("roles")
    if roles is None:
        return facts
    if not isinstance(roles, list):
        raise unusable(document, (*place, "roles"), f"roles must be a list out of {', '.join(ROLES)}")
    for index, role in enumerate(roles):
        require_known(document, (*place, "roles", index), [role], ROLES, "role in law")
    return (*facts, Fact("roles", roles, "file", now, entity=name))


def _filed(document: Document, given: Any, kit: Kit, own: str) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, list):
        raise unusable(document, ("filed",), "filed must be a list of {obligation, stage, at}; write it so")
    stages = {regime.id: tuple(rule.id for rule in regime.stages) for regime in kit.policy.regimes}
    own = own or (next(iter(kit.policy.entities)) if len(kit.policy.entities) == 1 else "")
    filed: dict[str, str] = {}
    for index, item in enumerate(given):
        place: Place = ("filed", index)
        entry = mapping(document, place, item)
        require_known(document, place, entry, (*FILING, FILED_BY), "key")
        for key in FILING:
            if not isinstance(entry.get(key), str):
                raise unusable(document, place, f"{key} is missing; each filing needs {', '.join(FILING)}")
        obligation, stage, entity = entry["obligation"], entry["stage"], entry.get(FILED_BY, own)
        require_known(document, (*place, "obligation"), [obligation], tuple(stages), "obligation")
        require_known(document, (*place, "stage"), [stage], stages[obligation], f"stage of {obligation}")
        if FILED_BY in entry:
            require_known(document, (*place, FILED_BY), [entity], tuple(kit.policy.entities), "entity")
        at = moment(document, (*place, "at"), entry["at"])
        # Where nobody says by whom and the agent's own entity is not known, the filing counts for every entity.
        keys = (
            [obligation] if entity == own and own
            else [f"{obligation}@{entity}"] if entity
            else [f"{obligation}@{name}" for name in kit.policy.entities]
        )  # fmt: skip
        filed |= {f"{key}/{stage}": at for key in keys}
    return filed


def _name(document: Document, key: str, given: Any, known: Mapping[str, Any]) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise unusable(document, (key,), f"{key} must be a name of the kit; known: {', '.join(known)}")
    require_known(document, (key,), [given], tuple(known), key)
    return given
