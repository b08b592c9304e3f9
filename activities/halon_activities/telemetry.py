"""Read action logs and OTLP/JSON traces of agents. What they hold is data; shapes that don't fit are left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from halon.incident import times

MOST_SPANS = 20_000
MOST_DEEDS = 5_000
_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Deed:
    """One tool call that an agent made or tried. ``authorised`` None: the log does not say. ``at`` is ISO 8601 UTC."""

    id: str
    at: str
    session: str
    tool: str
    status: str
    authorised: bool | None
    arguments: dict[str, Any] = field(default_factory=dict)
    trace_id: str = ""
    recipient_domain: str = ""
    reason: str = ""
    records: int | None = None

    @property
    def harmful(self) -> bool:
        """Done, and not authorised."""
        return self.status == "done" and self.authorised is False

    def after(self, since: str) -> bool:
        """Did it happen after ``since`` (ISO 8601 UTC)?"""
        return times.parse(self.at) > times.parse(since)


@dataclass(frozen=True, slots=True)
class Span:
    """One span. Attributes are plain values; times are nanoseconds since the epoch."""

    trace_id: str
    span_id: str
    parent: str
    name: str
    start: int
    end: int
    failed: bool
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def operation(self) -> str:
        """The GenAI operation, such as ``execute_tool``; from the span's name where the attribute is missing."""
        return str(self.attributes.get("gen_ai.operation.name") or self.name.partition(" ")[0])

    def own(self, name: str) -> Any:
        """An attribute that has no name in the conventions yet, under either of our prefixes."""
        return self.attributes.get(f"halon.{name}", self.attributes.get(f"sandbox.{name}"))


def deeds_in(value: Any) -> list[Deed] | None:
    """The actions of an action log, oldest first, or None if ``value`` is none."""
    rows = value.get("actions") if isinstance(value, dict) else None
    if not isinstance(rows, list):
        return None
    deeds = [deed for row in rows[:MOST_DEEDS] if isinstance(row, dict) and (deed := _deed(row)) is not None]
    return sorted(deeds, key=lambda deed: times.parse(deed.at))


def spans_in(value: Any) -> list[Span] | None:
    """The spans of an OTLP/JSON export, oldest first, or None if ``value`` is none."""
    resources = value.get("resourceSpans") if isinstance(value, dict) else None
    if not isinstance(resources, list):
        return None
    return sorted(_spans(resources), key=lambda span: span.start)


def deeds_of(spans: list[Span]) -> list[Deed]:
    """The tool calls that spans tell of, for agents without an action log."""
    return [_deed_of(span) for span in spans if span.operation == "execute_tool"]


def message_of(span: Span) -> str:
    """What the user said, from an ``invoke_agent`` span; empty if content is not recorded."""
    return _text_of(span.attributes.get("gen_ai.input.messages") or span.attributes.get("gen_ai.prompt"), "user")


def reply_of(span: Span) -> str:
    """What the agent answered, from an ``invoke_agent`` span; empty if content is not recorded."""
    return _text_of(
        span.attributes.get("gen_ai.output.messages") or span.attributes.get("gen_ai.completion"), "assistant"
    )


def documents_of(span: Span) -> list[tuple[str, str]]:
    """Id and source of each document that a ``retrieval`` span fetched."""
    rows = _loaded(span.attributes.get("gen_ai.retrieval.documents"))
    fallback = _short(span.attributes.get("gen_ai.data_source.id"))
    if not isinstance(rows, list):
        return []
    return [
        (_short(row["id"]), _short(row.get("source")) or fallback)
        for row in rows[:100]
        if isinstance(row, dict) and isinstance(row.get("id"), str) and row["id"]
    ]


def _deed(row: dict[str, Any]) -> Deed | None:
    at = row.get("at")
    if not isinstance(at, str) or not _is_time(at):
        return None
    arguments, authorised = row.get("arguments"), row.get("authorised")
    return Deed(
        id=_short(row.get("id")),
        at=at,
        session=_short(row.get("session")),
        tool=_short(row.get("tool")) or "unnamed tool",
        status=_short(row.get("status")),
        authorised=authorised if isinstance(authorised, bool) else None,
        arguments=arguments if isinstance(arguments, dict) else {},
        trace_id=_short(row.get("trace_id")),
        recipient_domain=_short(row.get("recipient_domain")),
        reason=_short(row.get("reason")),
    )


