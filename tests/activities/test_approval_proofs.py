"""Nothing irreversible without people, read from the workflow's own history and never from what is handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from halon.drill.launch import RunningAgent
from halon.evidence.seal import Sealed, seal
from halon.incident.gates import Proof
from halon.incident.orders import GatePolicy, Order, effect_key
from halon.ports.contain import Step
from halon_activities.hands import Hands

NOW = "2026-11-22T08:00:00Z"


async def sealed(hands: Hands, incident_id: str) -> Sealed:
    return await seal(hands.evidence, incident_id, "traces.json", b"{}", "application/json", "halon", NOW)


async def step_for(incident: Any, order: Order, hands: Hands, gate: Any, **changes: Any) -> Step:
    evidence = await sealed(hands, incident.incident_id)
    return replace(Step(incident.incident_id, order, 1, gate, (evidence.path,)), **changes)


async def failure(incident: Any, name: str, argument: Any) -> ApplicationError:
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await incident.act(name, argument)
    cause: BaseException | None = caught.value.cause
    while not isinstance(cause, ApplicationError):
        assert cause is not None
        cause = cause.__cause__
    return cause


def received(agent: RunningAgent, key: str) -> list[dict[str, Any]]:
    with httpx.Client(base_url=agent.url, headers=agent.headers, trust_env=False) as client:
        rows: list[dict[str, Any]] = client.get("/control/calls", params={"key": key}).json()["calls"]
        return rows


async def test_an_approved_irreversible_order_runs_once_for_its_key(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any, sandbox_agent: RunningAgent
) -> None:
    """With approval in history and sealed evidence the token is revoked; asked for again, nothing is sent."""
    order = orders["revoke-token"]
    unproved = asked.gate(order, incident.incident_id)
    proof = await incident.say("approve", by="Sue", gate=unproved.id)
    gate = asked.gate(order, incident.incident_id, asked.answer("sue", proof))
    step = await step_for(incident, order, hands, gate)
    first = await incident.act("contain.apply", step)
    again = await incident.act("contain.apply", step)
    read = await incident.act("contain.verify", step)
    rows = received(sandbox_agent, effect_key(incident.incident_id, order.id, "apply", 1))
    assert (first["status"], first["replayed"], again["replayed"]) == (200, False, True)
    assert [(row["effects"], row["deliveries"]) for row in rows] == [(1, 1)]
    assert first["before"]["active"] in (True, False)
    assert read["holds"] is True


async def test_an_approval_by_signal_counts(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """A Signal of the same name is the same command; its event in history is the proof."""
    order = orders["revoke-token"]
    await incident.handle.signal("approve", {"by": "sue", "gate": asked.gate(order, incident.incident_id).id})
    proof = Proof(incident.run_id, "signal")
    gate = asked.gate(order, incident.incident_id, asked.answer("sue", proof))
    done = await incident.act("contain.apply", await step_for(incident, order, hands, gate))
    assert done["status"] == 200


async def test_a_gate_that_only_the_argument_calls_granted_allows_nothing(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any, sandbox_agent: RunningAgent
) -> None:
    """A forged grant: answers in the argument, nothing in history."""
    order = orders["revoke-token"]
    forged = Proof(incident.run_id, "update", "never-said")
    gate = asked.gate(order, incident.incident_id, asked.answer("sue", forged))
    error = await failure(incident, "contain.apply", await step_for(incident, order, hands, gate))
    assert (error.type, error.non_retryable) == ("ProofMissing", True)
    assert "no such approval stands in the history" in error.message
    assert received(sandbox_agent, effect_key(incident.incident_id, order.id, "apply", 1)) == []


async def test_an_order_that_differs_from_what_was_approved_does_not_run(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """A changed call, target or gate changes the digest, so the approval is one of something else."""
    order = orders["revoke-token"]
    proof = await incident.say("approve", by="sue", gate=asked.gate(order, incident.incident_id).id)
    gate = asked.gate(order, incident.incident_id, asked.answer("sue", proof))
    other = replace(order, apply=replace(order.apply, url=order.apply.url.replace("support-bot-token", "crm-readonly")))
    lighter = replace(order, gate=GatePolicy(("commander",), quorum=1))
    for tampered in (other, lighter):
        error = await failure(incident, "contain.apply", await step_for(incident, tampered, hands, gate))
        assert error.type == "ProofMissing"
        assert "something else" in error.message
    regated = asked.gate(other, incident.incident_id, asked.answer("sue", proof))
    error = await failure(incident, "contain.apply", await step_for(incident, other, hands, regated))
    assert "no such approval" in error.message


async def test_only_those_whom_the_kit_gives_the_role_can_approve(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """Roles in the answer are not believed; the kit is asked who holds them."""
    order = orders["revoke-token"]
    name = asked.gate(order, incident.incident_id).id
    answers = []
    for by in ("ann", "mallory"):
        proof = await incident.say("approve", by=by, gate=name)
        answers.append(asked.answer(by, proof, roles=("security_lead",)))
    gate = asked.gate(order, incident.incident_id, *answers)
    error = await failure(incident, "contain.apply", await step_for(incident, order, hands, gate))
    assert "ann: holds commander" in error.message
    assert "mallory: nobody of that name" in error.message


async def test_who_proposed_it_does_not_approve_it(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """Somebody else must agree."""
    order = orders["revoke-token"]
    proof = await incident.say("approve", by="sue", gate=asked.gate(order, incident.incident_id).id)
    gate = asked.gate(order, incident.incident_id, asked.answer("sue", proof), proposer="sue")
    error = await failure(incident, "contain.apply", await step_for(incident, order, hands, gate))
    assert "proposed it" in error.message
    # The order says on whose word alone it stands, and its digest covers that; a gate that is silent hides nothing.
    order = replace(order, proposed_by=("sue",))
    proof = await incident.say("approve", "again", by="sue", gate=asked.gate(order, incident.incident_id).id)
    gate = asked.gate(order, incident.incident_id, asked.answer("sue", proof))
    error = await failure(incident, "contain.apply", await step_for(incident, order, hands, gate))
    assert "proposed it" in error.message


async def test_an_answer_that_was_taken_back_does_not_count(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """A withdrawal or a no after the yes stands in history, whatever the argument says."""
    order = orders["revoke-token"]
    name = asked.gate(order, incident.incident_id).id
    proof = await incident.say("approve", by="sue", gate=name)
    await incident.say("withdraw", by="sue", gate=name)
    gate = asked.gate(order, incident.incident_id, asked.answer("sue", proof))
    error = await failure(incident, "contain.apply", await step_for(incident, order, hands, gate))
    assert "took it back" in error.message
    anew = await incident.say("approve", "approve-anew", by="sue", gate=name)
    again = asked.gate(order, incident.incident_id, asked.answer("sue", anew))
    assert (await incident.act("contain.apply", await step_for(incident, order, hands, again)))["status"] == 200


async def test_an_approval_that_the_incident_refused_does_not_count(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """It stands in history as accepted, and its outcome as an error."""
    order = orders["revoke-token"]
    name = asked.gate(order, incident.incident_id).id
    with pytest.raises(WorkflowUpdateFailedError):
        await incident.say("approve", "refused-one", by="sue", gate=name, refuse=True)
    gate = asked.gate(order, incident.incident_id, asked.answer("sue", Proof(incident.run_id, "update", "refused-one")))
    error = await failure(incident, "contain.apply", await step_for(incident, order, hands, gate))
    assert error.type == "ProofMissing"


async def test_an_answer_after_the_deadline_does_not_count(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """Neither does one from before the gate was asked anew."""
    order = orders["revoke-token"]
    proof = await incident.say("approve", by="sue", gate=asked.gate(order, incident.incident_id).id)
    for changes in ({"deadline_at": "2021-01-01T00:00:00Z"}, {"opened_at": "2098-01-01T00:00:00Z"}):
        gate = asked.gate(order, incident.incident_id, asked.answer("sue", proof), **changes)
        error = await failure(incident, "contain.apply", await step_for(incident, order, hands, gate))
        assert "did not come between" in error.message


async def test_a_quorum_takes_different_people(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """One person who says it twice, in two spellings, is one; and one no from a holder of the role stops it."""
    policy = GatePolicy(("security_lead", "commander"), quorum=2)
    order = replace(orders["revoke-token"], gate=policy)
    name = asked.gate(order, incident.incident_id).id
    one = await incident.say("approve", "one", by="sue", gate=name)
    two = await incident.say("approve", "two", by="SUE", gate=name)
    alone = asked.gate(order, incident.incident_id, asked.answer("sue", one), asked.answer("SUE", two))
    error = await failure(incident, "contain.apply", await step_for(incident, order, hands, alone))
    assert "history shows sue" in error.message
    three = await incident.say("approve", "three", by="ann", gate=name)
    both = asked.gate(order, incident.incident_id, asked.answer("sue", two), asked.answer("ann", three))
    assert (await incident.act("contain.apply", await step_for(incident, order, hands, both)))["status"] == 200


async def test_a_no_before_the_quorum_stands(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """Leaving the rejection out of the argument does not make it unsaid."""
    order = replace(orders["revoke-token"], gate=GatePolicy(("security_lead", "commander")))
    name = asked.gate(order, incident.incident_id).id
    await incident.say("reject", by="ann", gate=name)
    proof = await incident.say("approve", by="sue", gate=name)
    gate = asked.gate(order, incident.incident_id, asked.answer("sue", proof))
    error = await failure(incident, "contain.apply", await step_for(incident, order, hands, gate))
    assert "ann said no" in error.message


async def test_an_irreversible_order_without_a_gate_never_runs(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """A kit may make a gate light, never leave it out."""
    order = replace(orders["revoke-token"], gate=None)
    error = await failure(incident, "contain.apply", await step_for(incident, order, hands, None))
    assert "has no gate" in error.message


async def test_approvals_survive_continue_as_new(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """The proof lies in the run before, and a withdrawal in the run after it is still found."""
    order = orders["revoke-token"]
    name = asked.gate(order, incident.incident_id).id
    proof = await incident.say("approve", by="sue", gate=name)
    await incident.handle.signal("renew")
    step = await step_for(incident, order, hands, asked.gate(order, incident.incident_id, asked.answer("sue", proof)))
    await settled_in_new_run(incident)
    done = await incident.act("contain.apply", step)
    assert done["status"] == 200
    await incident.say("withdraw", by="sue", gate=name)
    error = await failure(incident, "contain.apply", replace(step, attempt=2))
    assert "took it back" in error.message


async def settled_in_new_run(incident: Any) -> None:
    import asyncio

    for _ in range(100):
        if (await incident.handle.describe()).run_id != incident.run_id:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the run was not renewed")


async def test_evidence_comes_first(incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any) -> None:
    """Approved, and still nothing irreversible without sealed evidence, or with evidence that was altered or is another's."""
    order = orders["revoke-token"]
    proof = await incident.say("approve", by="sue", gate=asked.gate(order, incident.incident_id).id)
    gate = asked.gate(order, incident.incident_id, asked.answer("sue", proof))
    step = await step_for(incident, order, hands, gate)
    foreign = await sealed(hands, "incident-other.thing:1")
    for evidence in ((), ("evidence/nowhere/abc",), (foreign.path,), ("ev-0000",)):
        error = await failure(incident, "contain.apply", replace(step, evidence=evidence))
        assert error.type == "EvidenceMissing"
    await hands.evidence.replace(step.evidence[0], b'{"altered": true}')
    error = await failure(incident, "contain.apply", step)
    assert error.type == "EvidenceMissing"
    assert "not what was sealed" in error.message


