"""Traces as OTLP/JSON, named by the OpenTelemetry GenAI conventions."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from halon.control.agent import Agent
from halon.control.turns import Attempt, Turn
from halon.control.values import Json, bounded, dumped


def otlp(agent: Agent, traces: Sequence[Json]) -> Json:
    """Traces as one OTLP/JSON export, a resource for each version of the agent."""
    resources = []
    for version in dict.fromkeys(trace["version"] for trace in traces):
        about = {"service.name": agent.name, "gen_ai.agent.name": agent.name, "gen_ai.agent.version": version}
        spans = [span for trace in traces if trace["version"] == version for span in trace["spans"]]
        scope = {"scope": {"name": "halon.control"}, "spans": spans}
        resources.append({"resource": {"attributes": _attributes(about)}, "scopeSpans": [scope]})
    return {"resourceSpans": resources}


def trace_of(agent: Agent, one: Turn | Attempt) -> Json:
    """The trace of a turn, or of a call outside any turn, as it is kept."""
    return {"version": agent.version, "spans": _spans(agent, one)}


def _spans(agent: Agent, one: Turn | Attempt) -> list[Json]:
    if isinstance(one, Attempt):
        return [_tool_span(one, None, {"gen_ai.agent.name": agent.name})]
    root, said, message = secrets.token_hex(8), *((one.said, one.message) if agent.content else ("", ""))
    common = {
        "gen_ai.agent.name": agent.name, "gen_ai.agent.version": agent.version, "gen_ai.conversation.id": one.session,
    }  # fmt: skip
    if one.refusal is not None and not one.attempts:
        more = {"halon.fallback": True, "halon.fallback_reason": one.refusal.code}
        return [_span(one.trace_id, root, None, "fallback", one.started, one.ended, None, common | more)]
    about = common | {
        "gen_ai.operation.name": "invoke_agent", "gen_ai.output.messages": _spoken("assistant", said),
        "gen_ai.input.messages": _spoken("user", message), "halon.customer": one.customer,
        "halon.cost_eur": one.eur, "halon.tokens": one.tokens,
    }  # fmt: skip
    spans = [_span(one.trace_id, root, None, f"invoke_agent {agent.name}", one.started, one.ended, None, about)]
    if one.documents:
        found = {"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": dumped(bounded(one.documents))}
        ident, at = secrets.token_hex(8), one.started
        spans.append(_span(one.trace_id, ident, root, "retrieval", at, at, None, common | found))
    return spans + [_tool_span(attempt, root, common) for attempt in one.attempts]


def _tool_span(one: Attempt, parent: str | None, common: Json) -> Json:
    about = common | {
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": one.tool.name, "gen_ai.tool.call.id": one.id,
        "gen_ai.tool.call.arguments": dumped(one.shown), "halon.authorised": one.authorised, "halon.status": one.status,
        "halon.recipient_domain": one.row().get("recipient_domain"), "halon.records": one.records,
        "error.type": one.code,
    }  # fmt: skip
    name = f"execute_tool {one.tool.name}"
    return _span(one.trace_id, secrets.token_hex(8), parent, name, one.started, one.ended, one.reason, about)


def _span(
    trace_id: str, span_id: str, parent: str | None, name: str, started: int, ended: int, error: str | None, about: Json
) -> Json:
    span = {"traceId": trace_id, "spanId": span_id, "name": name, "kind": 1, "startTimeUnixNano": str(started),
            "endTimeUnixNano": str(ended), "attributes": _attributes(about),
            "status": {"code": 1} if error is None else {"code": 2, "message": error}}  # fmt: skip
    return span if parent is None else span | {"parentSpanId": parent}


def _attributes(values: Json) -> list[Json]:
    kinds = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}
    return [
        {"key": key, "value": {kinds[type(value)]: str(value) if type(value) is int else bounded(value)}}
        for key, value in values.items()
        if type(value) in kinds
    ]


def _spoken(role: str, text: str) -> str:
    return dumped([{"role": role, "parts": [{"type": "text", "content": bounded(text)}]}]) if text else ""
