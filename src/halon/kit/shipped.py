"""The mapped sources that come with Halon: files to begin with, each with the sample it was written for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from halon.kit.starter import StarterMissing

FOLDER = "sources"


@dataclass(frozen=True, slots=True)
class Shipped:
    """A mapping file as text, with a sample payload, and the body to paste where the sender's body is one's own."""

    name: str
    text: str
    sample: str
    template: str = ""

    @property
    def file(self) -> str:
        """Where it lies in a kit."""
        return f"{FOLDER}/{self.name}.yaml"

    @property
    def about(self) -> str:
        """What it is for: the first sentence of its comment."""
        return self.text.partition("\n")[0].lstrip("# ").rstrip().partition(". ")[0].rstrip(".")


def shipped() -> Mapping[str, Shipped]:
    """The shipped mapping files by name. Raises StarterMissing if they are not on disk."""
    folder = files("halon_templates").joinpath(FOLDER)
    if not isinstance(folder, Path) or not folder.is_dir():
        raise StarterMissing(
            "the shipped sources are not on disk; install Halon from its wheel, not from a zip archive"
        )
    found = {}
    for path in sorted(folder.glob("*.yaml")):
        template = path.with_suffix(".template.json")
        found[path.stem] = Shipped(
            path.stem,
            path.read_text("utf-8"),
            path.with_suffix(".sample.json").read_text("utf-8"),
            template.read_text("utf-8") if template.is_file() else "",
        )
    return found
