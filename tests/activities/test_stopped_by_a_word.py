"""What runs on one person's word is proved from history; what is halted sends nothing; a redirect leads nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from halon.drill.launch import RunningAgent
from halon.incident.gates import Proof
from halon.incident.orders import Call, Order, effect_key
from halon.ports.by_hand import Asked
from halon.ports.contain import Step
from halon.ports.halt import Held
from halon.record.halt import Halt
from halon_activities.by_hand import ByHand
from halon_activities.contain import Contain
from halon_activities.halts import LOOK_AGAIN, Halts
from halon_activities.hands import Hands

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"


async def failure(incident: Any, name: str, argument: Any) -> ApplicationError:
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await incident.act(name, argument)
    cause: BaseException | None = caught.value.cause
    while not isinstance(cause, ApplicationError):
        assert cause is not None
        cause = cause.__cause__
    return cause


async def test_a_word_that_nobody_said_runs_nothing(incident: Any, orders: Mapping[str, Order]) -> None:
    """A name handed in proves nothing: the command must stand in this incident's history, by somebody who may say it."""
    proof = Proof(incident.run_id, "update", "contain-ann")
    step = Step(incident.incident_id, orders["kill-switch"], 1, asked_by="ann", asked_proof=proof)
    told = await failure(incident, "contain.apply", step)
    assert (told.type, "no contain by ann" in told.message) == ("ProofMissing", True)
    assert "without the place" in (await failure(incident, "contain.apply", replace(step, asked_proof=None))).message
    pats = await incident.say("contain", by="pat")
    assert (
        "pat may not say contain"
        in (await failure(incident, "contain.apply", replace(step, asked_by="pat", asked_proof=pats))).message
    )
    await incident.say("contain", "contain-ann-before", by="ann")
    told = await failure(incident, "contain.apply", step)
    assert "no contain by ann stands in this incident's history where it should" in told.message, "another word of hers"
    await incident.handle.signal("contain", {"by": "ann"})
    assert (await failure(incident, "contain.apply", step)).type == "ProofMissing", (
        "a Signal is no Update, refused or not"
    )
    await incident.say("contain", "contain-ann", by="Ann")
    assert (await incident.act("contain.apply", step))["status"] == 200


async def test_a_word_is_no_yes_to_what_can_not_be_undone(incident: Any, orders: Mapping[str, Order]) -> None:
    """Promise 3: the irreversible asks for its gate, whoever said what."""
    await incident.say("contain", by="ann")
    step = Step(incident.incident_id, orders["revoke-token"], 1, asked_by="ann")
    assert (await failure(incident, "contain.apply", step)).type == "ProofMissing"


async def test_while_halted_nothing_is_sent_or_written_down(
    hands: Hands, orders: Mapping[str, Order], as_incident: Any, attacked: RunningAgent
) -> None:
    """Refused with whose word and why, before the effect is even intended; what took effect before is still told."""
    order = orders["disable-send-email"]
    step = Step(INCIDENT, order, 1)
    await as_incident(Contain(hands).apply, step)
    halt = Halt(hands.evidence)
    await halt.turn(halted=True, by="ann", reason="maintenance")
    assert (await as_incident(Contain(hands).apply, step)).replayed, "this one had taken effect"
    with pytest.raises(ApplicationError, match=r"halted by ann since .* \(maintenance\)") as caught:
        await as_incident(Contain(hands).apply, replace(step, attempt=2))
    assert (caught.value.type, caught.value.non_retryable) == ("Halted", True)
    assert (await hands.journal.look(effect_key(INCIDENT, order.id, "apply", 2))).state == "unknown"
    assert (await as_incident(Contain(hands).verify, step)).holds, "reading goes on"
    await halt.turn(halted=False, by="ann", reason="over")
    assert not (await as_incident(Contain(hands).apply, replace(step, attempt=2))).replayed


async def test_what_was_sent_without_an_answer_is_not_called_held(
    hands: Hands, orders: Mapping[str, Order], as_incident: Any
) -> None:
    """Halted between two tries: the first one may have arrived, so nobody says that nothing was sent; a try that
    provably did not arrive, and one that was never begun, are held."""
    halt, order = Halt(hands.evidence), orders["disable-send-email"]
    key = effect_key(INCIDENT, order.id, "apply", 31)
    await hands.journal.intend(key, {"order": order.id})
    await halt.turn(halted=True, by="ann", reason="maintenance")
    with pytest.raises(ApplicationError, match="may have arrived before that") as caught:
        await as_incident(Contain(hands).apply, Step(INCIDENT, order, 31))
    assert (caught.value.type, caught.value.non_retryable) == ("Uncertain", True)
    await hands.journal.settle(key, {"arrived": False, "why": "no connection"})
    with pytest.raises(ApplicationError) as caught:
        await as_incident(Contain(hands).apply, Step(INCIDENT, order, 31))
    assert caught.value.type == "Halted"
    await halt.turn(halted=False, by="ann", reason="over")


