"""All files of a kit, each in its shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from halon.kit.errors import KitError
from halon.kit.files.actions import Actions
from halon.kit.files.agents import Agents
from halon.kit.files.authority import AuthorityFile
from halon.kit.files.communications import Communications
from halon.kit.files.connectors import Connectors
from halon.kit.files.oncall import OnCall
from halon.kit.files.organisation import Organisation
from halon.kit.files.regimes import RegimeFile
from halon.kit.files.severity import SeverityFile
from halon.kit.files.shapes import Shape
from halon.kit.files.sources import Sources
from halon.kit.places import Problems
from halon.kit.shaping import shaped

FILES: dict[str, type[Shape]] = {
    "organisation.yaml": Organisation,
    "agents.yaml": Agents,
    "severity.yaml": SeverityFile,
    "actions.yaml": Actions,
    "connectors.yaml": Connectors,
    "oncall.yaml": OnCall,
    "authority.yaml": AuthorityFile,
    "communications.yaml": Communications,
    "sources.yaml": Sources,
}
REGIMES = "regimes/"
S = TypeVar("S", bound=Shape)


@dataclass(frozen=True, slots=True)
class Bundle:
    """The files of a kit. ``regimes`` maps the file name to its content."""

    organisation: Organisation
    agents: Agents
    severity: SeverityFile
    actions: Actions
    connectors: Connectors
    oncall: OnCall
    authority: AuthorityFile
    communications: Communications
    sources: Sources
    regimes: Mapping[str, RegimeFile]

    def holders(self, role: str) -> tuple[str, ...]:
        """The people who hold ``role``."""
        return tuple(name for name, person in self.oncall.people.items() if role in person.roles)

    @property
    def roles(self) -> tuple[str, ...]:
        """All roles that somebody holds."""
        return tuple(dict.fromkeys(role for person in self.oncall.people.values() for role in person.roles))


def bundle(problems: Problems) -> Bundle:
    """The bundle of the documents in ``problems``. Raises KitError if a file is missing or has no usable shape."""
    for name in FILES:
        if name not in problems.documents:
            problems.add(name, (), "this file is missing", (), "copy it from the starter kit: halon init DIR")
    whole: dict[str, Any] = {}
    for name, shape in FILES.items():
        if name in problems.documents:
            whole[name.removesuffix(".yaml")] = _read(name, shape, problems)
    regimes = {name: _read(name, RegimeFile, problems) for name in problems.documents if name.startswith(REGIMES)}
    found = {name: regime for name, regime in regimes.items() if regime is not None}
    if len(found) < len(regimes) or len(whole) < len(FILES) or None in whole.values():
        raise KitError(problems.found)
    return Bundle(**whole, regimes=found)


def _read(name: str, shape: type[S], problems: Problems) -> S | None:
    document = problems.documents[name]
    # A file whose YAML could not be read has its problem noted already.
    return None if document.data is None else shaped(document, shape, problems)
