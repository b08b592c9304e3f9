"""Promise 8 and the ways in which an incident ends early: read back, climb, false alarm, successor."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from temporalio.client import WorkflowExecutionStatus

from halon.incident.chain import Chain
from halon.kit import load
from halon.worker import build_worker
from halon_activities import contain as hands

Lie = Callable[[Request], Response | None]


@asynccontextmanager
async def between(house: Any, lie: Lie) -> AsyncIterator[None]:
    """Something between Halon and the agent that answers some calls itself and passes the rest."""

    async def passed(request: Request) -> Response:
        told = lie(request)
        if told is not None:
            return told
        answer = await house.api.request(
            request.method, request.url.path, params=request.query_params, content=await request.body(),
            headers={name: value for name, value in request.headers.items() if name.lower() in ("idempotency-key", "content-type")},
        )  # fmt: skip
        return Response(answer.content, answer.status_code, media_type="application/json")

    app = Starlette(routes=[Route("/{path:path}", passed, methods=["GET", "PUT", "POST"])])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[taken]))
        house.environ["HALON_SUPPORT_BOT_URL"] = f"http://127.0.0.1:{taken.getsockname()[1]}"
        try:
            yield
        finally:
            server.should_exit = True
            await serving


async def test_promise_8_contained_means_checked(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent says that the tool is off and leaves it on: read back, the action failed, and the next rung stops it."""

    monkeypatch.setattr(hands, "READ_BACK_SECONDS", 2.0)

    def lie(request: Request) -> Response | None:
        if request.method == "PUT" and request.url.path == "/control/tools/send_email":
            return Response('{"tool": "send_email", "enabled": false}', media_type="application/json")
        return None

    async with between(house, lie), house.worker():
        await house.misbehave()
        await house.open()
        await house.until("the kill switch", lambda s: s["actions"].get("kill-switch") == "verified")
        status = await house.query("status")
        assert status["actions"]["disable-send-email"] == "failed"
        assert (await house.api.get("/control/kill-switch")).json()["on"] is True
        assert (await house.api.get("/control/tools/send_email")).json()["enabled"] is True, "it did lie"
        texts = [line["text"] for line in await house.query("timeline")]
        assert any(text.startswith("Read back and not in force: Switch off the tool") for text in texts)
        assert "Next for what is still open: Stop the agent with its kill switch." in texts
        await house.until("the harm to stop", lambda s: "the harm has stopped" in s["headline"])


async def test_promise_8_harm_that_goes_on_takes_the_next_rung(house: Any) -> None:
    """Switched off and read back, and somebody switches it on again: the agent does it once more, and is stopped whole."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.until("the read-back", lambda s: s["actions"].get("disable-send-email") == "verified")
        (await house.api.put("/control/tools/send_email", json={"enabled": True})).raise_for_status()
        await house.misbehave()
        await house.until("the kill switch", lambda s: s["actions"].get("kill-switch") == "verified")
        assert (await house.api.get("/control/kill-switch")).json()["on"] is True
        texts = [line["text"] for line in await house.query("timeline")]
        assert any("Next rung 2: " in text and "unauthorised" in text for text in texts)


async def test_a_false_alarm_gives_everything_back_through_gates_and_closes_as_one(house: Any) -> None:
    """Obligations are declined with the reason, what was taken waits for a yes, nothing irreversible was run."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.say("ack", by="ann")
        assert "NotAuthorised" in await house.say("false-alarm", by="tom", reason="a rehearsal")
        await house.say("false-alarm", by="ann", reason="a rehearsal of the red team")
        await house.until("the order to be dropped", lambda s: s["actions"]["revoke-token"] == "denied")
        assert (await house.api.get("/control/tokens/support-bot-token")).json()["active"] is True
        assert (await house.api.get("/control/tools/send_email")).json()["enabled"] is False, "not without a yes"
        assert {one["decided"] for one in await house.query("obligations")} == {"declined"}
        assert "NotSettled" in await house.say("close", by="ann", reason="done")
        await house.approve("restore-disable-send-email", by="tom")
        await house.until("everything settled", lambda s: not s["left_before_close"])
        assert (await house.api.get("/control/tools/send_email")).json()["enabled"] is True
        assert "Closed" in await house.say("close", by="ann", reason="done")
        result = await asyncio.wait_for(house.incident.result(), 240)
        assert result["outcome"] == "false_alarm"
        assert [to for receivers, _ in house.mailbox.mails for to in receivers if "acme.example" not in to] == []
        entries = await house.record.entries((await house.record.incidents())[0])
        reasons = [entry.text for entry in entries if "calls it a false alarm" in entry.text]
        assert len(reasons) == 1
        assert "a rehearsal of the red team" in reasons[0]


