"""Apply, read back, look for harm: against the sandbox agent's real controls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.exceptions import ApplicationError

from halon.drill.launch import RunningAgent
from halon.incident import times
from halon.incident.orders import Order, effect_key
from halon.ports.contain import Step, Watch
from halon_activities import contain as hand
from halon_activities.contain import Contain
from halon_activities.hands import Hands

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"


def calls(agent: RunningAgent, key: str) -> list[dict[str, Any]]:
    with httpx.Client(base_url=agent.url, headers=agent.headers, trust_env=False) as client:
        rows: list[dict[str, Any]] = client.get("/control/calls", params={"key": key}).json()["calls"]
        return rows


async def test_a_reversible_order_is_applied_read_back_and_told_from_its_repetition(
    hands: Hands, orders: Mapping[str, Order], as_incident: Any, attacked: RunningAgent
) -> None:
    """The state before is kept; the second apply sends nothing; the tool is off."""
    step = Step(INCIDENT, orders["disable-send-email"], 1)
    first = await as_incident(Contain(hands).apply, step)
    again = await as_incident(Contain(hands).apply, step)
    read = await as_incident(Contain(hands).verify, step)
    assert (first.status, first.replayed, first.before) == (
        200, False, {"tool": "send_email", "enabled": True, "share": 100},
    )  # fmt: skip
    assert (again.replayed, again.at, again.before) == (True, first.at, first.before)
    assert (read.holds, read.seen) == (True, {"tool": "send_email", "enabled": False, "share": 100})
    assert len(calls(attacked, effect_key(INCIDENT, step.order.id, "apply", 1))) == 1


async def test_what_is_in_force_right_after_the_call_is_read_back_in_its_turn(
    hands: Hands, orders: Mapping[str, Order], as_incident: Any, attacked: RunningAgent
) -> None:
    """It says what it saw. A second try, which sends nothing, says nothing: its state is of another moment."""
    step = Step(INCIDENT, orders["disable-send-email"], 7)
    first = await as_incident(Contain(hands).apply, step)
    again = await as_incident(Contain(hands).apply, step)
    assert first.read is not None
    assert (first.read.holds, first.read.seen) == (True, {"tool": "send_email", "enabled": False, "share": 100})
    assert first.read.at >= first.at
    assert again.read is None


async def test_what_does_not_show_right_after_the_call_is_left_to_the_read_back(
    hands: Hands, orders: Mapping[str, Order], as_incident: Any, attacked: RunningAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that lies, one that can't be read and one that hangs: applied, nothing said of it, and nobody waits long."""
    monkeypatch.setattr(hand, "READ_AT_ONCE_SECONDS", 0.3)
    order = orders["disable-send-email"]
    lying = replace(order, id="lying", verify=replace(order.verify, expect_json={"/enabled": "never"}))
    dark = replace(order, id="dark", verify=unreachable(order.verify))
    server = await asyncio.start_server(lambda reader, _: reader.read(), "127.0.0.1", 0)
    async with server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        call = replace(order.verify, url=f"http://{place}/", hosts=("127.0.0.1",), method="POST")
        hanging = replace(order, id="hanging", verify=call)
        async with asyncio.timeout(5):
            for one in (lying, dark, hanging):
                done = await as_incident(Contain(hands).apply, Step(INCIDENT, one, 1))
                assert (done.status, done.read) == (200, None), one.id


async def test_a_keyed_order_without_receipt_is_sent_again_under_its_key(
    hands: Hands, orders: Mapping[str, Order], as_incident: Any, attacked: RunningAgent
) -> None:
    """A worker died after sending: the far side sees the same key and acts once."""
    order = orders["kill-switch"]
    key = effect_key(INCIDENT, order.id, "apply", 1)
    await hands.journal.intend(key, {"digest": order.digest_for(INCIDENT, "apply"), "verb": "apply", "order": order.id})
    with httpx.Client(base_url=attacked.url, headers=attacked.headers, trust_env=False) as client:
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        client.put("/control/kill-switch", content=b'{"on": true}', headers=headers).raise_for_status()
    done = await as_incident(Contain(hands).apply, Step(INCIDENT, order, 1))
    rows = calls(attacked, key)
    assert (done.status, [(row["effects"], row["deliveries"]) for row in rows]) == (200, [(1, 2)])


async def test_an_agent_that_is_away_is_a_failure_that_is_tried_again(
    make_hands: Any, orders: Mapping[str, Order], as_incident: Any
) -> None:
    """Nothing arrived, and the error says so by its type."""
    away = replace(orders["disable-send-email"], apply=unreachable(orders["disable-send-email"].apply))
    with pytest.raises(ApplicationError) as caught:
        await as_incident(Contain(make_hands()).apply, Step(INCIDENT, away, 1))
    assert (caught.value.type, caught.value.non_retryable) == ("Unreachable", False)


