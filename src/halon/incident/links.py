"""How one incident is tied to another by people's word: merged into it, or split off from it. Persisted as data."""

from __future__ import annotations

from dataclasses import dataclass, field

from halon.incident.alerts import Alert, AlertCount
from halon.incident.facts import Fact


@dataclass(frozen=True, slots=True)
class Met:
    """Another incident, as it stood when it was looked up for a merge. ``found`` False: there is none of that name.

    ``why`` says in words why it could not be looked up. ``merged_into`` is the workflow id of the one it is merged into.
    """

    found: bool
    reference: str = ""
    workflow_id: str = ""
    agent: str = ""
    drill: bool = False
    closed_at: str = ""
    merged_into: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Has:
    """What the incident that took another one over has of its own, as it was seen last.

    ``orders`` are those for the agent of the one that was merged. ``duties`` maps ``id@entity`` to the due time of the
    first open stage (``9``: it has none yet; empty: nothing is left to do), with a ``?`` behind it where it only may apply. ``judged``: it was judged with all that was
    handed over. ``over``: its fix is proved, it was a false alarm, or it is closed since ``closed_at``.
    """

    orders: tuple[str, ...] = ()
    duties: dict[str, str] = field(default_factory=dict)
    judged: bool = False
    over: bool = False
    closed_at: str = ""


@dataclass(frozen=True, slots=True)
class MergedInto:
    """That this incident is merged into another, by whom and why.

    ``version`` rises with each piece of news that the other must take, ``handed`` is the version that it has taken.
    ``facts`` is the version of the facts that was handed over, ``batches`` and ``passed`` count later alerts that were
    passed on. ``look_at`` is when the other is looked at next. ``followed``: this one came after one that was merged,
    and Halon merged it.
    """

    workflow_id: str
    reference: str
    agent: str
    by: str
    at: str
    reason: str
    version: int = 1
    handed: int = 0
    facts: int = 0
    look_at: str = ""
    looks: int = 0
    has: Has = field(default_factory=Has)
    batches: int = 0
    passed: int = 0
    passed_at: str = ""
    followed: bool = False


@dataclass(frozen=True, slots=True)
class MergedFrom:
    """That another incident is merged into this one.

    ``path`` names those that are merged into that one by workflow id, ``keys`` agent and group of every alert that may
    come from it. ``batches`` of later alerts were taken; ``declined`` is the last that came after the join window.
    """

    workflow_id: str
    reference: str
    agent: str
    group: str
    by: str
    at: str
    reason: str
    version: int = 1
    alerts: int = 0
    facts: int = 0
    path: tuple[str, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    batches: int = 0
    declined: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """What the incident that is merged hands over: its alerts on record, its facts, the anchors of its clocks.

    ``anchors`` maps the facts that are times to the value that counts there. ``head`` is the head of its record.
    """

    link: MergedFrom
    alerts: tuple[Alert, ...] = ()
    counts: tuple[AlertCount, ...] = ()
    firing: tuple[str, ...] = ()
    firing_more: int = 0
    firing_rest: str = ""
    seen: tuple[str, ...] = ()
    seen_rest: str = ""
    sources: tuple[str, ...] = ()
    last_fired_at: str = ""
    facts: tuple[Fact, ...] = ()
    anchors: dict[str, str] = field(default_factory=dict)
    head: str = ""


@dataclass(frozen=True, slots=True)
class SplitFrom:
    """What an incident that was split off begins with besides its first alerts. ``detected_at``: the earliest of them."""

    workflow_id: str
    reference: str
    by: str
    at: str
    reason: str
    detected_at: str = ""
    counts: tuple[AlertCount, ...] = ()
    seen: tuple[str, ...] = ()
    seen_rest: str = ""


@dataclass(frozen=True, slots=True)
class SplitOff:
    """What was split off from this incident. ``alerts`` and ``counts`` move with it, and are empty once it is open.

    Later alerts of ``rules`` and ``fingerprints`` go there until it is seen to be closed (``closed_at``).
    """

    number: int
    workflow_id: str
    rules: tuple[str, ...]
    fingerprints: tuple[str, ...]
    by: str
    at: str
    reason: str
    detected_at: str = ""
    alerts: tuple[Alert, ...] = ()
    counts: tuple[AlertCount, ...] = ()
    reference: str = ""
    opened_at: str = ""
    closed_at: str = ""
    moved: int = 0
    passed: int = 0
