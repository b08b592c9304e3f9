"""Traces of the agent's turns in the JSON form of OTLP.

Attribute names are those of the OpenTelemetry GenAI conventions; what has no name there starts with ``sandbox.``.
"""

import json
import secrets
from collections import deque
from dataclasses import dataclass

from halon.drill.conversation import Attempt, Turn
from halon.drill.profile import Profile

Json = dict[str, object]

_KEPT = 1000
_INTERNAL, _OK, _ERROR = 1, 1, 2


@dataclass(frozen=True, slots=True)
class Trace:
    """One finished trace. ``started`` is nanoseconds since the epoch, UTC."""

    trace_id: str
    started: int
    profile: Profile
    spans: tuple[Json, ...]


class TraceLog:
    """The last 1,000 traces, in memory."""

    def __init__(self) -> None:
        self._traces: deque[Trace] = deque(maxlen=_KEPT)

    def add_turn(self, trace_id: str, session: str, profile: Profile, turn: Turn) -> None:
        """Keep the trace of a turn that the agent answered."""
        root = secrets.token_hex(8)
        common: Json = {
            "gen_ai.agent.name": profile.name,
            "gen_ai.agent.version": profile.version,
            "gen_ai.conversation.id": session,
        }
        followed = any(attempt.step.instruction is not None for attempt in turn.attempts)
        spans = [
            _span(
                trace_id, root, None, f"invoke_agent {profile.name}", turn.started, turn.ended, None,
                common
                | {
                    "gen_ai.operation.name": "invoke_agent",
                    "gen_ai.input.messages": _message("user", turn.case.message),
                    "gen_ai.output.messages": _message("assistant", turn.reply),
                    "sandbox.customer": turn.case.customer or "",
                    "sandbox.untrusted_instruction": followed,
                },
            )
        ]  # fmt: skip
        if turn.plan.retrieved:
            spans.append(_retrieval(trace_id, root, common, turn))
        spans += [_execute_tool(trace_id, root, common, attempt) for attempt in turn.attempts]
        self._traces.append(Trace(trace_id, turn.started, profile, tuple(spans)))

    def add_fallback(self, trace_id: str, session: str, profile: Profile, at: int, why: str) -> None:
        """Keep the trace of a message that got the fallback: the agent was not invoked, and no span says so."""
        attributes: Json = {
            "gen_ai.agent.name": profile.name,
            "gen_ai.agent.version": profile.version,
            "gen_ai.conversation.id": session,
            "sandbox.fallback": True,
            "sandbox.fallback_reason": why,
        }
        span = _span(trace_id, secrets.token_hex(8), None, "fallback", at, at, None, attributes)
        self._traces.append(Trace(trace_id, at, profile, (span,)))

    def find(
        self, *, trace_id: str | None, since: int | None, limit: int, until: int | None = None
    ) -> tuple[Trace, ...]:
        """Traces in order of time: those from ``since`` on (first ``limit``), or without it the last ``limit``.

        With ``until``, those that began by then.
        """
        found = [t for t in self._traces if trace_id in (None, t.trace_id) and (since is None or t.started >= since)]
        found = [t for t in found if until is None or t.started <= until]
        found.sort(key=lambda trace: trace.started)
        return tuple(found[-limit:] if since is None else found[:limit])


def to_otlp(traces: tuple[Trace, ...]) -> Json:
    """The traces as one OTLP/JSON export, a resource for each version of the agent."""
    by_version: dict[str, list[Trace]] = {}
    for trace in traces:
        by_version.setdefault(trace.profile.version, []).append(trace)
    return {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": _attributes(
                        {
                            "service.name": found[0].profile.name,
                            "gen_ai.agent.name": found[0].profile.name,
                            "gen_ai.agent.version": version,
                        }
                    )
                },
                "scopeSpans": [
                    {
                        "scope": {"name": "sandbox-agent", "version": version},
                        "spans": [span for trace in found for span in trace.spans],
                    }
                ],
            }
            for version, found in by_version.items()
        ]
    }


def _retrieval(trace_id: str, parent: str, common: Json, turn: Turn) -> Json:
    documents = [{"id": document.id, "source": document.source} for document in turn.plan.retrieved]
    sources = ",".join(sorted({document.source for document in turn.plan.retrieved}))
    attributes = common | {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.data_source.id": sources,
        "gen_ai.retrieval.query.text": turn.case.message,
        "gen_ai.retrieval.documents": json.dumps(documents),
        "sandbox.instruction_ignored": bool(turn.plan.ignored),
    }
    return _span(trace_id, secrets.token_hex(8), parent, "retrieval", turn.started, turn.retrieved_at, None, attributes)


def _execute_tool(trace_id: str, parent: str, common: Json, attempt: Attempt) -> Json:
    attributes = common | {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": attempt.step.tool,
        "gen_ai.tool.call.id": attempt.id,
        "gen_ai.tool.call.arguments": json.dumps(attempt.step.arguments, ensure_ascii=False),
        "sandbox.untrusted_instruction": attempt.step.instruction is not None,
        "sandbox.authorised": attempt.authorised,
        "sandbox.records": attempt.records,
        "sandbox.status": attempt.status,
    }
    if attempt.credential is not None:
        attributes["sandbox.credential"] = attempt.credential
    if attempt.recipient_domain is not None:
        attributes["sandbox.recipient_domain"] = attempt.recipient_domain
    if attempt.step.instruction is not None:
        attributes["sandbox.instruction_document"] = attempt.step.instruction.document
    if attempt.error_type is not None:
        attributes["error.type"] = attempt.error_type
    name = f"execute_tool {attempt.step.tool}"
    return _span(
        trace_id, secrets.token_hex(8), parent, name, attempt.started, attempt.ended, attempt.reason, attributes
    )


def _span(
    trace_id: str,
    span_id: str,
    parent: str | None,
    name: str,
    started: int,
    ended: int,
    error: str | None,
    attributes: Json,
) -> Json:
    span: Json = {"traceId": trace_id, "spanId": span_id}
    if parent is not None:
        span["parentSpanId"] = parent
    return span | {
        "name": name,
        "kind": _INTERNAL,
        "startTimeUnixNano": str(started),
        "endTimeUnixNano": str(ended),
        "attributes": _attributes(attributes),
        "status": {"code": _OK} if error is None else {"code": _ERROR, "message": error},
    }


def _attributes(values: Json) -> list[Json]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def _value(value: object) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"stringValue": str(value)}


def _message(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}], ensure_ascii=False)
