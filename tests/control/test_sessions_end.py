"""Sessions: drained, ended for good, set apart by whose they are; asked from outside, on a real server where it matters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from halon.control import AgentHardStopped, Control, Draining, SessionEnded, TenantIsolated

FALLBACK = "A person will answer you soon."


@pytest.fixture(scope="module")
def server(serving: Callable[..., Any]) -> Any:
    return serving("full_program.py")


@pytest.fixture
def people(server: Any) -> Iterator[Callable[..., httpx.Response]]:
    """Talk to the agent as people do."""
    with httpx.Client(base_url=server.url, trust_env=False, timeout=10) as client:
        yield lambda session, message="say hello", **more: client.post(
            "/chat", json={"session": session, "message": message, **more.pop("body", {})}, **more
        )


def set_to(server: Any, path: str, body: Any) -> Any:
    with server.client() as client:
        return client.put(f"/halon/control/{path}", json=body).raise_for_status().json()


def end(server: Any, path: str) -> Any:
    with server.client() as client:
        return client.post(f"/halon/control/{path}").raise_for_status().json()


def test_a_drain_takes_no_new_sessions_and_lets_running_ones_finish(server: Any, people: Any) -> None:
    """Also one whose only message came a moment ago, and one that is known by its cookie alone."""
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        assert client.get("/named", cookies={"sid": "cook"}).text == "hello cook"
        assert people("old").json()["reply"] == "hello"
        shown = set_to(server, "drain", {"on": True})
        try:
            assert shown["on"] is True
            assert people("old").json()["reply"] == "hello"
            assert people("new").json() == {"reply": FALLBACK, "fallback": True}
            assert people("new").json()["reply"] == FALLBACK, "a refused session does not become one that runs"
            assert set_to(server, "drain", {"on": True}) == shown, "a second drain does not begin anew"
            assert client.get("/named", cookies={"sid": "cook"}).text == "hello cook"
            assert client.get("/named", cookies={"sid": "other"}).json()["fallback"] is True
            assert client.get("/stream").json()["fallback"] is True, "whose session nobody tells is a new one"
        finally:
            set_to(server, "drain", {"on": False})
    assert people("new").json()["reply"] == "hello"


def test_an_ended_session_is_over_and_others_are_not(server: Any, people: Any) -> None:
    """Over HTTP, and where only the program knows the session; twice is once; the reading says when."""
    people("a-1")
    people("a-2")
    first, again = end(server, "sessions/a-1/end"), end(server, "sessions/a-1/end")
    assert first == again
    assert people("a-1").json()["reply"] == FALLBACK
    assert people("a-2").json()["reply"] == "hello"
    assert end(server, "sessions/cook%2F7/end")["session"] == "cook/7"
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        assert client.get("/named", cookies={"sid": "cook/7"}).json()["fallback"] is True
    with server.client() as client:
        shown = client.get("/halon/control/sessions/a-1").json()
        assert (shown["known"], shown["ended"], shown["ended_at"]) == (True, True, first["ended_at"])
        assert client.get("/halon/control/sessions/never").json() == {
            "session": "never", "known": False, "ended": False, "ended_at": None,
        }  # fmt: skip


def test_ending_all_spares_those_that_come_later(server: Any, people: Any) -> None:
    """What ran before stays ended, what begins after it runs."""
    people("b-1")
    shown = end(server, "sessions/end")
    assert shown["ended_lately"] is True
    assert [people(one).json()["reply"] for one in ("b-1", "b-2", "b-1", "b-2")] == [
        FALLBACK,
        "hello",
        FALLBACK,
        "hello",
    ]


def test_a_hard_stop_answers_nobody_and_ends_what_ran(server: Any, people: Any) -> None:
    """503 with the fallback; after it new sessions are served, and those that ran are not."""
    people("c-1")
    set_to(server, "hard-stop", {"on": True})
    stopped = people("c-9")
    assert (stopped.status_code, stopped.json()["reply"]) == (503, FALLBACK)
    set_to(server, "hard-stop", {"on": False})
    assert (people("c-1").json()["reply"], people("c-9").json()["reply"]) == (FALLBACK, "hello")


async def test_a_turn_that_runs_while_its_session_ends_does_no_more(server: Any) -> None:
    """Its tool is refused and its answer replaced, though the program was waiting when it happened."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=20) as client:
        mails = server.mails()
        running = asyncio.create_task(client.post("/chat", json={"session": "d-1", "message": "slow 1.5"}))
        await asyncio.sleep(0.5)
        await asyncio.to_thread(end, server, "sessions/d-1/end")
        assert (await running).json()["reply"] == FALLBACK
        assert server.mails() == mails