async def test_evidence_first_is_overridden_only_by_name_and_on_record(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """The override must stand in history, said by somebody who may."""
    order = orders["revoke-token"]
    proof = await incident.say("approve", by="sue", gate=asked.gate(order, incident.incident_id).id)
    gate = asked.gate(order, incident.incident_id, asked.answer("sue", proof))
    step = Step(incident.incident_id, order, 1, gate, (), "ann")
    assert "no override by ann" in (await failure(incident, "contain.apply", step)).message
    await incident.say("override", by="pat", what="evidence", reason="now")
    assert (
        await failure(incident, "contain.apply", replace(step, evidence_overridden_by="pat"))
    ).type == "ProofMissing"
    await incident.say("override", by="Ann", what="evidence", reason="now")
    assert (await incident.act("contain.apply", step))["status"] == 200


async def test_an_undo_needs_its_own_gate(incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any) -> None:
    """A restore runs through the restore gate; the approval to apply is none to take back."""
    order = orders["disable-send-email"]
    step = Step(incident.incident_id, order, 1, stage=1)
    assert (await incident.act("contain.apply", step))["status"] == 200
    assert (await failure(incident, "contain.undo", step)).type == "ProofMissing"
    wrong = asked.gate(order, incident.incident_id, verb="apply")
    proof = await incident.say("approve", "for-apply", by="tom", gate=wrong.id)
    applied = asked.gate(order, incident.incident_id, asked.answer("tom", proof), verb="apply")
    assert (await failure(incident, "contain.undo", replace(step, gate=applied))).type == "ProofMissing"
    name = asked.gate(order, incident.incident_id, verb="undo").id
    proof = await incident.say("approve", "for-undo", by="tom", gate=name)
    gate = asked.gate(order, incident.incident_id, asked.answer("tom", proof), verb="undo")
    for stage, share in ((1, 10), (2, 100)):
        part = replace(step, gate=gate, stage=stage)
        for delivery in (1, 2):
            assert (await incident.act("contain.undo", part))["replayed"] is (delivery == 2), "one key for each stage"
        read = await incident.act("contain.verify_undo", part)
        assert (read["holds"], read["seen"]) == (True, {"tool": "send_email", "enabled": True, "share": share})
    for stage in (0, 3):
        assert (await failure(incident, "contain.undo", replace(step, gate=gate, stage=stage))).type == "Malformed"


async def test_a_workflow_of_another_type_gets_nothing(
    temporal: Client, hands: Hands, orders: Mapping[str, Order], opened: Any
) -> None:
    """Effects happen for incidents, whatever else runs on this server."""
    async for impostor in opened(temporal, hands, "impostor", kind=type_named("Impostor")):
        error = await failure(impostor, "contain.apply", Step(impostor.incident_id, orders["disable-send-email"], 1))
        assert error.type == "NotAnIncident"


async def test_an_incident_acts_for_itself_alone(incident: Any, hands: Hands, orders: Mapping[str, Order]) -> None:
    """Another incident's id in the argument is refused."""
    error = await failure(incident, "contain.apply", Step("incident-a.b:1", orders["disable-send-email"], 1))
    assert error.type == "NotAnIncident"


async def test_an_activity_that_was_started_by_hand_does_nothing(
    temporal: Client, incident: Any, orders: Mapping[str, Order], sandbox_agent: RunningAgent
) -> None:
    """`temporal activity start` reaches our worker too; there is no workflow behind it."""
    from datetime import timedelta

    queue = (await incident.handle.describe()).task_queue
    with pytest.raises(Exception) as caught:
        await temporal.execute_activity(
            "contain.apply", Step(incident.incident_id, orders["disable-send-email"], 7), id="by-hand",
            task_queue=queue, start_to_close_timeout=timedelta(seconds=20),
        )  # fmt: skip
    cause: BaseException | None = caught.value
    while cause is not None and not isinstance(cause, ApplicationError):
        cause = cause.__cause__
    assert isinstance(cause, ApplicationError)
    assert cause.type == "NotAnIncident"
    assert received(sandbox_agent, effect_key(incident.incident_id, "disable-send-email", "apply", 7)) == []


def type_named(name: str) -> Any:
    class Named:
        run = name

    return Named