@asynccontextmanager
async def without_quiet(house: Any) -> AsyncIterator[None]:
    """A worker whose kit ends the join window as soon as an incident has recovered; a kit on disk allows a minute."""
    kit = load(house.settings.kit, house.environ)
    kit = replace(kit, policy=replace(kit.policy, quiet_seconds=0))
    async with build_worker(
        house.client, house.settings, kit, http=house.http, environ=house.environ, evidence=house.evidence
    ):
        yield


async def test_an_alert_after_the_join_window_opens_a_successor(house: Any) -> None:
    """Recovered and quiet: the next alert is an incident of its own, linked both ways, with clocks of its own."""
    async with without_quiet(house):
        await house.misbehave()
        first = house.alert()
        await house.open(started_at=first.started_at)
        await house.contained()
        await house.admit(house.alert(status="resolved", started_at=first.started_at, ended_at=first.started_at))
        before = await house.until(
            "the recovery", lambda s: bool(s["alerts"]["AgentUnauthorisedToolAction"]["resolved"])
        )
        await asyncio.sleep(0.1)
        await house.admit(house.alert(fingerprint="fp-2"))
        told = await house.until("the successor", lambda s: bool(s["successor"]))
        assert told["successor"] == f"{house.incident.id}~2"
        assert told["alerts"] == before["alerts"], "the late alert is not counted here"
        other = house.client.get_workflow_handle(told["successor"])
        for _ in range(900):
            status = await other.query("status")
            if status.get("next_deadline"):
                break
            await asyncio.sleep(0.1)
        assert status["predecessor"] == house.incident.id
        assert status["reference"] != told["reference"]
        assert status["next_deadline"]["at"] != told["next_deadline"]["at"]


async def test_a_store_that_is_away_does_not_end_an_incident(house: Any) -> None:
    """Record and evidence can't be written: people are paged, clocks run, commands are answered; later all is recorded."""
    store = house.settings.home / "evidence"
    hidden = store.with_name("evidence-away")
    async with house.worker():
        await house.misbehave()
        store.rename(hidden)
        store.write_text("a file where the folder was")
        await house.open()
        await house.until("the first assessment", lambda s: s.get("next_deadline") is not None)
        assert await house.say("note", by="ann", text="still here") == "still here"
        await asyncio.sleep(2)
        assert "Acknowledged" in await house.say("ack", by="ann")
        pages = (house.settings.home / "pages.log").read_text()
        assert "An incident is open" in pages
        store.unlink()
        hidden.rename(store)
        await house.contained()
        for _ in range(2400):
            incidents = await house.record.incidents()
            if incidents and "still here" in json.dumps([e.text for e in await house.record.entries(incidents[0])]):
                break
            await asyncio.sleep(0.2)
        assert "still here" in [entry.text for entry in await house.record.entries(incidents[0])]


async def test_a_record_that_somebody_altered_does_not_end_an_incident(house: Any) -> None:
    """A step that fails for good is said aloud and tried again; clocks, commands and the incident itself go on."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        for _ in range(900):  # until all is flushed
            incident = (await house.record.incidents())[0]
            entries = await house.record.entries(incident)
            if entries[-1].seq == (await house.query("status"))["record"]["entries"]:
                break
            await asyncio.sleep(0.1)
        chain = Chain(incident, seq=entries[-1].seq, head=entries[-1].hash)
        foreign = chain.append(entries[-1].at, "note", "triage", "mallory", "nothing happened", {})
        await house.record.append(incident, foreign.pending)
        assert await house.say("note", by="ann", text="what really happened") == "what really happened"
        told = "record failed (RecordForked)"
        for _ in range(900):
            if told in (house.settings.home / "pages.log").read_text():
                break
            await asyncio.sleep(0.1)
        assert told in (house.settings.home / "pages.log").read_text()
        said = [line["text"] for line in await house.query("timeline") if line["text"].startswith("record failed")]
        assert said[0].startswith("record failed and is tried again in 1 minute (RecordForked: ")
        assert "Acknowledged" in await house.say("ack", by="ann")
        assert (await house.incident.describe()).status is WorkflowExecutionStatus.RUNNING


async def test_a_false_alarm_that_is_said_first_stops_containment(house: Any) -> None:
    """Said before anything ran: nothing is switched off, no clock runs, and it can be closed as one."""
    await house.misbehave()
    await house.open()
    await house.incident.signal("false-alarm", {"by": "ann", "reason": "a planned exercise"})
    async with house.worker():
        await house.until("everything settled", lambda s: s["phases"] and not s["left_before_close"])
        await house.say("close", by="ann", reason="done")
        assert (await house.incident.result())["outcome"] == "false_alarm"
    assert await house.calls("/control/tools/send_email") == []
    assert [rcpt for rcpts, _ in house.mailbox.mails for rcpt in rcpts if "acme.example" not in rcpt] == []
