"""Confirm an alert from the agent's own traces and action log; hand alerts that came late to the next incident."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass

from temporalio import activity
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from halon.connectors.errors import ConnectorError
from halon.incident.alerts import Alert
from halon.incident.counting import counted
from halon.incident.ids import PREFIX, successor_id
from halon.incident.opening import Opening
from halon.incident.passing import in_signals
from halon.ports.detect import Forward, Forwarded, KnownOthers, Look, Others, Seen
from halon_activities.agents import MOST, NotSeen, ask, deeds_since
from halon_activities.corroboration import facts_from
from halon_activities.failures import ForgedReopen, NoConnector, in_words, typed
from halon_activities.guard import WORKFLOW_TYPE, require_incident
from halon_activities.hands import Hands
from halon_activities.others import others_of
from halon_activities.telemetry import Deed, Span, deeds_of, spans_in

MOST_SUCCESSORS = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """What an agent showed: its spans (None: they can't be read), its action log, its description of itself."""

    spans: list[Span] | None
    logged: list[Deed] | NotSeen
    described: dict[str, object]
    notes: tuple[str, ...]
    about_itself: tuple[str, ...]


class Detect:
    """The activities of ``halon.ports.detect``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        hands.ahead.asks(self._shown)

    @activity.defn(name="detect.corroborate")
    async def corroborate(self, look: Look) -> Seen:
        """Confirm the alert from the agent's own traces and action log."""
        with typed():
            shown = await self._hands.ahead.take(look) or await self._shown(look)
            spans, notes = shown.spans, list(shown.notes)
            if isinstance(shown.logged, NotSeen):
                notes.append(in_words(shown.logged))
                deeds, source = deeds_of(spans or []), "trace"
                if spans is None:
                    return Seen(reachable=False, note="; ".join(notes))
            else:
                deeds, source = shown.logged, "action-log"
            notes += shown.about_itself
            facts, traces = facts_from(deeds, spans or [], shown.described, source=source, now=self._hands.now())
            harmful = sum(1 for deed in deeds if deed.harmful)
            said = f"Looked at {counted(len(deeds), 'action')} and {counted(len(spans or []), 'span')} since {look.since}: "
            word = f"{counted(harmful, 'unauthorised action')} {'was' if harmful == 1 else 'were'}"
            said += f"{word} done." if harmful else "no unauthorised action was done."
            return Seen(facts, True, " ".join([said, *notes]), traces)

    @activity.defn(name="detect.others")
    async def others(self, request: Others) -> KnownOthers:
        """Find other incidents of the same agent, and whom they have told."""
        with typed():
            info = require_incident(request.incident_id)
            return KnownOthers(await others_of(self._hands, request, info.task_queue))

    @activity.defn(name="detect.forward")
    async def forward(self, alerts: Forward) -> Forwarded:
        """Start or signal the successor incident."""
        with typed():
            info = activity.info()
            require_incident(f"{alerts.predecessor}:")
            if not alerts.successor.startswith(PREFIX):
                raise ForgedReopen(f"{alerts.successor[:120]!r} is no incident's id; it starts with {PREFIX}")
            target = alerts.successor
            for _ in range(MOST_SUCCESSORS):
                if await self._signalled(target, alerts.alerts):
                    return Forwarded(target, opened=False)
                if not any(alert.status == "firing" for alert in alerts.alerts):
                    # A resolved alert never opens an incident.
                    return Forwarded(target, opened=False)
                if await self._started(target, alerts, info.task_queue):
                    return Forwarded(target, opened=True)
                if await self._signalled(target, alerts.alerts):  # somebody else started it just now
                    return Forwarded(target, opened=False)
                target = successor_id(target)
            raise ForgedReopen(f"{MOST_SUCCESSORS} successors of {alerts.predecessor[:120]} are closed already")

    async def _shown(self, look: Look) -> Shown:
        notes: list[str] = []
        about_itself: list[str] = []
        # At once, because the first containment call waits for all three.
        spans, logged, described = await asyncio.gather(
            self._spans(look, notes), self._logged(look), self._described(look, about_itself)
        )
        return Shown(spans, logged, described, tuple(notes), tuple(about_itself))

    async def _spans(self, look: Look, notes: list[str]) -> list[Span] | None:
        try:
            answer = await ask(self._hands, look.agent, "traces", params={"since": look.since, "limit": MOST})
            spans = spans_in(answer.json) or []
            known = {span.trace_id for span in spans}
            for trace_id in look.trace_ids[:20]:
                if trace_id not in known:
                    answer = await ask(self._hands, look.agent, "traces", params={"trace_id": trace_id})
                    spans += spans_in(answer.json) or []
        except (ConnectorError, NoConnector) as error:
            notes.append(f"The traces can't be read: {in_words(error)}.")
            return None
        return spans

    async def _logged(self, look: Look) -> list[Deed] | NotSeen:
        try:
            return await deeds_since(self._hands, look.agent, look.since)
        except NotSeen as error:
            return error

    async def _described(self, look: Look, notes: list[str]) -> dict[str, object]:
        try:
            answer = await ask(self._hands, look.agent, "describe")
        except (ConnectorError, NoConnector) as error:
            notes.append(f"The agent does not describe itself: {in_words(error)}.")
            return {}
        return answer.json if isinstance(answer.json, dict) else {}

    async def _started(self, target: str, alerts: Forward, task_queue: str) -> bool:
        try:
            await self._hands.temporal.start_workflow(
                WORKFLOW_TYPE,
                Opening(alerts=alerts.alerts, predecessor=alerts.predecessor, drill=alerts.drill, form=1),
                id=target,
                task_queue=task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            )
        except WorkflowAlreadyStartedError:
            return False
        return True

    async def _signalled(self, target: str, alerts: tuple[Alert, ...]) -> bool:
        handle = self._hands.temporal.get_workflow_handle(target)
        try:
            for batch in in_signals(alerts):
                await handle.signal("alerts", {"form": 1, "alerts": [asdict(alert) for alert in batch]})
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True
