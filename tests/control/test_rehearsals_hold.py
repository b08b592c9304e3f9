"""While a rehearsal runs, nothing that might be its doing is done for real, and real turns go on."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from halon.control import Control, RehearsalRuns
from halon.control.pool import Pool

CASE = {"case": {"message": "Mail it"}}
OUTSIDER, GUEST = "eve@exfil.example", "ann@ours.example"


@pytest.fixture
def threads() -> Any:
    """A pool of the agent, whose thread is older than any rehearsal."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        yield pool


async def test_a_call_in_a_thread_of_the_hook_is_not_made(
    agent: Any, http: httpx.AsyncClient, threads: ThreadPoolExecutor
) -> None:
    """It is refused, the replay fails with the reason, and the log shows the attempt."""
    agent.control.replays(lambda case: {"reply": threads.submit(agent.send_email, OUTSIDER).result()})
    answer = await http.post("/control/replay", json=CASE)
    logged = (await http.get("/v1/actions")).json()["actions"]
    assert agent.sent == []
    assert (answer.status_code, "belongs to no turn" in answer.json()["detail"]) == (422, True)
    assert [(row["status"], row["tool"]) for row in logged] == [("refused", "send_email")]


@pytest.mark.parametrize("path", ["replay", "evals"])
async def test_a_rehearsal_with_calls_that_were_refused_has_shown_nothing(
    agent: Any, http: httpx.AsyncClient, threads: ThreadPoolExecutor, path: str
) -> None:
    """The hook swallows the refusal; the answer is not "not reproduced", nor "passed"."""

    def swallow(*_case: Any) -> Any:
        assert isinstance(threads.submit(agent.send_email, OUTSIDER).exception(), RehearsalRuns)
        return {"reply": "fine"} if _case else [{"id": "a", "passed": True}]

    agent.control.replays(swallow)
    agent.control.evals(swallow)
    answer = await http.post(f"/control/{path}", json=CASE if path == "replay" else {})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:halon:control:unclear")
    assert "send_email" in answer.json()["detail"]
    assert agent.sent == []


async def test_threads_within_the_context_are_recorded(agent: Any, http: httpx.AsyncClient) -> None:
    """``asyncio.to_thread`` takes the context along, so the call is seen, and another agent's tool is held as well."""
    other = Control("other-agent", state=Path(agent.control._store.path).with_name("other.db"))
    pay = other.tool("pay")(agent.sent.append)

    @agent.control.replays
    async def replay(case: dict[str, Any]) -> dict[str, Any]:
        await asyncio.to_thread(agent.send_email, OUTSIDER)
        with other.turn(session="inner"):
            pay(7)
        return {"reply": "done"}

    answer = (await http.post("/control/replay", json=CASE)).json()
    other.close()
    assert (answer["reproduced"], [row["tool"] for row in answer["actions"]]) == (True, ["send_email", "pay"])
    assert agent.sent == []


async def test_real_turns_go_on_meanwhile(agent: Any, http: httpx.AsyncClient) -> None:
    """A customer's turn runs its tools; afterwards calls outside a turn run as ever."""
    began, let_go = threading.Event(), threading.Event()

    @agent.control.replays
    def replay(case: dict[str, Any]) -> dict[str, Any]:
        began.set()
        assert let_go.wait(20)
        return {"reply": agent.send_email(OUTSIDER)}

    replaying = asyncio.create_task(http.post("/control/replay", json=CASE))
    assert await asyncio.to_thread(began.wait, 20)
    try:
        with agent.control.turn(session="s-1"):
            assert agent.send_email(GUEST) == f"sent to {GUEST}"
            assert await asyncio.to_thread(agent.send_email, GUEST) == f"sent to {GUEST}"
        with pytest.raises(RehearsalRuns):
            agent.send_email(OUTSIDER)
    finally:
        let_go.set()
    await replaying
    assert agent.send_email("ben@ours.example") == "sent to ben@ours.example"
    assert agent.sent == [GUEST, GUEST, "ben@ours.example"]


async def test_a_hook_that_nobody_waits_for_is_still_a_rehearsal(
    agent: Any, http: httpx.AsyncClient, threads: ThreadPoolExecutor
) -> None:
    """The caller hangs up; until the function returns, its threads send nothing."""
    began, let_go, ended = threading.Event(), threading.Event(), threading.Event()
    seen: list[Any] = []

    @agent.control.replays
    def replay(case: dict[str, Any]) -> dict[str, Any]:
        began.set()
        assert let_go.wait(20)
        seen.append(threads.submit(agent.send_email, OUTSIDER).exception())
        ended.set()
        return {}

    replaying = asyncio.create_task(http.post("/control/replay", json=CASE))
    assert await asyncio.to_thread(began.wait, 20)
    replaying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await replaying
    let_go.set()
    assert await asyncio.to_thread(ended.wait, 20)
    assert isinstance(seen[0], RehearsalRuns)
    assert agent.sent == []


