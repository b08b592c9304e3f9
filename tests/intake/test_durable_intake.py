"""Promise 1: a 2xx means that Temporal holds the alert; retries and storms make one incident."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from halon.client import data_converter
from halon.incident.alerts import Alert
from halon.incident.ids import correlation_key, workflow_id
from halon.incident.opening import Opening
from halon.intake.place import Placer

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_promise_1_durable_intake_of_what_a_real_alertmanager_sends(gateway: Any, captures: Any) -> None:
    """Every captured delivery is answered 200, and every alert in it is held by the incident that the answer names."""
    for captured in captures:
        answer = await gateway.deliver(captured["body"])
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert sum(each["alerts"] for each in told["incidents"]) == len(captured["body"]["alerts"])
        for each in told["incidents"]:
            fingerprints = {held.split("|")[0] for held in await gateway.held(each["workflow_id"])}
            sent = {alert["fingerprint"] for alert in captured["body"]["alerts"]
                    if alert["labels"]["agent"] == each["agent"]}  # fmt: skip
            assert sent <= fingerprints
            assert each["incident"].startswith("INC-")


async def test_promise_1_durable_intake_makes_one_incident_of_fifty_at_once(
    gateway: Any, alert: Any, delivery: Any, agent: str
) -> None:
    """50 identical deliveries at once open one incident; each is answered 200 with its name, and one of them with new."""
    answers = await asyncio.gather(*(gateway.deliver(delivery(alert(agent))) for _ in range(50)))
    told = [each for answer in answers for each in answer.json()["incidents"]]
    assert [answer.status_code for answer in answers] == [200] * 50
    assert len({each["incident"] for each in told}) == len({each["workflow_id"] for each in told}) == 1
    assert Counter(each["status"] for each in told) == {"new": 1, "joined": 49}
    state = await gateway.state(told[0]["workflow_id"])
    assert len({held["identity"] for held in state["held"]}) == 1
    assert state["signals"] <= 5


async def test_promise_1_durable_intake_holds_across_gateways_and_without_a_worker(
    temporal: Client, make_gateway: Any, stand_in_worker: Any, alert: Any, delivery: Any, agent: str
) -> None:
    """With no worker running, a gateway acknowledges and dies; another one joins; the worker then finds every alert."""
    queue = f"late-{agent}"
    first = make_gateway(temporal, task_queue=queue)
    opened = (await first.deliver(delivery(alert(agent)))).json()["incidents"][0]
    await first.stop()
    second = make_gateway(temporal, task_queue=queue)
    joined = (await second.deliver(delivery(alert(agent, labels={"pod": "2"})))).json()["incidents"][0]
    assert (opened["status"], joined["status"]) == ("new", "joined")
    assert (opened["incident"], opened["workflow_id"]) == (joined["incident"], joined["workflow_id"])
    async with stand_in_worker(temporal, queue):
        assert len(await second.held(opened["workflow_id"])) == 2
    await second.stop()


async def test_promise_1_durable_intake_says_503_while_temporal_is_down_and_goes_on_after(
    make_gateway: Any, stand_in_worker: Any, server_path: str, alert: Any, delivery: Any, agent: str, tmp_path: Path
) -> None:
    """While the server is down each delivery gets 503 with Retry-After; sent again later, it is held."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = {"port": port, "dev_server_database_filename": str(tmp_path / "temporal.db"),
              "dev_server_existing_path": server_path, "data_converter": data_converter}  # fmt: skip
    environment = await WorkflowEnvironment.start_local(**server)
    gateway = make_gateway(environment.client, seconds=2.0)
    before = await gateway.deliver(delivery(alert(agent)))
    await environment.shutdown()
    down = await asyncio.gather(*(gateway.deliver(delivery(alert(agent, labels={"n": str(n)}))) for n in range(5)))
    health = await gateway.http.get("/healthz")
    environment = await WorkflowEnvironment.start_local(**server)
    assert before.status_code == 200
    for answer in down:
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["content-type"] == "application/problem+json"
        assert "incidents" not in answer.json()
    assert health.status_code == 503
    assert health.json()["intake"] is False
    assert await gateway.counted('halon_intake_refused_total{reason="unavailable",source="am"} 5.0')
    async with asyncio.timeout(20):
        while (again := await gateway.deliver(delivery(alert(agent, labels={"n": "0"})))).status_code == 503:
            await asyncio.sleep(0.2)
    assert again.json()["incidents"][0]["incident"] == before.json()["incidents"][0]["incident"]
    fresh = make_gateway(environment.client)
    async with stand_in_worker(environment.client, gateway.settings.task_queue):
        held = await fresh.held(workflow_id(correlation_key(agent, "Rule")))
    await gateway.stop()
    await fresh.stop()
    await environment.shutdown()
    for acknowledged in (alert(agent), alert(agent, labels={"n": "0"})):
        assert any(identity.startswith(acknowledged["fingerprint"]) for identity in held)


