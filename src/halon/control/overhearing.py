"""Session, question and answer of a turn, from the JSON that goes through, where the agent does not tell them itself."""

from __future__ import annotations

import json

from halon.control.turns import Turn
from halon.control.values import LONGEST, Json, first_text


def overhear(turn: Turn, body: bytes) -> None:
    """Take session, message and customer from the body of a request."""
    value = _object(body)
    messages = value.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages and isinstance(messages[-1], dict) else {}
    asked = first_text(value, "message", "input", "question", "prompt", "text") or first_text(last, "content")
    turn.session = turn.session or first_text(value, "session", "session_id", "conversation_id", "thread_id")
    turn.message = turn.message or asked
    turn.customer = turn.customer or first_text(value, "customer", "customer_id", "user_id")
    turn.tenant = turn.tenant or first_text(value, "tenant", "tenant_id", "organisation_id", "org_id")


def reply_in(body: bytes) -> str:
    """The text of a response: from the usual fields of JSON, otherwise as it is."""
    said = first_text(_object(body), "reply", "answer", "output", "response", "message", "text")
    return said or body.decode("utf-8", "replace")[:LONGEST]


def _object(body: bytes) -> Json:
    """The JSON object that this is, or an empty one."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
