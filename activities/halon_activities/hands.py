"""What activities hold: the kit, the stores, the clients, the clock; and the list of them all for a worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from temporalio.client import Client

from halon.evidence.store import EvidenceStore
from halon.incident import times
from halon.kit import Kit
from halon.record.journal import Journal
from halon.record.store import RecordStore
from halon_activities.ahead import Ahead
from halon_activities.beforehand import Beforehand
from halon_activities.first import First


@dataclass(frozen=True, slots=True)
class Hands:
    """Everything that reaches outside. ``environ`` holds the secrets by name; ``home`` is Halon's own folder.

    ``link`` is where people open an incident's page (``LINK/i/REFERENCE``), empty where they can't.
    ``first``: the calls that other work lets go first. ``beforehand``: what is read for them while they are written down.
    ``ahead``: what the agent shows, asked for when the front door opens an incident.
    """

    kit: Kit
    evidence: EvidenceStore
    record: RecordStore
    journal: Journal
    temporal: Client
    http: httpx.AsyncClient
    environ: Mapping[str, str] = field(repr=False)
    home: Path = field(default_factory=Path)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    link: str = ""
    first: First = field(default_factory=First, repr=False)
    beforehand: Beforehand = field(default_factory=Beforehand, repr=False)
    ahead: Ahead[Any] = field(default_factory=Ahead, repr=False)

    def now(self) -> str:
        """The time as ISO 8601 text in UTC."""
        return times.text(self.clock())


def activities(hands: Hands) -> Sequence[Callable[..., Any]]:
    """The activities of every port, bound to ``hands``: give them to the worker."""
    from halon_activities.begin import FirstLook
    from halon_activities.by_hand import ByHand
    from halon_activities.contain import Contain
    from halon_activities.correlate import Correlate
    from halon_activities.detect import Detect
    from halon_activities.evidence import Evidence
    from halon_activities.halts import Halts
    from halon_activities.notify import Notify
    from halon_activities.observe import Observe
    from halon_activities.rca import RootCause
    from halon_activities.record import Record
    from halon_activities.relay import Relay
    from halon_activities.remediate import Remediate
    from halon_activities.rollup import MorningRollUp
    from halon_activities.triage import Triage
    from halon_activities.watch import WatchOver

    detect, triage, contain, evidence = Detect(hands), Triage(hands), Contain(hands), Evidence(hands)
    correlate, observe = Correlate(hands), Observe(hands)
    by_hand, halt = ByHand(hands), Halts(hands)
    rca, notify, remediate, record = RootCause(hands), Notify(hands), Remediate(hands), Record(hands)
    look = FirstLook(hands, record, detect, triage)
    return (
        look.look, look.glance,
        detect.corroborate, detect.others, detect.forward, triage.assess, triage.authority,
        contain.apply, contain.verify, contain.undo, contain.verify_undo, contain.harm,
        by_hand.ready, halt.lifted, halt.seen, WatchOver(hands).fallback,
        correlate.find, correlate.follow, correlate.hand_over, correlate.take, correlate.split_off, correlate.pass_on,
        evidence.collect, rca.investigate,
        notify.draft, notify.send, notify.page, observe.agents, observe.report, MorningRollUp(hands).send,
        remediate.prove, record.append, record.find, record.finish, Relay(hands).hand_on,
    )  # fmt: skip