async def test_a_sender_that_goes_away_loses_nothing(gateway: Any, alert: Any, delivery: Any, agent: str) -> None:
    """A request that is dropped while it waits does not take the batch of the others with it."""
    tasks = [asyncio.create_task(gateway.deliver(delivery(alert(agent, labels={"n": str(n)})))) for n in range(10)]
    await asyncio.sleep(0.02)
    tasks[0].cancel()
    tasks[5].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    kept = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(kept) >= 8
    assert {answer.status_code for answer in kept} == {200}
    held = set(await gateway.held(workflow_id(correlation_key(agent, "Rule"))))
    assert len(held) >= len(kept)


async def test_a_door_that_closes_finishes_what_it_took(
    temporal: Client, make_gateway: Any, alert: Any, delivery: Any, agent: str
) -> None:
    """Stopping waits for what is under way, and what comes after is told to try again."""
    gateway = make_gateway(temporal)
    under_way = asyncio.create_task(gateway.deliver(delivery(alert(agent))))
    async with asyncio.timeout(10):
        while not any(task.get_name().startswith("lane ") for task in asyncio.all_tasks()):
            await asyncio.sleep(0)
    await gateway.door.aclose()
    late = await gateway.deliver(delivery(alert(agent)))
    assert (await under_way).status_code == 200
    assert late.status_code == 503
    await gateway.stop()


async def test_a_closed_incident_is_followed_by_its_successor(
    gateway: Any, temporal: Client, make_gateway: Any, alert: Any, delivery: Any, agent: str
) -> None:
    """After an incident closed, the next alert opens ~2, then ~3, linked to the one before, for this gateway and for one that knows nothing."""
    first_id = workflow_id(correlation_key(agent, "Rule"))
    seen = []
    for number in range(3):
        told = (await gateway.deliver(delivery(alert(agent)))).json()["incidents"][0]
        seen.append((told["workflow_id"], told["status"]))
        assert (await gateway.state(told["workflow_id"]))["predecessor"] == (seen[-2][0] if number else "")
        handle = temporal.get_workflow_handle(told["workflow_id"])
        if number < 2:
            await handle.signal("close")
            await handle.result()
    assert seen == [(first_id, "new"), (f"{first_id}~2", "new"), (f"{first_id}~3", "new")]
    fresh = make_gateway(temporal)
    told = (await fresh.deliver(delivery(alert(agent)))).json()["incidents"][0]
    await fresh.stop()
    assert (told["workflow_id"], told["status"]) == (f"{first_id}~3", "joined")


async def test_a_gateway_that_knows_nothing_finds_the_newest_of_a_chain_whose_start_has_expired(
    temporal: Client, make_gateway: Any, alert: Any, delivery: Any, agent: str, eventually: Any
) -> None:
    """When only ~5 is left of a chain, a new gateway joins ~5 and does not begin at the first number again."""
    key = correlation_key(agent, "Rule")
    fifth = await temporal.start_workflow("Incident", Opening(), id=workflow_id(key, 5), task_queue="intake-tests")
    # Its name begins with the chain's, but it is of another one.
    await temporal.start_workflow("Incident", Opening(), id=f"{workflow_id(key)}x~9", task_queue="intake-tests")

    async def visible() -> bool:
        query = f"WorkflowId STARTS_WITH '{workflow_id(key)}'"
        return (await temporal.count_workflows(query)).count == 2

    await eventually(visible)
    gateway = make_gateway(temporal)
    joined = (await gateway.deliver(delivery(alert(agent)))).json()["incidents"][0]
    await gateway.stop()
    assert (joined["workflow_id"], joined["status"]) == (fifth.id, "joined")


async def test_resolved_never_opens(gateway: Any, temporal: Client, alert: Any, delivery: Any, agent: str) -> None:
    """A resolved alert with no open incident is acknowledged and ignored; with one, it joins; after it, ignored again."""
    resolved = delivery(alert(agent, "resolved", endsAt="2026-11-22T09:00:00Z"))
    before = (await gateway.deliver(resolved)).json()["incidents"][0]
    assert before == {"incident": None, "workflow_id": None, "status": "ignored", "alerts": 1, "agent": agent,
                      "group": "Rule", "reason": "no open incident"}  # fmt: skip
    opened = (await gateway.deliver(delivery(alert(agent)))).json()["incidents"][0]
    during = (await gateway.deliver(resolved)).json()["incidents"][0]
    assert (during["status"], during["incident"]) == ("joined", opened["incident"])
    handle = temporal.get_workflow_handle(opened["workflow_id"])
    assert len(await gateway.held(opened["workflow_id"])) == 2
    await handle.signal("close")
    await handle.result()
    after = (await gateway.deliver(resolved)).json()["incidents"][0]
    assert after["status"] == "ignored"
    assert (await gateway.deliver(delivery(alert(agent)))).json()["incidents"][0]["workflow_id"].endswith("~2")


