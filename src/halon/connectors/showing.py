"""A call as people read it before they say yes: exactly what will be sent, with every secret masked."""

from __future__ import annotations

import json

from halon.incident.orders import Call

_LONGEST = 600


def shown(call: Call) -> str:
    """One line: method, address, what carries the secret (its variable, never its value), body, what is expected."""
    parts = [f"{call.method} {call.url}"]
    if carried := _carried(call):
        parts.append(f"auth: {carried}")
    parts += [f"{name}: {text}" for name, text in call.headers.items()]
    if call.key_header:
        parts.append(f"{call.key_header}: <key>")
    if call.body is not None:
        parts.append(f"{'form' if call.encoding == 'form' else 'body'}: {_short(call.body)}")
    if call.expect_json:
        parts.append(f"expects {_short(call.expect_json)}")
    return "  ".join(parts)


def _carried(call: Call) -> str:
    variables = [f"${name}" for name in (call.secret, *call.secrets.values()) if name]
    return f"{call.auth or 'bearer'} from {', '.join(variables)}" if variables else ""


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
