"""Another incident that was restricted since its mirror was written tells its reference, whatever the mirror holds."""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, replace
from typing import Any

from temporalio.client import Client, WorkflowQueryFailedError

from halon.incident import restricting
from halon.incident.chain import Chain
from halon.incident.restriction import Restriction, named, restricted
from halon.incident.state import State
from halon.incident.timeline import note
from halon.ports.record import Batch
from halon_activities.hands import Hands
from halon_activities.others import state_of
from halon_activities.record import Record

NOW = "2026-11-22T09:00:00Z"
WORKFLOW = "incident-support-bot.kept"
INCIDENT = f"{WORKFLOW}:run-1"


@dataclass
class Asked:
    """An incident as Temporal reaches it: it answers with ``state``, and to ``carry`` as the workflow does."""

    state: State | None
    restores: Client
    silent: bool = False

    @property
    def data_converter(self) -> Any:
        return self.restores.data_converter

    def get_workflow_handle(self, workflow_id: str, run_id: str | None = None) -> Asked:
        return self

    async def query(self, name: str, *, args: tuple[str, ...] = (), **_: Any) -> Any:
        if self.silent:
            raise WorkflowQueryFailedError("no worker")
        if self.state is None:
            return None if name == "carry" else {"headline": "Starting."}
        if name == "carry":
            known = not restricted(self.state) or restricting.knows(self.state, args[0] if args else "")
            return self.state if known else None
        return restricting.shown(self.state) if restricted(self.state) else {}


def opened() -> State:
    state = State(INCIDENT, WORKFLOW, "INC-1", "support-bot", "g", NOW, chain=Chain(INCIDENT))
    return note(state, NOW, "note", "triage", "before")


def kept(state: State) -> State:
    """The same, restricted a moment later."""
    state = replace(state, restriction=Restriction(("sue",), "ann", "r", NOW))
    return note(state, NOW, restricting.RESTRICTED, "triage", "kept to sue", actor="ann", data={"people": ["sue"]})


async def stored(hands: Hands, client: Client, state: State, as_incident: Any, *, mirrored: bool) -> State:
    """``state`` with its record written; with its mirror if ``mirrored``."""
    body = client.data_converter.payload_converter.to_payload(
        replace(state, chain=state.chain.flushed(state.chain.seq))
    ).data
    batch = Batch(INCIDENT, state.chain.batch(), base64.b64encode(zlib.compress(body)).decode() if mirrored else "")
    await as_incident(Record(hands).append, batch, incident=INCIDENT)
    return replace(state, chain=state.chain.flushed(state.chain.seq))


async def test_what_the_incident_says_itself_holds_whatever_was_mirrored(
    hands: Hands, temporal: Client, as_incident: Any
) -> None:
    """It answers to who has read its record; and where its record has not come so far, the mirror is of no use."""
    before = await stored(hands, temporal, opened(), as_incident, mirrored=True)
    live = kept(before)
    found = await state_of(replace(hands, temporal=Asked(live, temporal)), WORKFLOW)  # type: ignore[arg-type]
    assert found == live, "the record's end opens it"
    ahead = replace(live, chain=live.chain.flushed(live.chain.seq))
    found = await state_of(replace(hands, temporal=Asked(ahead, temporal)), WORKFLOW)  # type: ignore[arg-type]
    assert found is not None
    assert restricted(found), "held to be restricted, though the mirror is of before"
    starting = await state_of(replace(hands, temporal=Asked(None, temporal)), WORKFLOW)  # type: ignore[arg-type]
    assert starting is not None
    assert not restricted(starting), "one that only starts says nothing of it"


async def test_a_mirror_of_before_does_not_hide_what_the_record_says(
    hands: Hands, temporal: Client, as_incident: Any
) -> None:
    """Where nobody answers, a restriction that stands in the record counts."""
    before = await stored(hands, temporal, opened(), as_incident, mirrored=True)
    gone = replace(hands, temporal=Asked(None, temporal, silent=True))  # type: ignore[arg-type]
    found = await state_of(gone, WORKFLOW)
    assert found is not None
    assert not restricted(found)
    await stored(hands, temporal, kept(before), as_incident, mirrored=False)
    found = await state_of(gone, WORKFLOW)
    assert found is not None
    assert named(found) == ("sue",)
