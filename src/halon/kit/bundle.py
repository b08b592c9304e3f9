"""All files of a kit, each in its shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from halon.kit.errors import KitError
from halon.kit.files.actions import Actions, ActionsFile
from halon.kit.files.agents import AgentFile
from halon.kit.files.authority import AuthorityFile
from halon.kit.files.communications import Communications
from halon.kit.files.confirmed import ConfirmedFile
from halon.kit.files.connectors import ConnectorFile
from halon.kit.files.detections import Detections
from halon.kit.files.entities import EntityFile
from halon.kit.files.mapped import MappedFile
from halon.kit.files.mutes import MutesFile
from halon.kit.files.oncall import OnCall
from halon.kit.files.organisation import Organisation
from halon.kit.files.redaction import RedactionFile
from halon.kit.files.regimes import RegimeFile
from halon.kit.files.runbooks import RunbookFile
from halon.kit.files.severity import SeverityFile
from halon.kit.files.shapes import Shape
from halon.kit.files.sources import Sources
from halon.kit.inheriting import settled
from halon.kit.places import Problems
from halon.kit.shaping import shaped

FILES: dict[str, type[Shape]] = {
    "organisation.yaml": Organisation,
    "severity.yaml": SeverityFile,
    "detections.yaml": Detections,
    "actions.yaml": ActionsFile,
    "oncall.yaml": OnCall,
    "authority.yaml": AuthorityFile,
    "communications.yaml": Communications,
    "sources.yaml": Sources,
    "mutes.yaml": MutesFile,
    "redaction.yaml": RedactionFile,
    "confirmed.yaml": ConfirmedFile,
}
OPTIONAL = ("mutes.yaml", "redaction.yaml", "confirmed.yaml")
"""Files that a kit may do without."""
FOLDERS: dict[str, type[Shape]] = {
    "entities": EntityFile,
    "agents": AgentFile,
    "connectors": ConnectorFile,
    "regimes": RegimeFile,
    "runbooks": RunbookFile,
    "sources": MappedFile,
}
"""Folders that hold one thing a file; its id is the file's name without ``.yaml``."""
_HELD_AS = {"sources": "mapped"}
"""The folders that the bundle holds under another name: there is a file ``sources.yaml`` as well."""
NEEDED = ("entities", "agents")
NOTICES, PACKS = "notices", "packs"
NOTICE_SUFFIX = ".txt.j2"
S = TypeVar("S", bound=Shape)


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of a kit; the things of a folder by id. ``notices`` maps the names of own templates to their text.

    ``places`` maps (folder, id) to the file that it stands in: one of the kit itself, or of a pack. ``stored`` is a kit
    that was sound when it was stored, and may be older than a rule of this release.
    """

    organisation: Organisation
    severity: SeverityFile
    detections: Detections
    actions: Actions
    oncall: OnCall
    authority: AuthorityFile
    communications: Communications
    sources: Sources
    mutes: MutesFile
    redaction: RedactionFile
    confirmed: ConfirmedFile
    entities: Mapping[str, EntityFile]
    agents: Mapping[str, AgentFile]
    connectors: Mapping[str, ConnectorFile]
    regimes: Mapping[str, RegimeFile]
    runbooks: Mapping[str, RunbookFile]
    mapped: Mapping[str, MappedFile]
    notices: Mapping[str, str]
    places: Mapping[tuple[str, str], str]
    stored: bool = False

    def holders(self, role: str) -> tuple[str, ...]:
        """The people who hold ``role``."""
        return tuple(name for name, person in self.oncall.people.items() if role in person.roles)

    def speakers(self, command: str) -> frozenset[str]:
        """The people who may say ``command``."""
        return frozenset(name for role in self.authority.commands.get(command, ()) for name in self.holders(role))

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles that somebody holds."""
        return tuple(dict.fromkeys(role for person in self.oncall.people.values() for role in person.roles))

    def file(self, folder: str, name: str) -> str:
        """The file of one thing of a folder."""
        return self.places.get((folder, name), f"{folder}/{name}.yaml")


def bundle(problems: Problems, *, stored: bool = False) -> Bundle:
    """The bundle of the documents in ``problems``. Raises KitError if a file is missing or has no usable shape."""
    for name in FILES:
        if name not in problems.documents and name not in OPTIONAL:
            problems.add(name, (), "this file is missing", (), "copy it from the starter kit: halon init DIR")
    whole: dict[str, Any] = {}
    for name, shape in FILES.items():
        if name in OPTIONAL and name not in problems.documents:
            whole[name.removesuffix(".yaml")] = shape()
        if name in problems.documents:
            whole[name.removesuffix(".yaml")] = _read(name, shape, problems)
    organisation = whole.get("organisation")
    packs = tuple(organisation.packs) if isinstance(organisation, Organisation) else ()
    places: dict[tuple[str, str], str] = {}
    sound = True
    for folder, shape in FOLDERS.items():
        things, all_read = _things(folder, shape, packs, places, problems)
        whole[_HELD_AS.get(folder, folder)] = things
        sound = sound and all_read
    for folder in NEEDED:
        if not any(kind == folder for kind, _ in places):
            problems.add(
                folder, (), f"there is no file in {folder}/", (), f"copy {folder}/ from the starter kit: halon init DIR"
            )
            sound = False
    if not sound or len(whole) < len(FILES) + len(FOLDERS) or None in whole.values():
        raise KitError(problems.found)
    whole["actions"] = settled(whole["actions"], problems, stored=stored)
    return Bundle(**whole, notices=_notices(packs, problems), places=places, stored=stored)


def _things(
    folder: str, shape: type[S], packs: tuple[str, ...], places: dict[tuple[str, str], str], problems: Problems
) -> tuple[dict[str, S], bool]:
    """The things of one folder, of the kit itself and of the packs that are on; and whether every file could be read."""
    found: dict[str, S] = {}
    all_read = True
    for prefix in (f"{folder}/", *(f"{PACKS}/{pack}/{folder}/" for pack in packs)):
        for file in [name for name in problems.documents if name.startswith(prefix) and "/" not in name[len(prefix) :]]:
            stem = file[len(prefix) :].removesuffix(".yaml")
            if (folder, stem) in places:
                problems.add(file, (), f"{stem!r} is already in {places[folder, stem]}", (), "rename one of the files")
                continue
            places[folder, stem] = file
            thing = _read(file, shape, problems)
            if thing is None:
                all_read = False
            else:
                found[stem] = thing
    return found, all_read


def _notices(packs: tuple[str, ...], problems: Problems) -> dict[str, str]:
    """The kit's own notice templates by name; those of the kit come before those of its packs."""
    found: dict[str, str] = {}
    for prefix in (f"{NOTICES}/", *(f"{PACKS}/{pack}/{NOTICES}/" for pack in packs)):
        for file, document in problems.documents.items():
            if file.startswith(prefix) and file.endswith(NOTICE_SUFFIX) and isinstance(document.data, str):
                found.setdefault(file[len(prefix) :].removesuffix(NOTICE_SUFFIX), document.data)
    return found


def _read(name: str, shape: type[S], problems: Problems) -> S | None:
    document = problems.documents[name]
    # A file whose YAML could not be read has its problem noted already.
    return None if document.data is None else shaped(document, shape, problems)
