"""The global stop for Halon's own actions: each halt and each resume is an object of its own, numbered and written once.

It lies in the store of the record, so all processes and machines that share the store see the same, and a restart
changes nothing. The last one counts. It is also the log of who halted and resumed, and why.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from halon.evidence.errors import ObjectExists
from halon.evidence.store import EvidenceStore
from halon.incident import times
from halon.incident.canonical import canonical

FOLDER = "halt"
VARIABLE = "HALON_HALT"
"""Set to 1, it halts the actions of the worker that has it, whatever the store says."""
MOST_TRIES = 20


@dataclass(frozen=True, slots=True)
class Turn:
    """One halt, or one resume. ``at`` is ISO 8601 UTC. ``number`` 0: nobody has ever halted anything."""

    number: int
    halted: bool
    by: str = ""
    at: str = ""
    reason: str = ""

    def in_words(self) -> str:
        """Whether Halon's own actions run, by whose word, since when and why."""
        if self.halted:
            return f"Halon's own actions are halted by {self.by} since {self.at} ({self.reason})"
        if not self.number:
            return "Halon's own actions run"
        return f"Halon's own actions go on since {self.at}, by {self.by} ({self.reason})"


class Halt:
    """Whether Halon's own actions are halted, as the store says. Asking again costs one look, unless it has changed."""

    def __init__(self, store: EvidenceStore, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._now = now
        self._last: Turn | None = None

    async def standing(self) -> Turn:
        """The turn that counts. One that can't be understood halts: not acting is the safer side.

        Raises OSError and StoreUnusable while the store does not answer; nothing may be taken to run then.
        """
        number = self._last.number if self._last is not None else await self._highest()
        while await self._store.exists(_path(number + 1)):
            number += 1
        if self._last is None or self._last.number != number:
            self._last = await self._read(number) if number else Turn(0, False)
        return self._last

    async def turn(self, *, halted: bool, by: str, reason: str) -> tuple[Turn, bool]:
        """Halt, or resume; returns the turn that counts, and whether it is this one: it may have stood so already.

        Of two at once one comes after the other, and each is kept. Raises OSError, StoreUnusable.
        """
        for _ in range(MOST_TRIES):
            last = await self.standing()
            if last.halted == halted:
                return last, False
            new = Turn(last.number + 1, halted, by, times.text(self._now()), reason)
            written = {"number": new.number, "halted": halted, "by": by, "at": new.at, "reason": reason}
            try:
                await self._store.put(_path(new.number), canonical(written))
            except ObjectExists:
                continue  # somebody was faster: what they said counts first
            return new, True
        raise OSError(f"{MOST_TRIES} others were faster; look at who halts and resumes with: halon incidents")

    async def turns(self) -> list[Turn]:
        """Every turn, the first one first. Raises OSError, StoreUnusable."""
        return [await self._read(number) for number in range(1, await self._highest() + 1)]

    async def _highest(self) -> int:
        found = [path.rpartition("/")[2].removesuffix(".json") for path in await self._store.list(FOLDER)]
        return max((int(one) for one in found if one.isdigit()), default=0)

    async def _read(self, number: int) -> Turn:
        content = await self._store.get(_path(number))
        try:
            held = json.loads(content)
            told = [held[name] for name in ("by", "at", "reason")]
            if held["number"] == number and type(held["halted"]) is bool and all(type(one) is str for one in told):
                return Turn(number, held["halted"], *told)
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
        return Turn(
            number, True, "nobody knows whom", "an unknown time", f"{_path(number)} can't be read; resume to go on"
        )


def _path(number: int) -> str:
    return f"{FOLDER}/{number:08d}.json"
