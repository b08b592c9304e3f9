"""The state file: one SQLite file that all processes of a host share."""

from __future__ import annotations

import collections
import dataclasses
import json
import logging
import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from halon.control.shapes import checked, shape_of
from halon.control.switches import Switches
from halon.control.values import Json, dumped, utc

LOG = logging.getLogger("halon.control")
MOST = {"action": 5_000, "trace": 1_000, "call": 5_000, "approval": 1_000, "session": 50_000, "memory": 10}
"""How many of each are kept; the oldest goes first."""
MOST_BYTES = 64_000_000
"""Bytes of the state file in use above which the oldest of log and traces go, until half of that holds them."""
PATIENCE, HURRY = 5.0, 0.2
"""Seconds to wait for whoever writes: where a thread of the control's own waits, and where the agent itself would."""
UNUSABLE = (sqlite3.Error, OSError)
"""What is raised when the state can't be read or written."""
_TABLES = (
    "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS rows (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, key TEXT, at REAL, value TEXT)",
    "CREATE INDEX IF NOT EXISTS rows_kind ON rows (kind)",
    "CREATE INDEX IF NOT EXISTS rows_key ON rows (kind, key)",
    "CREATE INDEX IF NOT EXISTS rows_at ON rows (kind, at)",
)
_SIZES = ("page_count", "freelist_count", "page_size")
_MAKE_ROOM = """
DELETE FROM rows WHERE kind IN ('action', 'trace') AND seq <= (SELECT MAX(seq) FROM (
  SELECT seq, SUM(LENGTH(value)) OVER (ORDER BY seq DESC) AS held FROM rows WHERE kind IN ('action', 'trace')
) WHERE held > ?)
"""


