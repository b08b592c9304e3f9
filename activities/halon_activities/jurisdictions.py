"""Where the people live whom a duty protects, by the law that the kit holds."""

from __future__ import annotations

from collections.abc import Iterator

from halon.judgement.predicates import Leaf, Not, Tree
from halon.kit import Kit

BY_PLACE = "affected_by_jurisdiction"


def places_of(kit: Kit, duty: str) -> tuple[str, ...]:
    """The places by which the law of ``duty`` (its id, or ``id@entity``) counts people; empty where it protects them
    wherever they live, or the kit does not know it."""
    name = duty.partition("@")[0]
    found = (place for law in kit.policy.regimes if law.id == name for place in _named(law.when))
    return tuple(sorted(set(found)))


def _named(tree: Tree) -> Iterator[str]:
    if isinstance(tree, Leaf):
        if tree.fact == BY_PLACE and tree.place:
            yield tree.place
    elif not isinstance(tree, Not):
        for part in tree.parts:
            yield from _named(part)
