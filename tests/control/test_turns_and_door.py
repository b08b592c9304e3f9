"""The middleware in front of a real server: fallback for people, and everything else goes through untouched."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

TO = {"session": "s-1", "message": "ann@ours.example"}


def test_the_kill_switch_gives_people_the_fallback_on_a_real_server(serve: Callable[[], Any]) -> None:
    """Before: the mail goes out. After: 200 with the fallback, no mail. Back again: the mail goes out."""
    served = serve()
    with served.client() as client:
        before = client.post("/chat", json=TO).json()
        assert client.put("/halon/control/kill-switch", json={"on": True}).json() == {"on": True}
        during = client.post("/chat", json=TO)
        assert client.get("/halon/control/kill-switch").json() == {"on": True}
        client.put("/halon/control/kill-switch", json={"on": False}).raise_for_status()
        after = client.post("/chat", json=TO).json()
    assert before["reply"] == after["reply"] == "Mailed ann@ours.example."
    assert (during.status_code, during.json()) == (200, {"reply": "A person will answer you soon.", "fallback": True})
    assert served.mails() == 2


def test_a_refused_tool_gives_people_the_fallback_and_not_an_error(serve: Callable[[], Any]) -> None:
    """The app let the refusal through; nobody reads "Internal Server Error"."""
    served = serve()
    with served.client() as client:
        client.put("/halon/control/tools/send_email", json={"enabled": False}).raise_for_status()
        answer = client.post("/chat", json=TO)
    assert (answer.status_code, answer.json()["fallback"]) == (200, True)
    assert served.mails() == 0


def test_a_rate_limit_of_turns_is_429_with_a_time(serve: Callable[[], Any]) -> None:
    """The fallback comes with Retry-After."""
    served = serve()
    with served.client() as client:
        client.put("/halon/control/rate-limit", json={"per_minute": 1}).raise_for_status()
        assert client.post("/chat", json=TO).status_code == 200
        answer = client.post("/chat", json=TO)
    assert (answer.status_code, answer.json()["fallback"]) == (429, True)
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert served.mails() == 1


@pytest.mark.parametrize("path", ["/stream", "/free"])
def test_a_stream_passes_word_by_word(serve: Callable[[], Any], path: str) -> None:
    """On a turn's path as on any other: the first word is there long before the last."""
    served = serve()
    with served.client() as client, client.stream("GET", path) as answer:
        arrived = [(time.monotonic(), word) for word in answer.iter_raw()]
    assert b"".join(word for _, word in arrived) == b"one two three"
    assert arrived[-1][0] - arrived[0][0] > 0.2


def test_lifespan_and_websockets_pass_and_the_kill_switch_closes_them(agent: Any) -> None:
    """Start-up code runs; a websocket on a turn's path talks, and is turned away while the agent is stopped."""
    began = []
    app = FastAPI(on_startup=[lambda: began.append("up")])

    @app.websocket("/talk")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(agent.send_email(await socket.receive_text()))
        await socket.close()

    with TestClient(agent.control.asgi(app, turns=["/talk"])) as client:
        assert began == ["up"]
        with client.websocket_connect("/talk") as socket:
            socket.send_text("ann@ours.example")
            assert socket.receive_text() == "sent to ann@ours.example"
        headers = {"Authorization": "Bearer control-tests-token"}
        client.put("/halon/control/kill-switch", json={"on": True}, headers=headers).raise_for_status()
        with pytest.raises(WebSocketDisconnect) as turned_away, client.websocket_connect("/talk"):
            raise AssertionError("the websocket was let in")
    assert (turned_away.value.code, turned_away.value.reason) == (1013, "not available")
    assert agent.sent == ["ann@ours.example"]


async def test_other_errors_stay_what_they_are(agent: Any, reach: Callable[..., httpx.AsyncClient]) -> None:
    """A bug of the app is not dressed up as a fallback, and its own 500 arrives."""

    async def broken(request: Request) -> JSONResponse:
        raise KeyError("a bug")

    async def failing(request: Request) -> JSONResponse:
        return JSONResponse({"error": "no"}, 503)

    app = Starlette(routes=[Route("/broken", broken), Route("/failing", failing)])
    async with reach(agent.control, app, turns=["/*"]) as client:
        with pytest.raises(KeyError, match="a bug"):
            await client.get("http://agent/broken")
        answer = await client.get("http://agent/failing")
    assert (answer.status_code, answer.json()) == (503, {"error": "no"})


