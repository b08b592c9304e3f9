"""What keeps an incident quiet: a mute of the kit, or a person's word. Persisted as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Floor = Literal["SEV1", "SEV2", "SEV3", "SEV4"]


@dataclass(frozen=True, slots=True)
class MutedBy:
    """The mute of the kit that all alerts of an incident lie in. ``until`` (ISO 8601 UTC): as long as all of them do.

    ``wakes_at`` is the level at which it wakes all the same.
    """

    name: str
    until: str
    reason: str
    by: str = ""
    wakes_at: Floor = "SEV1"


@dataclass(frozen=True, slots=True)
class Muted:
    """That an incident opened inside a mute of the kit. It is quiet until ``woke_at``, or until it closes by itself.

    ``rules`` are those that were judged to lie in it. ``due``: the mute's time has come, and it is judged anew.
    ``seen``: the agent was looked at then, and showed no harm. ``alerts`` is how many firing alerts were muted.
    """

    name: str
    until: str
    reason: str
    by: str = ""
    wakes_at: Floor = "SEV1"
    since: str = ""
    rules: tuple[str, ...] = ()
    due: bool = False
    seen: bool = False
    woke_at: str = ""
    woke_why: str = ""
    alerts: int = 0


@dataclass(frozen=True, slots=True)
class Hush:
    """That a person silenced the pages of an incident until ``until``. ``level`` is the severity that it had then."""

    by: str
    at: str
    until: str
    reason: str
    level: str = ""
