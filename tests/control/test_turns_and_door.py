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
