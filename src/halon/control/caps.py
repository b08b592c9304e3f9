"""Caps on what the agent uses: money and tokens of the last hour, and turns at the same time."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable

from halon.control.refusals import Refused, SpendExceeded, TokensExceeded, TooManyAtOnce
from halon.control.store import HURRY, LOG, UNUSABLE, Store, add_row
from halon.control.switches import Switches

_LONGEST_TURN = 3_600.0
"""Seconds after which turns of a process that has said nothing since no longer count."""


def admit_cost(store: Store, now: Switches) -> None:
    """Raises Refused if the last hour took as much money, or as many tokens, as it may."""
    if now.cap is not None and counted(lambda: spent(store)) >= now.cap:
        raise SpendExceeded(f"The model calls of the last hour reached the cap of {now.cap:g} EUR.")
    if now.token_cap is not None and counted(lambda: tokens_spent(store)) >= now.token_cap:
        raise TokensExceeded(f"The model calls of the last hour reached the cap of {now.token_cap} tokens.")


def counted(look: Callable[[], float]) -> float:
    """What ``look`` counts; more than any limit if it can't be counted."""
    try:
        return look()
    except UNUSABLE as error:
        LOG.error("a limit is set and can't be counted, so the answer is no: %s", error)
        return math.inf


def spent(store: Store) -> float:
    """EUR of the last hour, and of less than a minute before it. Raises sqlite3.Error; OSError if the state can't be read."""
    minutes = store.rows("spend", "AND at > ?", time.time() - 3600)
    return math.fsum([*(float(row[3]) for row in minutes), *(eur for eur, _ in store.owed.copy())])


def tokens_spent(store: Store) -> int:
    """Tokens of the last hour, as ``spent`` counts money. Raises as it does."""
    minutes = store.rows("tokens", "AND at > ?", time.time() - 3600)
    return sum(int(row[3]) for row in minutes) + sum(tokens for _, tokens in store.owed.copy())


def charge(store: Store, eur: float, tokens: int) -> Refused | None:
    """Count what a model call cost. The reason against more, if the last hour took more than a cap with it.

    There is one row for each minute. What can't be written in time is owed: it counts here, and is written the next time.
    """
    now, at, taken = store.switches(), time.time(), list[tuple[float, int]]()
    store.owed.append((float(eur), tokens))
    over_eur = over_tokens = False
    try:
        with store.changing(durable=False, patience=HURRY) as db:
            while store.owed:
                taken.append(store.owed.popleft())
            for kind, more in (("spend", math.fsum(one[0] for one in taken)), ("tokens", sum(one[1] for one in taken))):
                if kind == "tokens" and not more:
                    continue
                db.execute("DELETE FROM rows WHERE kind = ? AND at < ?", (kind, at - 3600))
                minute = f"minute {at // 60:.0f}"
                add = "UPDATE rows SET at = ?, value = value + ? WHERE kind = ? AND key = ?"
                if not db.execute(add, (at, more, kind, minute)).rowcount:
                    add_row(db, kind, minute, at, repr(more))
        taken.clear()
        over_eur = now.cap is not None and spent(store) > now.cap
        over_tokens = now.token_cap is not None and tokens_spent(store) > now.token_cap
    except UNUSABLE as error:
        store.owed.extend(taken)
        LOG.error("a cost of %s EUR and %d tokens can't be counted in the control state yet: %s", eur, tokens, error)
        over_eur, over_tokens = now.cap is not None, now.token_cap is not None
    if over_eur:
        return SpendExceeded(f"The model calls of the last hour cost more than the cap of {now.cap:g} EUR.")
    if over_tokens:
        return TokensExceeded(f"The model calls of the last hour took more than the cap of {now.token_cap} tokens.")
    return None


def admit_beside(store: Store, now: Switches) -> None:
    """Raises TooManyAtOnce if as many turns run in all processes as may; the one that asks is in ``running`` already."""
    if now.at_once is None:
        return
    if counted(lambda: _running(store)) > now.at_once:
        raise TooManyAtOnce(f"At most {now.at_once} turns run at the same time.", retry_after=1)


def _running(store: Store) -> int:
    """Turns that run in all processes of this host. Each process says how many are its own when it asks."""
    me, at = str(os.getpid()), time.time()
    with store.changing(durable=False, patience=HURRY) as db:
        db.execute("DELETE FROM rows WHERE kind = 'running' AND (key = ? OR at < ?)", (me, at - _LONGEST_TURN))
        others = db.execute("SELECT key, value FROM rows WHERE kind = 'running'").fetchall()
        add_row(db, "running", me, at, str(len(store.running)))
    return len(store.running) + sum(int(value) for pid, value in others if _lives(int(pid)))


def leave(store: Store, turn: int) -> None:
    """A turn is over."""
    store.running.discard(turn)
    if store.switches().at_once is not None:
        try:
            with store.changing(durable=False, patience=HURRY) as db:
                said = (str(len(store.running)), time.time(), str(os.getpid()))
                db.execute("UPDATE rows SET value = ?, at = ? WHERE kind = 'running' AND key = ?", said)
        except UNUSABLE as error:
            LOG.error("a turn is over, and other processes can't be told, so it counts until the next: %s", error)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