async def test_what_outlives_a_rehearsal_stays_one(agent: Any) -> None:
    """A task that the hook leaves behind carries its context, and calls nothing later either."""
    with agent.control.rehearsing() as turn:
        left_behind = asyncio.create_task(agent.send_later(OUTSIDER))
    await left_behind
    assert [row["tool"] for row in turn.actions] == ["send_later"]
    assert agent.sent == []


async def test_a_hook_that_calls_its_own_chat_says_so_in_a_header(
    agent: Any, reach: Callable[..., httpx.AsyncClient]
) -> None:
    """The turn belongs to the rehearsal, on whatever path and whatever the switches say."""
    tag: list[str] = []

    async def chat(request: Request) -> JSONResponse:
        with agent.control.turn(session="s"):
            return JSONResponse({"reply": await asyncio.to_thread(agent.send_email, OUTSIDER)})

    app = Starlette(routes=[Route("/chat", chat, methods=["POST"]), Route("/inner", chat, methods=["POST"])])
    async with reach(agent.control, app, turns=["/chat"]) as client:

        @agent.control.replays
        async def replay(case: dict[str, Any]) -> dict[str, Any]:
            headers = agent.control.rehearsal_headers()
            tag.extend(headers.values())
            for path in ("/chat", "/inner"):
                answer = await client.post(f"http://agent{path}", json={}, headers=headers)
            return {"reply": answer.json()["reply"]}

        await client.put("/control/kill-switch", json={"on": True})
        answer = (await client.post("/control/replay", json=CASE)).json()
        await client.put("/control/kill-switch", json={"on": False})
        outdated = [
            await client.post("http://agent/chat", json={}, headers={"Halon-Rehearsal": one})
            for one in (*tag, "", "guess", b"\xff")
        ]
        logged = (await client.get("/v1/actions")).json()["actions"]
    assert (answer["reproduced"], len(answer["actions"])) == (True, 2)
    assert answer["reply"] == "This is a rehearsal: send_email was not called."
    assert {(one.status_code, one.json()["title"]) for one in outdated} == {(409, "No such rehearsal")}
    assert agent.sent == []
    assert logged == []


async def test_there_are_no_headers_where_no_rehearsal_is(
    agent: Any, http: httpx.AsyncClient, threads: ThreadPoolExecutor
) -> None:
    """Code that serves both may always ask; a thread of the hook without the context is told what it lacks."""
    assert agent.control.rehearsal_headers() == {}
    agent.control.replays(lambda case: threads.submit(agent.control.rehearsal_headers).result())
    answer = await http.post("/control/replay", json=CASE)
    assert (answer.status_code, "RehearsalRuns" in answer.json()["detail"]) == (422, True)


async def test_busy_threads_of_the_agent_keep_no_control_waiting(agent: Any, http: httpx.AsyncClient) -> None:
    """All threads of the default executor are stuck, and so are replays: the kill switch still answers."""
    let_go = threading.Event()
    agent.control.evals(lambda: [{"id": "a", "passed": True}])
    agent.control.replays(lambda case: {"reply": str(let_go.wait(30))})
    stuck = [asyncio.create_task(asyncio.to_thread(let_go.wait, 30)) for _ in range(60)]
    try:
        evals = await asyncio.wait_for(http.post("/control/evals", json={}), 5)
        stuck += [asyncio.create_task(http.post("/control/replay", json=CASE)) for _ in range(6)]
        await asyncio.sleep(0.1)
        answer = await asyncio.wait_for(http.put("/control/kill-switch", json={"on": True}), 5)
    finally:
        let_go.set()
        await asyncio.gather(*stuck)
    assert (evals.json()["passed"], answer.json()) == (1, {"on": True})


def test_threads_are_made_anew_after_a_fork() -> None:
    """A fork takes no threads along; a child that answers does not wait for them."""
    pool = Pool("test", 1)
    parent = asyncio.run(pool.run(os.getpid))
    child = os.fork()
    if child == 0:
        try:
            answered = asyncio.run(asyncio.wait_for(pool.run(os.getpid), 5))
            os._exit(7 if answered == os.getpid() else 1)
        finally:
            os._exit(2)
    assert parent == os.getpid()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
