"""The agent's memory as its own functions show and clear it. What is cleared is copied first, and its hash is reported."""

from __future__ import annotations

import hashlib
import inspect
import json
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from halon.control.agent import Agent
from halon.control.changes import Done
from halon.control.ledger import carry_out
from halon.control.pool import Pool
from halon.control.problems import Problem
from halon.control.store import LOG, Store, add_row
from halon.control.switches import Switches
from halon.control.values import Json, bounded, dumped, utc

MOST_COPIED = 1_000_000
"""Bytes of memory that are shown, and kept as a copy, about; the hash covers all of it."""


class Memory:
    """What was registered by ``control.keeps_memory``."""

    def __init__(self, agent: Agent, store: Store) -> None:
        self.agent, self.store = agent, store
        self.hooks: dict[str, Callable[[], Any]] = {}
        self.pool = Pool("halon-memory", 2)

    async def shown(self) -> Json:
        """The answer to GET /v1/memory: ``registered`` says whether the agent shows its memory at all. Raises Problem."""
        registered = "entries" in self.hooks
        return _described(await self._entries() if registered else [], self.agent.content) | {"registered": registered}

    async def clear(self, key: str | None, path: str, seen: str) -> tuple[str, bool]:
        """The answer to POST /control/memory/clear, and whether it is an earlier one. Raises Problem.

        The copy is on the disk before anything is cleared: a call that comes again after a crash finds it by its key.
        """
        if not await self.pool.run(self._is_known, key):
            before = await self._entries()
            about = await self.pool.run(self._copy, key, before)
            await self._run("clear")
            left = {_digest(one) for one in await self._entries()} & {_digest(one) for one in before}
            if left:
                raise Problem(422, "failed", f"after the agent's clear function, {len(left)} entries are still there")
        else:
            about = {}

        def record(db: sqlite3.Connection, kept: Json) -> Done:
            old = Switches(kept)
            kept["memory-cleared"] = {"cleared": time.time(), "entries": about["entries"], "sha256": about["sha256"]}
            return Switches(kept).shown("memory-cleared"), old.shown("memory-cleared")

        done: tuple[str, bool] = await self.pool.run(carry_out, self.store, key, "POST", path, seen, record)
        return done

    def copy(self) -> Json:
        """The copy of what was cleared last. Raises Problem if there is none."""
        rows = self.store.rows("memory", "ORDER BY seq DESC LIMIT 1")
        if not rows:
            raise Problem(404, "not-known", "no memory was cleared through this control")
        found: Json = json.loads(rows[0][3])
        return found

    def _is_known(self, key: str | None) -> bool:
        """Does the ledger have an answer, or a conflict, for this key?"""
        rows = self.store.rows("call", "AND key = ?", key) if key else []
        return any(json.loads(row[3])["response"] is not None for row in rows)

    def _copy(self, key: str | None, entries: list[Any]) -> Json:
        about = _described(entries, self.agent.content) | {"copied_at": utc()}
        with self.store.changing() as db:
            rows = db.execute("SELECT value FROM rows WHERE kind = 'memory' AND key = ?", (key,)).fetchall()
            if rows and not entries:  # an earlier try of this very call has cleared it already
                found: Json = json.loads(rows[-1][0])
                return found
            add_row(db, "memory", key, time.time(), dumped(about))
        return about

    async def _entries(self) -> list[Any]:
        found = await self._run("entries")
        return list(found.items()) if isinstance(found, dict) else list(found or ())

    async def _run(self, name: str) -> Any:
        if (fn := self.hooks.get(name)) is None:
            why = "this process shows no memory; register functions with control.keeps_memory"
            raise Problem(501, "not-offered", why)
        try:
            result = await self.pool.run(fn)
            return await result if inspect.isawaitable(result) else result
        except Exception as error:
            LOG.exception("the function %s of control.keeps_memory failed", name)
            why = f"the agent's function {name} failed: {type(error).__name__}: {error}"[:500]
            raise Problem(422, "failed", why) from error


def _described(entries: list[Any], content: bool) -> Json:
    """Entries with their number and one hash of all; only those two if content is kept out of logs."""
    digests, shown, left = [_digest(one) for one in entries], list[Any](), MOST_COPIED
    for one in entries if content else ():
        short = bounded(one)
        left -= len(dumped(short))
        if left < 0:
            break
        shown.append(short)
    whole = hashlib.sha256("\n".join(digests).encode()).hexdigest()
    return {"memory": shown, "entries": len(entries), "left_out": len(entries) - len(shown), "sha256": whole}


def _digest(entry: Any) -> str:
    text = json.dumps(entry, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
