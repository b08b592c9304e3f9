"""Everything about one incident: gates, steps, actions, obligations, causes."""

from __future__ import annotations

from typing import Any

from halon.cli import screen
from halon.cli.moments import local, zoned


def gates(name: str, found: list[dict[str, Any]]) -> None:
    """Every gate; an open one with its whole question."""
    for gate in found:
        screen.line(f"Gate {gate['id']}: {gate['title']} — {gate['status']}")
        if gate["status"] == "open":
            screen.lines([f"    {one}" for one in gate["question"]])
            screen.line(
                f"    asked of {' or '.join(gate['policy']['roles'])}, {gate['missing']} more, until {local(gate['deadline_at'])}"
            )
            screen.line(f"    digest {gate['digest']}")
            screen.line(f"    halon approve {name} {gate['id']} --by YOUR-NAME   (or: halon reject)")
        for answer in gate["answers"]:
            word = "yes" if answer["approve"] else "no"
            how = f" ({answer['how']})" if answer.get("how") else ""
            known = how if answer["verified"] else " (name unverified)"
            screen.line(
                f"    {answer['by']}{known} said {word} {local(answer['at'])}{': ' + answer['reason'] if answer['reason'] else ''}"
            )
    for target, many in _of_one_target(found).items():
        screen.line(f"{many} open gates are about {target}: halon approve {name} --target '{target}' --by YOUR-NAME")
    if found:
        screen.line(f"All of each gate, for an auditor: halon show {name} --gates")


def _of_one_target(found: list[dict[str, Any]]) -> dict[str, int]:
    """The targets that several open gates are about, and how many those are."""
    targets = [gate["about"][0] for gate in found if gate["status"] == "open" and gate.get("about")]
    return {one: targets.count(one) for one in dict.fromkeys(targets) if targets.count(one) > 1 and "'" not in one}


def actions(found: list[dict[str, Any]]) -> None:
    """Every action and how far it has come."""
    if found:
        screen.table(
            ("ACTION", "WHAT", "STATE", "CAN BE UNDONE"),
            [
                (
                    one["order"]["id"],
                    one["order"]["title"],
                    one["status"],
                    "yes" if one["order"]["reversible"] else "no",
                )
                for one in found
            ],
        )


def calls(found: list[dict[str, Any]]) -> None:
    """Every action with its exact calls, secrets masked."""
    for one in calls_of(found):
        screen.line(f"{one['action']}: {one['title']} — {one['told']}", style="bold")
        screen.lines([f"  {name}: {call}" for name, call in one["calls"].items()])
    if not found:
        screen.line("No action is planned.")


def calls_of(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same for ``--json``."""
    from pydantic import TypeAdapter

    from halon.incident.calls import exact
    from halon.incident.orders import Order

    order = TypeAdapter(Order)
    return [
        {"action": one["order"]["id"], "title": one["order"]["title"], "status": one["status"],
         "told": one.get("told") or one["status"], "calls": exact(order.validate_python(one["order"]))}
        for one in found
    ]  # fmt: skip


def tasks(name: str, found: list[dict[str, Any]]) -> None:
    """Every step of the checklist: whose it is, how far it is, until when."""
    if not found:
        return
    rows = [
        (one["id"], one["words"], one["owner"], f"LATE, {one['told']}" if one["late"] else one["told"],
         local(one["due"]) if one["due"] else "")
        for one in found
    ]  # fmt: skip
    screen.table(("STEP", "WHAT", "WHOSE", "STATE", "UNTIL"), rows)
    screen.line(f"    halon task {name} done STEP --by YOUR-NAME   (or: skip STEP --reason WHY, add WHAT --owner WHO)")


def kit(name: str, told: dict[str, Any]) -> None:
    """A newer kit than that of the incident: what is different, and how to move."""
    if not told.get("newer"):
        return
    screen.line(f"A newer kit is in use: {told['newer'][:12]}; this incident stays with {str(told['in_force'])[:12]}.")
    screen.lines([f"    {one}" for one in told["difference"]])
    screen.line(f"    halon kit move {name} --reason WHY --by YOUR-NAME")


def obligations(name: str, found: list[dict[str, Any]]) -> None:
    """Every obligation whose clock runs or that a person decided about, with its stages."""
    rows = []
    for duty in found:
        if not (duty["clock_runs"] or duty["decided"]):
            continue
        word = duty["decided"] or duty["status"].replace("_", " ")
        for stage in duty["stages"]:
            due = f"filed {local(stage['filed_at'])}" if stage["filed_at"] else zoned(stage["due"], stage["due_local"])
            rows.append((f"{_name(duty)}/{stage['id']}", duty["authority"], word, due))
        if duty["needs"]:
            rows.append(("", "", "", f"answers needed: {', '.join(duty['needs'])}"))
    if rows:
        screen.table(("OBLIGATION", "TO", "STATE", "DUE"), rows)
    for duty in found:
        if duty["clock_runs"] and not duty["decided"] and duty["status"] != "applies":
            screen.line(
                f"    {duty['decider']}: halon declare {name} {_name(duty)} --reason WHY --by YOUR-NAME   (or: halon decline)"
            )


def _name(duty: dict[str, Any]) -> str:
    """What the duty is called in commands. An incident of an older release has no name besides the id."""
    return str(duty.get("key") or duty["id"])


def causes(found: dict[str, Any]) -> None:
    """Findings, whys and corrective actions; while nothing is found, what the runbooks ask."""
    if not found.get("findings"):
        for one in found.get("questions") or []:
            screen.line(f"Ask: {one}")
    for one in found.get("findings") or []:
        screen.line(f"Finding {one['id']} ({one['layer']}, {one['certainty']}): {one['text']}")
    for number, text in enumerate(found.get("whys") or [], start=1):
        screen.line(f"Why {number}: {text}")
    for one in found.get("correctives") or []:
        screen.line(
            f"Corrective {one['id']}: {one['title']} — {one['owner']}, until {local(one['deadline'])}; {_standing(one)}"
        )
    for rerun in found.get("reruns") or []:
        told = rerun.get("told") or (
            "no longer reproduces" if rerun["case_passed"] else "still reproduces, or was not tried"
        )
        screen.line(
            f"Rerun {local(rerun['at'])}: the case {told}; evals {rerun['evals_passed']} passed, {rerun['evals_failed']} failed"
        )
    if found.get("findings"):
        screen.line(f"The fix is {'proved' if found.get('proved') else 'not proved yet'}.")


def _standing(one: dict[str, Any]) -> str:
    told, at = str(one.get("told") or one["status"]), str(one.get("after_at") or "")
    return told.replace(at, local(at)) if at else told