async def test_a_wrapped_refusal_is_found(agent: Any, reach: Callable[..., httpx.AsyncClient], http: Any) -> None:
    """Frameworks wrap errors and run the app in another task; the person still gets the fallback, in the app's shape."""

    async def chat(request: Request) -> JSONResponse:
        try:
            return JSONResponse({"text": agent.send_email("ann@ours.example")})
        except Exception as error:
            raise RuntimeError("the tool failed") from error

    async def onward(request: Request, call_next: Any) -> Any:
        return await call_next(request)

    app = Starlette(routes=[Route("/chat", chat)], middleware=[Middleware(BaseHTTPMiddleware, dispatch=onward)])
    await http.put("/control/read-only", json={"on": True})
    async with reach(agent.control, app, turns=["/chat"], answer=lambda text: {"text": text}) as client:
        answer = await client.get("http://agent/chat")
    assert (answer.status_code, answer.json()) == (200, {"text": "A person will answer."})


async def test_only_turns_are_held_back(agent: Any, reach: Callable[..., httpx.AsyncClient], http: Any) -> None:
    """While the agent is stopped, other pages and preflight requests go through."""
    await http.put("/control/kill-switch", json={"on": True})
    async with reach(agent.control, turns=["/chat", "/agents/*"]) as client:
        shown = {}
        for method, path in [("GET", "/about"), ("OPTIONS", "/chat"), ("POST", "/chat"), ("POST", "/agents/a/run")]:
            shown[f"{method} {path}"] = (await client.request(method, f"http://agent{path}")).status_code
    assert shown == {"GET /about": 404, "OPTIONS /chat": 404, "POST /chat": 200, "POST /agents/a/run": 200}