async def test_an_answer_that_streams_is_cut_where_its_session_ends(server: Any) -> None:
    """All sessions are ended while it streams: the rest of it never leaves."""
    async with httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=20) as client:
        async with client.stream("GET", "/stream") as answer:
            parts = []
            async for part in answer.aiter_bytes():
                parts.append(part)
                if len(parts) == 1:
                    await asyncio.to_thread(end, server, "sessions/end")
        assert b"three" not in b"".join(parts)


def test_a_tenant_is_set_apart_by_header_or_by_body(server: Any, people: Any) -> None:
    """The header that the program trusts counts; so does what the body says; others are served; a padded body is not."""
    set_to(server, "tenants/acme", {"isolated": True})
    try:
        assert people("e-1", headers={"x-tenant": "acme"}).json()["reply"] == FALLBACK
        assert people("e-2", body={"customer": "acme"}).json()["reply"] == FALLBACK
        assert people("e-3", body={"tenant_id": "acme"}).json()["reply"] == FALLBACK
        assert people("e-4", headers={"x-tenant": "globex"}).json()["reply"] == "hello"
        assert people("e-5").json()["reply"] == "hello"
        padded = people("e-6", body={"tenant_id": "acme", "pad": "x" * 70_000})
        assert padded.json()["reply"] == FALLBACK
    finally:
        set_to(server, "tenants/acme", {"isolated": False})
    assert people("e-1", headers={"x-tenant": "acme"}).json()["reply"] == "hello"


async def test_without_a_web_server_the_turn_says_it(agent: Any, http: httpx.AsyncClient) -> None:
    """Each reason is a type; the tools of such a turn are refused as well, were they called all the same."""
    with agent.control.turn(session="s-1") as turn:
        agent.control.flush()
        assert turn.fallback is None
        await http.post("/control/sessions/s-1/end")
        with pytest.raises(SessionEnded):
            agent.send_email("ann@ours.example")
    await http.put("/control/tenants/acme", json={"isolated": True})
    await http.put("/control/drain", json={"on": True})
    for how, kind in (
        ({"session": "s-1"}, SessionEnded), ({"session": "s-2"}, Draining), ({}, Draining),
        ({"session": "s-3", "tenant": "acme"}, TenantIsolated), ({"session": "s-4", "customer": "acme"}, TenantIsolated),
    ):  # fmt: skip
        with agent.control.turn(**how) as turn:
            assert (type(turn.refusal), turn.fallback) == (kind, "A person will answer."), how
    await http.put("/control/hard-stop", json={"on": True})
    with agent.control.turn(session="s-5") as turn:
        assert type(turn.refusal) is AgentHardStopped
    with pytest.raises(AgentHardStopped):
        agent.lookup(1)
    assert agent.sent == []


async def test_a_session_that_runs_is_known_to_every_process(tmp_path: Path, reach: Any) -> None:
    """One process had the conversation, another drains and answers; a restart forgets nothing."""
    one, other = (Control("my-agent", state=tmp_path / "shared.db") for _ in range(2))
    with one.turn(session="s-1"):
        pass
    one.flush()
    async with reach(other) as client:
        await client.put("/control/drain", json={"on": True})
        assert (await client.get("/control/sessions")).json()["running"] == 1
    with other.turn(session="s-1") as turn:
        assert turn.fallback is None
    one.close()
    other.close()
    later = Control("my-agent", state=tmp_path / "shared.db")
    with later.turn(session="s-1") as turn:
        assert turn.fallback is None
    with later.turn(session="s-2") as turn:
        assert type(turn.refusal) is Draining
    later.close()


