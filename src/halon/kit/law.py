"""The regimes, each bound to the legal entities that it may oblige."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from halon.judgement.obligations import Regime, StageRule
from halon.judgement.vocabulary_law import ROLES
from halon.kit.bundle import NOTICES, Bundle
from halon.kit.errors import Problem
from halon.kit.files.entities import EntityFile
from halon.kit.files.regimes import RegimeFile
from halon.kit.gates import check_decider, check_gate, check_role
from halon.kit.places import Problems
from halon.kit.reading import Path
from halon.kit.trees import deadline, tree

_TEMPLATE = ".txt.j2"


def regimes(bundle: Bundle, problems: Problems) -> tuple[Regime, ...]:
    """Every regime for every entity that it is looked at for."""
    bound: list[Regime] = []
    seen: dict[str, str] = {}
    _check_notices(bundle, problems)
    templates = tuple(sorted({*notice_templates(), *bundle.notices}))
    for stem, law in bundle.regimes.items():
        file = bundle.file("regimes", stem)
        if law.id in seen:
            problems.add(file, ("id",), f"{law.id!r} is already in {seen[law.id]}", (), "give one of them another id")
        seen[law.id] = file
        _check(file, law, bundle, templates, problems)
        when = tree(law.when, file, ("when",), problems)
        stages = _stages(file, law, problems)
        for index, name in enumerate(law.entities):
            problems.refers(file, ("entities", index), "entity", name, bundle.entities)
        for name, entity in bundle.entities.items():
            if not law.entities or name in law.entities:
                told = _counterparty(file, law, name, entity, bundle, problems)
                bound.append(
                    Regime(
                        id=law.id,
                        title=law.title,
                        entity=name,
                        roles=tuple(law.roles),
                        authority=told[0],
                        audience=law.audience,
                        zone=told[2],
                        when=when,
                        decider=law.decider,
                        gate=law.gate.policy(),
                        stages=stages,
                        status=law.status,
                        effective_from=law.effective_from or "",
                        effective_to=law.effective_to or "",
                        dormant_until=law.dormant_until or "",
                        template=law.template,
                        channel=law.channel,
                        recipient=told[1],
                        contents=tuple(law.contents),
                        source=law.source,
                    )
                )
    return tuple(bound)


def _check_notices(bundle: Bundle, problems: Problems) -> None:
    if not bundle.notices:
        return
    from halon.rendering import flaw  # Jinja is loaded only where there is something for it to read

    for name, source in bundle.notices.items():
        file = next((one for one in problems.documents if one.endswith(f"{NOTICES}/{name}{_TEMPLATE}")), name)
        wrong = flaw(f"{name}{_TEMPLATE}", source)
        if wrong is None and not source.startswith("Subject: "):
            problems.found.append(
                Problem(file, 1, "a notice begins with its subject", (), "begin with a line Subject: …")
            )
        if wrong is not None:
            problems.found.append(Problem(file, wrong[0], f"not readable as a template: {wrong[1]}", (), "correct it"))


def notice_templates() -> tuple[str, ...]:
    """The names of the notice templates that come with Halon."""
    found = files("halon_templates").joinpath("notices").iterdir()
    return tuple(sorted(item.name.removesuffix(_TEMPLATE) for item in found if item.name.endswith(_TEMPLATE)))


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


def _check(file: str, law: RegimeFile, bundle: Bundle, templates: tuple[str, ...], problems: Problems) -> None:
    if law.confidence == "U" and law.status == "in_force":
        problems.add(
            file,
            ("confidence",),
            "a rule that nobody has verified can't be in force",
            (),
            "read the source, or say status: review_required",
        )
    for key, value in (
        ("last_verified", law.last_verified),
        ("effective_from", law.effective_from),
        ("effective_to", law.effective_to),
        ("dormant_until", law.dormant_until),
    ):
        if value is not None and not _is_date(value):
            problems.add(file, (key,), f"{value!r} is no date of the calendar", (), "write for example 2026-11-22")
    begins, ends = law.effective_from, law.effective_to
    # Stored kits are older than this rule, and an incident still stands on them.
    if begins and ends and _is_date(begins) and _is_date(ends) and ends < begins and not bundle.stored:
        what = f"it ends on {ends}, before it begins on {begins}, so it would never bind anybody"
        problems.add(file, ("effective_to",), what, (), "correct one of the two dates, or leave effective_to out")
    for index, role in enumerate(law.roles):
        problems.refers(file, ("roles", index), "role in law", role, ROLES)
    if check_role(law.decider, file, ("decider",), bundle, problems):
        check_decider(law.decider, file, bundle, problems)
    check_gate(law.gate, file, ("gate",), bundle, problems)
    problems.refers(file, ("channel",), "channel", law.channel, bundle.communications.channels)
    problems.refers(file, ("template",), "notice template", law.template, templates)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _stages(file: str, law: RegimeFile, problems: Problems) -> tuple[StageRule, ...]:
    rules: list[StageRule] = []
    for index, stage in enumerate(law.stages):
        earlier = tuple(rule.id for rule in rules)
        if stage.id in earlier:
            problems.add(file, ("stages", index, "id"), f"the stage {stage.id!r} appears twice", (), "rename one")
        due = deadline(stage.due, file, ("stages", index, "due"), earlier, problems)
        rules.append(StageRule(stage.id, due, stage.approval_minutes, stage.words or ""))
    return tuple(rules)


def _counterparty(
    file: str, law: RegimeFile, name: str, entity: EntityFile, bundle: Bundle, problems: Problems
) -> tuple[str, str, str]:
    """Name, recipient and zone of whom the notice goes to."""
    told = law.authority
    zone = told.zone or entity.zone
    if told.zone:
        check_zone(told.zone, file, ("authority", "zone"), problems)
    if told.of is not None:
        body = entity.authorities.get(told.of)
        if body is None:
            what = f"the entity {name!r} names no authority {told.of!r}"
            step = f"add it under authorities in {bundle.file('entities', name)}"
            problems.add(file, ("authority", "of"), what, tuple(entity.authorities), step)
            return "", "", zone
        return told.name or body.name, told.recipient or body.recipient, told.zone or body.zone or zone
    if told.name is None or told.recipient is None:
        problems.add(
            file,
            ("authority",),
            "who is told is not clear",
            ("of", "name", "recipient", "zone"),
            "give of: for one of the entity's authorities, or name: and recipient:",
        )
    return told.name or "", told.recipient or "", zone
