"""What is still to be asked: each open fact as a question in plain words, with what its answer would change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from halon.incident.assessment import Obligation
from halon.judgement.severity import LEVELS, Raising
from halon.judgement.vocabulary import VOCABULARY, question

_DUTY, _ACTION, _CATEGORY = -1, 4, 5
"""Ranks beside those of the severity levels, 0 to 3. A running clock comes first."""


@dataclass(frozen=True, slots=True)
class Question:
    """One open fact. ``answers`` says what can be answered; ``changes`` what would follow, clocks and the gravest first."""

    fact: str
    question: str
    help: str
    answers: tuple[str, ...]
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """Something that hangs on facts: what would change, and how soon to ask for it (lower is sooner)."""

    rank: int
    change: str
    needs: tuple[str, ...]


def questions(
    raising: Sequence[Raising],
    obligations: Sequence[Obligation],
    actions: Iterable[tuple[str, tuple[str, ...]]],
    categories: Iterable[tuple[str, tuple[str, ...]]],
) -> tuple[Question, ...]:
    """The questions, those whose answer changes most first. ``actions`` and ``categories`` are titles with needs."""
    hanging = [Open(LEVELS.index(one.level), f"{one.level} if {one.words}", one.needs) for one in raising]
    hanging += [Open(_DUTY, _duty(duty), (need,)) for duty in obligations for need in duty.needs]
    hanging += [Open(_ACTION, f"settles whether to {title}", needs) for title, needs in actions]
    hanging += [Open(_CATEGORY, f"settles whether it is a matter of {name}", needs) for name, needs in categories]
    changes: dict[str, dict[str, int]] = {}
    for one in sorted(hanging, key=lambda one: one.rank):
        for need in one.needs:
            changes.setdefault(need, {})[one.change] = one.rank
    ranked = sorted(changes.items(), key=lambda item: (min(item[1].values()), -len(item[1])))
    return tuple(_question(name, tuple(found)) for name, found in ranked)


def _question(name: str, changes: tuple[str, ...]) -> Question:
    term = VOCABULARY.get(name)
    return Question(name, question(name), term.help if term else "", term.answers if term else (), changes)


def _duty(duty: Obligation) -> str:
    if duty.status == "applies":
        return f"fixes when {duty.name} is due"
    return f"settles whether {duty.name} applies, or when it is due"