async def test_one_delivery_of_several_agents_makes_several_incidents(
    gateway: Any, alert: Any, delivery: Any, agent: str
) -> None:
    """Each alert goes to the incident of its agent and group, also when some fire and some are resolved."""
    body = delivery(
        alert(f"{agent}-a"), alert(f"{agent}-b"), alert(f"{agent}-a", labels={"pod": "2"}),
        alert(f"{agent}-a", labels={"group": "other"}), alert(f"{agent}-c", "resolved"),
    )  # fmt: skip
    told = (await gateway.deliver(body)).json()["incidents"]
    assert [(each["agent"], each["group"], each["status"], each["alerts"]) for each in told] == [
        (f"{agent}-a", "Rule", "new", 2), (f"{agent}-b", "Rule", "new", 1), (f"{agent}-a", "other", "new", 1),
        (f"{agent}-c", "Rule", "ignored", 1),
    ]  # fmt: skip
    assert len({each["incident"] for each in told}) == 4
    assert len(await gateway.held(told[0]["workflow_id"])) == 2


async def test_a_storm_on_one_incident_is_a_few_signals(gateway: Any, alert: Any, delivery: Any, agent: str) -> None:
    """Callers that wait at the same time share one signal, and each is answered when its own alert is held."""
    opened = (await gateway.deliver(delivery(alert(agent)))).json()["incidents"][0]
    bodies = [delivery(alert(agent, labels={"n": str(number)})) for number in range(60)]
    answers = await asyncio.gather(*(gateway.deliver(body) for body in bodies))
    state = await gateway.state(opened["workflow_id"])
    assert {answer.json()["incidents"][0]["status"] for answer in answers} == {"joined"}
    assert len({held["identity"] for held in state["held"]}) == 61
    assert state["signals"] <= 10


async def test_a_delivery_larger_than_a_batch_is_held_whole(
    gateway: Any, alert: Any, delivery: Any, agent: str
) -> None:
    """A thousand alerts of one agent take several batches; the answer comes when the last one is held."""
    text = "x" * 400
    many = [alert(agent, labels={"n": str(n), "text": text}, annotations={"summary": text}) for n in range(700)]
    answer = await gateway.deliver(delivery(*many))
    assert answer.status_code == 200, answer.text
    (told,) = answer.json()["incidents"]
    assert (told["status"], told["alerts"]) == ("new", 700)
    assert len(set(await gateway.held(told["workflow_id"]))) == 700


async def test_a_terminated_incident_is_waited_for_and_then_followed(
    gateway: Any, temporal: Client, alert: Any, delivery: Any, agent: str
) -> None:
    """Just after a Terminate the sender hears 503 and comes back; if nothing reopens the incident, ~2 is opened."""
    opened = (await gateway.deliver(delivery(alert(agent)))).json()["incidents"][0]
    await temporal.get_workflow_handle(opened["workflow_id"]).terminate("by mistake")
    refused = await gateway.deliver(delivery(alert(agent)))
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert refused.json()["type"] == "urn:halon:problem:reopening"
    later = Placer(temporal, "nobody", now=lambda: datetime.now(UTC) + timedelta(minutes=3))
    held = Alert(source="am", agent=agent, group="Rule", rule="Rule", status="firing", fingerprint="f",
                 started_at="2026-11-22T08:00:00Z", received_at="2026-11-22T08:00:00Z")  # fmt: skip
    placed = await later.place(correlation_key(agent, "Rule"), [held])
    assert placed is not None
    assert (placed.workflow_id, placed.opened) == (f"{opened['workflow_id']}~2", True)


async def test_a_reopened_incident_keeps_the_reference_it_calls_itself(
    gateway: Any, temporal: Client, make_gateway: Any, alert: Any, delivery: Any, agent: str
) -> None:
    """A gateway that knows nothing takes the reference from the incident, not from the run that it finds."""
    opened = (await gateway.deliver(delivery(alert(agent)))).json()["incidents"][0]
    await temporal.get_workflow_handle(opened["workflow_id"]).signal("call_itself", "INC-0ABC")
    await gateway.held(opened["workflow_id"])
    fresh = make_gateway(temporal)
    joined = (await fresh.deliver(delivery(alert(agent)))).json()["incidents"][0]
    await fresh.stop()
    assert (opened["incident"] != "INC-0ABC", joined["incident"]) == (True, "INC-0ABC")
