"""Sessions: which of them run, which were ended, whose they are, and so whether a turn of one may go on."""

from __future__ import annotations

import hashlib
import math
import sqlite3
import time

from halon.control.changes import Done
from halon.control.problems import Problem
from halon.control.refusals import Draining, Refused, SessionEnded, TenantIsolated
from halon.control.store import LOG, UNUSABLE, Store, add_row
from halon.control.switches import Switches
from halon.control.turns import Turn
from halon.control.values import Json, bounded, dumped, utc

RUNS = 1_800.0
"""Seconds after its last turn for which a session counts as running."""
MOST_ENDED = 100_000
"""Sessions that can be ended one by one: none of them is ever forgotten."""
_NOTED = 60.0
"""Seconds after which the last turn of a session is written again."""


def session_refusal(store: Store, now: Switches, turn: Turn, entering: bool) -> Refused | None:
    """The reason against a turn of this session, or against its going on. ``entering``: its session was just told."""
    if now.tenants and (turn.tenant in now.tenants or turn.customer in now.tenants):
        return TenantIsolated("This account is set apart while a person looks into it.")
    if turn.nameless and not (turn.session or turn.customer or turn.tenant):
        return SessionEnded("It can't be told whose session this is, and some may not go on.")
    try:
        first, last = _seen(store, turn.session)
        if min(first, turn.started / 1e9) <= now.ended_before or (now.some_ended and _ended_at(store, turn.session)):
            return SessionEnded("This session was ended. Begin a new one.")
    except UNUSABLE as error:
        LOG.error("sessions were ended, and it can't be read which, so the answer is no: %s", error)
        return SessionEnded("This session may have been ended. Begin a new one.")
    if now.drained_at is not None:
        runs = first < now.drained_at and last > now.drained_at - RUNS
        if not runs if entering else not turn.entered and turn.started / 1e9 > now.drained_at:
            return Draining("No new sessions are taken right now.")
    turn.entered = turn.entered or entering
    return None


def _seen(store: Store, session: str) -> tuple[float, float]:
    """When the first turn of a session began, and the last one ended; infinity and its opposite for a new one."""
    rows = store.rows("session", "AND key = ?", _key(session)) if session else []
    return (float(rows[0][3]), float(rows[0][2])) if rows else (math.inf, -math.inf)


def _ended_at(store: Store, session: str) -> float:
    rows = store.rows("ended", "AND key = ?", _key(session)) if session else []
    return float(rows[0][2]) if rows else 0.0


def note_session(db: sqlite3.Connection, noted: dict[str, float], turn: Turn) -> None:
    """Write down that a session runs. ``noted`` are those that this process wrote lately."""
    if not turn.session or not turn.admitted:
        return
    key, at = _key(turn.session), turn.ended / 1e9
    if at - noted.get(key, -math.inf) < _NOTED:
        return
    if not db.execute("UPDATE rows SET at = ? WHERE kind = 'session' AND key = ?", (at, key)).rowcount:
        add_row(db, "session", key, at, repr(turn.started / 1e9))
    if len(noted) >= 10_000:
        noted.clear()
    noted[key] = at


def show_sessions(store: Store, now: Switches) -> Json:
    """All sessions: when they were all ended, how many were ended one by one, how many run."""
    running = store.rows("session", "AND at > ?", time.time() - RUNS)
    return now.shown("sessions") | {"running": sum(float(row[3]) > now.ended_before for row in running)}


def show_session(store: Store, now: Switches, session: str) -> Json:
    """One session: whether it is known here, and whether it was ended."""
    first, at = _seen(store, session)[0], _ended_at(store, session)
    if not at and first <= now.ended_before:
        at = now.ended_before
    known = math.isfinite(first)
    return {"session": bounded(session), "known": known, "ended": at > 0, "ended_at": utc(at) if at else None}


def end_session(db: sqlite3.Connection, kept: Json, session: str) -> Done:
    """End one session for good, also one that has not begun. Raises Problem if too many were ended."""
    key, old = _key(session), Switches(kept).of("sessions")
    found = db.execute("SELECT at FROM rows WHERE kind = 'ended' AND key = ?", (key,)).fetchone()
    at = found[0] if found else time.time()
    if not found:
        if old["ended"] >= MOST_ENDED:
            raise Problem(409, "too-many", f"{MOST_ENDED} sessions were ended; end all with POST /control/sessions/end")
        add_row(db, "ended", key, at, dumped(bounded(session)))
        kept["sessions"] = old | {"ended": old["ended"] + 1}
    said = {"session": bounded(session), "ended": True, "ended_at": utc(at)}
    return said, {"session": bounded(session), "ended": bool(found)}


def end_all_sessions(kept: Json) -> Done:
    """End every session that has begun, for good."""
    old = Switches(kept)
    kept["sessions"] = old.of("sessions") | {"all_ended": time.time()}
    return Switches(kept).shown("sessions"), old.shown("sessions")


def _key(session: str) -> str:
    return hashlib.sha256(session.encode("utf-8", "replace")).hexdigest()[:32]