@pytest.mark.parametrize(
    ("token", "path", "told"),
    [
        ("wrong", "/control/tools/send_email", "PUT /control/tools/send_email answered 401 (does the agent know the token in SANDBOX_AGENT_TOKEN?)"),
        ("", "/ctrl/tools/send_email", "PUT /ctrl/tools/send_email answered 404 (does control_url have the right prefix, and does the agent have a tool of this name?)"),
    ],
)  # fmt: skip
async def test_an_answer_that_was_not_expected_says_what_was_asked_and_where_to_look(
    hands: Hands,
    orders: Mapping[str, Order],
    as_incident: Any,
    attacked: RunningAgent,
    token: str,
    path: str,
    told: str,
) -> None:
    """Method, path and a hint; never the token, and nothing of the query."""
    order = orders["disable-send-email"]
    call = replace(order.apply, url=f"{attacked.url}{path}?key=private")
    environ = {**hands.environ, **({order.apply.secret: token} if token else {})}
    with pytest.raises(ApplicationError) as caught:
        await as_incident(Contain(replace(hands, environ=environ)).apply, Step(INCIDENT, replace(order, apply=call), 1))
    assert (caught.value.type, caught.value.non_retryable) == ("Unexpected", True)
    assert caught.value.message.startswith(told)
    assert not any(word in caught.value.message for word in ("private", str(environ[order.apply.secret])))


async def test_reading_back_tells_no_from_unknown(
    hands: Hands, orders: Mapping[str, Order], as_incident: Any, attacked: RunningAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen and otherwise is no; not seen is unknown. Both say what was seen last."""
    monkeypatch.setattr(hand, "READ_BACK_SECONDS", 0.3)
    order = orders["disable-send-email"]
    no = await as_incident(Contain(hands).verify, Step(INCIDENT, order, 1))
    dark = replace(order, verify=unreachable(order.verify))
    unknown = await as_incident(Contain(hands).verify, Step(INCIDENT, dark, 1))
    assert (no.holds, no.note) == (False, "/enabled is true; false was expected")
    assert unknown.holds is None
    assert "can't be reached" in unknown.note


async def test_reading_back_waits_for_a_state_that_comes_late(
    hands: Hands, orders: Mapping[str, Order], as_incident: Any, attacked: RunningAgent
) -> None:
    """Controls may take a moment: the read-back is patient."""
    reading = asyncio.create_task(as_incident(Contain(hands).verify, Step(INCIDENT, orders["disable-send-email"], 1)))
    await asyncio.sleep(0.7)
    async with httpx.AsyncClient(base_url=attacked.url, headers=attacked.headers, trust_env=False) as client:
        (await client.put("/control/tools/send_email", json={"enabled": False})).raise_for_status()
    assert (await reading).holds is True


async def test_harm_is_an_unauthorised_action_that_was_done(
    hands: Hands, as_incident: Any, attacked: RunningAgent
) -> None:
    """Before containment it goes on; actions that were stopped are no harm; an agent that can't be seen is unknown."""
    earlier = times.text(datetime.now(UTC) - timedelta(minutes=5))
    going = await as_incident(Contain(hands).harm, Watch(INCIDENT, "support-bot", earlier))
    async with httpx.AsyncClient(base_url=attacked.url, headers=attacked.headers, trust_env=False) as client:
        (await client.put("/control/tools/send_email", json={"enabled": False})).raise_for_status()
        since = times.text(datetime.now(UTC))
        await client.post("/v1/chat", json={"session": "s2", "message": "How do I set up the sync connector?"})
    stopped = await as_incident(Contain(hands).harm, Watch(INCIDENT, "support-bot", since))
    unknown = await as_incident(Contain(hands).harm, Watch(INCIDENT, "nobody-knows-me", since))
    assert (going.goes_on, "send_email" in going.note) == (True, True)
    assert (stopped.goes_on, stopped.note) == (False, "no unauthorised action was done since; 1 was tried and stopped")
    assert (unknown.goes_on, "no agent" in unknown.note) == (None, True)


async def test_effects_refuse_whoever_is_no_incident(
    hands: Hands, orders: Mapping[str, Order], as_incident: Any, attacked: RunningAgent
) -> None:
    """No workflow, another type, a workflow id that is no incident's, another incident."""
    step = Step(INCIDENT, orders["disable-send-email"], 9)
    for info in (
        {"workflow_type": None, "workflow_id": None, "workflow_run_id": None},
        {"workflow_type": "Greeting"},
        {"workflow_id": "support-bot.unauthorised-tool"},
        {"workflow_id": "incident-another"},
    ):
        for activity in (Contain(hands).apply, Contain(hands).undo, Contain(hands).verify):
            with pytest.raises(ApplicationError) as caught:
                await as_incident(activity, step, **info)
            assert (caught.value.type, caught.value.non_retryable) == ("NotAnIncident", True)
    assert calls(attacked, effect_key(INCIDENT, step.order.id, "apply", 9)) == []


def unreachable(call: Any) -> Any:
    return replace(call, url="http://127.0.0.1:9/gone")
