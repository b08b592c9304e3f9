"""What the incident shows: queries, search attributes, current details."""

from __future__ import annotations

from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from halon.incident import restricting, times
from halon.incident.clocks import next_deadline
from halon.incident.ids import correlation_key
from halon.incident.numbers import apart_from_numbers
from halon.incident.phases import PHASES
from halon.incident.quiet import muted
from halon.incident.restriction import restricted
from halon.incident.state import State
from halon.incident.status import details, plain, waiting_on
from halon_workflows.handlers import Commands
from halon_workflows.shown import answer

REF = SearchAttributeKey.for_keyword("HalonRef")
AGENT = SearchAttributeKey.for_keyword("HalonAgent")
SEVERITY = SearchAttributeKey.for_keyword("HalonSeverity")
PHASE = SearchAttributeKey.for_keyword("HalonPhase")
COMMANDER = SearchAttributeKey.for_keyword("HalonCommander")
CATEGORY = SearchAttributeKey.for_keyword_list("HalonCategory")
WAITING_ON = SearchAttributeKey.for_keyword_list("HalonWaitingOn")
NEXT_DEADLINE = SearchAttributeKey.for_datetime("HalonNextDeadline")
DRILL = SearchAttributeKey.for_bool("HalonDrill")

_NOTED = ("agent", "group", "key")
_STARTING: dict[str, Any] = {
    "headline": "Starting.", "text": "Starting.", "phases": {}, "actions": {}, "failed": [], "asked": [],
    "left_before_close": ["it is starting"],
}  # fmt: skip


def phase_in_words(state: State) -> str:
    """The phase for the list: the first one of the story that isn't done; or that it is merged, or muted by the kit."""
    if restricted(state):
        return restricting.RESTRICTED
    if state.closed_at or state.close_requested_by:
        return "closed"
    if state.merged_into is not None:
        return "merged"
    if muted(state):
        return "muted"
    for name in PHASES:
        if (
            name != "notify"
            and state.phases.get(name) is not None
            and state.phases[name].status in ("running", "waiting")
        ):
            return name
    return "detect" if not state.phases else "remediate"


class Surface(Commands):
    """The queries, and what the lists and the UI show."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Any, ...] = ()
        self._published: tuple[Any, ...] = ()

    async def show(self) -> None:
        """Keep search attributes and current details true; an upsert only where one of them changed."""
        while not self.finished:
            state = self.state
            self.publish()
            await self.until(lambda state=state: self.finished or self.state is not state)  # type: ignore[misc]

    def publish(self) -> None:
        """Show the state as it is. Alerts that merely joined in numbers change nothing of what is shown."""
        state = self.state
        rest = apart_from_numbers(state)
        if rest == self._published:
            return
        self._published = rest
        kept = restricted(state)
        workflow.set_current_details(restricting.details(state) if kept else details(state))
        self._memo(kept)
        if kept:
            self._show_bare(state)
            return
        deadline = next_deadline(state)
        shown = (
            state.reference, plain(state.agent, 100), state.level or "", phase_in_words(state), state.commander,
            tuple(state.assessment.categories) if state.assessment else (), tuple(waiting_on(state)),
            deadline[0] if deadline else "", state.drill,
        )  # fmt: skip
        if shown == self._shown:
            return
        updates: list[SearchAttributeUpdate[Any]] = [
            REF.value_set(shown[0]),
            AGENT.value_set(shown[1]),
            DRILL.value_set(shown[8]),
        ]
        updates += [SEVERITY.value_set(shown[2])] if shown[2] else []
        updates += [PHASE.value_set(shown[3])]
        updates += [COMMANDER.value_set(shown[4])] if shown[4] else []
        updates += [CATEGORY.value_set(list(shown[5]))] if shown[5] else []
        updates += [WAITING_ON.value_set(list(shown[6])) if shown[6] else WAITING_ON.value_unset()]
        updates += [NEXT_DEADLINE.value_set(times.parse(shown[7])) if shown[7] else NEXT_DEADLINE.value_unset()]
        workflow.upsert_search_attributes(updates)
        self._shown = shown

    def _show_bare(self, state: State) -> None:
        """The reference, that it is restricted, and whether it is a drill: nothing else, of what was there before either."""
        shown = (state.reference, restricting.RESTRICTED, state.drill)
        if shown == self._shown:
            return
        gone = (SEVERITY, COMMANDER, CATEGORY, WAITING_ON, NEXT_DEADLINE)
        workflow.upsert_search_attributes([
            REF.value_set(state.reference), AGENT.value_set(restricting.RESTRICTED), DRILL.value_set(state.drill),
            PHASE.value_set(restricting.RESTRICTED), *(one.value_unset() for one in gone),
        ])  # fmt: skip
        self._shown = shown

    def _memo(self, kept: bool) -> None:
        """What the front door noted for lists before the first task: gone while restricted, back when that is lifted."""
        held = workflow.memo()
        if kept and any(name in held for name in _NOTED):
            workflow.upsert_memo(dict.fromkeys(_NOTED))
        elif not kept and self.state.restriction is not None and "agent" not in held:
            state = self.state
            workflow.upsert_memo(
                {"agent": state.agent, "group": state.group, "key": correlation_key(state.agent, state.group)}
            )

    @workflow.query(name="status", description="Where it stands, for leadership: one object, its headline a sentence.")
    def query_status(self) -> Any:
        return self._answer("status") if self.known else dict(_STARTING)

    @workflow.query(name="timeline", description="The last lines of the log.")
    def query_timeline(self) -> Any:
        return self._answer("timeline") if self.known else []

    @workflow.query(name="gates", description="Every gate: the question, the answers, the JSON that answers it.")
    def query_gates(self) -> Any:
        return self._answer("gates") if self.known else []

    @workflow.query(name="obligations", description="Every obligation with its clocks and what people decided.")
    def query_obligations(self) -> Any:
        return self._answer("obligations") if self.known else []

    @workflow.query(name="actions", description="Every action: its order, how far it has come.")
    def query_actions(self) -> Any:
        return self._answer("actions") if self.known else []

    @workflow.query(name="rca", description="Findings, whys, the minimal case, corrective actions, the proof.")
    def query_rca(self) -> Any:
        return self._answer("rca") if self.known else {}

    @workflow.query(name="notices", description="Every notice word for word: checks, what is missing, the sealed text.")
    def query_notices(self) -> Any:
        return self._answer("notices") if self.known else []

    @workflow.query(name="report", description="Everything that the reports say, as one object.")
    def query_report(self) -> Any:
        return self._answer("report") if self.known else {}

    @workflow.query(name="carry", description="The whole state, for Halon's own recovery.")
    def query_carry(self, head: str = "") -> State | None:
        """While it is restricted, only to who has the hash of where its record ends, and so can read the record itself."""
        if not self.known or (restricted(self.state) and not restricting.knows(self.state, head)):
            return None
        return self.state

    def _answer(self, what: str) -> Any:
        return answer(self.state, what, self.now)