async def test_the_controls_work_below_a_mount(agent: Any) -> None:
    """An app that is mounted below a path finds its controls there."""
    app = Starlette(routes=[Mount("/bots/one", agent.control.asgi(Starlette(), turns=["/chat"]))])
    headers = {"Authorization": "Bearer control-tests-token"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://agent/bots/one", headers=headers) as client:
        assert (await client.put("/halon/control/kill-switch", json={"on": True})).json() == {"on": True}
        assert (await client.post("/chat")).json()["fallback"] is True


SPELLINGS = ("/chat%0A", "/chat%0D%0A", "/chat/", "//chat", "/chat%2F", "/%63hat", "/%2563hat", "/%2E/chat", "/x/%2E%2E/chat",
             "/CHAT", "/chat%00")  # fmt: skip


@pytest.mark.parametrize("turns", [["/chat"], ["/Chat/"]])
@pytest.mark.parametrize("path", SPELLINGS)
async def test_a_turn_is_one_however_its_path_is_spelled(
    agent: Any, reach: Callable[..., httpx.AsyncClient], http: Any, path: str, turns: list[str]
) -> None:
    """No router finds the agent by a spelling that the kill switch does not know."""
    await http.put("/control/kill-switch", json={"on": True})
    async with reach(agent.control, turns=turns) as client:
        answer = await client.post(f"http://agent{path}")
    assert (answer.status_code, answer.json()["fallback"]) == (200, True)


async def test_a_spelling_that_a_real_router_lets_in_is_stopped(
    agent: Any, reach: Callable[..., httpx.AsyncClient], http: Any
) -> None:
    """Starlette's routes take a newline at the end, and HEAD where they take GET."""
    ran: list[str] = []

    async def chat(request: Request) -> JSONResponse:
        ran.append(request.method)
        return JSONResponse({})

    async with reach(agent.control, Starlette(routes=[Route("/chat", chat)]), turns=["/chat"]) as client:
        for method, path in (("GET", "/chat%0A"), ("HEAD", "/chat")):
            assert (await client.request(method, f"http://agent{path}")).status_code == 200
        assert ran == ["GET", "HEAD"]
        await http.put("/control/kill-switch", json={"on": True})
        for method, path in (("GET", "/chat%0A"), ("HEAD", "/chat")):
            assert (await client.request(method, f"http://agent{path}")).status_code == 200
    assert ran == ["GET", "HEAD"]


async def test_what_lies_below_a_turn_is_one_by_any_spelling(
    agent: Any, reach: Callable[..., httpx.AsyncClient], http: Any
) -> None:
    """A path that leaves the folder again, or enters it by a detour, may be either, so it is a turn."""
    await http.put("/control/kill-switch", json={"on": True})
    async with reach(agent.control, turns=["/agents/*"]) as client:
        shown = [
            (await client.post(f"http://agent{path}")).status_code
            for path in (
                "//agents//a",
                "/agents%2Fa",
                "/agents/%2E%2E/about",
                "/x/%2E%2E/agents/a",
                "/agents",
                "/about",
            )
        ]
    assert shown == [200, 200, 200, 200, 404, 404]


def test_an_open_websocket_is_closed_at_the_next_message(agent: Any) -> None:
    """Neither what a person says after the switch reaches the agent, nor what it says reaches a person."""
    heard: list[str] = []
    app = FastAPI()

    @app.websocket("/talk")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            heard.append(await socket.receive_text())
            await socket.send_text("first")
            if heard[-1] == "stop yourself":
                agent.control._store.known.stopped = True
                await socket.send_text("second")

    headers = {"Authorization": "Bearer control-tests-token"}
    with TestClient(agent.control.asgi(app, turns=["/talk"])) as client:
        with client.websocket_connect("/talk") as socket:
            socket.send_text("hello")
            assert socket.receive_text() == "first"
            client.put("/halon/control/kill-switch", json={"on": True}, headers=headers).raise_for_status()
            socket.send_text("are you there?")
            with pytest.raises(WebSocketDisconnect) as closed:
                socket.receive_text()
        client.put("/halon/control/kill-switch", json={"on": False}, headers=headers).raise_for_status()
        with client.websocket_connect("/talk") as socket:
            socket.send_text("stop yourself")
            assert socket.receive_text() == "first"
            with pytest.raises(WebSocketDisconnect) as ended:
                socket.receive_text()
    assert (closed.value.code, ended.value.code) == (1013, 1013)
    assert heard == ["hello", "stop yourself"]


def test_a_stream_ends_at_its_next_word(serve: Callable[[], Any]) -> None:
    """On a real server: the answer is cut properly, and what is no turn goes on to its end."""
    served = serve()
    words: dict[str, bytes] = {}
    for path in ("/stream", "/free"):
        with served.client() as client, served.client() as other:
            with client.stream("GET", path) as answer:
                arriving = answer.iter_raw()
                words[path] = next(arriving)
                other.put("/halon/control/kill-switch", json={"on": True}).raise_for_status()
                words[path] += b"".join(arriving)
            other.put("/halon/control/kill-switch", json={"on": False}).raise_for_status()
    assert words["/free"] == b"one two three"
    assert words["/stream"] in (b"one ", b"one two ")


async def test_an_answer_that_comes_after_the_switch_is_the_fallback(
    agent: Any, reach: Callable[..., httpx.AsyncClient], http: Any
) -> None:
    """The agent was thinking when it was stopped; one whose length was announced and that has begun is let through."""

    async def chat(request: Request) -> JSONResponse:
        await http.put("/control/kill-switch", json={"on": True})
        return JSONResponse({"reply": "too late"})

    async def sized(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"Content-Length", b"8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"four", "more_body": True})
        await http.put("/control/kill-switch", json={"on": True})
        await send({"type": "http.response.body", "body": b"four"})

    async with reach(agent.control, Starlette(routes=[Route("/chat", chat)]), turns=["/chat"]) as client:
        late = await client.get("http://agent/chat")
    await http.put("/control/kill-switch", json={"on": False})
    async with reach(agent.control, sized, turns=["/chat"]) as client:
        begun = await client.get("http://agent/chat")
    assert late.json() == {"reply": "A person will answer.", "fallback": True}
    assert begun.text == "fourfour"


def test_a_door_without_an_app_serves_the_controls_alone(agent: Any) -> None:
    """It starts, answers everything else with 404, and stops."""
    headers = {"Authorization": "Bearer control-tests-token"}
    with TestClient(agent.control.asgi()) as client:
        assert client.put("/halon/control/read-only", json={"on": True}, headers=headers).json() == {"on": True}
        elsewhere = client.get("/chat")
        with pytest.raises(WebSocketDisconnect) as closed, client.websocket_connect("/talk"):
            raise AssertionError("the websocket was let in")
    assert (elsewhere.status_code, elsewhere.headers["content-type"]) == (404, "application/problem+json")
    assert closed.value.reason == "not offered"
