"""The exact calls of an order as people read them before they say yes: what is sent and where, every secret masked."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from halon.incident.orders import Call, Order

LONGEST = 600
"""Characters of one part of a call: its address, one header, its body, what it expects."""
LONGEST_IN_QUESTION = 1500
"""Characters of one call in a gate's question. The whole of it stands in ``halon show ID --calls``."""
MASK = "[masked]"
_SECRET = re.compile(
    r"(?i)authori[sz]ation|credential|password|passwd|secret|cookie|signature|api[-_]?key|access[-_]?key"
    r"|(?:^|[^a-z])(?:token|key|sig|sas)$"
)
"""Names of headers and of parameters in an address whose value may be a secret that somebody wrote into the kit."""
_SECRET_IN_BODY = re.compile(
    r"(?i)password|passwd|(?:^|[^a-z])secret$|(?:client|shared)[-_]?secret|(?:api|access|private)[-_]?key|(?:access|refresh|bearer)[-_]?token"
)
"""Narrower: in a body ``token`` and ``credential`` name what is revoked, and whoever says yes must see which."""
_QUERY = re.compile(r"(?<=[?&])(?P<name>[^=&#]+)=(?P<value>[^&#]*)")


def shown(call: Call) -> str:
    """One line: method, address, what carries the secret (its variable, never its value), headers, body, what is expected."""
    parts = [f"{call.method} {_cut(_address(call.url))}"]
    if carried := _carried(call):
        parts.append(f"auth: {carried}")
    parts += [f"{name}: {_cut(_value(name, text))}" for name, text in call.headers.items()]
    if call.key_header:
        parts.append(f"{call.key_header}: <key>")
    if call.body is not None:
        parts.append(f"{'form' if call.encoding == 'form' else 'body'}: {_short(call.body)}")
    if call.expect_json:
        parts.append(f"expects {_short(call.expect_json)}")
    return "  ".join(parts)


def exact(order: Order) -> dict[str, str]:
    """Every call of an order by what it is for: apply, verify, undo, each stage of giving back, and how that is read."""
    found = {"apply": shown(order.apply), "verify": shown(order.verify)}
    if order.undo is not None and not order.restore_stages:
        found["undo"] = shown(order.undo)
    for number, stage in enumerate(order.restore_stages, 1):
        found[f"undo stage {number} ({stage.share} percent)"] = shown(stage.apply)
        found[f"verify undo stage {number}"] = shown(stage.verify)
    if order.undo_verify is not None and not order.restore_stages:
        found["verify undo"] = shown(order.undo_verify)
    return found


def question(order: Order) -> tuple[str, ...]:
    """What a gate asks before an order is carried out. It is no part of the digest that the gate is bound by."""
    lines = [f"Why: {'; '.join(order.told) or 'the kit asks for it'}", *to_apply(order),
             "Reversible: yes" if order.reversible else "Reversible: NO"]  # fmt: skip
    if order.stops:
        lines.append(f"What it stops: {'; '.join(order.stops)}")
    if order.collateral:
        lines.append(f"Who else is hit: {'; '.join(order.collateral)}")
    if order.gentler:
        lines.append(f"Gentler: {order.gentler}")
    if order.way_back:
        lines.append(f"The way back: {order.way_back}")
    if order.gate and order.gate.exclude_proposer and order.proposed_by:
        lines.append(f"Proposed by: {', '.join(order.proposed_by)}, on whose word alone it stands here. Somebody else must "
                     "approve it, or say the same fact.")  # fmt: skip
    if order.gate:
        lines.append(f"If nobody answers: {order.gate.otherwise}")
    return tuple(lines)


def to_apply(order: Order) -> tuple[str, ...]:
    """What runs, how it is read back, and how it is taken back: lines of a gate's question."""
    undo = f"To undo it: {_line(order.undo)}" if order.reversible and order.undo is not None else ""
    lines = (f"What will run: {_line(order.apply)}", f"Read back by: {_line(order.verify)}", undo)
    return tuple(one for one in lines if one)


def to_undo(order: Order) -> tuple[str, ...]:
    """What gives it back, stage by stage where there are stages, and how that is read back: lines of a gate's question."""
    if not order.restore_stages:
        lines = [f"What will run: {_line(order.undo)}"] if order.undo is not None else []
        return tuple([*lines, f"Read back by: {_line(order.undo_verify)}"] if order.undo_verify is not None else lines)
    lines = []
    for stage in order.restore_stages:
        lines.append(f"What will run, to {stage.share} percent: {_line(stage.apply)}")
        lines.append(f"Read back by: {_line(stage.verify)}")
    return tuple(lines)


def _line(call: Call | None) -> str:
    return _cut(shown(call), LONGEST_IN_QUESTION) if call is not None else ""


def _carried(call: Call) -> str:
    variables = [f"${name}" for name in (call.secret, *call.secrets.values()) if name]
    return f"{call.auth or 'bearer'} from {', '.join(variables)}" if variables else ""


def _address(url: str) -> str:
    """The address without a password in it, and with those values of its query masked whose name says secret."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        url = url.replace(parts.netloc, f"{MASK}@{parts.netloc.rpartition('@')[2]}", 1)
    return _QUERY.sub(lambda found: f"{found['name']}={_value(found['name'], found['value'])}", url)


def _value(name: str, text: str) -> str:
    return MASK if _SECRET.search(name) else text


def _masked(value: Any, depth: int = 0) -> Any:
    """``value`` with every text masked whose key says secret."""
    if depth > 20:
        return "…"
    if isinstance(value, dict):
        return {
            key: MASK if isinstance(one, str | int | float) and not isinstance(one, bool) and _SECRET_IN_BODY.search(str(key))
            else _masked(one, depth + 1)
            for key, one in value.items()
        }  # fmt: skip
    if isinstance(value, list | tuple):
        return [_masked(one, depth + 1) for one in value]
    return value


def _short(value: object) -> str:
    return _cut(json.dumps(_masked(value), ensure_ascii=False, default=str))


def _cut(text: str, longest: int = LONGEST) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"
