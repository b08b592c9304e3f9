"""Whether an action is safe to keep ready: checked after it ran, undone where it says so, gated where it can't be."""

from __future__ import annotations

from halon.kit.files.actions import ActionShape
from halon.kit.files.connectors import CallShape, OperationShape
from halon.kit.places import Problems
from halon.kit.reading import Path

ACTIONS, CONNECTORS = "actions.yaml", "connectors.yaml"


def check_operation(
    action_id: str, action: ActionShape, connector: str, operation: OperationShape, problems: Problems
) -> bool:
    """Whether ``action`` may be kept ready with ``operation``. What is missing is noted."""
    before = len(problems.found)
    mine: Path = ("actions", action_id)
    theirs: Path = ("connectors", connector, "operations", action.operation)
    _check_reading("verify", "its effect is never read back", operation.verify, theirs, action_id, problems)
    if action.reversible:
        if operation.undo is None:
            what = f"{action_id} says it is reversible and its operation has no undo"
            step = "add undo in connectors.yaml, or say reversible: false and give it a gate"
            problems.add(ACTIONS, (*mine, "reversible"), what, (), step)
        else:
            why = "nobody would see whether the undo worked"
            _check_reading("undo_verify", why, operation.undo_verify, theirs, action_id, problems)
    elif action.gate is None:
        problems.add(
            ACTIONS,
            mine,
            f"{action_id} can't be taken back and has no gate",
            (),
            "add gate: with roles; a kit may make a gate light, never leave it out",
        )
    if not action.reversible and action.restore_gate is not None:
        problems.add(ACTIONS, (*mine, "restore_gate"), f"{action_id} can't be taken back, so it has nothing to restore")
    if action.effect == "keyed":
        for name, call in (("apply", operation.apply), ("undo", operation.undo)):
            if call is not None and call.key_header is None:
                problems.add(
                    CONNECTORS,
                    (*theirs, name),
                    f"{action_id} is keyed and {name} has no key_header",
                    (),
                    "name the header of the idempotency key, or say effect: once",
                )
    return len(problems.found) == before


def _check_reading(name: str, why: str, call: CallShape | None, path: Path, action_id: str, problems: Problems) -> None:
    if call is None:
        problems.add(CONNECTORS, path, f"{action_id} has no {name}: {why}", (), f"add {name}: with what to expect")
    elif not call.expect.values:
        problems.add(
            CONNECTORS,
            (*path, name),
            f"{name} expects no value, so it would agree with anything",
            (),
            "name the state in expect: json:, for example {/enabled: false}",
        )
