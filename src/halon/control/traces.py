"""Traces as OTLP/JSON, named by the OpenTelemetry GenAI conventions."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from halon.control.agent import Agent
from halon.control.turns import Attempt, Turn
from halon.control.values import Json, bounded, dumped

LARGEST_TRACE = 200_000
"""Bytes of one trace, about; calls beyond are left out of it, and stand in the action log."""
_JSON = ("gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.retrieval.documents", "gen_ai.tool.call.arguments")
"""Attributes that are JSON, bounded before they became it: cut again they could not be read."""


def otlp(agent: Agent, traces: Sequence[Json]) -> Json:
    """Traces as one OTLP/JSON export, a resource for each version of the agent."""
    resources = []
    for version in dict.fromkeys(trace["version"] for trace in traces):
        about = {"service.name": agent.name, "gen_ai.agent.name": agent.name, "gen_ai.agent.version": version or None}
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
        "gen_ai.agent.name": agent.name, "gen_ai.agent.version": agent.version or None,
        "gen_ai.conversation.id": one.session,
    }  # fmt: skip
    if one.refusal is not None and not one.attempts:
        more = {"halon.fallback": True, "halon.fallback_reason": one.refusal.code}
        return [_span(one.trace_id, root, None, "fallback", one.started, one.ended, None, common | more)]
    calls = _fitting([_tool_span(attempt, root, common) for attempt in one.attempts])
    about = common | {
        "gen_ai.operation.name": "invoke_agent", "gen_ai.output.messages": _spoken("assistant", said),
        "gen_ai.input.messages": _spoken("user", message), "halon.customer": one.customer,
        "halon.cost_eur": one.eur, "halon.tokens": one.tokens, "halon.calls_left_out": len(one.attempts) - len(calls) or None,
    }  # fmt: skip
    spans = [_span(one.trace_id, root, None, f"invoke_agent {agent.name}", one.started, one.ended, None, about)]
    if one.documents:
        found = {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.retrieval.documents": dumped(bounded(one.documents), inside=True),
        }
        ident, at = secrets.token_hex(8), one.started
        spans.append(_span(one.trace_id, ident, root, "retrieval", at, at, None, common | found))
    return spans + calls


def _fitting(spans: list[Json]) -> list[Json]:
    """As many of the first ones as a trace holds."""
    left, fitting = LARGEST_TRACE, list[Json]()
    for span in spans:
        left -= len(dumped(span))
        if left < 0:
            break
        fitting.append(span)
    return fitting


def _tool_span(one: Attempt, parent: str | None, common: Json) -> Json:
    about = common | {
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": one.tool.name, "gen_ai.tool.call.id": one.id,
        "gen_ai.tool.call.arguments": dumped(one.shown, inside=True), "halon.authorised": one.authorised, "halon.status": one.status,
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
    short = {key: value if key in _JSON else bounded(value) for key, value in values.items() if type(value) in kinds}
    return [
        {"key": key, "value": {kinds[type(value)]: str(value) if type(value) is int else value}}
        for key, value in short.items()
    ]


def _spoken(role: str, text: str) -> str:
    said = [{"role": role, "parts": [{"type": "text", "content": bounded(text)}]}]
    return dumped(said, inside=True) if text else ""
