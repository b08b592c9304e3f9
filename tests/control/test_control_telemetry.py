"""What Halon reads of an agent under control: log and traces, through Halon's own reader."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from halon.control import Control, Refused
from halon.control.values import LARGEST, bounded, dumped
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


async def test_a_value_is_bounded_as_a_whole(agent: Any, http: httpx.AsyncClient, tmp_path: Path) -> None:
    """A hundred lists of a hundred long texts take a small part of what they are, and say that they were cut."""
    take = agent.control.tool("take")(lambda **given: None)
    take(rows=[["x" * 4_000] * 100] * 100, more={str(number): "\U0001f600" * 4_000 for number in range(100)})
    take(numbers=[[[[1] * 100] * 100] * 100] * 100)
    take(nothing=[[[[[]] * 100] * 100] * 100] * 100)
    deeds = deeds_in((await http.get("/v1/actions")).json())
    assert deeds is not None
    assert deeds[0].arguments["given"]["rows"][-1] == "cut"
    assert deeds[0].arguments["given"]["cut"] == "cut"
    assert all(len(json.dumps(one.arguments)) < 40_000 for one in deeds)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 1_000_000


@pytest.mark.parametrize("letter", ["a", "\n", "\x00", "ü", "語", "\U0001f600", "\ud800"])
def test_a_value_is_bounded_in_any_script(letter: str) -> None:
    """What counts are the bytes that are written; a usual text of 4,000 letters is kept."""
    one, many = bounded(letter * 5_000), bounded([letter * 5_000] * 50)
    assert len(dumped(one)) <= LARGEST + 2
    assert len(dumped(many)) <= LARGEST + 1_000
    assert letter > "\ufffd" or len(one) == 4_000


async def test_log_and_traces_are_bounded_in_bytes(
    agent: Any, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large entries push the oldest out long before their number does, and switches and approvals stay."""
    from halon.control import store as module

    monkeypatch.setattr(module, "MOST_BYTES", 1_000_000)
    await http.put("/control/tools/lookup", json={"enabled": False})
    take = agent.control.tool("take")(lambda number, **given: None)
    for number in range(400):
        take(number, rows=["x" * 4_000] * 5)
        if number % 20 == 0:
            agent.control.flush()
    agent.control.flush()
    kept = [row for kind in ("action", "trace") for row in agent.control._store.rows(kind)]
    newest = (await http.get("/v1/actions")).json()["actions"][-1]
    assert 200_000 < sum(len(row[3]) for row in kept) < 4_000_000
    assert newest["arguments"]["number"] == 399
    assert (await http.get("/control/tools/lookup")).json()["enabled"] is False
    assert len((await http.get("/control/calls")).json()["calls"]) == 1


async def test_a_turn_of_many_calls_is_a_trace_of_bounded_size(agent: Any, http: httpx.AsyncClient) -> None:
    """The trace says how many calls it leaves out; the action log has them all."""
    take = agent.control.tool("take")(lambda rows: None)
    with agent.control.turn(session="s") as turn:
        for _ in range(40):
            take(["x" * 4_000] * 5)
    answer = await http.get("/v1/traces", params={"trace_id": turn.trace_id})
    spans = spans_in(answer.json())
    assert spans is not None
    left_out = spans[0].own("calls_left_out")
    assert isinstance(left_out, int)
    assert len(answer.text) < 400_000
    assert (len(spans) - 1 + left_out, len((await http.get("/v1/actions")).json()["actions"])) == (40, 40)


async def test_long_words_and_many_documents_can_be_read_back(agent: Any, http: httpx.AsyncClient) -> None:
    """JSON inside an attribute is not cut in its middle."""
    documents = [{"id": f"kb-{number}", "source": "w" * 40} for number in range(100)]
    with agent.control.turn(session="s", message="ü" * 3_990) as turn:
        agent.control.retrieved(documents)
        turn.reply("x" * 4_000)
    spans = spans_in((await http.get("/v1/traces")).json())
    assert spans is not None
    root = next(span for span in spans if span.operation == "invoke_agent")
    retrieval = next(span for span in spans if span.operation == "retrieval")
    assert (message_of(root), reply_of(root)) == ("ü" * 3_990, "x" * 4_000)
    assert len(documents_of(retrieval)) == 100


async def test_what_an_agent_does_not_say_of_itself_is_left_out(tmp_path: Path, reach: Any) -> None:
    """An empty version is no version: it is neither in its description nor in its traces."""
    control = Control("plain", state=tmp_path / "plain.db")
    send = control.tool("send")(lambda: None)
    with control.turn(session="s"):
        send()
    async with reach(control) as client:
        described, health = (await client.get("/v1/agent")).json(), (await client.get("/healthz")).json()
        state, traces = (await client.get("/control/state")).json(), (await client.get("/v1/traces")).text
    control.close()
    assert set(described) == {"name", "tools", "toolset_hash"}
    assert health == {"ok": True, "name": "plain"}
    assert not {"version", "config_hash"} & set(state)
    assert "gen_ai.agent.name" in traces
    assert "gen_ai.agent.version" not in traces


async def test_a_door_beside_the_agent_describes_the_agents_tools(agent: Any, tmp_path: Path, reach: Any) -> None:
    """A process without tools of its own takes names and hash from the state file, and sees when a tool changes."""
    door = Control("my-agent", state=tmp_path / "control.db")
    async with reach(agent.control) as inside, reach(door) as beside:
        first = [(await client.get("/v1/agent")).json() for client in (inside, beside)]
        agent.control.tool("lookup", writes=False)(lambda order, of=None: f"order {order}")
        second = [(await client.get("/v1/agent")).json() for client in (inside, beside)]
    door.close()
    assert first[1]["tools"] == first[0]["tools"] == ["send_email", "lookup", "send_later"]
    assert first[0]["toolset_hash"] == first[1]["toolset_hash"]
    assert second[0]["toolset_hash"] == second[1]["toolset_hash"] != first[0]["toolset_hash"]
