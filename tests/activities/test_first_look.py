"""The first look at a fresh incident: one turn brings what three activities bring, or says why not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from halon.drill.launch import RunningAgent
from halon.incident.alerts import Alert
from halon.incident.facts import Fact, held
from halon.incident.learning import learn
from halon.incident.opening import LOOKS_ONCE, Opening
from halon.incident.opening_state import first_state
from halon.incident.state import State
from halon.ports.begin import Begin, Begun
from halon.ports.record import Find
from halon.ports.triage import Case
from halon_activities import begin
from halon_activities.begin import FirstLook
from halon_activities.detect import Detect
from halon_activities.hands import Hands
from halon_activities.record import Record
from halon_activities.triage import Triage
from halon_workflows import detect, triage
from halon_workflows.early import early

WORKFLOW, RUN = "incident-support-bot.unauthorised-tool", "run-1"


def opened(hands: Hands) -> State:
    """The first state of an incident that one alert opens."""
    now = hands.now()
    alert = Alert(
        source="alertmanager", agent="support-bot", group="unauthorised-tool", rule="UnauthorisedTool", status="firing",
        fingerprint="fp", started_at=now, received_at=now,
    )  # fmt: skip
    return first_state(Opening(alerts=(alert,), form=LOOKS_ONCE), WORKFLOW, RUN, now)


def asked(state: State, hands: Hands) -> Begin:
    find = Find(state.incident_id, state.workflow_id, RUN)
    return Begin(find, detect.request(state), triage.case_of(state, hands.now()))


def first_look(hands: Hands) -> FirstLook:
    return FirstLook(hands, Record(hands), Detect(hands), Triage(hands))


def case_after(request: Begin, begun: Begun) -> Case:
    brought = early(request, begun)
    assert brought is not None
    return brought.case


async def test_one_look_brings_what_three_bring(hands: Hands, as_incident: Any, attacked: RunningAgent) -> None:
    """The same facts, and the same judgement of them, as one activity after the other."""
    state = opened(hands)
    request = asked(state, hands)
    got = await as_incident(first_look(hands).look, request)
    assert (got.found.state, got.missing) == (None, "")
    seen = await as_incident(Detect(hands).corroborate, request.look)
    assert held(got.seen.facts) == held(seen.facts)
    assert held(got.seen.facts)["unauthorised_tool_actions"] == ["send_email"]
    learnt = learn(state, got.seen.facts, hands.now())
    case = triage.case_of(learnt, hands.now())
    judged = await as_incident(Triage(hands).assess, case)
    assert got.judged.orders == judged.orders
    assert (got.judged.severity, got.judged.mode) == (judged.severity, judged.mode)
    assert replace(case, now="") == case_after(request, got), "and the workflow knows it again as what it would ask"


async def test_what_joined_meanwhile_is_judged_anew(hands: Hands, as_incident: Any, attacked: RunningAgent) -> None:
    """The judgement counts only for what was known to it; and it is taken once."""
    state = opened(hands)
    request = asked(state, hands)
    got = await as_incident(first_look(hands).look, request)
    learnt = learn(state, got.seen.facts, hands.now())
    more = learn(learnt, [Fact("external_recipient", False, "person", hands.now(), by="ann")], hands.now())
    brought = early(request, got)
    assert brought is not None
    assert brought.take_judged(triage.case_of(more, hands.now())) is None
    brought = early(request, got)
    assert brought is not None
    assert brought.take_judged(triage.case_of(learnt, hands.now())) is got.judged
    assert brought.take_judged(triage.case_of(learnt, hands.now())) is None


async def test_an_agent_that_hangs_does_not_hold_up_the_incident(
    make_hands: Callable[..., Hands], as_incident: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not seen in time is left to its own activity, and the incident begins meanwhile."""
    monkeypatch.setattr(begin, "AT_MOST", 0.3)
    server = await asyncio.start_server(lambda reader, _: reader.read(), "127.0.0.1", 0)
    async with server:
        hands = make_hands(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        request = asked(opened(hands), hands)
        async with asyncio.timeout(3):
            got = await as_incident(first_look(hands).look, request)
    assert (got.seen, got.judged) == (None, None)
    assert got.missing.startswith("NotInTime: ")
    assert early(request, got) is None


async def test_an_agent_that_can_not_be_reached_is_judged_as_unknown(
    make_hands: Callable[..., Hands], as_incident: Any
) -> None:
    """Nothing answers: nothing is confirmed, that is said, and what is known is judged all the same."""
    hands = make_hands("http://127.0.0.1:9")
    state = opened(hands)
    request = asked(state, hands)
    got = await as_incident(first_look(hands).look, request)
    assert got.seen.reachable is False
    assert got.judged is not None
    assert case_after(request, got) == replace(triage.case_of(state, ""), now="")


@pytest.mark.parametrize("called", [{"workflow_type": "Impostor"}, {"workflow_id": "incident-of-another"}])
async def test_it_looks_for_its_own_incident_alone(hands: Hands, as_incident: Any, called: dict[str, str]) -> None:
    """Started by hand or by another workflow, it tells nothing."""
    with pytest.raises(ApplicationError) as refused:
        await as_incident(first_look(hands).look, asked(opened(hands), hands), **called)
    assert refused.value.type == "NotAnIncident"


async def test_a_glance_brings_what_the_look_brings(hands: Hands, as_incident: Any, attacked: RunningAgent) -> None:
    """Within the first workflow task the same is seen and judged; and as a first run has no earlier state, none is sought."""
    request = asked(opened(hands), hands)
    looked = await as_incident(first_look(hands).look, request)
    got = await as_incident(first_look(hands).glance, request, incident=f"{WORKFLOW}:{RUN}")
    assert (got.found.state, got.found.reset_from, got.missing) == (None, "", "")
    assert held(got.seen.facts) == held(looked.seen.facts)
    assert got.judged.orders == looked.judged.orders


async def test_what_a_glance_can_not_do_is_left_to_the_look(
    make_hands: Callable[..., Hands], as_incident: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that hangs is not waited for, a second incident does not queue behind the first, and a run that was
    reset has to look for what was before."""
    monkeypatch.setattr(begin, "AT_A_GLANCE", 0.5)
    server = await asyncio.start_server(lambda reader, _: reader.read(), "127.0.0.1", 0)
    async with server:
        hands = make_hands(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        request, first = asked(opened(hands), hands), first_look(hands)
        async with asyncio.timeout(5):
            slow = asyncio.create_task(as_incident(first.glance, request, incident=f"{WORKFLOW}:{RUN}"))
            await asyncio.sleep(0.1)
            assert await as_incident(first.glance, request, incident=f"{WORKFLOW}:{RUN}") is None
            assert not slow.done(), "the second one was not told at once"
            assert await slow is None
    assert await as_incident(first.glance, request, workflow_id=WORKFLOW, workflow_run_id="run-2") is None


@pytest.mark.parametrize("called", [{"workflow_type": "Impostor"}, {"workflow_id": "incident-of-another"}])
async def test_it_glances_for_its_own_incident_alone(hands: Hands, as_incident: Any, called: dict[str, str]) -> None:
    """Started by hand or by another workflow, it tells nothing."""
    with pytest.raises(ApplicationError) as refused:
        await as_incident(first_look(hands).glance, asked(opened(hands), hands), **called)
    assert refused.value.type == "NotAnIncident"
