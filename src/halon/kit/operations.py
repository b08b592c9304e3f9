"""Whether an action is safe to keep ready: checked after it ran, undone where it says so, gated where it can't be."""

from __future__ import annotations

from halon.kit.bundle import Bundle
from halon.kit.calling import blanks
from halon.kit.files.actions import ActionShape
from halon.kit.files.connectors import CallShape, OperationShape
from halon.kit.places import Problems
from halon.kit.reading import Path

ACTIONS = "actions.yaml"
WHOLE = 100
"""The share (percent) at which all is given back; what ``{share}`` stands for where no stages are given."""


def check_operation(
    action_id: str, action: ActionShape, connector: str, operation: OperationShape, bundle: Bundle, problems: Problems
) -> bool:
    """Whether ``action`` may be kept ready with ``operation``. What is missing is noted."""
    before = len(problems.found)
    mine: Path = ("actions", action_id)
    file = bundle.file("connectors", connector)
    theirs: Path = ("operations", action.operation)
    _check_reading("verify", "its effect is never read back", operation.verify, file, theirs, action_id, problems)
    if action.reversible:
        if operation.undo is None:
            what = f"{action_id} says it is reversible and its operation has no undo"
            step = f"add undo in {file}, or say reversible: false and give it a gate"
            problems.add(ACTIONS, (*mine, "reversible"), what, (), step)
        else:
            why = "nobody would see whether the undo worked"
            _check_reading("undo_verify", why, operation.undo_verify, file, theirs, action_id, problems)
    elif action.gate is None:
        problems.add(
            ACTIONS,
            mine,
            f"{action_id} can't be taken back and has no gate",
            (),
            f"add gate: with roles{_usual(action)}; a kit may make a gate light, never leave it out",
        )
    if not action.reversible and action.restore_gate is not None:
        what = f"{action_id} can't be taken back, so it has nothing to restore"
        problems.add(ACTIONS, (*mine, "restore_gate"), what, (), "leave restore_gate out")
    _check_stages(action_id, action, operation, file, theirs, problems)
    if action.effect == "keyed":
        for name, call in (("apply", operation.apply), ("undo", operation.undo)):
            if call is not None and call.key_header is None:
                problems.add(
                    file,
                    (*theirs, name),
                    f"{action_id} is keyed and {name} has no key_header",
                    (),
                    "name the header of the idempotency key, or say effect: once",
                )
    return len(problems.found) == before


def _usual(action: ActionShape) -> str:
    return f", or gate: {{}} for {' or '.join(action.kind.roles)}" if action.kind else ""


def _check_stages(
    action_id: str, action: ActionShape, operation: OperationShape, file: str, theirs: Path, problems: Problems
) -> None:
    """Giving back in stages: the shares rise to all of it, each but the last is watched, and each can be read back."""
    if not action.restore_stages:
        return
    mine: Path = ("actions", action_id, "restore_stages")
    if not action.reversible:
        what = f"{action_id} can't be taken back, so it has nothing to restore"
        problems.add(ACTIONS, mine, what, (), "leave restore_stages out")
        return
    if "share" in action.values:
        what = "share is given by the stages of restore_stages"
        problems.add(ACTIONS, ("actions", action_id, "with", "share"), what, (), "leave it out of with:")
    shares = [one.share for one in action.restore_stages]
    if sorted(set(shares)) != shares or shares[-1] != WHOLE:
        what = f"the shares {', '.join(str(share) for share in shares)} don't rise to {WHOLE}"
        problems.add(ACTIONS, mine, what, (), f"begin small, rise with each stage, and end with share: {WHOLE}")
    for index, one in enumerate(action.restore_stages[:-1]):
        if not one.watch_seconds:
            what = f"the stage of {one.share} percent is not watched, so it would say nothing"
            problems.add(ACTIONS, (*mine, index), what, (), "give it watch_seconds, for example 120")
    for name, call in (("undo", operation.undo), ("undo_verify", operation.undo_verify)):
        if call is not None and "share" not in blanks(call):
            what = f"{action_id} is given back in stages and {name} does not say {{share}}"
            problems.add(file, (*theirs, name), what, (), 'put "{share}" where the share goes (percent)')


def _check_reading(
    name: str, why: str, call: CallShape | None, file: str, path: Path, action_id: str, problems: Problems
) -> None:
    if call is None:
        problems.add(file, path, f"{action_id} has no {name}: {why}", (), f"add {name}: with what to expect")
    elif not call.expect.says_something:
        problems.add(
            file,
            (*path, name),
            f"{name} expects no value, so it would agree with anything",
            (),
            "name the state in expect: json:, for example {/enabled: false}",
        )
