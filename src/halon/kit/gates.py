"""Whether a gate can be passed at all: a gate that nobody can answer would block for ever."""

from __future__ import annotations

from halon.incident import quorum
from halon.incident.strength import STRENGTHS
from halon.kit.bundle import Bundle
from halon.kit.files.authority import OVERRIDE, UNLESS_NAMED
from halon.kit.files.shapes import GateShape
from halon.kit.places import Problems
from halon.kit.reading import Path

DECIDING = ("declare", "decline")


def check_gate(gate: GateShape, file: str, path: Path, bundle: Bundle, problems: Problems) -> None:
    """Note what would keep ``gate`` from being answered or escalated."""
    _check_every(gate, file, path, bundle, problems)
    _check_veto(gate, file, path, bundle, problems)
    _check_glass(gate, file, path, bundle, problems)
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


def speakers(bundle: Bundle, command: str) -> frozenset[str]:
    """The people who may say ``command``, also where a kit of before does not name it."""
    named = command in bundle.authority.commands or command not in UNLESS_NAMED
    return bundle.speakers(command if named else OVERRIDE)


def _check_every(gate: GateShape, file: str, path: Path, bundle: Bundle, problems: Problems) -> None:
    """Each role of ``every`` takes a person of its own who may say approve."""
    if len(set(gate.every)) < len(gate.every):
        twice = next(role for role in gate.every if gate.every.count(role) > 1)
        what = f"{twice} stands twice in every; each role there is one person"
        problems.add(file, (*path, "every"), what, (), "name it once, and raise the quorum for a second person")
        return
    held = [check_role(role, file, (*path, "every", at), bundle, problems) for at, role in enumerate(gate.every)]
    if not all(held):
        return
    may = speakers(bundle, "approve")
    able = {name: tuple(bundle.oncall.people[name].roles) for name in may} if may else {}
    found = quorum.matched(gate.every, able)
    if able and not bundle.stored and len(found) < len(gate.every):
        left = quorum.wanted(gate.every, able, len(found))
        what = (
            f"nobody could pass the gate: for every {' and '.join(gate.every)} it takes a person of its own who may say "
            f"approve, and there is none left for {' or '.join(left)}"
        )
        problems.add(
            file, (*path, "every"), what, (), f"give {left[0]} to somebody else in oncall.yaml, or to approve:"
        )


def _check_veto(gate: GateShape, file: str, path: Path, bundle: Bundle, problems: Problems) -> None:
    """Somebody who holds a role of ``veto`` may say reject."""
    held = [role for at, role in enumerate(gate.veto) if check_role(role, file, (*path, "veto", at), bundle, problems)]
    may = speakers(bundle, "reject")
    if held and may and not bundle.stored and may.isdisjoint(name for role in held for name in bundle.holders(role)):
        what = f"nobody who is {' or '.join(held)} may say reject, so nobody could say no"
        problems.add(file, (*path, "veto"), what, (), f"add {held[0]} to reject: in authority.yaml")


def _check_glass(gate: GateShape, file: str, path: Path, bundle: Bundle, problems: Problems) -> None:
    """Enough people may break the glass, and somebody is left who did not and may say that it was looked at."""
    glass = gate.break_glass
    if glass is None:
        return
    named = (*path, "break_glass")
    held = [check_role(role, file, (*named, "roles", at), bundle, problems) for at, role in enumerate(glass.roles)]
    if not all(held):
        return
    roles = glass.roles or [*gate.roles, *gate.every]
    breakers = speakers(bundle, "break-glass") & {name for role in roles for name in bundle.holders(role)}
    answerers = speakers(bundle, "approve") & {
        name for role in (*gate.roles, *gate.every) for name in bundle.holders(role)
    }
    if not bundle.oncall.people or bundle.stored:
        return
    if not breakers or len(breakers | answerers) < glass.people:
        what = (
            f"nobody could break the glass: it takes {glass.people} people, of whom one is {' or '.join(roles)} and may say "
            f"break-glass, and there {'is' if len(breakers) == 1 else 'are'} {', '.join(sorted(breakers)) or 'none'}"
        )
        problems.add(
            file, named, what, (), "lower people, or name more roles here or under break-glass: in authority.yaml"
        )
    reviewers = speakers(bundle, "review")
    # Who said yes has a part in it too: as many as break it, or one who does and as many as agree while one is missing.
    most = max(glass.people, gate.quorum, len(gate.every))
    if reviewers <= breakers | answerers and len(reviewers) <= most:
        what = (
            f"nobody could review a broken glass: {', '.join(sorted(reviewers)) or 'nobody'} may, and could all have had "
            "a part in it"
        )
        problems.add(file, named, what, (), "give review: in authority.yaml to somebody else as well")


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
