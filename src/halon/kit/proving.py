"""What must prove who speaks, by command and by kind of gate; and with what each person can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from halon.incident.strength import CLAIMED, TOTP, at_least, strongest

IRREVERSIBLE = "irreversible"
GATES = (IRREVERSIBLE, "notice", "restore", "ask")
"""Kinds of gates: before what can't be undone, before a notice, before giving back, and before anything in ``suggest``."""
BEHIND = ("look", "restrict", "review")
"""What shows a restricted incident, lifts the restriction, or says that a broken glass was looked at: there a typed name
would be no restriction, and no second person."""


@dataclass(frozen=True, slots=True)
class Proving:
    """The kit's word on proofs. ``signers`` is the text of ``allowed_signers``, ``principals`` people's, by name.

    ``enrol`` are the roles that enrol other people, ``issuer`` is the name under which an authenticator app shows codes, and
    ``asked_of`` maps each role to the strongest proof that a gate or command asks of it beyond a typed name. Without ``development`` a typed name never allows what can't be undone,
    nor shows a restricted incident, nor settles a broken glass.
    """

    development: bool = True
    commands: Mapping[str, str] = field(default_factory=dict)
    gates: Mapping[str, str] = field(default_factory=dict)
    signers: str = ""
    principals: Mapping[str, str] = field(default_factory=dict)
    enrol: tuple[str, ...] = ()
    issuer: str = "Halon"
    asked_of: Mapping[str, str] = field(default_factory=dict)

    def of_gate(self, kind: str, own: str = "") -> str:
        """The least that must prove who answers a gate of ``kind``; ``own`` is what the gate itself asks for."""
        needed = strongest(self.gates.get(kind, CLAIMED), own)
        if kind == IRREVERSIBLE and not self.development and not at_least(needed, TOTP):
            return TOTP
        return needed

    def of(self, command: str, kind: str = "", own: str = "") -> str:
        """The least that must prove who says ``command``; with an answer comes the ``kind`` of its gate."""
        needed = self.commands.get(command, CLAIMED)
        if command in BEHIND and not self.development:
            needed = strongest(needed, TOTP)
        return strongest(needed, self.of_gate(kind, own)) if kind else needed
