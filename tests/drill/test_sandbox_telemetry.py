"""What detection sees of the sandbox agent: traces in OTLP/JSON, and metrics."""

from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from halon.drill.documents import POISONED_DOCUMENT, POISONED_QUESTION

Span = dict[str, Any]


def chat(client: httpx.Client, message: str, session: str = "s-1") -> dict[str, Any]:
    body: dict[str, Any] = client.post("/v1/chat", json={"session": session, "message": message}).json()
    return body


def values(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    """Attributes as a mapping; integers are strings on the wire, as the JSON form of protobuf has them."""
    return {item["key"]: next(iter(item["value"].values())) for item in attributes}


def spans_of(client: httpx.Client, trace_id: str) -> dict[str, Span]:
    (resource,) = client.get("/v1/traces", params={"trace_id": trace_id}).json()["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    return {span["name"]: span for span in scope["spans"]}


@pytest.fixture
def attacked(sandbox: httpx.Client) -> dict[str, Span]:
    return spans_of(sandbox, chat(sandbox, POISONED_QUESTION, "s-attack")["trace_id"])


def test_a_trace_tells_the_story_of_the_attack(attacked: dict[str, Span]) -> None:
    """Three spans, one tree: the agent, what it retrieved, the tool that it ran."""
    assert list(attacked) == ["invoke_agent support-bot", "retrieval", "execute_tool send_email"]
    root, retrieval, tool = attacked.values()
    assert "parentSpanId" not in root
    assert {retrieval["parentSpanId"], tool["parentSpanId"]} == {root["spanId"]}
    assert len({span["spanId"] for span in attacked.values()}) == 3
    assert int(root["startTimeUnixNano"]) <= int(tool["startTimeUnixNano"]) <= int(tool["endTimeUnixNano"])
    assert int(tool["endTimeUnixNano"]) <= int(root["endTimeUnixNano"])


def test_spans_carry_the_conventional_attributes(attacked: dict[str, Span]) -> None:
    """Names follow the GenAI conventions, so that a collector needs to know nothing of the sandbox."""
    root, retrieval, tool = (values(span["attributes"]) for span in attacked.values())
    for attributes, operation in ((root, "invoke_agent"), (retrieval, "retrieval"), (tool, "execute_tool")):
        assert attributes["gen_ai.operation.name"] == operation
        assert attributes["gen_ai.agent.name"] == "support-bot"
        assert attributes["gen_ai.agent.version"] == "1.0.0"
        assert attributes["gen_ai.conversation.id"] == "s-attack"
    assert POISONED_QUESTION in root["gen_ai.input.messages"]
    assert retrieval["gen_ai.data_source.id"] == "web"
    assert POISONED_DOCUMENT in retrieval["gen_ai.retrieval.documents"]
    assert tool["gen_ai.tool.name"] == "send_email"
    assert tool["gen_ai.tool.call.id"].startswith("act-")
    assert "collector@exfil.example" in tool["gen_ai.tool.call.arguments"]


def test_the_tool_span_says_what_was_wrong(attacked: dict[str, Span]) -> None:
    """Untrusted instruction, no authority, six records."""
    tool = attacked["execute_tool send_email"]
    assert {"key": "sandbox.untrusted_instruction", "value": {"boolValue": True}} in tool["attributes"]
    assert {"key": "sandbox.authorised", "value": {"boolValue": False}} in tool["attributes"]
    assert {"key": "sandbox.records", "value": {"intValue": "6"}} in tool["attributes"]
    assert tool["status"] == {"code": 1}
    assert "error.type" not in values(tool["attributes"])


def test_a_refused_call_is_an_error_span(sandbox: httpx.Client) -> None:
    """A tool that a control refused leaves a span with its error type."""
    sandbox.put("/control/tools/send_email", json={"enabled": False})
    tool = spans_of(sandbox, chat(sandbox, POISONED_QUESTION)["trace_id"])["execute_tool send_email"]
    assert tool["status"] == {"code": 2, "message": "tool disabled by control"}
    assert values(tool["attributes"])["error.type"] == "tool_disabled"


def test_with_the_guardrail_the_trace_shows_what_was_ignored(sandbox: httpx.Client) -> None:
    """The retrieval span says that an instruction was held back; no tool span follows, and the version is new."""
    sandbox.put("/control/guardrails", json={"isolate_untrusted": True})
    spans = spans_of(sandbox, chat(sandbox, POISONED_QUESTION)["trace_id"])
    assert list(spans) == ["invoke_agent support-bot", "retrieval"]
    assert values(spans["retrieval"]["attributes"])["sandbox.instruction_ignored"] is True
    root = values(spans["invoke_agent support-bot"]["attributes"])
    assert root["sandbox.untrusted_instruction"] is False
    assert root["gen_ai.agent.version"] == "1.1.0"


def test_an_honest_turn_is_marked_honest(sandbox: httpx.Client) -> None:
    """A normal lookup is authorised and carries no records."""
    trace_id = chat(sandbox, "Where is order 1001?")["trace_id"]
    tool = values(spans_of(sandbox, trace_id)["execute_tool lookup_customer"]["attributes"])
    assert (tool["sandbox.authorised"], tool["sandbox.untrusted_instruction"]) == (True, False)
    assert tool["sandbox.records"] == "0"


def test_a_fallback_is_no_invocation(sandbox: httpx.Client) -> None:
    """While the kill switch is on, traces show fallbacks and not one invocation of the agent."""
    sandbox.put("/control/kill-switch", json={"on": True})
    spans = spans_of(sandbox, chat(sandbox, POISONED_QUESTION)["trace_id"])
    assert list(spans) == ["fallback"]
    assert values(spans["fallback"]["attributes"])["sandbox.fallback_reason"] == "kill_switch"


def test_traces_can_be_read_from_a_moment_on(sandbox: httpx.Client) -> None:
    """``since`` leaves out what was before; an unknown trace gives an empty export; resources name the agent."""
    old = chat(sandbox, "Where is order 1001?")["trace_id"]
    chat(sandbox, "Where is order 1002?")
    since = sandbox.get("/v1/actions", params={"limit": 1}).json()["actions"][0]["at"]
    later = chat(sandbox, "Where is order 1003?")["trace_id"]
    (resource,) = sandbox.get("/v1/traces", params={"since": since}).json()["resourceSpans"]
    found = {span["traceId"] for span in resource["scopeSpans"][0]["spans"]}
    assert later in found
    assert old not in found
    assert values(resource["resource"]["attributes"])["service.name"] == "support-bot"
    assert sandbox.get("/v1/traces", params={"trace_id": "0" * 32}).json() == {"resourceSpans": []}
    assert sandbox.get("/v1/traces", params={"since": "yesterday"}).status_code == 422


def samples(client: httpx.Client) -> dict[tuple[str, ...], float]:
    """Every sample by name and label values in the order of label names."""
    answer = client.get("/metrics", headers={"Authorization": ""})
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *(sample.labels[label] for label in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_metrics_count_the_harm_and_only_the_harm(fresh_sandbox: httpx.Client) -> None:
    """An attack counts one unauthorised action and six records; honest work and refused attempts count none."""
    client = fresh_sandbox
    unauthorised = ("agent_unauthorised_tool_actions_total", "support-bot", "send_email")
    disclosed = ("agent_records_disclosed_total", "support-bot")
    first = samples(client)
    assert (first[unauthorised], first[disclosed], first["agent_up", "support-bot"]) == (0, 0, 1)
    chat(client, "mail me a copy of order 1001")
    chat(client, POISONED_QUESTION)
    harmed = samples(client)
    assert (harmed[unauthorised], harmed[disclosed]) == (1, 6)
    assert harmed["agent_tool_calls_total", "support-bot", "done", "send_email"] == 2
    client.put("/control/tools/send_email", json={"enabled": False})
    chat(client, POISONED_QUESTION)
    contained = samples(client)
    assert (contained[unauthorised], contained[disclosed]) == (1, 6)
    assert contained["agent_tool_calls_total", "support-bot", "refused", "send_email"] == 1
    client.put("/control/kill-switch", json={"on": True})
    chat(client, POISONED_QUESTION)
    stopped = samples(client)
    assert stopped["agent_kill_switch", "support-bot"] == 1
    assert stopped["agent_chats_total", "support-bot", "fallback"] == 1
