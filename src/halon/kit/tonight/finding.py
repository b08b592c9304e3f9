"""One thing that would go wrong tonight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Rank = Literal["fails", "weak", "advice"]
"""``fails``: it does not work when it is needed. ``weak``: it works worse than it should. ``advice``: the rest."""
RANKS: tuple[Rank, ...] = get_args(Rank)
Item = Literal[
    "kill switch and safe mode",
    "severity rubric",
    "logging and traceability",
    "on-call and commander's playbook",
    "prepared notices",
    "known-good fallback",
    "inventory of agents, tools and data",
]
"""What an incident-response kit for AI agents holds (the source guide, section 9)."""
ITEMS: tuple[Item, ...] = get_args(Item)


@dataclass(frozen=True, slots=True)
class Finding:
    """What would go wrong, how badly, which item of the kit it is about, and the fix."""

    rank: Rank
    item: Item
    what: str
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.what}; {self.fix}" if self.fix else self.what
