"""The sandbox agent, which also notes when its controls are called: what is timed ends where the call arrives.

A proxy in front of it would take part in the race: each connection through one costs about as much work as the call
itself, and Halon's calls have a connection each. Times are those of ``time.perf_counter``, which on one machine all
processes share. They go into a file beside the agent's state, a line each.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import halon.drill.__main__ as drill
from halon.drill.launch import RunningAgent

MODULE = "benchmarks.wire"
NOTES = ".seen"


def noting_agent(token: str, state: Path) -> RunningAgent:
    """The agent, to be started; its notes lie beside ``state``."""
    return RunningAgent(token, smtp=None, name="support-bot", state=state, log=None, start_seconds=30, module=MODULE)


@dataclass
class Wire:
    """What the agent has noted since it was last told to forget: 0 for what has not come."""

    url: str
    notes: Path
    tool: str
    _from: int = 0
    _since: float = 0.0

    def forget(self) -> None:
        """Wait for the next call: one that arrived before this does not count, though it is noted later."""
        self._from = self.notes.stat().st_size if self.notes.exists() else 0
        self._since = perf_counter()

    @property
    def put_at(self) -> float:
        """When the first PUT of a control arrived."""
        return min((began for method, _, began, _ in self._lines() if method == "PUT"), default=0.0)

    @property
    def read_at(self) -> float:
        """When the first read of the tool that arrived after that was answered."""
        put = self.put_at
        reads = (ended for method, path, began, ended in self._lines()
                 if method == "GET" and path == self.tool and put and began > put)  # fmt: skip
        return next(reads, 0.0)

    def _lines(self) -> list[tuple[str, str, float, float]]:
        """Method, path, arrival and end of the answer of each call, in the order in which they were answered."""
        if not self.notes.exists():
            return []
        with self.notes.open() as file:
            file.seek(self._from)
            whole = [line.split() for line in file if line.endswith("\n")]
        found = [(method, path, float(began), float(ended)) for method, path, began, ended in whole]
        return [one for one in found if one[2] > self._since]


class _Noting:
    def __init__(self, app: Any, notes: Path) -> None:
        self._app = app
        self._file = notes.open("a", buffering=1)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        began = perf_counter()
        await self._app(scope, receive, send)
        if scope["type"] == "http" and scope["path"].startswith("/control/"):
            self._file.write(f"{scope['method']} {scope['path']} {began!r} {perf_counter()!r}\n")


def _serve() -> int:
    state = Path(sys.argv[sys.argv.index("--state") + 1])
    made = drill.create_app
    drill.create_app = lambda agent, token: _Noting(made(agent, token), state.with_suffix(NOTES))  # type: ignore[assignment]
    return drill.main(sys.argv[1:], os.environ)


if __name__ == "__main__":
    sys.exit(_serve())
