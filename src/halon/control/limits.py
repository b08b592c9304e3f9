"""What may run right now: every switch asked, every limit counted, at the moment of a turn or a call."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable

from halon.control.approvals import require_approval
from halon.control.refusals import AgentReadOnly, AgentStopped, RateExceeded, Refused, SpendExceeded, ToolDisabled
from halon.control.store import HURRY, LOG, UNUSABLE, Store, add_row
from halon.control.switches import Switches
from halon.control.turns import Attempt


def admit_turn(store: Store) -> None:
    """Raises Refused if no turn may begin."""
    now = store.switches()
    if now.stopped:
        raise AgentStopped("The agent is stopped.")
    _admit_cost(store, now)
    _admit_rate(store, "turn", now.turns, "turns")


def refusal_of(store: Store, attempt: Attempt) -> Refused | None:
    """The first reason against a call, at the moment it is to run. An approval is used up last."""
    now, tool = store.switches(), attempt.tool
    if now.stopped:
        return AgentStopped("The agent is stopped: nothing may run.")
    if tool.writes and not now.readable:
        return AgentReadOnly(f"The agent's control state can't be read, so {tool.name} may not run.")
    if tool.writes and now.read_only:
        return AgentReadOnly(f"The agent is read-only: {tool.name} may not run.")
    try:
        _admit_cost(store, now)
        if tool.quoted in now.tools:
            one = now.of(tool.path)
            if not one["enabled"] or not _shared(attempt.session, one["share"]):
                return ToolDisabled(f"The tool {tool.name} is switched off; a person looks into it.")
            limit = now.of(f"{tool.path}/rate-limit")["per_minute"]
            _admit_rate(store, f"rate {tool.name}", limit, f"calls of {tool.name}")
            if now.of(f"{tool.path}/approval")["required"]:
                require_approval(store, attempt)
    except Refused as refusal:
        return refusal
    return None


def _shared(session: str, share: int) -> bool:
    """Is this session among the first ``share`` percent? One that is in at 10 is in at 50 too."""
    if share >= 100:
        return True
    return int.from_bytes(hashlib.sha256(session.encode("utf-8", "replace")).digest()[:8], "big") % 100 < share


def _admit_cost(store: Store, now: Switches) -> None:
    if now.cap is not None and _counted(lambda: spent(store)) >= now.cap:
        raise SpendExceeded(f"The model calls of the last hour reached the cap of {now.cap:g} EUR.")


def _admit_rate(store: Store, kind: str, limit: int | None, what: str) -> None:
    wait = 0 if limit is None else _counted(lambda: _count(store, kind, limit))
    if wait:
        seconds = int(min(wait, 60))
        raise RateExceeded(f"At most {limit} {what} a minute; try again in {seconds} seconds.", retry_after=seconds)


def _counted(look: Callable[[], float]) -> float:
    try:
        return look()
    except UNUSABLE as error:
        LOG.error("a limit is set and can't be counted, so the answer is no: %s", error)
        return math.inf


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


def spent(store: Store) -> float:
    """EUR of the last hour, and of less than a minute before it. Raises sqlite3.Error; OSError if the state can't be read."""
    minutes = store.rows("spend", "AND at > ?", time.time() - 3600)
    return math.fsum([*(float(row[3]) for row in minutes), *store.owed.copy()])


def charge(store: Store, eur: float) -> Refused | None:
    """Count what a model call cost. The reason against more, if the last hour cost more than the cap with it.

    There is one row for each minute. What can't be written in time is owed: it counts here, and is written the next time.
    """
    cap, now, taken = store.switches().cap, time.time(), list[float]()
    store.owed.append(float(eur))
    try:
        with store.changing(durable=False, patience=HURRY) as db:
            while store.owed:
                taken.append(store.owed.popleft())
            db.execute("DELETE FROM rows WHERE kind = 'spend' AND at < ?", (now - 3600,))
            minute, more = f"minute {now // 60:.0f}", math.fsum(taken)
            add = "UPDATE rows SET at = ?, value = value + ? WHERE kind = 'spend' AND key = ?"
            if not db.execute(add, (now, more, minute)).rowcount:
                add_row(db, "spend", minute, now, repr(more))
        taken.clear()
        over = cap is not None and spent(store) > cap
    except UNUSABLE as error:
        store.owed.extend(taken)
        LOG.error("a cost of %s EUR can't be counted in the control state yet: %s", eur, error)
        over = cap is not None
    return SpendExceeded(f"The model calls of the last hour cost more than the cap of {cap:g} EUR.") if over else None
