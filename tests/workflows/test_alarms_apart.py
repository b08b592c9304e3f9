"""PagerDuty rings for each question and each clock, also after the incident was acknowledged, and stops when it is over."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from halon.connectors.marker import about, thread_key
from halon.intake.acknowledging import Acknowledging
from halon.intake.sources.paging import Ack

KEY = "r" * 32


class PagerDuty:
    """Keeps the events that it is sent, in order, as PagerDuty does: by key."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length"))
        event = json.loads(await reader.readexactly(size))
        self.events.append(event)
        told = json.dumps({"status": "success", "dedup_key": event["dedup_key"]}).encode()
        writer.write(f"HTTP/1.1 202 X\r\nContent-Length: {len(told)}\r\n\r\n".encode() + told)
        await writer.drain()
        writer.close()

    def of(self, key: str) -> list[str]:
        """What happened to one alarm."""
        return [one["event_action"] for one in self.events if one["dedup_key"] == key]

    def keys(self, *what: str) -> list[str]:
        """The keys of the alarms that are about this: ("gate", subject), ("clock", name), or nothing for the incident's."""
        found = dict.fromkeys(one["dedup_key"] for one in self.events)
        return [key for key in found if about(key) == (what or ("", ""))]

    async def until(self, what: str, true: Any) -> None:
        for _ in range(2400):
            if true():
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{what}: {[(one['event_action'], one['dedup_key']) for one in self.events]}")


@pytest.fixture
async def pagerduty(house: Any) -> AsyncIterator[PagerDuty]:
    """PagerDuty at the other end, and a kit in which everybody is paged by it."""
    made = PagerDuty()
    server = await asyncio.start_server(made, "127.0.0.1", 0)
    house.environ |= {"PD_KEY": KEY, "PD_URL": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}
    talk = house.settings.kit / "communications.yaml"
    channel = "  pd: {kind: pagerduty, secret: PD_KEY, url_env: PD_URL}\n"
    talk.write_text(talk.read_text().replace("\nleadership:", f"\n{channel}\nleadership:"))
    rota = house.settings.kit / "oncall.yaml"
    rota.write_text(rota.read_text().replace("[pages-file, ", "[pages-file, pd, "))
    yield made
    server.close()


async def acknowledged(house: Any, key: str, by: str) -> None:
    """What the front door does when PagerDuty tells of an acknowledgement."""
    held = await Acknowledging(house.client).acknowledge(Ack(key, by, f"{by} (P1)", "PagerDuty", f"E-{key}"))
    assert held is not None
    assert held.workflow_id == house.incident.id


async def test_each_question_rings_by_itself_and_an_acknowledgement_of_it_is_no_answer(
    house: Any, pagerduty: PagerDuty
) -> None:
    """The incident's own page is acknowledged, and the gates ring all the same; whoever has seen one is noted, its gate
    waits; its answer ends its alarm and no other; another text of a notice neither ends nor repeats its alarm; the close
    ends all that are left."""
    async with house.worker():
        await house.prepare()
        await pagerduty.until("the incident's page", lambda: pagerduty.keys())
        (own,) = pagerduty.keys()
        assert own == thread_key(f"{house.incident.id}:{(await house.incident.describe()).run_id}")
        await acknowledged(house, own, "ann")
        assert (await house.until("the acknowledgement", lambda s: s["phases"]["triage"] == "done"))[
            "commander"
        ] == "ann"

        await pagerduty.until("the gate's alarm", lambda: pagerduty.keys("gate", "revoke-token"))
        (gate,) = pagerduty.keys("gate", "revoke-token")
        assert own != gate
        assert gate.startswith(f"{own}/gate:revoke-token@")
        await acknowledged(house, gate, "sue")
        seen = "Has seen the question about revoke-token in PagerDuty as sue (P1). That is no answer to it."
        for _ in range(900):
            if any(seen in one["text"] for one in await house.query("timeline")):
                break
            await asyncio.sleep(0.1)
        assert any((one["actor"], seen) == ("sue", one["text"]) for one in await house.query("timeline"))
        assert [one["answers"] for one in await house.open_gates() if one["subject"] == "revoke-token"] == [[]]
        assert pagerduty.of(gate)[-1] == "trigger"
        await house.contained()

        await pagerduty.until("the notice's", lambda: pagerduty.keys("gate", "eu-gdpr-33-notification"))
        (asked,) = pagerduty.keys("gate", "eu-gdpr-33-notification")
        before = next(one["id"] for one in await house.open_gates() if one["subject"] == "eu-gdpr-33-notification")
        await house.say("fact", by="pat", name="affected_individuals", value=6123)
        for _ in range(900):
            if before not in [one["id"] for one in await house.open_gates()]:
                break
            await asyncio.sleep(0.1)
        assert before not in [one["id"] for one in await house.open_gates()]
        await asyncio.sleep(1)
        assert pagerduty.keys("gate", "eu-gdpr-33-notification") == [asked]
        assert set(pagerduty.of(asked)) == {"trigger"}

        result = await house.close_story()
        assert result["outcome"] == "resolved"
    ends = [one["dedup_key"] for one in pagerduty.events if one["event_action"] == "resolve"]
    assert ends.index(gate) < ends.index(asked) < ends.index(own), "each at its own answer, the incident's at the close"
    keys = dict.fromkeys(one["dedup_key"] for one in pagerduty.events)
    assert len([key for key in keys if about(key)[0] == "gate"]) >= 4
    for key in keys:
        told = pagerduty.of(key)
        assert (told[-1], sorted(told, reverse=True)) == ("resolve", told), "nothing rings after its end"
        assert told.count("resolve") == 1 or key == own, "one for each who was told of the incident"
