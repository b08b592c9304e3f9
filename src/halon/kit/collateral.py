"""Who else is hit by an action, reckoned from the inventory: what the agents share, in sentences for whoever approves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from halon.judgement.surface import Held, Surface
from halon.kit.calling import blanks
from halon.kit.covering import EVERYTHING, closed, said
from halon.kit.files.actions import ActionShape
from halon.kit.files.connectors import OperationShape

_VERB = {"credential": "uses the credential", "output": "writes to", "source": "reads", "memory": "shares the memory"}


def collateral(
    action: ActionShape, agent: str, operation: OperationShape, surfaces: Mapping[str, Surface]
) -> tuple[str, ...]:
    """Who else is hit when ``action`` is applied to ``agent``: what the kit says by hand, then what the inventory adds.

    Whom the kit names by hand is not named again. Where nobody has said anything and nothing is known, the question of
    the action's kind stands there instead, so that silence does not look like an answer.
    """
    by_hand = tuple(action.collateral or ())
    found = dict.fromkeys(
        sentence for who, sentence in _others(action, agent, operation, surfaces) if not _named(who, by_hand)
    )
    if action.collateral is None and not found and action.kind is not None:
        return (f"the kit does not say: {action.kind.collateral}",)
    return (*by_hand, *found)


def _others(
    action: ActionShape, agent: str, operation: OperationShape, surfaces: Mapping[str, Surface]
) -> Iterator[tuple[str, str]]:
    """Whoever else is hit, and the sentence about it. What an agent's own control takes away hits only that agent.

    A credential is the exception: it is taken from all who hold it.
    """
    surface, around = surfaces[agent], action.connector is not None
    taken = tuple(said(action, surface))
    for held in surface.held:
        if closed(held.way, taken) and (held.kind == "credential" or around):
            does = f"{_VERB[held.kind]} {held.name} too"
            yield from (
                (other, f"{other} {does}{_last(held, surfaces.get(other))}") for other in (*held.agents, *held.others)
            )
    if around:
        for other, theirs in surfaces.items():
            for tool in () if other == agent else theirs.tools:
                if closed(f"tool:{tool}", taken) and tool in surface.tools:
                    yield other, f"{other} has the tool {tool} too, and it may go by the same way"
        if EVERYTHING in taken and "agent" not in blanks(operation.apply):
            yield from ((other, f"{other} is stopped by the same call") for other in action.agents if other != agent)


def _last(held: Held, theirs: Surface | None) -> str:
    """When somebody else used it last, if their own file says so."""
    used = next((one.last_used for one in theirs.held if one.way == held.way), "") if theirs is not None else ""
    return f", last on {used}" if used else ""


def _named(who: str, sentences: Iterable[str]) -> bool:
    name = re.compile(rf"(?<![\w-]){re.escape(who)}(?![\w-])", re.IGNORECASE)
    return any(name.search(one) for one in sentences)
