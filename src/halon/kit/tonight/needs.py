"""What a kind of action asks to be there beforehand, and the kit does not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from halon.kit.bundle import Bundle
from halon.kit.files.actions import ActionShape
from halon.kit.files.kinds import Listed, NeedShape
from halon.kit.needs import SAID_ELSEWHERE, there
from halon.kit.tonight.finding import Finding, Item

ITEM: Item = "kill switch and safe mode"
_KEY: Mapping[Listed, str] = {"known_good": "known_good:", "replacement": "replacement: to the credential"}


def about_needs(bundle: Bundle) -> Iterator[Finding]:
    """Each need of an action's kind that its agents, their connectors or its own condition don't meet."""
    for action_id, action in bundle.actions.actions.items():
        for need in action.kind.needs if action.kind is not None else ():
            if need.fact:
                yield from _asked(action_id, action, need)
                continue
            for name in action.agents:
                yield from _there(action_id, action, need, name, bundle)


def _asked(action_id: str, action: ActionShape, need: NeedShape) -> Iterator[Finding]:
    if set(need.fact).isdisjoint(_facts(action.when)):
        what = f"{action_id} does not ask whether {' or '.join(need.fact)}, and its kind needs that {need.words}"
        yield Finding("advice", ITEM, what, "ask it under when: in actions.yaml")


def _there(action_id: str, action: ActionShape, need: NeedShape, name: str, bundle: Bundle) -> Iterator[Finding]:
    if need.inventory in SAID_ELSEWHERE or there(need, action, name, bundle):
        return
    if need.observe is not None:
        what = f"{action_id} changes what {need.observe} of {name} shows, and that can't be read before"
        fix = f"add {need.observe}: under observe: of its connector ({need.words})"
        yield Finding("weak", "logging and traceability", what, fix)
    elif need.inventory is not None:
        what = f"{action_id} is not ready for {name}, which needs that {need.words}"
        fix = f"add {_KEY.get(need.inventory, f'{need.inventory}:')} in {bundle.file('agents', name)}"
        yield Finding("weak", ITEM, what, fix)


def _facts(tree: Any) -> Iterator[str]:
    """The facts that a condition names; trees of any depth that the kit's reader lets in."""
    rest = [tree]
    while rest:
        one = rest.pop()
        if isinstance(one, list):
            rest.extend(one)
        elif isinstance(one, dict):
            rest.extend(one.get(key) for key in ("all", "any", "not") if key in one)
            if isinstance(fact := one.get("fact"), str):
                yield fact
