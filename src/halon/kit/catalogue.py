"""The catalogue of containment that comes with Halon: kinds of action, each with what it stops and its way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from halon.incident.errors import HalonError
from halon.judgement.vocabulary import near
from halon.kit.files.kinds import CatalogueFile, KindShape
from halon.kit.places import Problems
from halon.kit.reading import read
from halon.kit.shaping import shaped

FOLDER = "catalogue"
_SUFFIX = ".yaml"


class NoSuchKind(HalonError):
    """The catalogue has no kind of this name. The message has those that there are."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One version of it: the kinds by name, in the order in which the files have them."""

    version: int
    kinds: Mapping[str, KindShape]


@cache
def catalogue() -> Catalogue:
    """The catalogue that comes with Halon. Raises ValueError if its files don't fit together, with every reason."""
    problems = Problems({})
    read_files = list(_files(problems))
    kinds: dict[str, KindShape] = {}
    for one in read_files:
        if twice := sorted(kinds.keys() & one.kinds.keys()):
            raise ValueError(f"the catalogue names {', '.join(twice)} twice")
        kinds.update(one.kinds)
    versions = {one.version for one in read_files}
    if problems.found or len(versions) != 1:
        told = "; ".join(str(one) for one in problems.found)
        raise ValueError(told or f"the files of the catalogue have {len(versions)} versions, and need one")
    return Catalogue(versions.pop(), MappingProxyType(kinds))


def kind(name: str) -> KindShape:
    """The kind called ``name``. Raises NoSuchKind."""
    known = catalogue().kinds
    if name not in known:
        close = near(name, known, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise NoSuchKind(f"there is no kind of action {name[:60]!r}; {hint}known: {', '.join(known)}")
    return known[name]


def _files(problems: Problems) -> Iterator[CatalogueFile]:
    folder = files("halon_templates").joinpath(FOLDER)
    for item in sorted(folder.iterdir(), key=lambda one: one.name):
        if not item.name.endswith(_SUFFIX):
            continue
        document, wrong = read(item.name, item.read_text("utf-8"))
        problems.found.extend(wrong)
        problems.documents[item.name] = document
        shape = shaped(document, CatalogueFile, problems)
        if shape is not None:
            yield shape
