"""What stood before an order may be read beforehand; it is used once, by the first try, and while it is fresh."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from halon.drill.launch import RunningAgent
from halon.incident.orders import Call, GatePolicy, Order, effect_key
from halon.ports.contain import Step
from halon_activities import beforehand
from halon_activities.beforehand import Beforehand
from halon_activities.contain import Contain, state_before
from halon_activities.hands import Hands

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"


class Readings:
    """How often each call was read, as ``beforehand: <URL>``."""

    def __init__(self) -> None:
        self.made: list[str] = []

    async def ahead(self, look: Call) -> str:
        self.made.append("ahead")
        return f"ahead: {look.url}"

    async def now(self, look: Call) -> str:
        self.made.append("now")
        return f"now: {look.url}"


def key(order: Order, attempt: int = 1) -> str:
    return effect_key(INCIDENT, order.id, "apply", attempt)


async def test_a_reading_is_taken_once_and_by_the_first_try(orders: Mapping[str, Order]) -> None:
    """The second try, and another call than the one that was made, read for themselves."""
    order, seen, one = orders["disable-send-email"], Readings(), Beforehand()
    one.begin(INCIDENT, [order], seen.ahead)
    one.begin(INCIDENT, [order], seen.ahead)
    assert await one.take(key(order), order.verify, seen.now) == f"ahead: {order.verify.url}"
    assert await one.take(key(order), order.verify, seen.now) == f"now: {order.verify.url}"
    one.begin(INCIDENT, [order], seen.ahead)
    assert await one.take(key(order, 2), order.verify, seen.now) == f"now: {order.verify.url}"
    other = replace(order.verify, url=f"{order.verify.url}?other=1")
    assert await one.take(key(order), other, seen.now) == f"now: {other.url}"
    assert seen.made.count("now") == 3


async def test_an_old_reading_is_not_the_state_before(
    orders: Mapping[str, Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    """People were heard first, or the machine was busy: what stands now is read now."""
    monkeypatch.setattr(beforehand, "KEPT", 0.05)
    order, seen, one = orders["disable-send-email"], Readings(), Beforehand()
    one.begin(INCIDENT, [order], seen.ahead)
    await asyncio.sleep(0.2)
    assert await one.take(key(order), order.verify, seen.now) == f"now: {order.verify.url}"


async def test_only_what_runs_first_and_asks_nobody_is_read_beforehand(orders: Mapping[str, Order]) -> None:
    """The rest has time until people have answered, or the next rung is due; and no plan makes a crowd of readings."""
    order, seen, one = orders["disable-send-email"], Readings(), Beforehand()
    assert (order.rung, order.reversible, order.gate) == (1, True, None)
    asked = replace(order, id="asked", gate=GatePolicy(roles=("security_lead",)))
    one.begin(
        INCIDENT, [replace(order, id="later", rung=2), replace(order, id="final", reversible=False), asked], seen.ahead
    )
    one.begin(INCIDENT, [replace(order, id=f"n-{number}") for number in range(2 * beforehand.MOST)], seen.ahead)
    await asyncio.sleep(5 * beforehand.LEFT)
    assert seen.made == ["ahead"] * beforehand.MOST


async def test_the_state_before_is_what_stood_when_it_was_judged(
    hands: Hands, orders: Mapping[str, Order], as_incident: Any, attacked: RunningAgent
) -> None:
    """The call takes what was read beforehand, though it is otherwise by now; its second order reads for itself."""
    order = orders["disable-send-email"]
    hands.beforehand.begin(INCIDENT, [order], lambda look: state_before(hands, look))
    await asyncio.sleep(0.3)
    async with httpx.AsyncClient(base_url=attacked.url, headers=attacked.headers, trust_env=False) as client:
        (await client.put("/control/tools/send_email", json={"enabled": False})).raise_for_status()
    first = await as_incident(Contain(hands).apply, Step(INCIDENT, order, 1))
    second = await as_incident(Contain(hands).apply, Step(INCIDENT, order, 2))
    assert (first.before["enabled"], second.before["enabled"]) == (True, False)
