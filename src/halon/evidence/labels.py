"""What an artefact is marked with: what it is, how raw, who may read it, how long it is kept. Pure.

The classes are Halon's own; which kind has which, how many days a class is kept, and who reads it, a kit may say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from halon.incident import times

Access = Literal["open", "restricted", "privileged"]
Redaction = Literal["raw", "redacted"]
Retention = Literal["standard", "personal"]
ACCESS: tuple[Access, ...] = get_args(Access)
"""From the widest circle of readers to the narrowest."""
KEPT_DAYS = 365
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of artefact is handled: who may read it, and how long it is kept."""

    access: Access = "restricted"
    retention: Retention = "standard"


KINDS: Mapping[str, Kind] = {
    "raw_alert": Kind("restricted", "personal"),
    "traces": Kind("restricted", "personal"),
    "actions": Kind("restricted", "personal"),
    "controls": Kind("open"),
    "describe": Kind("open"),
    "config": Kind("restricted"),
    "prompts": Kind("restricted"),
    "permissions": Kind("open"),
    # What people told the agent, also those whom this incident does not concern.
    "memory": Kind("privileged", "personal"),
    "logs": Kind("restricted", "personal"),
    "report": Kind("restricted"),
    "other": Kind("restricted", "personal"),
}
"""Every kind, with the handling that holds unless the kit says otherwise."""


@dataclass(frozen=True, slots=True)
class Label:
    """The mark of one artefact. ``days`` is how long its retention class is kept; a ``hold`` outlasts them."""

    kind: str
    access: Access
    retention: Retention
    days: int = KEPT_DAYS
    redaction: Redaction = "raw"
    hold: bool = False

    def fields(self, collected_at: str) -> dict[str, Any]:
        """What a seal says of it; ``collected_at`` is ISO 8601 UTC."""
        return {
            "kind": self.kind,
            "redaction": self.redaction,
            "access": self.access,
            "retention": self.retention,
            "retain_until": times.after(collected_at, self.days * DAY),
            "hold": self.hold,
        }


@dataclass(frozen=True, slots=True)
class Handling:
    """A kit's word on evidence: handling by kind, days by retention class, roles by access class, legal hold.

    ``readers`` that name no role for a class let nobody read it.
    """

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    days: Mapping[str, int] = field(default_factory=dict)
    readers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    legal_hold: bool = False

    def label(self, kind: str, redaction: Redaction = "raw") -> Label:
        """The label of an artefact of this kind; a kind that is not known is handled as ``other``."""
        known = kind if kind in KINDS else "other"
        handled = self.kinds.get(known, KINDS[known])
        days = self.days.get(handled.retention, KEPT_DAYS)
        return Label(known, handled.access, handled.retention, days, redaction, self.legal_hold)

    def may_read(self, access: str, roles: Iterable[str]) -> tuple[bool, str]:
        """Whether somebody with ``roles`` reads artefacts of this class, and why, as a sentence with the next step."""
        allowed = self.readers.get(access, ())
        held = list(roles)
        for role in held:
            if role in allowed:
                return True, f"{access} evidence is open to {role}"
        wanted = " or ".join(allowed) or "a role that authority.yaml does not name"
        return False, f"{access} evidence takes the role {wanted} (yours: {', '.join(held) or 'none'}); ask one of them"


def stricter(one: str, other: str) -> Access:
    """The narrower of two access classes; one that is no class counts for nothing."""
    return ACCESS[max(ACCESS.index(a) if a in ACCESS else 0 for a in (one, other))]


def kind_of(path: str) -> str:
    """The kind of an artefact whose seal does not say it, from its path."""
    if "/intake/" in path:
        return "raw_alert"
    name = path.rpartition("/")[2].rpartition(".")[0]
    word = name.rpartition("-")[2]
    if word in KINDS:
        return word
    return "report" if name.endswith(("report", "notice")) else "other"
