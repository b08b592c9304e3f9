"""Packs: folders of a kit that count only where organisation.yaml switches them on."""

from __future__ import annotations

from collections.abc import Iterable

from halon.kit.bundle import PACKS
from halon.kit.places import Problems

ORGANISATION = "organisation.yaml"


def pack_of(name: str) -> str:
    """The pack that the file ``name`` (its path in the kit) belongs to; "" if it belongs to the kit itself."""
    folder, _, rest = name.partition("/")
    return rest.partition("/")[0] if folder == PACKS else ""


def check_packs(problems: Problems, there: Iterable[str]) -> frozenset[str]:
    """The packs that are on. One that is not among those that are ``there`` is noted."""
    document = problems.documents.get(ORGANISATION)
    data = document.data if document is not None else None
    named = data.get(PACKS) if isinstance(data, dict) else None
    known, on = sorted(there), set()
    for index, pack in enumerate(named if isinstance(named, list) else ()):
        # Anything but text is answered where the file is held against its shape.
        if isinstance(pack, str) and problems.refers(ORGANISATION, (PACKS, index), "pack", pack, known):
            on.add(pack)
    return frozenset(on)
