"""The starter kit that comes with Halon."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from halon.incident.errors import HalonError


class StarterMissing(HalonError):
    """The starter kit is not on disk, because the package was not installed as files."""


def starter_path() -> Path:
    """The folder of the starter kit inside the installed package. Raises StarterMissing."""
    folder = files("halon_templates").joinpath("kit")
    if not isinstance(folder, Path) or not folder.is_dir():
        raise StarterMissing("the starter kit is not on disk; install Halon from its wheel, not from a zip archive")
    return folder
