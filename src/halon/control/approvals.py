"""Approvals: a person agrees to one very call."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import time

from halon.control.problems import Problem
from halon.control.refusals import ApprovalNeeded
from halon.control.store import HURRY, LOG, UNUSABLE, Store, add_row, set_row
from halon.control.turns import Attempt
from halon.control.values import Json, dumped, exactly, utc

APPROVAL_LASTS = 3600.0
"""Seconds for which an approval can be used, and a denial holds."""


def require_approval(store: Store, attempt: Attempt) -> None:
    """Use up an approval of exactly this call. Raises ApprovalNeeded if there is none; then one is asked for."""
    name = attempt.tool.name
    try:
        exact = exactly(attempt.arguments)
    except (TypeError, ValueError, RecursionError) as error:
        raise ApprovalNeeded(f"{name} needs an approval, and nobody can be shown its arguments: {error}.") from None
    try:
        found = _use_or_ask(store, name, exact, attempt.session)
    except UNUSABLE as error:
        LOG.error("an approval of %s can't be looked up: %s", name, error)
        raise ApprovalNeeded(f"{name} needs an approval, and approvals can't be read right now.") from error
    if found["status"] == "denied":
        raise ApprovalNeeded(f"{name} with these arguments was refused by {found['by']}.", approval=found["id"])
    if found["status"] == "pending":
        sentence = f"{name} waits for a person's approval {found['id']}; try again later."
        raise ApprovalNeeded(sentence, approval=found["id"])


def _use_or_ask(store: Store, tool: str, exact: str, session: str) -> Json:
    """The approval as it was before."""
    key, now = hashlib.sha256(f"{tool}\n{exact}".encode()).hexdigest(), time.time()
    with store.changing(patience=HURRY) as db:
        for seq, at, value in db.execute(
            "SELECT seq, at, value FROM rows WHERE kind = 'approval' AND key = ? ORDER BY seq DESC LIMIT 1", (key,)
        ).fetchall():
            found: Json = json.loads(value)
            if found["status"] == "pending" or (found["status"] != "used" and now - at < APPROVAL_LASTS):
                if found["status"] == "approved":
                    set_row(db, seq, at, found | {"status": "used"})
                return found
        shown = json.loads(exact) if len(exact) <= 20_000 else {"cut": exact[:20_000]}
        asked = {"id": secrets.token_hex(8), "tool": tool, "arguments": shown, "session": session, "at": utc(now),
                 "status": "pending", "by": None, "decided_at": None}  # fmt: skip
        add_row(db, "approval", key, now, dumped(asked))
    return asked


def decide_approval(db: sqlite3.Connection, ident: str, approve: bool, by: str) -> Json:
    """Answer a pending approval. Raises Problem."""
    for seq, value in db.execute("SELECT seq, value FROM rows WHERE kind = 'approval' ORDER BY seq DESC").fetchall():
        found: Json = json.loads(value)
        if found["id"] == ident:
            if found["status"] != "pending":
                raise Problem(409, "decided", f"the approval {ident} is {found['status']} already, by {found['by']}")
            found |= {"status": "approved" if approve else "denied", "by": by, "decided_at": utc()}
            set_row(db, seq, time.time(), found)
            return found
    raise Problem(404, "not-known", f"there is no approval {ident[:80]!r}; GET /control/approvals lists them")
