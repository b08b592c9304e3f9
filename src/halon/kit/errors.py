"""What can be wrong with a kit: every problem with its place, what is known there, and the next step.

HalonError
└── KitError             the kit can't be used; ``problems`` holds all of them
    └── UnknownAgent     the kit's inventory has no agent of this name
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from halon.incident.errors import HalonError

_SHOWN = 24


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. ``line`` counts from 1; 0 means that the whole file is meant."""

    file: str
    line: int
    what: str
    known: tuple[str, ...] = ()
    next_step: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        more = f", … ({len(self.known)} in all)" if len(self.known) > _SHOWN else ""
        known = f"; known: {', '.join(self.known[:_SHOWN])}{more}" if self.known else ""
        return f"{place}: {self.what}{known}" + (f"; {self.next_step}" if self.next_step else "")


class KitError(HalonError):
    """The kit can't be used. The message has one line for each problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=lambda problem: (problem.file, problem.line, problem.what)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[KitError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class UnknownAgent(HalonError):
    """The kit's inventory has no agent of this name. The message lists the known ones."""
