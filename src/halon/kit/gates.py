"""Whether a gate can be passed at all: a gate that nobody can answer would block for ever."""

from __future__ import annotations

from halon.incident.strength import STRENGTHS
from halon.kit.bundle import Bundle
from halon.kit.files.shapes import GateShape
from halon.kit.places import Problems
from halon.kit.reading import Path

DECIDING = ("declare", "decline")


def check_gate(gate: GateShape, file: str, path: Path, bundle: Bundle, problems: Problems) -> None:
    """Note what would keep ``gate`` from being answered or escalated."""
    people: set[str] = set()
    for index, role in enumerate(gate.roles):
        if check_role(role, file, (*path, "roles", index), bundle, problems):
            people.update(bundle.holders(role))
    if people and gate.quorum > len(people):
        who = ", ".join(sorted(people))
        problems.add(
            file,
            (*path, "quorum"),
            f"the gate needs {gate.quorum} people and only {len(people)} can answer ({who})",
            (),
            "lower the quorum or give the role to more people in oncall.yaml",
        )
    # Stored kits are older than this rule. Without anybody who may approve, that is told where it stands.
    elif people and (may := bundle.speakers("approve")) and not bundle.stored and gate.quorum > len(people & may):
        who = ", ".join(sorted(people - may))
        problems.add(
            file,
            (*path, "roles"),
            f"the gate needs {gate.quorum} of {' or '.join(gate.roles)}, and only {len(people & may)} of them may say "
            f"approve ({who} may not)",
            (),
            f"add {gate.roles[0]} to approve: in authority.yaml, or name other roles here",
        )
    if gate.verifier is not None:
        problems.refers(file, (*path, "verifier"), "verifier", gate.verifier, STRENGTHS)
    if gate.escalate_to not in bundle.oncall.people:
        check_role(gate.escalate_to, file, (*path, "escalate_to"), bundle, problems)
    if gate.escalate_after_minutes >= gate.deadline_minutes:
        problems.add(
            file,
            (*path, "escalate_after_minutes"),
            "the gate escalates only after its deadline",
            (),
            "escalate earlier, while somebody can still answer",
        )


def check_role(role: str, file: str, path: Path, bundle: Bundle, problems: Problems) -> bool:
    """Whether somebody holds ``role``; if nobody does, that is noted."""
    if role in bundle.roles:
        return True
    problems.add(file, path, f"the role {role!r} is held by nobody", bundle.roles, "give it to somebody in oncall.yaml")
    return False


def check_decider(role: str, file: str, bundle: Bundle, problems: Problems) -> None:
    """Note if nobody who holds ``role`` may say what a decider of a duty says: that it applies, and that it does not."""
    if bundle.stored:
        return
    holders = set(bundle.holders(role))
    kept = [word for word in DECIDING if (may := bundle.speakers(word)) and holders.isdisjoint(may)]
    if kept:
        words = " and ".join(kept)
        what = f"nobody could decide: {role} ({', '.join(sorted(holders))}) may not say {words}"
        problems.add(file, ("decider",), what, (), f"add {role} to {words} in authority.yaml, or name another decider")
