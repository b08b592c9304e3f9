"""Collects what is wrong, each problem with the line on which it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from halon.judgement.vocabulary import near
from halon.kit.errors import Problem
from halon.kit.reading import Document, Path


@dataclass(slots=True)
class Problems:
    """The problems of one kit, as they are found. ``stored``: it was sound by the rules of an earlier release."""

    documents: dict[str, Document]
    found: list[Problem] = field(default_factory=list)
    stored: bool = False

    def add(self, file: str, path: Path, what: str, known: Iterable[str] = (), next_step: str = "") -> None:
        """Note a problem at ``path`` of ``file``."""
        document = self.documents.get(file)
        line = document.line(path) if document else 0
        self.found.append(Problem(file, line, what, tuple(known), next_step))

    def unknown(self, file: str, path: Path, kind: str, name: str, known: Iterable[str]) -> None:
        """Note a name that does not exist, with those that do and the nearest one."""
        names = tuple(known)
        close = near(name, names, 1)
        step = f"did you mean {close[0]!r}?" if close else ("use one of these" if names else f"add the {kind} first")
        self.add(file, path, f"there is no {kind} {name!r}", names, step)

    def refers(self, file: str, path: Path, kind: str, name: str, known: Iterable[str]) -> bool:
        """Whether ``name`` is known; if not, the problem is noted."""
        names = tuple(known)
        if name in names:
            return True
        self.unknown(file, path, kind, name, names)
        return False
