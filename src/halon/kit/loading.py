"""From a folder of YAML to a kit, or to everything that is wrong with it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from halon.incident.canonical import NotCanonical, canonical, digest
from halon.judgement.policy import Entity, Policy
from halon.judgement.vocabulary import near
from halon.judgement.vocabulary_law import ROLES
from halon.kit.bundle import FILES, REGIMES, Bundle, bundle
from halon.kit.channels import channels, usable
from halon.kit.errors import KitError, Problem
from halon.kit.inventory import inventory
from halon.kit.kit import Kit, Source
from halon.kit.law import check_zone, regimes
from halon.kit.people import authority, people, roster_rules
from halon.kit.places import Problems
from halon.kit.reading import Document, read
from halon.kit.rubric import categories, rubric
from halon.kit.tonight import tonight

FORMAT = 1
_MOST_FILES = 500


def load(path: Path, environ: Mapping[str, str] | None = None) -> Kit:
    """The kit in the folder ``path``. Addresses come from ``environ`` (the process's own if left out).

    Raises KitError with every problem that was found, each with file, line and next step.
    """
    problems = Problems({})
    _read_folder(path, problems)
    return _build(problems, os.environ if environ is None else environ)


def restore(content: bytes, environ: Mapping[str, str] | None = None) -> Kit:
    """The kit whose ``canonical`` bytes are ``content``, as they were stored by digest.

    Raises KitError if they are none; problems then name files without lines.
    """
    try:
        stored = json.loads(content)
        documents = {str(name): Document(str(name), data) for name, data in stored["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise KitError([Problem("kit", 0, "these bytes are not a stored kit", (), "load the folder again")]) from error
    return _build(Problems(documents), os.environ if environ is None else environ)


def _read_folder(path: Path, problems: Problems) -> None:
    if not path.is_dir():
        raise KitError([Problem(str(path), 0, "there is no such folder", (), "make one with: halon init DIR")])
    found = sorted([*path.glob("*.y*ml"), *path.glob("regimes/*.y*ml")])
    for file in found[:_MOST_FILES]:
        name = file.relative_to(path).as_posix()
        if file.suffix != ".yaml":
            problems.add(name, (), "only files that end in .yaml are read", (), "rename it")
        elif not name.startswith(REGIMES) and name not in FILES:
            close = near(name, FILES, 1)
            step = f"did you mean {close[0]!r}?" if close else "rename or remove it"
            problems.add(name, (), "a kit has no such file", FILES, step)
        else:
            _read_file(file, name, problems)
    if len(found) > _MOST_FILES:
        problems.add(str(path), (), f"more than {_MOST_FILES} files", (), "split the kit")


def _read_file(file: Path, name: str, problems: Problems) -> None:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.documents[name] = Document(name, None)
        problems.add(name, (), f"can't be read: {error}", (), "check its permissions, and that it is UTF-8")
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
            problems.add(name, (), f"holds a value that can't be stored: {error}")


def _build(problems: Problems, environ: Mapping[str, str]) -> Kit:
    _settle(problems)
    whole = bundle(problems)
    policy_parts = _policy(whole, environ, problems)
    told = channels(whole, problems)
    may = authority(whole, problems)
    agents = inventory(whole, environ, problems)
    if problems.found:
        raise KitError(problems.found)
    content = {"format": FORMAT, "files": {name: document.data for name, document in problems.documents.items()}}
    policy = replace(policy_parts, digest=digest(content), agents=agents.agents)
    return Kit(
        digest=policy.digest,
        canonical=canonical(content),
        policy=policy,
        people={person.name: person for person in policy.people},
        channels=told,
        sources={
            name: Source(name, source.kind, source.token_env, source.agent_label, source.group_label)
            for name, source in whole.sources.sources.items()
        },
        addresses={name: person.mail for name, person in whole.oncall.people.items() if person.mail},
        observe=agents.observe,
        authority=may,
        warnings=tonight(whole, policy, agents.secrets, environ),
    )


def _policy(whole: Bundle, environ: Mapping[str, str], problems: Problems) -> Policy:
    organisation = whole.organisation
    for name, entity in organisation.entities.items():
        path = ("entities", name)
        check_zone(entity.zone, "organisation.yaml", (*path, "zone"), problems)
        for index, role in enumerate(entity.roles):
            problems.refers("organisation.yaml", (*path, "roles", index), "role in law", role, ROLES)
        for key, body in entity.authorities.items():
            if body.zone:
                check_zone(body.zone, "organisation.yaml", (*path, "authorities", key, "zone"), problems)
    shapes = whole.communications.channels
    return Policy(
        digest="",
        entities={
            name: Entity(name, entity.name, tuple(entity.roles), tuple(entity.establishments), entity.zone)
            for name, entity in organisation.entities.items()
        },
        agents={},
        rubric=rubric(whole.severity, problems),
        categories=categories(whole.severity, problems),
        regimes=regimes(whole, problems),
        roster_rules=roster_rules(whole, problems),
        people=people(whole, environ, problems),
        ask=whole.authority.gates.ask.policy(),
        leadership_channels=tuple(
            name for name in whole.communications.leadership if name in shapes and usable(shapes[name], environ)
        ),
        quiet_seconds=organisation.quiet_minutes * 60,
        corrective_days=organisation.corrective_days,
        update_every=organisation.update_minutes * 60,
    )