class Store:
    """The state file. Each look asks SQLite whether any process changed anything, which costs about 5 µs."""

    def __init__(self, path: str, name: str) -> None:
        self.path, self.name, self.known, self._text = path, name, Switches(), ""
        self.since = ""
        self.owed: collections.deque[tuple[float, int]] = collections.deque(maxlen=100_000)
        self.running: set[int] = set()
        self._open: tuple[sqlite3.Connection, ...] = ()
        self._left_behind: list[Any] = []
        self.after_fork()

    def after_fork(self) -> None:
        """SQLite connections must neither be used nor closed on the other side of a fork: they are left behind."""
        self._left_behind.append(self._open)
        self._lock, self._writing = threading.RLock(), threading.RLock()
        self.running.clear()
        self._open, self._version, self._look, self._told = (), -1, 0.0, -math.inf
        self._manner: tuple[bool, float] | None = None

    def switches(self) -> Switches:
        """The switches right now, or those known last with ``readable`` False, which is said in the log."""
        with self._lock:
            try:
                return self._read()
            except (*UNUSABLE, ValueError, TypeError, KeyError, AttributeError) as error:
                if time.monotonic() - self._told > 60:
                    self._told = time.monotonic()
                    LOG.critical(
                        "the control state %s of the agent %s can't be read: %s. Tools that write are REFUSED. Restore the "
                        "file, or move it away and restart.", self.path, self.name, error,
                    )  # fmt: skip
                self.close()
                return dataclasses.replace(self.known, readable=False)

    def _read(self) -> Switches:
        now = time.monotonic()
        if now > self._look:
            self._look = now + 1.0
            if not self._open:
                self._connect()
            elif os.stat(self.path).st_ino != self._inode:
                raise OSError("another file took its place")
        elif not self._open:
            raise OSError("it could not be read a moment ago")
        version = self._open[0].execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            text = self._open[0].execute("SELECT value FROM kept WHERE name = 'switches'").fetchone()[0]
            if text != self._text:
                self.known = Switches({path: checked(one, shape_of(path)) for path, one in json.loads(text).items()})
                self._text = text
            self._version = version
        return self.known

    def _connect(self) -> None:
        if self._text and not os.path.exists(self.path):
            raise FileNotFoundError("it was there and is gone")
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        self._inode, self._version, self._manner = os.stat(self.path).st_ino, -1, None
        patience = HURRY if self._text else PATIENCE  # when it was read before, the agent runs and must not wait
        reader, writer = (
            sqlite3.connect(self.path, timeout=patience, isolation_level=None, check_same_thread=False)
            for _ in range(2)
        )
        self._open = reader, writer
        if reader.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise ValueError("it is damaged")
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA journal_size_limit = 4000000")
        kept = _kept_in(reader)
        if not {"agent", "format", "switches", "since"} <= kept.keys():
            self._set_up(patience)
            kept = _kept_in(reader)
        if kept["agent"] != self.name:
            self.close()
            raise RuntimeError(f"{self.path} belongs to {kept['agent']!r}; give {self.name!r} a state file of its own")
        if kept["format"] != "1":
            raise ValueError(f"it has the format {kept['format']!r}, and this release reads 1")
        self.since = str(kept["since"])
        reader.execute(f"PRAGMA busy_timeout = {round(HURRY * 1000)}")

    def _set_up(self, patience: float) -> None:
        with self.changing(patience=patience) as db:
            for table in _TABLES:
                db.execute(table)
            add = "INSERT OR IGNORE INTO kept VALUES (?, ?)"
            new = db.execute(add, ("agent", self.name)).rowcount == 1
            first = db.execute("SELECT MIN(at) FROM rows").fetchone()[0]  # of a state that is older than this field
            for name, value in (("format", "1"), ("switches", "{}"), ("since", utc(first))):
                db.execute(add, (name, value))
        if new:
            LOG.warning(
                "the control state %s of the agent %s is NEW: no switch is set, the agent is ON, the token epoch is 1. If "
                "this is not its first start, its state was lost: keep that file on a disk that outlives a redeploy, named "
                "by a full path.", self.path, self.name,
            )  # fmt: skip

    def close(self) -> None:
        """Close the connections; a later look opens them again."""
        with self._lock, self._writing:
            for connection in self._open:
                connection.close()
            self._open = ()

    def look_again(self) -> None:
        """Let the next look happen at once."""
        self._look = 0.0

    @contextmanager
    def changing(self, durable: bool = True, patience: float = PATIENCE) -> Iterator[sqlite3.Connection]:
        """A transaction, on the disk when it ends; if not ``durable`` it outlives this process but not a power cut.

        Waits ``patience`` seconds for another thread, and as long for another process. Raises sqlite3.Error or OSError.
        """
        db = self._reach(1)  # before the lock: whoever reads takes the other one first
        if not self._writing.acquire(timeout=patience):
            raise TimeoutError(f"another thread writes to the control state {self.path}")
        try:
            if self._manner != (durable, patience):
                self._manner = None
                db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                db.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")
                self._manner = durable, patience
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        finally:
            self._writing.release()

    def rows(self, kind: str, more: str = "ORDER BY seq", *values: Any) -> list[tuple[Any, ...]]:
        """Sequence, key, time and value of rows. Raises sqlite3.Error; OSError if the state can't be read."""
        with self._lock:
            query = f"SELECT seq, key, at, value FROM rows WHERE kind = ? {more}"  # noqa: S608 (our own words)
            return self._reach(0).execute(query, (kind, *values)).fetchall()

    def _reach(self, which: int) -> sqlite3.Connection:
        if not self._open and not self.switches().readable:
            raise OSError(f"the control state {self.path} can't be read")
        return self._open[which]


def _kept_in(db: sqlite3.Connection) -> dict[str, str]:
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'kept'").fetchone():
        return {}
    return dict(db.execute("SELECT name, value FROM kept").fetchall())


def add_row(db: sqlite3.Connection, kind: str, key: str | None, at: float, value: str) -> None:
    """Add a row, and now and then drop those beyond what is kept of this kind."""
    added = db.execute("INSERT INTO rows (kind, key, at, value) VALUES (?, ?, ?, ?)", (kind, key, at, value))
    if kind in MOST and (added.lastrowid or 0) % 61 == 0:
        newest = "SELECT seq FROM rows WHERE kind = ? ORDER BY seq DESC LIMIT 1 OFFSET ?"
        query = f"DELETE FROM rows WHERE kind = ? AND seq <= ({newest})"  # noqa: S608 (our own words)
        db.execute(query, (kind, kind, MOST[kind]))
        pages, free, size = (db.execute(f"PRAGMA {one}").fetchone()[0] for one in _SIZES)
        if (pages - free) * size > MOST_BYTES:
            db.execute(_MAKE_ROOM, (MOST_BYTES // 2,))


def set_row(db: sqlite3.Connection, seq: int, at: float, value: Json) -> None:
    """Change a row."""
    db.execute("UPDATE rows SET at = ?, value = ? WHERE seq = ?", (at, dumped(value), seq))
