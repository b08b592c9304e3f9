"""How controls, tokens, mail and calls look in answers."""

import os
from datetime import datetime

from halon.drill import hold_views
from halon.drill.calls import CallRow, Calls
from halon.drill.controls import Controls
from halon.drill.credentials import MAIN_TOKEN, READ_TOKEN, Token
from halon.drill.outbox import Outbox
from halon.drill.sandbox import SandboxAgent
from halon.drill.tools import TOOLS
from halon.drill.traces import Json


def whole(agent: SandboxAgent) -> Json:
    """Every control in one object, each part as its own route shows it."""
    controls, profile = agent.state.controls, agent.profile()
    return {
        "name": agent.name,
        "pid": os.getpid(),
        "version": profile.version,
        "config_hash": profile.config_hash,
        "kill_switch": {"on": controls.kill_switch},
        "read_only": {"on": controls.read_only},
        "tools": {name: {"enabled": controls.tool_enabled(name), "share": controls.tool_share(name)} for name in TOOLS},
        "tokens": {held.id: token(held) for held in agent.state.credentials.tokens.values()},
        "tokens_in_use": {role: agent.state.credentials.in_use(role).id for role in (MAIN_TOKEN, READ_TOKEN)},
        "rate_limit": {"per_minute": controls.rate_limit},
        "guardrails": {"isolate_untrusted": controls.isolate_untrusted},
        "routing": {"share": controls.share},
        **hold_views.whole(agent.state),
        "deleted_customers": agent.state.world.deleted,
        "refunded_orders": agent.state.world.refunded,
        "actions_made": agent.state.actions_made,
    }


def tool(controls: Controls, name: str) -> Json:
    """One tool: whether it is on, and for how many percent of sessions. Raises NotKnown."""
    return {"tool": name, "enabled": controls.tool_enabled(name), "share": controls.tool_share(name)}


def token(held: Token) -> Json:
    """One token."""
    return {
        "token": held.id,
        "active": held.active,
        "scopes": list(held.scopes),
        "used_by": list(held.used_by),
        "last_used_at": None if held.last_used_at is None else _utc(held.last_used_at),
    }


def scopes(held: Token) -> Json:
    """The scopes of one token."""
    return {"token": held.id, "scopes": list(held.scopes)}


def outbox(box: Outbox) -> Json:
    """The mail that left, oldest first."""
    return {
        "messages": [
            {"at": _utc(sent.at), "to": sent.mail.to, "subject": sent.mail.subject, "body": sent.mail.body}
            for sent in box.sent
        ]
    }


def calls(ledger: Calls, key: str | None, path: str | None) -> Json:
    """The ledger's rows with this key and path (None: any), oldest first."""
    rows = [row for row in ledger.rows if key in (None, row.key) and path in (None, row.path)]
    return {"calls": [_call(row) for row in rows], "total": len(rows)}


def _call(row: CallRow) -> Json:
    return {
        "key": row.key,
        "method": row.method,
        "path": row.path,
        "first_at": _utc(row.first_at),
        "last_at": _utc(row.last_at),
        "effects": row.effects,
        "deliveries": row.deliveries,
        "conflicts": row.conflicts,
        "status": row.status,
    }


def _utc(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
