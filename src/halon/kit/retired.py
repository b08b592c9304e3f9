"""Keys that a kit once could hold and that nothing reads: refused with the reason, and left out of stored kits."""

from __future__ import annotations

from typing import Any

from halon.kit.reading import Document, Path

RETIRED: dict[str, dict[Path, tuple[str, str]]] = {
    "runbooks": {
        ("cadence", "customers_minutes"): (
            "nothing ever went by it: customers hear by the notices of regimes/, each of which a person approves",
            "leave the line out; leadership_minutes stays",
        )
    }
}
"""By folder: the path of each such key, what to say of it, and the next step."""


def reason(file: str, path: Path) -> tuple[str, str] | None:
    """What to say of the key at ``path`` of ``file`` and the next step, if it once could stand there."""
    folder = file.split("/")[-2] if "/" in file else file
    return RETIRED.get(folder, {}).get(path)


def forgotten(document: Document) -> Document:
    """``document`` without retired keys: a kit that was stored while they were allowed stays usable."""
    folder = document.name.split("/")[-2] if "/" in document.name else document.name
    data = document.data
    for path in RETIRED.get(folder, {}):
        data = _without(data, path)
    return Document(document.name, data, document.lines)


def _without(data: Any, path: Path) -> Any:
    if not isinstance(data, dict) or path[0] not in data:
        return data
    if len(path) == 1:
        return {key: value for key, value in data.items() if key != path[0]}
    return {**data, path[0]: _without(data[path[0]], path[1:])}
