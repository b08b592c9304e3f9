"""A sender of alerts as the kit knows it: who it is, how it shows that, and what its alerts may set off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from halon.incident.assessment import Level
from halon.judgement.trust import Trust
from halon.kit.auth import BEARER, Auth
from halon.kit.mapping import Mapped


@dataclass(frozen=True, slots=True)
class Source:
    """A sender of alerts. ``token_env`` names the variable that holds the secret it shows or signs with, ``also_env``
    the one with the secret before or after that, while it is changed: either fits. Empty: none.

    ``allow_open`` says that it may come without a secret, straight from this machine alone.
    ``people`` maps what a paging product calls somebody (lower case) to people, ``agents`` what the sender calls a
    service (lower case) to agents, ``groups`` alert rules to their group, for alerts that name none. ``agent`` is whose
    its alerts are where they name nobody. ``severity`` maps its words for how bad it is (lower case) to levels.
    ``trust`` is what its alerts may set off. ``mapping`` (kind ``mapped``) says where the fields of an alert stand.
    """

    name: str
    kind: str
    token_env: str
    agent_label: str = "agent"
    group_label: str = "group"
    people: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    mapping: Mapped | None = None
    auth: Auth = BEARER
    also_env: str = ""
    allow_open: bool = False
    agent: str = ""
    severity: Mapping[str, Level] = field(default_factory=dict)
    trust: Trust = field(default_factory=Trust)
