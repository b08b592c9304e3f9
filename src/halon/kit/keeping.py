"""A kit's word on evidence: how each kind is handled, how long it is kept, and who reads it."""

from __future__ import annotations

from halon.evidence.labels import ACCESS, KINDS, Handling, Kind
from halon.kit.authority import AUTHORITY
from halon.kit.bundle import Bundle
from halon.kit.gates import check_role
from halon.kit.places import Problems

ORGANISATION = "organisation.yaml"
LIKE = {"open": "note", "restricted": "finding", "privileged": "override"}
"""Where a kit does not say who reads a class of evidence, it is who may say this command."""


def handling(bundle: Bundle, problems: Problems) -> Handling:
    """How evidence is handled. What can't be understood goes into ``problems``."""
    told = bundle.organisation.evidence
    kinds: dict[str, Kind] = {}
    for name, said in told.kinds.items():
        if problems.refers(ORGANISATION, ("evidence", "kinds", name), "kind of evidence", name, tuple(KINDS)):
            usual = KINDS[name]
            kinds[name] = Kind(said.access or usual.access, said.retention or usual.retention)
    readers: dict[str, tuple[str, ...]] = {}
    for access in ACCESS:
        given: list[str] | None = getattr(bundle.authority.evidence, access)
        for index, role in enumerate(given or ()):
            check_role(role, AUTHORITY, ("evidence", access, index), bundle, problems)
        readers[access] = tuple(given if given is not None else bundle.authority.commands.get(LIKE[access], ()))
    days = {str(name): count for name, count in told.days.items()}
    return Handling(kinds, days, readers, told.legal_hold)
