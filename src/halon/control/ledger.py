"""The ledger of control calls: each is carried out once per Idempotency-Key."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable

from halon.control.changes import Done
from halon.control.problems import Problem
from halon.control.store import Store, add_row, set_row
from halon.control.values import Json, dumped, utc

Change = Callable[[sqlite3.Connection, Json], Done]
"""Changes the state, given a transaction and the switches; gives the answer to the call, and what was before. Raises Problem."""


def carry_out(store: Store, key: str | None, method: str, path: str, seen: str, change: Change) -> tuple[str, bool]:
    """The answer to a control call, and whether it is an earlier one: switches, ledger and answer are one transaction.

    ``seen`` is the fingerprint of the call. Raises Problem, also if ``key`` belongs to a call with another fingerprint.
    """
    problem: Problem | None = None
    with store.changing() as db:
        query = "SELECT seq, value FROM rows WHERE kind = 'call' AND key = ?"
        rows = db.execute(query, (key,)).fetchall() if key else []
        row: Json = json.loads(rows[0][1]) if rows else {
            "key": key, "method": method, "path": path, "first_at": utc(), "last_at": "", "effects": 0, "deliveries": 0,
            "conflicts": 0, "status": 0, "fingerprint": seen, "response": None,
        }  # fmt: skip
        same = row["fingerprint"] == seen
        row["last_at"], replayed = utc(), same and row["response"] is not None
        row["deliveries" if same else "conflicts"] += 1
        if not same:
            problem = Problem(
                409, "key-reused", f"the key {key!r} belongs to another call; use a new one for a new call"
            )
        elif not replayed:
            kept = json.loads(db.execute("SELECT value FROM kept WHERE name = 'switches'").fetchone()[0])
            try:
                answer, before = change(db, kept)
                row |= {"response": dumped(answer), "status": 200, "effects": 1, "before": before}
                db.execute("UPDATE kept SET value = ? WHERE name = 'switches'", (json.dumps(kept),))
            except Problem as refused:
                problem, row["status"] = refused, refused.status
        if rows:
            set_row(db, rows[0][0], time.time(), row)
        else:
            add_row(db, "call", key, time.time(), dumped(row))
    if problem is not None:
        raise problem
    return str(row["response"]), replayed
