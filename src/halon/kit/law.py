"""The regimes, each bound to the legal entities that it may oblige."""

from __future__ import annotations

from datetime import date
from importlib.resources import files

from halon.incident.canonical import digest
from halon.judgement.regime import Confirmed, Regime
from halon.judgement.vocabulary import VOCABULARY
from halon.judgement.vocabulary_law import ROLES
from halon.kit.bundle import NOTICES, PACKS, Bundle
from halon.kit.contracts import by_contract, contract_terms
from halon.kit.counterparties import check_stages, counterparty, told_by_stage
from halon.kit.errors import Problem
from halon.kit.files.entities import EntityFile
from halon.kit.files.regimes import RegimeFile, words_of
from halon.kit.gates import check_decider, check_gate, check_role
from halon.kit.law_parts import dormant, embargoes, stages_of, worksheet
from halon.kit.packs import pack_of
from halon.kit.places import Problems
from halon.kit.starter import starter_path
from halon.kit.trees import tree
from halon.kit.wanted import wanted

_TEMPLATE = ".txt.j2"


def regimes(bundle: Bundle, problems: Problems) -> tuple[Regime, ...]:
    """Every regime for every entity that it is looked at for."""
    bound: list[Regime] = []
    seen: dict[str, str] = {}
    _check_notices(bundle, problems)
    if not bundle.stored:
        check_confirmed(bundle, problems)
    templates = tuple(sorted({*notice_templates(), *bundle.notices}))
    for stem, law in bundle.regimes.items():
        file = bundle.file("regimes", stem)
        if law.id in seen:
            problems.add(file, ("id",), f"{law.id!r} is already in {seen[law.id]}", (), "give one of them another id")
        seen[law.id] = file
        _check(file, law, bundle, templates, problems)
        when = tree(law.when, file, ("when",), problems)
        stages = stages_of(file, law, problems)
        kept_back = embargoes(file, law, problems)
        sleeps = dormant(file, law, problems)
        sheet = worksheet(file, law, problems)
        asked = wanted(file, law, bundle, problems)
        specials = _special(file, law, bundle, problems)
        rule = digest(problems.documents[file].data)
        for index, name in enumerate(law.entities):
            problems.refers(file, ("entities", index), "entity", name, bundle.entities)
        for name, entity in bundle.entities.items():
            if law.contract and law.id not in entity.contracts:
                continue  # it binds nobody who has no such contract
            if not law.entities or name in law.entities:
                told = counterparty(file, law, name, entity, bundle, problems)
                terms = contract_terms(law, stages, name, entity, bundle, templates, problems)
                bound.append(
                    Regime(
                        id=law.id,
                        title=law.title,
                        entity=name,
                        roles=tuple(law.roles),
                        authority=told.name,
                        audience=law.audience,
                        zone=told.zone,
                        when=terms.when or when,
                        decider=law.decider,
                        gate=law.gate.policy(),
                        stages=told_by_stage(file, law, by_contract(stages, terms), name, entity, bundle, problems),
                        status=law.status,
                        effective_from=law.effective_from or "",
                        effective_to=law.effective_to or "",
                        dormant_until=law.dormant_until or "",
                        law_anchor=law.law_anchor or "",
                        template=terms.template or law.template,
                        channel=terms.channel or law.channel,
                        recipient=told.recipient,
                        contents=words_of(law.contents),
                        wanted=asked,
                        language=law.language or "",
                        source=_source(law, entity),
                        dormant=sleeps,
                        displaced_by=specials,
                        embargoes=kept_back,
                        holds=tuple(law.holds),
                        phased=law.phased or "",
                        exceptions=tuple(law.exceptions),
                        portal=law.authority.portal or "",
                        worksheet=sheet,
                        confirmed=_confirmed(law, rule, bundle),
                        confidence=law.confidence,
                        verified=law.last_verified,
                        pack=pack_of(file),
                        notes=law.notes or "",
                        rule=rule,
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


def check_confirmed(bundle: Bundle, problems: Problems) -> None:
    """A confirmation of a rule that the kit does not have is noted."""
    known = {law.id for law in bundle.regimes.values()} | (
        set(shipped_regimes()) if bundle.confirmed.regimes else set()
    )
    for name in bundle.confirmed.regimes:
        problems.refers("confirmed.yaml", ("regimes", name), "regime", name, sorted(known))


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
    if law.law_anchor is not None:
        moments = [name for name, term in VOCABULARY.items() if term.kind == "time"]
        problems.refers(file, ("law_anchor",), "moment", law.law_anchor, moments)
    if check_role(law.decider, file, ("decider",), bundle, problems):
        check_decider(law.decider, file, bundle, problems)
    check_gate(law.gate, file, ("gate",), bundle, problems)
    problems.refers(file, ("channel",), "channel", law.channel, bundle.communications.channels)
    problems.refers(file, ("template",), "notice template", law.template, templates)
    check_stages(file, law, bundle, templates, problems)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _source(law: RegimeFile, entity: EntityFile) -> str:
    contract = entity.contracts.get(law.id) if law.contract else None
    return contract.clause if contract is not None and contract.clause else law.source


def _confirmed(law: RegimeFile, rule: str, bundle: Bundle) -> Confirmed | None:
    """Who confirmed the rule as it reads now; a confirmation of another wording counts for nothing."""
    said = bundle.confirmed.regimes.get(law.id)
    return Confirmed(said.by, said.at, said.source) if said is not None and said.rule == rule else None


def _special(file: str, law: RegimeFile, bundle: Bundle, problems: Problems) -> tuple[str, ...]:
    """The special laws that take the place of ``law``: it says so, or they do. They may lie in packs that are off."""
    known = {one.id for one in bundle.regimes.values()}
    for key, names in (("displaced_by", law.displaced_by), ("displaces", law.displaces)):
        for index, name in enumerate(names):
            if name not in known:
                problems.refers(file, (key, index), "regime", name, (*known, *shipped_regimes()))
    others = (one.id for one in bundle.regimes.values() if law.id in one.displaces)
    return tuple(dict.fromkeys((*law.displaced_by, *others)))


def shipped_regimes() -> tuple[str, ...]:
    """The ids of the regimes in the packs that come with Halon."""
    return tuple(sorted(path.stem for path in starter_path().glob(f"{PACKS}/*/regimes/*.yaml")))
