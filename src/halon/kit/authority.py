"""Who may say which command and which fact, and what has to prove that it was them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from halon.incident.commands import COMMANDS
from halon.incident.strength import CLAIMED, STRENGTHS, strongest
from halon.judgement.vocabulary import VOCABULARY
from halon.judgement.vocabulary_law import LAW_TERMS
from halon.judgement.vocabulary_triage import TRIAGE_TERMS
from halon.kit.bundle import Bundle
from halon.kit.files.authority import (
    EVIDENCE,
    FACT_DOWN,
    HALT,
    LOOK,
    OVERRIDE,
    RESUME,
    SAME_AS,
    SEVERITY_DOWN,
    UNLESS_NAMED,
)
from halon.kit.gates import check_gate, check_role
from halon.kit.places import Problems
from halon.kit.proving import GATES, IRREVERSIBLE, Proving
from halon.kit.reading import Path

AUTHORITY = "authority.yaml"
SPOKEN = (*(name for name in COMMANDS if name not in (EVIDENCE, LOOK)), SEVERITY_DOWN, FACT_DOWN, HALT, RESUME)
GROUPS: dict[str, tuple[str, ...]] = {
    "triage": tuple(term.name for term in TRIAGE_TERMS if not term.derived),
    "law": tuple(term.name for term in LAW_TERMS if not term.derived),
    "determinations": tuple(term.name for term in VOCABULARY.values() if term.says and not term.derived),
}
"""Facts that ``facts:`` names together, the narrowest group last: what happened, what the law asks, and of both what only
some roles may say unless the kit says otherwise."""


def authority(bundle: Bundle, problems: Problems) -> dict[str, tuple[str, ...]]:
    """Each command with the roles that may say it; every command must be there and be open to somebody.

    A stored kit may be older than a command. Of those in ``UNLESS_NAMED``, one that is left out is said by who says
    ``override``; of those in ``SAME_AS``, by who says the command named there.
    """
    given = bundle.authority.commands
    for name, roles in given.items():
        if problems.refers(AUTHORITY, ("commands", name), "command", name, SPOKEN):
            _check_roles(name, roles, ("commands", name), bundle, problems)
    for name in SPOKEN:
        if name not in given and name not in (*UNLESS_NAMED, *SAME_AS) and not bundle.stored:
            what = f"it is not said who may say {name!r}"
            problems.add(AUTHORITY, ("commands",), what, (), f"add {name}: with roles")
    for name, gate in (("restore", bundle.authority.gates.restore), ("ask", bundle.authority.gates.ask)):
        check_gate(gate, AUTHORITY, ("gates", name), bundle, problems)
    unnamed = {**dict.fromkeys(UNLESS_NAMED, OVERRIDE), **SAME_AS}
    later = {name: given[like] for name, like in unnamed.items() if name not in given and like in given}
    return {name: tuple(roles) for name, roles in (*given.items(), *later.items())}


def facts_said(bundle: Bundle, problems: Problems) -> dict[str, tuple[str, ...]]:
    """Each fact of which the kit says who may say it, with these roles. A name comes before a group it is in.

    Somebody must hold one of the roles, and must also be among those who may say ``fact`` at all.
    """
    given = bundle.authority.facts
    known = (*GROUPS, *(term.name for term in VOCABULARY.values() if not term.derived))
    speakers = bundle.speakers("fact")
    for name, roles in given.items():
        path: Path = ("facts", name)
        if not problems.refers(AUTHORITY, path, "fact or group of facts", name, known):
            continue
        if not _check_roles(name, roles, path, bundle, problems) or not speakers:
            continue
        if speakers.isdisjoint(person for role in roles for person in bundle.holders(role)):
            what = f"nobody who is {' or '.join(roles)} may say the command fact, so nobody could say {name}"
            problems.add(AUTHORITY, path, what, (), "add one of these roles to fact: under commands:")
    said = {fact: tuple(given[group]) for group, facts in GROUPS.items() if group in given for fact in facts}
    return said | {name: tuple(roles) for name, roles in given.items() if name in VOCABULARY}


def check_verifiers(bundle: Bundle, problems: Problems) -> None:
    """Each verifier that the kit asks for must be one that there is: another name would verify nothing."""
    asked = bundle.authority.verifier
    kinds = (("commands", "command", asked.commands, (*SPOKEN, LOOK)), ("gates", "kind of gate", asked.gates, GATES))
    for key, kind, given, known in kinds:
        for name, verifier in given.items():
            path: Path = ("verifier", key, name)
            problems.refers(AUTHORITY, path, kind, name, known)
            problems.refers(AUTHORITY, path, "verifier", verifier, STRENGTHS)


def proving(bundle: Bundle, signers: str, principals: dict[str, str], problems: Problems) -> Proving:
    """What must prove who speaks, and with what people can."""
    asked = bundle.authority.verifier
    roles = bundle.authority.enrol
    for index, role in enumerate(roles or ()):
        check_role(role, AUTHORITY, ("enrol", index), bundle, problems)
    enrol = tuple(roles) if roles is not None else tuple(bundle.authority.commands.get("override", ()))
    proving = Proving(
        development=bundle.organisation.development, commands=dict(asked.commands), gates=dict(asked.gates),
        signers=signers, principals=principals, enrol=enrol, issuer=f"Halon {bundle.organisation.name}"[:60],
    )  # fmt: skip
    return replace(proving, asked_of=_asked_of(proving, bundle))


def _asked_of(proving: Proving, bundle: Bundle) -> dict[str, str]:
    """Each role with the strongest proof that is asked of whoever holds it, beyond a typed name."""
    found: dict[str, str] = {}

    def note(roles: Iterable[str], needed: str) -> None:
        if needed != CLAIMED:
            found.update({role: strongest(found.get(role, ""), needed) for role in roles})

    for command, needed in proving.commands.items():
        note(bundle.authority.commands.get(command, ()), needed)
    gates = [("restore", bundle.authority.gates.restore), ("ask", bundle.authority.gates.ask)]
    gates += [
        (kind, one.gate)
        for one in bundle.authority.gates.policies
        for kind in ((IRREVERSIBLE, "ask") if one.kind == "contain" else (one.kind,))
    ]
    gates += [("notice", law.gate) for law in bundle.regimes.values() if law.gate is not None]
    for one in bundle.actions.actions.values():
        kind = "ask" if one.reversible else IRREVERSIBLE
        gates += [(name, gate) for name, gate in ((kind, one.gate), ("restore", one.restore_gate)) if gate is not None]
    for kind, gate in gates:
        glass = gate.break_glass.roles if gate.break_glass else ()
        note((*gate.roles, *gate.every, *gate.veto, *glass), proving.of_gate(kind, gate.verifier or ""))
    return found


def _check_roles(name: str, roles: list[str], path: Path, bundle: Bundle, problems: Problems) -> bool:
    """Whether ``roles`` are there and each is held by somebody; what is wrong is noted."""
    if not roles:
        problems.add(AUTHORITY, path, f"nobody may say {name}", bundle.roles, "name a role")
        return False
    held = [check_role(role, AUTHORITY, (*path, index), bundle, problems) for index, role in enumerate(roles)]
    return all(held)
