"""What was used up: each code and each signature serves one saying, and wrong codes are counted."""

from __future__ import annotations

import json

from halon.evidence.errors import ObjectExists, ObjectMissing
from halon.evidence.store import EvidenceStore

USED, WRONG = "identity/used", "identity/wrong"
PERIOD = 900
"""Seconds over which wrong codes are counted together."""
MOST_WRONG = 10
"""Wrong codes of one person in one period. A guess hits with three in a million: 40 an hour, one chance in 8,000."""


class Spent:
    """Create-only objects in the evidence store, so that several workers agree."""

    def __init__(self, store: EvidenceStore) -> None:
        self._store = store

    async def take(self, person: str, what: str, saying: str) -> bool:
        """Use ``what`` up for ``saying``. False: another saying did before. Raises OSError."""
        path, content = f"{USED}/{person}/{what}", _content(saying)
        try:
            await self._store.put(path, content)
        except ObjectExists:
            await self._store.persist(path)
            return await self._store.get(path) == content
        return True

    async def by(self, person: str, what: str, saying: str) -> bool:
        """Whether ``what`` was used up for just this ``saying``. Raises OSError."""
        try:
            return await self._store.get(f"{USED}/{person}/{what}") == _content(saying)
        except ObjectMissing:
            return False

    async def exhausted(self, person: str, at: float) -> bool:
        """Whether too many wrong codes came under this name around ``at`` (seconds since 1970). Raises OSError."""
        return len(await self._store.list(_wrong(person, at))) >= MOST_WRONG

    async def wrong(self, person: str, at: float) -> None:
        """Count a wrong code. Raises OSError."""
        for number in range(len(await self._store.list(_wrong(person, at))) + 1, MOST_WRONG + 1):
            try:
                await self._store.put(f"{_wrong(person, at)}/{number:02}", b"wrong")
            except ObjectExists:
                continue
            return


def _wrong(person: str, at: float) -> str:
    return f"{WRONG}/{person}/{int(at // PERIOD)}"


def _content(saying: str) -> bytes:
    return json.dumps({"saying": saying}, sort_keys=True).encode()
