"""Pinned versions: a value that a person knows to be good stands in for the agent's own, by one call."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable

from halon.control.changes import Done
from halon.control.problems import Problem, not_understood
from halon.control.refusals import VersionNotHere
from halon.control.shapes import switch_path
from halon.control.store import HURRY, LOG, UNUSABLE, Store, add_row, set_row
from halon.control.switches import Switches
from halon.control.values import LONGEST, Json, dumped

_MOST_OWN = 50
"""Own values of one thing that are remembered, the one used last at the end."""


class Pins:
    """What this process has asked for."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._told: dict[str, tuple[str, tuple[str, ...]]] = {}

    def version(self, what: str, own: str, known: Iterable[str] | None) -> str:
        """The pinned value of ``what``, or the agent's own. Raises VersionNotHere if ``known`` lacks what is pinned."""
        said = (own, () if known is None else tuple(known))
        if self._told.get(what) != said:
            self._tell(what, *said)
            self._told[what] = said
        pinned = self.store.switches().pins.get(what, own)
        if said[1] and pinned not in said[1]:
            raise VersionNotHere(f"{what} is pinned to {pinned[:80]!r}, which this agent does not have.")
        return pinned

    def _tell(self, what: str, own: str, known: tuple[str, ...]) -> None:
        try:
            with self.store.changing(durable=False, patience=HURRY) as db:
                seq, about = _row(db, what)
                values = [*[one for one in about["own"] if one != own][1 - _MOST_OWN :], own[:LONGEST]]
                about = {"own": values, "known": [one[:LONGEST] for one in known[:500]]}
                if seq is None:
                    add_row(db, "version", what, time.time(), dumped(about))
                else:
                    set_row(db, seq, time.time(), about)
        except UNUSABLE as error:
            LOG.error("the version %s of %s is not listed in the control state: %s", own[:80], what[:80], error)


def _row(db: sqlite3.Connection, what: str) -> tuple[int | None, Json]:
    found = db.execute("SELECT seq, value FROM rows WHERE kind = 'version' AND key = ?", (what,)).fetchone()
    return (found[0], json.loads(found[1])) if found else (None, {"own": [], "known": []})


def show_pin(store: Store, now: Switches, what: str) -> Json:
    """The pin, the agent's own value, and those that it says it has."""
    rows = store.rows("version", "AND key = ?", what)
    about = json.loads(rows[0][3]) if rows else {"own": [], "known": []}
    return now.shown(switch_path("pins", what)) | {
        "own": about["own"][-1] if about["own"] else None,
        "known": about["known"],
    }


def check_pin(db: sqlite3.Connection, what: str, value: str | None) -> None:
    """Raises Problem for a value that the agent says it does not have."""
    known = _row(db, what)[1]["known"]
    if value is not None and known and value not in known:
        raise not_understood(f"the agent has no {what[:80]} {value[:80]!r}; it has {', '.join(known)}"[:1000])


def roll_back(db: sqlite3.Connection, kept: Json, what: str) -> Done:
    """Pin to the value before the one in use. Raises Problem if none is known."""
    old, path = Switches(kept), switch_path("pins", what)
    own = _row(db, what)[1]["own"]
    in_use = old.pins.get(what, own[-1] if own else "")
    if in_use not in own[1:]:
        detail = f"no value of {what[:80]} is known from before {in_use[:80]!r}; pin it with PUT /control/{path}"
        raise Problem(409, "nothing-before", detail)
    kept[path] = {"value": own[own.index(in_use) - 1], "rolled_back": True}
    return Switches(kept).shown(path), old.shown(path)
