"""The published taxonomies whose names may stand in reports: versioned data, one file an edition."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from halon.incident.assessment import Tag
from halon.kit.reading import read

_SUFFIX = ".yaml"


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """One edition of a framework: its tags by id."""

    name: str
    framework: str
    edition: str
    tags: dict[str, Tag]


@cache
def taxonomies() -> dict[str, Taxonomy]:
    """Every taxonomy that comes with Halon, by the name of its file. Raises ValueError if one can't be read."""
    found: dict[str, Taxonomy] = {}
    for item in files("halon_templates").joinpath("taxonomy").iterdir():
        if item.name.endswith(_SUFFIX):
            name = item.name.removesuffix(_SUFFIX)
            document, problems = read(item.name, item.read_text(encoding="utf-8"))
            if problems:
                raise ValueError("; ".join(str(problem) for problem in problems))
            framework, edition = str(document.data["framework"]), str(document.data["edition"])
            tags = {key: Tag(framework, edition, key, title) for key, title in document.data["ids"].items()}
            found[name] = Taxonomy(name, framework, edition, tags)
    return dict(sorted(found.items()))
