"""The state file: one SQLite file that all processes of a host share."""

from __future__ import annotations

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

from halon.control.switches import Switches, checked, shape_of
from halon.control.values import Json, dumped

LOG = logging.getLogger("halon.control")
MOST = {"action": 5_000, "trace": 1_000, "call": 5_000, "approval": 1_000}
"""How many of each are kept; the oldest goes first."""
UNUSABLE = (sqlite3.Error, OSError)
"""What is raised when the state can't be read or written."""
_TABLES = (
    "CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS rows (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, key TEXT, at REAL, value TEXT)",
    "CREATE INDEX IF NOT EXISTS rows_kind ON rows (kind)",
    "CREATE INDEX IF NOT EXISTS rows_key ON rows (kind, key)",
    "CREATE INDEX IF NOT EXISTS rows_at ON rows (kind, at)",
)


class Store:
    """The state file. Each look asks SQLite whether any process changed anything, which costs about 5 µs."""

    def __init__(self, path: str, name: str) -> None:
        self.path, self.name, self.known, self._text = path, name, Switches(), ""
        self._open: tuple[sqlite3.Connection, ...] = ()
        self._left_behind: list[Any] = []
        self.after_fork()

    def after_fork(self) -> None:
        """SQLite connections must neither be used nor closed on the other side of a fork: they are left behind."""
        self._left_behind.append(self._open)
        self._lock, self._writing = threading.RLock(), threading.RLock()
        self._open, self._version, self._look, self._told = (), -1, 0.0, -math.inf

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
        self._inode, self._version = os.stat(self.path).st_ino, -1
        reader, writer = (
            sqlite3.connect(self.path, timeout=5, isolation_level=None, check_same_thread=False) for _ in range(2)
        )
        self._open = reader, writer
        if reader.execute("PRAGMA quick_check").fetchone()[0] != "ok":
            raise ValueError("it is damaged")
        writer.execute("PRAGMA journal_mode = WAL")
        with self.changing() as db:
            for table in _TABLES:
                db.execute(table)
            for name, value in (("agent", self.name), ("format", "1"), ("switches", "{}")):
                db.execute("INSERT OR IGNORE INTO kept VALUES (?, ?)", (name, value))
        kept = dict(reader.execute("SELECT name, value FROM kept").fetchall())
        if kept["agent"] != self.name:
            self.close()
            raise RuntimeError(f"{self.path} belongs to {kept['agent']!r}; give {self.name!r} a state file of its own")
        if kept["format"] != "1":
            raise ValueError(f"it has the format {kept['format']!r}, and this release reads 1")

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
    def changing(self, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """A transaction, on the disk when it ends; if not ``durable`` it outlives this process but not a power cut."""
        db = self._reach(1)  # before the lock: whoever reads takes the other one first
        with self._writing:
            db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def rows(self, kind: str, more: str = "ORDER BY seq", *values: Any) -> list[tuple[Any, ...]]:
        """Sequence, key, time and value of rows. Raises sqlite3.Error; OSError if the state can't be read."""
        with self._lock:
            query = f"SELECT seq, key, at, value FROM rows WHERE kind = ? {more}"  # noqa: S608 (our own words)
            return self._reach(0).execute(query, (kind, *values)).fetchall()

    def _reach(self, which: int) -> sqlite3.Connection:
        if not self._open and not self.switches().readable:
            raise OSError(f"the control state {self.path} can't be read")
        return self._open[which]


def add_row(db: sqlite3.Connection, kind: str, key: str | None, at: float, value: str) -> None:
    """Add a row, and now and then drop those beyond what is kept of this kind."""
    added = db.execute("INSERT INTO rows (kind, key, at, value) VALUES (?, ?, ?, ?)", (kind, key, at, value))
    if kind in MOST and (added.lastrowid or 0) % 61 == 0:
        newest = "SELECT seq FROM rows WHERE kind = ? ORDER BY seq DESC LIMIT 1 OFFSET ?"
        query = f"DELETE FROM rows WHERE kind = ? AND seq <= ({newest})"  # noqa: S608 (our own words)
        db.execute(query, (kind, kind, MOST[kind]))


def set_row(db: sqlite3.Connection, seq: int, at: float, value: Json) -> None:
    """Change a row."""
    db.execute("UPDATE rows SET at = ?, value = ? WHERE seq = ?", (at, dumped(value), seq))
