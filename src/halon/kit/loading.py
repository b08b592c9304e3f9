"""From a folder of YAML to a kit, or to everything that is wrong with it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from halon.incident.canonical import NotCanonical, canonical, digest
from halon.judgement.iso_places import no_place
from halon.judgement.policy import Entity, Policy
from halon.judgement.vocabulary import near
from halon.judgement.vocabulary_law import ROLES
from halon.kit.authority import authority, check_verifiers, facts_said, proving
from halon.kit.bundle import FILES, FOLDERS, NOTICE_SUFFIX, NOTICES, PACKS, Bundle, bundle
from halon.kit.cadence import cadence, owner
from halon.kit.channels import channels, usable
from halon.kit.counterparties import check_zone
from halon.kit.errors import KitError, Problem
from halon.kit.files.authority import EVIDENCE, LOOK
from halon.kit.inventory import inventory
from halon.kit.keeping import handling
from halon.kit.kit import Kit
from halon.kit.law import notice_templates, regimes
from halon.kit.masking import masking
from halon.kit.mutes import mutes
from halon.kit.packs import check_packs, pack_of
from halon.kit.people import hours, people, principals, roster_rules
from halon.kit.places import Problems
from halon.kit.policies import gate_rules
from halon.kit.preapproved import preapproved
from halon.kit.reading import LARGEST, Document, read
from halon.kit.reading import Path as Where
from halon.kit.restricting import restriction
from halon.kit.retired import forgotten
from halon.kit.rota import absences, overrides, rota_source
from halon.kit.rubric import categories, rubric
from halon.kit.runbooks import groups, runbooks
from halon.kit.senders import sources, trust_of
from halon.kit.signers import SIGNERS, signers
from halon.kit.tonight import Finding, reach, tonight

FORMAT = 2
MOVED = {
    "agents.yaml": "give each agent a file of its own in agents/, named after it",
    "connectors.yaml": "give each connector a file of its own in connectors/, named after it",
    "entities.yaml": "give each legal entity a file of its own in entities/, named after it",
}
_MOST_FILES = 2_000
_MOST_BYTES = 4 * LARGEST
"""A character of UTF-8 takes four bytes at most."""
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


def load(path: Path, environ: Mapping[str, str] | None = None, also: Mapping[str, str] | None = None) -> Kit:
    """The kit in the folder ``path``. Addresses come from ``environ`` (the process's own if left out).

    ``also`` holds the texts of files by name that are read as if they lay in the folder, to try them out.
    Raises KitError with every problem that was found, each with file, line and next step.
    """
    problems = Problems({})
    _read_folder(path, problems)
    for name, text in (also or {}).items():
        problems.documents[name], wrong = read(name, text)
        problems.found.extend(wrong)
    return _build(problems, os.environ if environ is None else environ).kit


def examine(
    path: Path, environ: Mapping[str, str] | None = None, now: datetime | None = None
) -> tuple[Kit, tuple[Finding, ...]]:
    """The kit in the folder ``path``, and everything that would go wrong tonight, worst first.

    ``now`` is where the four weeks begin for which the rota is played (the present if left out). Raises KitError.
    """
    problems = Problems({})
    _read_folder(path, problems)
    around = os.environ if environ is None else environ
    made = _build(problems, around)
    return made.kit, tonight(made.whole, made.kit.policy, made.secrets, around, now or datetime.now(UTC))


def files_of(path: Path) -> tuple[Bundle, Problems]:
    """The files of the kit in the folder ``path``, each in its shape, and where to note problems with them.

    For what looks at one part of a kit, whether or not the rest fits together. Raises KitError.
    """
    problems = Problems({})
    _read_folder(path, problems)
    _settle(problems)
    whole = bundle(problems)
    if problems.found:
        raise KitError(problems.found)
    return whole, problems


def restore(content: bytes, environ: Mapping[str, str] | None = None) -> Kit:
    """The kit whose ``canonical`` bytes are ``content``, as they were stored by digest.

    A command that came with a later release is open to nobody in it. Raises KitError if they are none; problems then
    name files without lines.
    """
    try:
        stored = json.loads(content)
        if stored["format"] not in (FORMAT,):
            raise ValueError(stored["format"])
        documents = {str(name): Document(str(name), data) for name, data in stored["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise KitError([Problem("kit", 0, "these bytes are not a stored kit", (), "load the folder again")]) from error
    return _build(Problems(documents, stored=True), os.environ if environ is None else environ, stored=True).kit


def _read_folder(path: Path, problems: Problems) -> None:
    if not path.is_dir():
        raise KitError([Problem(str(path), 0, "there is no such folder", (), "make one with: halon init DIR")])
    found = [file for file in _files(path) if file.suffix in (".yaml", ".yml", ".j2") or near(file.stem, (SIGNERS,))]
    packs: set[str] = set()
    waiting: list[tuple[Path, str, str]] = []
    for file in found[:_MOST_FILES]:
        name = file.relative_to(path).as_posix()
        wrong, pack = _misplaced(name), pack_of(name)
        packs.add(pack)
        if wrong is not None:
            problems.add(name, (), *wrong)
        elif pack:
            waiting.append((file, name, pack))
        else:
            _read_file(file, name, problems)
    on = check_packs(problems, packs - {""})
    for file, name, pack in waiting:
        if pack in on:  # what is off is no part of the kit: it is neither read nor in its digest
            _read_file(file, name, problems)
    if len(found) > _MOST_FILES:
        problems.add(str(path), (), f"more than {_MOST_FILES} files", (), "split the kit")


def _files(path: Path) -> Iterator[Path]:
    """Every file below ``path`` that is not hidden: also those that lie where nobody would read them."""
    for file in sorted(path.rglob("*")):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
            yield file


def _misplaced(name: str) -> tuple[str, tuple[str, ...], str] | None:
    """What is wrong with a file of this name being there, what is known, and the next step; None if it belongs."""
    *folders, own = name.split("/")
    if folders[:1] == [PACKS] and len(folders) == 3:
        folders = folders[2:]
    if own.endswith(".yml"):
        return "only files that end in .yaml are read", (), "rename it"
    if not folders and own in MOVED:
        return "a kit has no such file any more", (), MOVED[own]
    if not folders and not own.endswith(".j2"):
        if own in FILES or own == SIGNERS:
            return None
        close = near(own, (*FILES, SIGNERS), 1)
        return (
            "a kit has no such file",
            (*FILES, SIGNERS),
            f"did you mean {close[0]!r}?" if close else "rename or remove it",
        )
    if folders == [NOTICES]:
        return (
            None if own.endswith(NOTICE_SUFFIX) else (f"a notice's template ends in {NOTICE_SUFFIX}", (), "rename it")
        )
    if len(folders) == 1 and folders[0] in FOLDERS:
        if not own.endswith(".yaml"):
            return "only files that end in .yaml are read", (), f"put templates of notices into {NOTICES}/"
        if _ID.fullmatch(own.removesuffix(".yaml")):
            return None
        return "the name of the file is its id, and this can't be one", (), "use lower case, digits, - and _"
    known = (*FOLDERS, NOTICES, PACKS)
    where = "/".join(folders)
    close = near(where, known, 1)
    step = f"did you mean {close[0]!r}?" if close else "move or remove it"
    return f"a kit has no folder {where!r}", known, step


def _read_file(file: Path, name: str, problems: Problems) -> None:
    problems.documents[name] = Document(name, None)
    try:
        with file.open("rb") as opened:
            raw = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        problems.found.append(Problem(name, 1, f"can't be read: {error.strerror}", (), "check its permissions"))
        return
    if len(raw) > _MOST_BYTES:
        problems.found.append(Problem(name, 1, f"larger than {_MOST_BYTES} bytes", (), "split or shorten it"))
        return
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problems.found.append(Problem(name, line, "is not UTF-8 text", (), "save the file as UTF-8"))
        return
    if name.endswith(NOTICE_SUFFIX) or name == SIGNERS:
        if len(text) > LARGEST:
            problems.found.append(Problem(name, 1, f"longer than {LARGEST} characters", (), "shorten it"))
        else:
            lines: dict[Where, int] = (
                {(number,): number + 1 for number in range(text.count("\n") + 1)} if name == SIGNERS else {}
            )
            problems.documents[name] = Document(name, text, lines)
        return
    document, found = read(name, text)
    problems.documents[name] = document
    problems.found.extend(found)


def _settle(problems: Problems) -> None:
    """Give every document its canonical form, so that two kits of one digest judge alike whatever order keys had."""
    for name, document in problems.documents.items():
        try:
            problems.documents[name] = replace(document, data=json.loads(canonical(document.data)))
        except NotCanonical as error:
            problems.documents[name] = replace(document, data=None)
            problems.add(name, (), f"holds a value that can't be stored: {error}", (), "write another value")


@dataclass(frozen=True, slots=True)
class _Made:
    kit: Kit
    whole: Bundle
    secrets: Mapping[str, tuple[str, ...]]


def _build(problems: Problems, environ: Mapping[str, str], *, stored: bool = False) -> _Made:
    _settle(problems)
    documents = dict(problems.documents)
    if stored:
        problems.documents.update({name: forgotten(document) for name, document in documents.items()})
    whole = bundle(problems, stored=stored)
    policy_parts = _policy(whole, environ, problems)
    told = channels(whole, problems)
    may = authority(whole, problems)
    says = facts_said(whole, problems)
    check_verifiers(whole, problems)
    keys = signers(whole, problems)
    named = principals(whole, problems)
    evidence = handling(whole, problems)
    agents = inventory(whole, environ, problems)
    grouped = groups(whole, problems)
    senders = sources(whole, grouped, problems)
    rota = rota_source(whole, problems)
    masked = masking(whole, problems)
    approved = preapproved(whole, tuple(sorted({*notice_templates(), *whole.notices})), problems)
    if problems.found:
        raise KitError(problems.found)
    content = {"format": FORMAT, "files": {name: document.data for name, document in documents.items()}}
    policy = replace(policy_parts, digest=digest(content), agents=agents.agents, trust=trust_of(senders))
    kit = Kit(
        digest=policy.digest,
        canonical=canonical(content),
        policy=policy,
        people={person.name: person for person in policy.people},
        channels=told,
        sources=senders,
        addresses={name: person.mail for name, person in whole.oncall.people.items() if person.mail},
        observe=agents.observe,
        authority={
            **may,
            EVIDENCE: tuple(dict.fromkeys(chain.from_iterable(evidence.readers.values()))),
            LOOK: whole.roles,
        },
        facts=says,
        probes=agents.probes,
        groups=grouped,
        notices=dict(whole.notices),
        rota=rota,
        redaction=masked,
        evidence=evidence,
        proving=proving(whole, keys, named, problems),
        preapproved=approved,
        warnings=tuple(str(one) for one in reach(whole, policy, agents.secrets, environ)),
    )
    return _Made(kit, whole, agents.secrets)


def _policy(whole: Bundle, environ: Mapping[str, str], problems: Problems) -> Policy:
    organisation = whole.organisation
    for name, entity in whole.entities.items():
        file = whole.file("entities", name)
        check_zone(entity.zone, file, ("zone",), problems)
        for index, role in enumerate(entity.roles):
            problems.refers(file, ("roles", index), "role in law", role, ROLES)
        for index, place in enumerate(() if whole.stored else entity.establishments):
            if wrong := no_place(place):
                what, _, step = wrong.partition("; ")
                problems.add(file, ("establishments", index), what, (), step)
        for key, body in entity.authorities.items():
            if body.zone:
                check_zone(body.zone, file, ("authorities", key, "zone"), problems)
    shapes = whole.communications.channels
    return Policy(
        digest="",
        entities={
            name: Entity(name, entity.name, tuple(entity.roles), tuple(entity.establishments), entity.zone)
            for name, entity in whole.entities.items()
        },
        agents={},
        rubric=rubric(whole.severity, problems),
        categories=categories(whole.severity, problems),
        regimes=regimes(whole, problems),
        roster_rules=roster_rules(whole, problems),
        people=people(whole, environ, problems),
        hours=hours(whole),
        ask=whole.authority.gates.ask.policy(),
        leadership_channels=tuple(
            name for name in whole.communications.leadership if name in shapes and usable(shapes[name], environ)
        ),
        quiet_seconds=organisation.quiet_minutes * 60,
        corrective_days=organisation.corrective_days,
        update_every=organisation.update_minutes * 60,
        runbooks=runbooks(whole, problems),
        overrides=overrides(whole, problems),
        absences=absences(whole, problems),
        mutes=mutes(whole, problems),
        restricted=restriction(whole, problems),
        gate_rules=gate_rules(whole, problems),
        longest_mute=whole.mutes.longest_hours * 3600,
        cadence=cadence(whole),
        comms_owner=owner(whole, problems),
    )