async def test_a_session_is_no_longer_running_after_half_an_hour(
    agent: Any, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who talked before that is new to a drain."""
    with agent.control.turn(session="s-1"):
        pass
    agent.control.flush()
    later = time.time() + 1_900
    monkeypatch.setattr("halon.control.changes.time.time", lambda: later)
    await http.put("/control/drain", json={"on": True})
    with agent.control.turn(session="s-1") as turn:
        assert type(turn.refusal) is Draining


async def test_unreadable_sessions_are_no_licence(agent: Any, http: httpx.AsyncClient) -> None:
    """Sessions were ended, and it can't be read which: the answer is no."""
    await http.post("/control/sessions/s-1/end")
    with agent.control._store.changing() as db:
        db.execute("ALTER TABLE rows RENAME TO gone")
    with agent.control.turn(session="s-2") as turn:
        assert type(turn.refusal) is SessionEnded


def test_a_rehearsal_is_no_session(agent: Any) -> None:
    """It is neither noted nor refused, so that a fix can be proved while the agent is drained."""

    async def say(request: Any) -> JSONResponse:
        return JSONResponse({"reply": agent.lookup(7)})

    app = agent.control.asgi(Starlette(routes=[Route("/chat", say, methods=["POST"])]), turns=["/chat"])
    client = TestClient(app, headers={"Authorization": "Bearer control-tests-token"})
    client.put("/halon/control/drain", json={"on": True})
    client.put("/halon/control/tenants/acme", json={"isolated": True})

    def replay(case: Any) -> Any:
        with agent.control.turn(session="s-1", tenant="acme") as turn:
            return {"reply": turn.fallback or str(agent.lookup(1))}

    agent.control.replays(replay)
    found = client.post("/halon/control/replay", json={"case": {"message": "x"}}).json()
    assert "not called" in found["reply"]
    agent.control.flush()
    assert agent.control._store.rows("session") == []


def test_a_websocket_of_an_ended_session_closes(agent: Any) -> None:
    """Its next message is the last: the program says which session it is, and the session is ended meanwhile."""
    from starlette.routing import WebSocketRoute
    from starlette.websockets import WebSocket, WebSocketDisconnect

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        with agent.control.turn(session="w-1"):
            while True:
                await socket.send_text(await socket.receive_text())

    app = agent.control.asgi(Starlette(routes=[WebSocketRoute("/talk", talk)]), turns=["/talk"])
    client = TestClient(app, headers={"Authorization": "Bearer control-tests-token"})
    with client.websocket_connect("/talk") as socket:
        socket.send_text("one")
        assert socket.receive_text() == "one"
        assert client.post("/halon/control/sessions/w-1/end").status_code == 200
        socket.send_text("two")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
        assert closed.value.code == 1013


async def test_what_is_ended_or_isolated_is_listed(http: httpx.AsyncClient) -> None:
    """The whole state names what is set; each change stands in the calls with the state before it."""
    await http.put("/control/tenants/acme", json={"isolated": True}, headers={"Idempotency-Key": "k"})
    await http.put("/control/rate-limit", json={"per_minute": 5})
    await http.put("/control/rate-limit", json={"per_minute": 1})
    state = (await http.get("/control/state")).json()
    assert state["tenants_set"] == {"acme": {"isolated": True}}
    calls = (await http.get("/control/calls")).json()["calls"]
    assert [one["before"] for one in calls] == [
        {"tenant": "acme", "isolated": False}, {"per_minute": None}, {"per_minute": 5},
    ]  # fmt: skip
    await http.put("/control/tenants/acme", json={"isolated": False})
    assert (await http.get("/control/state")).json()["tenants_set"] == {}