async def test_waiting_for_the_end_of_a_halt_is_tried_again_by_itself(hands: Hands, as_incident: Any) -> None:
    """A typed failure with a fixed pause, never at the first look; then who let it go on."""
    halts, halt = Halts(hands), Halt(hands.evidence)
    await halt.turn(halted=True, by="ann", reason="maintenance")
    for attempt in (1, 2):
        with pytest.raises(ApplicationError) as caught:
            await as_incident(halts.lifted, Held(INCIDENT, "t"), attempt=attempt)
        assert (caught.value.type, caught.value.non_retryable, caught.value.next_retry_delay) == (
            "Halted",
            False,
            LOOK_AGAIN,
        )
    for rounds, seconds in ((2, 30), (5, 240), (9, 3600), (500, 3600)):
        with pytest.raises(ApplicationError) as caught:
            await as_incident(halts.lifted, Held(INCIDENT, "t", rounds), attempt=1)
        assert caught.value.next_retry_delay == timedelta(seconds=seconds), "workers that differ are asked more rarely"
    await halt.turn(halted=False, by="sue", reason="over")
    assert "by sue (over)" in (await as_incident(halts.lifted, Held(INCIDENT, "t"), attempt=2)).told


async def test_a_store_that_does_not_answer_lets_nothing_run(
    hands: Hands, orders: Mapping[str, Order], as_incident: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not acting is the safer side: it is tried again, and no effect could be written down first either."""
    contain = Contain(hands)

    async def gone(path: str) -> bool:
        raise OSError("the disk is away")

    monkeypatch.setattr(hands.evidence, "exists", gone)
    with pytest.raises(ApplicationError) as caught:
        await as_incident(contain.apply, Step(INCIDENT, orders["disable-send-email"], 5))
    assert (caught.value.type, caught.value.non_retryable) == ("Disk", False)


async def test_what_stops_the_agent_comes_from_the_kit_of_the_incident(hands: Hands, as_incident: Any) -> None:
    """The kill switch of this agent; an agent that the kit does not know has nothing, and is only observed."""
    ready = await as_incident(ByHand(hands).ready, Asked(INCIDENT, "support-bot"))
    assert ([one.id for one in ready.orders], ready.whole, ready.mode) == (["kill-switch"], True, "act")
    unknown = await as_incident(ByHand(hands).ready, Asked(INCIDENT, "ghost"))
    assert (unknown.orders, unknown.mode) == ((), "observe")


async def test_a_redirect_to_a_metadata_service_stops_an_order(
    hands: Hands, orders: Mapping[str, Order], as_incident: Any
) -> None:
    """An agent that answers with a redirect gets no second request anywhere: apply fails as Unexpected, reading back is
    unknown, and the words say that it was a redirect."""
    asked: list[bytes] = []

    async def astray(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")[0])
        writer.write(
            b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://169.254.169.254/latest/\r\nContent-Length: 0\r\n\r\n"
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(astray, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/switch"
    here = ("127.0.0.1",)
    order = replace(orders["kill-switch"], apply=Call("PUT", url, here, body={"on": True}, key_header="Idempotency-Key"),
                    verify=Call("GET", url, here, expect_json={"/on": True}))  # fmt: skip
    async with server:
        with pytest.raises(ApplicationError, match="redirect") as caught:
            await as_incident(Contain(hands).apply, Step(INCIDENT, order, 1))
        read = await as_incident(Contain(hands).verify, Step(INCIDENT, order, 1, once=True))
    assert caught.value.type == "Unexpected"
    assert read.holds is None
    assert "redirect" in read.note
    assert {line.split(b" ")[1] for line in asked} == {b"/switch"}


def test_every_call_of_a_kit_names_one_host_and_none_is_near(orders: Mapping[str, Order]) -> None:
    """Orders reach the host of the agent's own address and no other; near is said by a kit, never assumed."""
    for order in orders.values():
        every = [order.apply, order.verify, order.undo, order.undo_verify]
        every += [call for stage in order.restore_stages for call in (stage.apply, stage.verify)]
        for call in (one for one in every if one is not None):
            assert len(call.hosts) == 1
            assert call.url.partition("//")[2].startswith(call.hosts[0])
            assert not call.near
