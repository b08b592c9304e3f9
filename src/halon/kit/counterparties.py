"""Whom a duty tells, for one legal entity: name, recipient, portal and zone; and whom its stages tell where they differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from halon.incident.assessment import Addressee
from halon.judgement.regime import StageRule
from halon.kit.bundle import Bundle
from halon.kit.files.entities import EntityFile
from halon.kit.files.regimes import CounterpartyShape, RegimeFile, StageShape, words_of
from halon.kit.places import Problems
from halon.kit.reading import Path

EU_ZONES = frozenset({
    "Asia/Nicosia", "Europe/Amsterdam", "Europe/Athens", "Europe/Berlin", "Europe/Bratislava", "Europe/Brussels",
    "Europe/Bucharest", "Europe/Budapest", "Europe/Copenhagen", "Europe/Dublin", "Europe/Helsinki", "Europe/Lisbon",
    "Europe/Ljubljana", "Europe/Luxembourg", "Europe/Madrid", "Europe/Malta", "Europe/Oslo", "Europe/Paris",
    "Europe/Prague", "Europe/Riga", "Europe/Rome", "Europe/Sofia", "Europe/Stockholm", "Europe/Tallinn",
    "Europe/Vaduz", "Europe/Vienna", "Europe/Vilnius", "Europe/Warsaw", "Europe/Zagreb", "Atlantic/Reykjavik",
})  # fmt: skip
"""The times of the capitals of the EU's Member States and of the EEA: there the authorities sit. Others are left out, so
that nothing is reckoned by the later midnight of an island."""


@dataclass(frozen=True, slots=True)
class Counterparty:
    """Who is told, where notices go, where it is filed by hand (empty: nowhere), and where its days end (IANA)."""

    name: str
    recipient: str
    zone: str
    portal: str = ""


def counterparty(
    file: str, law: RegimeFile, name: str, entity: EntityFile, bundle: Bundle, problems: Problems
) -> Counterparty:
    """Whom ``law`` tells for the entity ``name``: the other party of its contract, its authority, or who is written there."""
    contract = entity.contracts.get(law.id) if law.contract else None
    if contract is not None:
        if contract.zone:
            check_zone(contract.zone, bundle.file("entities", name), ("contracts", law.id, "zone"), problems)
        zone = contract.zone or law.authority.zone or entity.zone
        return Counterparty(contract.name, contract.recipient, zone, law.authority.portal or "")
    return _told(file, ("authority",), law.authority, name, entity, bundle, problems)


def told_by_stage(
    file: str, law: RegimeFile, rules: tuple[StageRule, ...], name: str, entity: EntityFile, bundle: Bundle,
    problems: Problems,
) -> tuple[StageRule, ...]:  # fmt: skip
    """``rules`` with the addressee of each stage that has one of its own; what it leaves out is its duty's."""
    shapes = {stage.id: (index, stage) for index, stage in enumerate(law.stages) if differs(stage)}
    if not shapes:
        return rules
    whole = counterparty(file, law, name, entity, bundle, problems)
    found: list[StageRule] = []
    for rule in rules:
        if rule.id not in shapes:
            found.append(rule)
            continue
        index, stage = shapes[rule.id]
        told = whole
        if stage.authority is not None:
            told = _told(file, ("stages", index, "authority"), stage.authority, name, entity, bundle, problems)
        own = Addressee(
            authority=told.name,
            audience=stage.audience or law.audience,
            recipient=told.recipient,
            template=stage.template or law.template,
            channel=stage.channel or law.channel,
            contents=words_of(stage.contents or law.contents),
            portal=told.portal,
        )
        found.append(replace(rule, told=own, zone=told.zone if told.zone != whole.zone else ""))
    return tuple(found)


def differs(stage: StageShape) -> bool:
    """Whether the stage says anything of its own about who is told, and how."""
    return any((stage.authority, stage.audience, stage.template, stage.channel, stage.contents))


def check_stages(file: str, law: RegimeFile, bundle: Bundle, templates: tuple[str, ...], problems: Problems) -> None:
    """What does not fit in what the stages say of their own addressees goes to ``problems``."""
    for index, stage in enumerate(law.stages):
        if stage.channel is not None:
            at: Path = ("stages", index, "channel")
            problems.refers(file, at, "channel", stage.channel, bundle.communications.channels)
        if stage.template is not None:
            at = ("stages", index, "template")
            problems.refers(file, at, "notice template", stage.template, templates)
        if stage.audience in (None, law.audience):
            continue
        needed = ("authority", "template", "channel")
        missing = [key for key in needed if getattr(stage, key) is None]
        if missing:
            what = (
                f"{stage.id} tells {stage.audience} and the duty {law.audience}, so {' and '.join(missing)} must differ"
            )
            problems.add(file, ("stages", index, "audience"), what, needed, "write these for the stage as well")


def _told(
    file: str, at: Path, told: CounterpartyShape, name: str, entity: EntityFile, bundle: Bundle, problems: Problems
) -> Counterparty:
    portal = told.portal or ""
    zone = entity.zone if told.local == "EU" and entity.zone in EU_ZONES else told.zone or entity.zone
    if told.zone:
        check_zone(told.zone, file, (*at, "zone"), problems)
    elif told.local is not None:
        what = "local needs a zone for entities elsewhere"
        problems.add(file, (*at, "local"), what, (), "write zone: Europe/Brussels beside it")
    if told.of is not None:
        body = entity.authorities.get(told.of)
        if body is None:
            what = f"the entity {name!r} names no authority {told.of!r}"
            step = f"add it under authorities in {bundle.file('entities', name)}"
            problems.add(file, (*at, "of"), what, tuple(entity.authorities), step)
            return Counterparty("", "", zone, portal)
        return Counterparty(
            told.name or body.name, told.recipient or body.recipient, told.zone or body.zone or zone, portal
        )
    if told.name is None or told.recipient is None:
        problems.add(
            file,
            at,
            "who is told is not clear",
            ("of", "name", "recipient", "zone"),
            "give of: for one of the entity's authorities, or name: and recipient:",
        )
    return Counterparty(told.name or "", told.recipient or "", zone, portal)


def check_zone(zone: str, file: str, path: Path, problems: Problems) -> bool:
    """Whether this machine knows the time zone; if not, that is noted."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.add(
            file,
            path,
            f"there is no time zone {zone!r} on this machine",
            ("Europe/Berlin", "UTC"),
            "write an IANA name; if that is one, install the package tzdata",
        )
        return False
    return True
