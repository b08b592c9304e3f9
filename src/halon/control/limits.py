"""What may run right now: every switch asked, every limit counted, at the moment of a turn or a call."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable

from halon.control.approvals import require_approval
from halon.control.caps import admit_beside, admit_cost, counted
from halon.control.egress import egress_refusal
from halon.control.guardrails import hold_to_rules, texts_in
from halon.control.refusals import (
    AgentHardStopped,
    AgentReadOnly,
    AgentStopped,
    BrowsingBlocked,
    RateExceeded,
    Refused,
    ToolDisabled,
)
from halon.control.sessions import session_refusal
from halon.control.store import HURRY, Store, add_row
from halon.control.switches import Switches
from halon.control.turns import Attempt, Turn


def admit_turn(store: Store) -> None:
    """Raises Refused if no turn may begin, whoever asks."""
    now = store.switches()
    if now.stopped:
        raise stopped_refusal(now)
    admit_cost(store, now)
    admit_beside(store, now)
    _admit_rate(store, "turn", now.turns, "turns")


def stopped_refusal(now: Switches) -> Refused:
    """Why the agent is stopped."""
    return AgentHardStopped("The agent is stopped.") if now.hard_stopped else AgentStopped("The agent is stopped.")


def enter(store: Store, turn: Turn, flush: Callable[[], None], told: bool) -> Refused | None:
    """The reason against a turn's beginning. ``flush`` writes down which sessions run.

    ``told``: its session is known. In a drain one that isn't yet does nothing and says nothing until the program tells it.
    """
    now = store.switches()
    if not now.asks_session or turn.rehearsal:
        return None
    if now.drained_at is not None or time.time() - now.ended_before < 60:
        flush()
    return session_refusal(store, now, turn, entering=told) if told or now.tenants or turn.nameless else None


def ended_by(store: Store, turn: Turn) -> Refused | None:
    """The reason against a turn's going on."""
    now = store.switches()
    if now.stopped:
        return stopped_refusal(now)
    return session_refusal(store, now, turn, entering=False) if now.asks_session else None


def refusal_of(store: Store, attempt: Attempt) -> Refused | None:
    """The first reason against a call, at the moment it is to run. An approval is used up last."""
    now, tool = store.switches(), attempt.tool
    if now.stopped:
        return type(stopped_refusal(now))("The agent is stopped: nothing may run.")
    if tool.writes and not now.readable:
        return AgentReadOnly(f"The agent's control state can't be read, so {tool.name} may not run.")
    if tool.writes and now.read_only:
        return AgentReadOnly(f"The agent is read-only: {tool.name} may not run.")
    if tool.browses and now.no_browsing:
        return BrowsingBlocked(f"Browsing is blocked right now: {tool.name} may not run.")
    if now.asks_session and (gone := _session_gone(store, now, attempt)) is not None:
        return gone
    try:
        admit_cost(store, now)
        if tool.quoted in now.tools:
            one = now.of(tool.path)
            if not one["enabled"] or not _shared(attempt.session, one["share"]):
                return ToolDisabled(f"The tool {tool.name} is switched off; a person looks into it.")
        if now.asks_call:
            _admit_arguments(now, attempt)
        if tool.quoted in now.tools:
            limit = now.of(f"{tool.path}/rate-limit")["per_minute"]
            _admit_rate(store, f"rate {tool.name}", limit, f"calls of {tool.name}")
            if now.of(f"{tool.path}/approval")["required"]:
                require_approval(store, attempt)
    except Refused as refusal:
        return refusal
    return None


def _session_gone(store: Store, now: Switches, attempt: Attempt) -> Refused | None:
    return None if attempt.turn is None else session_refusal(store, now, attempt.turn, entering=False)


def _admit_arguments(now: Switches, attempt: Attempt) -> None:
    """Raises Refused for arguments that name a domain which may not be reached, or break a rule."""
    tool = attempt.tool.name
    if (refusal := egress_refusal(now, tool, attempt.arguments, attempt.address)) is not None:
        raise refusal
    for _, text in texts_in(attempt.arguments) if now.rules else ():
        hold_to_rules(now, text, f"this call of {tool}")


def _shared(session: str, share: int) -> bool:
    """Is this session among the first ``share`` percent? One that is in at 10 is in at 50 too."""
    if share >= 100:
        return True
    return int.from_bytes(hashlib.sha256(session.encode("utf-8", "replace")).digest()[:8], "big") % 100 < share


def _admit_rate(store: Store, kind: str, limit: int | None, what: str) -> None:
    wait = 0 if limit is None else counted(lambda: _count(store, kind, limit))
    if wait:
        seconds = int(min(wait, 60))
        raise RateExceeded(f"At most {limit} {what} a minute; try again in {seconds} seconds.", retry_after=seconds)


def _count(store: Store, kind: str, per_minute: int) -> int:
    """Count one. 0 if it is within the limit; otherwise the seconds until one is, and it is not counted."""
    now = time.time()
    with store.changing(durable=False, patience=HURRY) as db:
        db.execute("DELETE FROM rows WHERE kind = ? AND NOT at BETWEEN ? AND ?", (kind, now - 60, now + 60))
        count, first = db.execute("SELECT COUNT(*), MIN(at) FROM rows WHERE kind = ?", (kind,)).fetchone()
        if count >= per_minute:
            return max(1, math.ceil((first or now) + 60 - now))
        add_row(db, kind, "", now, "")
    return 0
