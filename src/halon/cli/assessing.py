"""Judges a file of facts without an incident: what ``halon assess FILE`` prints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from halon.cli.facts_file import FactsUnusable, Page, plain, read_file
from halon.incident import times
from halon.incident.assessment import Assessment, Embargo, Obligation
from halon.incident.facts import Fact
from halon.incident.orders import GatePolicy, Order
from halon.judgement.assess import Examined, examine
from halon.judgement.deadlines import moment
from halon.judgement.obligations import LATEST
from halon.judgement.vocabulary import VOCABULARY, check_fact
from halon.judgement.vocabulary_law import ROLES
from halon.kit import Kit
from halon.kit.ahead import AHEAD, ahead
from halon.kit.reading import Path as Place

__all__ = ["FactsUnusable", "as_json", "assess_file", "examine_file"]
KEYS = ("as_of", "agent", "entity", "facts", "entities", "filed")
OF_ENTITY = ("facts", "roles")
FILING, FILED_BY = ("obligation", "stage", "at"), "entity"
NOT_ADVICE = "Not legal advice; a named person decides."
_COUNTS_FROM = re.compile(r"(?:latest )?filing of (.+)")
"""What the anchor of a stage says that counts from the filing of another."""
_FIRST = ZoneInfo("Etc/GMT-14")
"""Where on Earth a date begins first."""
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
    page = Page(read_file(path))
    given = page.mapping((), page.data)
    for key in given:
        page.known((key,), key, KEYS, "key")
    now = page.moment(("as_of",), given["as_of"]) if "as_of" in given else ""
    if "as_of" not in given:
        page.wrong((), "as_of is missing", f"add the time to judge at, such as {EXAMPLE}")
    agent = _name(page, "agent", given.get("agent"), kit.policy.agents)
    entity = _name(page, "entity", given.get("entity"), kit.policy.entities)
    if given.get("facts") is None:
        page.wrong((), "facts is missing", "add the facts by name, or facts: {} if none is known")
    facts = _facts(page, ("facts",), given.get("facts") or {}, now, "")
    others = page.mapping(("entities",), given.get("entities") or {})
    for name, part in others.items():
        page.known(("entities", name), name, kit.policy.entities, "entity")
        facts += _of_entity(page, name, part, now)
    own = entity or (kit.policy.agents[agent].entity if agent else "")
    filed = _filed(page, given.get("filed"), kit, own, now, _begun(facts))
    page.settle()
    found = examine(facts, kit.policy, now, agent=agent, filed=filed, entity=entity, entities=tuple(others))
    _in_order(page, given.get("filed"), found.assessment)
    page.settle()
    return found


def as_json(judged: Assessment) -> dict[str, Any]:
    """An assessment as the JSON object that people script against."""
    return {
        "severity": {"level": judged.severity.level, "reasons": list(judged.severity.reasons)},
        "category": judged.category,
        "orders": [_order(order) for order in judged.orders],
        "obligations": [_obligation(obligation) for obligation in judged.obligations],
        "embargoes": [_embargo(one) for one in judged.embargoes],
        "kit_digest": judged.kit_digest,
        "note": NOT_ADVICE,
        "uncovered": [
            {"way": one.way, "perhaps": one.perhaps, "because": one.because, "next_step": one.do}
            for one in judged.uncovered
        ],
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "action": order.action,
        "reversible": order.reversible,
        "disruption": order.disruption,
        "gate": _gate(order.gate) if order.gate else None,
        "reasons": list(order.told),
        "covers": list(order.covers),
        "rung": order.rung,
    }


def _embargo(one: Embargo) -> dict[str, Any]:
    return {
        "obligation": one.obligation,
        "entity": one.entity,
        "stage": one.stage,
        "until": one.until or None,
        "until_local": one.until_local or None,
        "provisional": one.provisional,
        "kind": one.kind,
        "why": one.why,
    }


def _gate(policy: GatePolicy) -> dict[str, Any]:
    return {name: list(one) if isinstance(one, tuple) else one for name, one in asdict(policy).items()}


def _obligation(obligation: Obligation) -> dict[str, Any]:
    """One duty. Keys that say nothing for most duties stand only where they say something."""
    sheet = [{"words": row.words, "state": row.state, "because": list(row.because)} for row in obligation.worksheet]
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
                **({"authority": stage.told.authority} if stage.told is not None else {}),
                **_said(latest_arguable=stage.latest_arguable, not_before=stage.not_before, embargo=stage.embargo),
            }
            for stage in obligation.stages
        ],
        **_said(worksheet=sheet, phased=obligation.phased),
    }


def _said(**given: Any) -> dict[str, Any]:
    return {key: value for key, value in given.items() if value}


def _facts(page: Page, place: Place, given: Any, now: str, entity: str) -> tuple[Fact, ...]:
    facts = page.mapping(place, given)
    for name, value in facts.items():
        wrong = check_fact(name, value)
        if wrong is not None:
            page.wrong((*place, name), wrong)
        elif now and (early := ahead(name, value, now)):
            what, _, step = early.partition("; ")
            page.wrong((*place, name), f"{what} at as_of {now}", f"{step}, or judge at a later as_of")
    return tuple(Fact(name, plain(value), "file", now, entity=entity) for name, value in facts.items())


def _of_entity(page: Page, name: str, given: Any, now: str) -> tuple[Fact, ...]:
    """What the file says of one legal entity: facts of its own, and the roles that it holds here."""
    place: Place = ("entities", name)
    part = page.mapping(place, {} if given is None else given)
    for key in part:
        page.known((*place, key), key, OF_ENTITY, "key")
    facts = _facts(page, (*place, "facts"), part.get("facts") or {}, now, name)
    roles = part.get("roles")
    if roles is None:
        return facts
    if not isinstance(roles, list):
        page.wrong((*place, "roles"), f"roles must be a list out of {', '.join(ROLES)}")
        return facts
    for index, role in enumerate(roles):
        page.known((*place, "roles", index), role, ROLES, "role in law")
    return (*facts, Fact("roles", roles, "file", now, entity=name))


def _begun(facts: tuple[Fact, ...]) -> str:
    """The first moment that the file says anything of; empty where it says none."""
    terms = ((fact, VOCABULARY.get(fact.name)) for fact in facts)
    told = [
        moment(fact.value, _FIRST)
        for fact, term in terms
        if term and term.kind == "time" and term.cautious == "earlier"
    ]
    return min((times.text(at) for at in told if at is not None), default="")


def _filed(page: Page, given: Any, kit: Kit, own: str, now: str, begun: str) -> dict[str, str]:
    if given is None:
        return {}
    if not isinstance(given, list):
        page.wrong(("filed",), "filed must be a list of {obligation, stage, at}", "write it so")
        return {}
    own = own or (next(iter(kit.policy.entities)) if len(kit.policy.entities) == 1 else "")
    filed: dict[str, str] = {}
    for index, item in enumerate(given):
        made = _filing(page, ("filed", index), item, kit, own)
        for at in list(dict.fromkeys(made.values()))[:1]:
            _in_time(page, ("filed", index, "at"), at, now, begun)
        for key, at in made.items():
            # A stage that was filed again is an update: the first filing counts, and some later stages run from the last.
            filed[f"{key}{LATEST}"] = max(filed.get(f"{key}{LATEST}", at), at)
            filed[key] = min(filed.get(key, at), at)
    return filed


def _in_time(page: Page, place: Place, at: str, now: str, begun: str) -> None:
    """A filing is made before the file is judged, and not before anything that the file tells of."""
    if at and now and times.seconds_between(now, at) > AHEAD:
        page.wrong(
            place, f"at = {at} has not come yet at as_of {now}", "say when it was filed, or judge at a later as_of"
        )
    elif at and begun and times.normal(at) < begun:
        page.wrong(place, f"at = {at} is before anything that the facts tell of ({begun})",
                   "say when it was filed, or occurred_at where it began earlier")  # fmt: skip


def _in_order(page: Page, given: Any, judged: Assessment) -> None:
    """No stage is filed before the one that it counts from: live that is refused as well."""
    chains = [(duty, stage, chain) for duty in judged.obligations for stage in duty.stages
              if stage.filed_at and (chain := _COUNTS_FROM.fullmatch(stage.anchor))]  # fmt: skip
    for index, item in enumerate(given or ()):
        for duty, stage, chain in chains:
            named = (item["obligation"], item["stage"], item.get(FILED_BY, duty.entity))
            first = times.normal(item["at"]) == times.normal(stage.filed_at)  # a later one is an update
            if not first or named != (duty.id, stage.id, duty.entity):
                continue
            before = next((one.filed_at for one in duty.stages if one.id == chain[1]), "")
            place, name = ("filed", index), f"{duty.id}/{stage.id}"
            if not before:
                page.wrong(place, f"{name} counts from the filing of {chain[1]}, which is not among those filed",
                           "add that one, with its own time")  # fmt: skip
            elif times.parse(stage.filed_at) < times.parse(before):
                page.wrong(place, f"{name} counts from the filing of {chain[1]}, made at {before}: it can't have been filed at "
                           f"{item['at']}", "say when each of them was filed")  # fmt: skip


def _filing(page: Page, place: Place, given: Any, kit: Kit, own: str) -> dict[str, str]:
    """One stage that was filed, under each name that it has for the entities that it counts for."""
    stages = {regime.id: tuple(rule.id for rule in regime.stages) for regime in kit.policy.regimes}
    entry = page.mapping(place, given)
    for key in entry:
        page.known((*place, key), key, (*FILING, FILED_BY), "key")
    for key in FILING:
        if not isinstance(entry.get(key), str):
            page.wrong(place, f"{key} is missing", f"each filing needs {', '.join(FILING)}")
    obligation, stage, entity = entry.get("obligation"), entry.get("stage"), entry.get(FILED_BY, own)
    if isinstance(obligation, str):
        known = page.known((*place, "obligation"), obligation, stages, "obligation")
        if known and isinstance(stage, str):
            page.known((*place, "stage"), stage, stages[obligation], f"stage of {obligation}")
    if FILED_BY in entry:
        page.known((*place, FILED_BY), entity, kit.policy.entities, "entity")
    at = page.moment((*place, "at"), entry["at"]) if isinstance(entry.get("at"), str) else ""
    # Where nobody says by whom and the agent's own entity is not known, the filing counts for every entity.
    keys = (
        [obligation] if entity == own and own
        else [f"{obligation}@{entity}"] if entity
        else [f"{obligation}@{name}" for name in kit.policy.entities]
    )  # fmt: skip
    return {f"{key}/{stage}": at for key in keys}


def _name(page: Page, key: str, given: Any, known: Mapping[str, Any]) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        page.wrong((key,), f"{key} must be a name of the kit; known: {', '.join(known)}")
        return ""
    return given if page.known((key,), given, known, key) else ""