def _deed_of(span: Span) -> Deed:
    arguments = _loaded(span.attributes.get("gen_ai.tool.call.arguments"))
    authorised, records = span.own("authorised"), span.own("records")
    return Deed(
        id=_short(span.attributes.get("gen_ai.tool.call.id")) or span.span_id,
        at=_time(span.start),
        session=_short(span.attributes.get("gen_ai.conversation.id")),
        tool=_short(span.attributes.get("gen_ai.tool.name")) or "unnamed tool",
        status=_short(span.own("status")) or ("failed" if span.failed else "done"),
        authorised=authorised if isinstance(authorised, bool) else None,
        arguments=arguments if isinstance(arguments, dict) else {},
        trace_id=span.trace_id,
        recipient_domain=_short(span.own("recipient_domain")),
        records=records if type(records) is int else None,
    )


def _spans(resources: list[Any]) -> Iterator[Span]:
    count = 0
    for resource in resources:
        if not isinstance(resource, dict):
            continue
        shared = _attributes((resource.get("resource") or {}).get("attributes"))
        for scope in _list(resource.get("scopeSpans")):
            for raw in _list(scope.get("spans")):
                if count >= MOST_SPANS:
                    return
                count += 1
                yield Span(
                    trace_id=_short(raw.get("traceId")),
                    span_id=_short(raw.get("spanId")),
                    parent=_short(raw.get("parentSpanId")),
                    name=_short(raw.get("name")),
                    start=_whole(raw.get("startTimeUnixNano")),
                    end=_whole(raw.get("endTimeUnixNano")),
                    failed=isinstance(raw.get("status"), dict)
                    and raw["status"].get("code") in (2, "STATUS_CODE_ERROR"),
                    attributes=shared | _attributes(raw.get("attributes")),
                )


def _attributes(rows: Any) -> dict[str, Any]:
    return {row["key"][:200]: _value(row.get("value")) for row in _list(rows) if isinstance(row.get("key"), str)}


def _value(value: Any, depth: int = 0) -> Any:
    if not isinstance(value, dict) or depth > 6:
        return None
    if isinstance(value.get("stringValue"), str):
        return value["stringValue"][:_LONGEST]
    if isinstance(value.get("boolValue"), bool):
        return value["boolValue"]
    if "intValue" in value:
        return _whole(value["intValue"])
    if type(value.get("doubleValue")) in (int, float):
        return value["doubleValue"]
    if isinstance(value.get("arrayValue"), dict):
        return [_value(item, depth + 1) for item in _list(value["arrayValue"].get("values"))[:200]]
    if isinstance(value.get("kvlistValue"), dict):
        rows = _list(value["kvlistValue"].get("values"))[:200]
        return {str(row.get("key"))[:200]: _value(row.get("value"), depth + 1) for row in rows}
    return None


def _text_of(value: Any, role: str) -> str:
    messages = _loaded(value)
    if isinstance(messages, str):
        return messages
    if not isinstance(messages, list):
        return ""
    parts: list[str] = []
    for message in messages[:50]:
        if not isinstance(message, dict) or message.get("role", role) != role:
            continue
        if isinstance(message.get("content"), str):
            parts.append(message["content"])
        for part in _list(message.get("parts")):
            text = part.get("content", part.get("text"))
            if part.get("type", "text") == "text" and isinstance(text, str):
                parts.append(text)
    return "\n".join(parts)[:_LONGEST]


def _loaded(value: Any) -> Any:
    """A value that telemetry may hold as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _short(value: Any) -> str:
    return value[:300] if isinstance(value, str) else ""


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return 0
    try:
        return int(str(value)[:20])
    except ValueError:
        return 0


def _time(nanoseconds: int) -> str:
    from datetime import UTC, datetime

    return times.text(datetime.fromtimestamp(min(nanoseconds, 4_102_444_800_000_000_000) / 1e9, UTC))


def _is_time(text: str) -> bool:
    try:
        times.parse(text)
    except ValueError:
        return False
    return True
