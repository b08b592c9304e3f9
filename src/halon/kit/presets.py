"""The connectors that come with Halon, one YAML file a product, to be copied into a kit and made one's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from halon.incident.errors import HalonError
from halon.judgement.vocabulary import near
from halon.kit.files.connectors import ConnectorFile
from halon.kit.reading import read

RAN, CONTRACT = "ran against it", "contract only"
"""How far a preset was tried: against the running product, or against what its maker's documentation says."""
_HEADS = ("product", "version", "tested", "stops", "undo")


class NoSuchPreset(HalonError):
    """No connector of this name comes with Halon."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One connector that comes with Halon: the head of its file, its whole text, and its operations by name."""

    name: str
    product: str
    version: str
    tested: str
    stops: str
    undo: str
    text: str

    @property
    def shape(self) -> ConnectorFile:
        """The file as a kit reads it."""
        return ConnectorFile.model_validate(read(self.name, self.text)[0].data)


def presets() -> tuple[Preset, ...]:
    """All of them, by name."""
    return tuple(_preset(path) for path in sorted(_paths(), key=lambda path: path.stem))


def preset(name: str) -> Preset:
    """The one called ``name``. Raises NoSuchPreset with those that there are."""
    found = {path.stem: path for path in _paths()}
    if name not in found:
        close = near(name, sorted(found), 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise NoSuchPreset(f"no connector {name[:60]!r} comes with Halon; {hint}known: {', '.join(sorted(found))}")
    return _preset(found[name])


def _paths() -> Iterator[Path]:
    root = files("halon_templates")
    if isinstance(root, Path):
        yield from (root / "connectors").glob("*.yaml")
        yield root / "kit" / "connectors" / "halon-control.yaml"


def _preset(path: Path) -> Preset:
    text = path.read_text("utf-8")
    heads = dict.fromkeys(_HEADS, "")
    for line in text.splitlines():
        if not line.startswith("# "):
            break
        name, _, told = line[2:].partition(": ")
        if name in heads:
            heads[name] = told.strip()
    return Preset(path.stem, **heads, text=text)
