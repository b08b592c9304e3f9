"""Of a delivery with too many alerts, the ones that are taken: a sender can't split it, and would drop what is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from halon.intake.sources.reader import Arrived
from halon.intake.sources.source import Source
from halon.intake.urgency import rank_of

Given = TypeVar("Given")


def foremost(
    given: Sequence[Given], arrived: Arrived, source: Source, told: Callable[[Given], tuple[bool, str]]
) -> list[Given]:
    """At most ``arrived.most`` of ``given``: those that fire first, then the severest, then as they came.

    They stay in their order, and the number of the others is added to ``arrived.left``. ``told`` says of each whether
    it fires, and the sender's word for its severity.
    """
    if len(given) <= arrived.most:
        return list(given)

    def urgency(place: int) -> tuple[bool, int]:
        fires, word = told(given[place])
        return not fires, rank_of(word, source.severity)

    taken = sorted(range(len(given)), key=urgency)[: arrived.most]
    arrived.left.append(len(given) - len(taken))
    return [given[place] for place in sorted(taken)]
