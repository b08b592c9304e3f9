"""The journal of effects: what is about to leave the house is written down first, and its receipt afterwards.

Both are written once, so of all runs, retries and replays that come to the same effect exactly one is the first, and
the others learn whether it was sent. This holds across crash, retry, continue-as-new and Temporal's Reset.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from halon.evidence.errors import ObjectExists, ObjectMissing
from halon.evidence.store import EvidenceStore
from halon.incident import times
from halon.incident.canonical import canonical, digest
from halon.record.errors import JournalConflict, JournalCorrupt

FOLDER = "effects"


@dataclass(frozen=True, slots=True)
class Intent:
    """``first``: this call wrote it down, so nothing was sent before. ``at`` (ISO 8601 UTC) is when it was written
    down first; ``receipt`` is the receiver's answer if there is one. Not first and no receipt: it may have arrived."""

    first: bool
    at: str
    receipt: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How an effect stands: never asked for, asked for with unknown outcome, or settled with its receipt."""

    state: Literal["unknown", "intended", "settled"]
    receipt: dict[str, Any] | None = None


class Journal:
    """The effect journal in a store. ``now`` tells the time that intents and receipts carry."""

    def __init__(self, store: EvidenceStore, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._now = now

    async def intend(self, key: str, what: dict[str, Any]) -> Intent:
        """Write down that the effect ``key`` is about to happen, before it does.

        ``what`` says which effect it is, and nothing that changes from try to try (no time, no attempt of Temporal's).
        Raises JournalConflict if the key stands for another effect, JournalCorrupt, NotCanonical.
        """
        at, mark = times.text(self._now()), digest(what)
        written = {"key": key, "at": at, "digest": mark, "what": what}
        # Looked for beside the writing: a receipt can only be there before its intent if somebody removed the intent. It
        # still counts. One that comes meanwhile is of another caller, whose intent is found first.
        looking = asyncio.create_task(self._settled(key))
        try:
            await self._store.put(_intent(key), canonical(written))
            receipt = await looking
        except ObjectExists:
            stored = await self._read(_intent(key), key, {"at": str, "digest": str})
            if stored["digest"] != mark:
                raise JournalConflict(key, stored["digest"], mark) from None
            return Intent(False, stored["at"], await self._settled(key))
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        return Intent(receipt is None, at, receipt)

    async def settle(self, key: str, receipt: dict[str, Any]) -> dict[str, Any]:
        """Write down the receiver's answer and return it; if one is there already, that one is returned and stays.

        Raises JournalCorrupt, NotCanonical.
        """
        written = {"key": key, "at": times.text(self._now()), "receipt": receipt}
        try:
            await self._store.put(_receipt(key), canonical(written))
        except ObjectExists:
            stored = await self._read(_receipt(key), key, {"receipt": dict})
            return dict(stored["receipt"])
        return dict(json.loads(canonical(receipt)))  # as every later caller will read it

    async def look(self, key: str) -> Standing:
        """How the effect stands, without changing that. Raises JournalCorrupt."""
        receipt = await self._settled(key)
        if receipt is not None:
            return Standing("settled", receipt)
        if await self._store.exists(_intent(key)):
            return Standing("intended")
        return Standing("unknown")

    async def _settled(self, key: str) -> dict[str, Any] | None:
        """The receipt, if there is one. Raises JournalCorrupt."""
        if not await self._store.exists(_receipt(key)):
            return None
        stored = await self._read(_receipt(key), key, {"receipt": dict})
        return dict(stored["receipt"])

    async def _read(self, path: str, key: str, shape: dict[str, type]) -> dict[str, Any]:
        try:
            value = json.loads(await self._store.get(path))
        except ObjectMissing as error:
            raise JournalCorrupt(path, "it was there a moment ago and is gone") from error
        except (ValueError, RecursionError) as error:
            raise JournalCorrupt(path, f"not JSON ({error})") from error
        if not isinstance(value, dict) or value.get("key") != key:
            raise JournalCorrupt(path, "it belongs to another effect")
        for name, kind in shape.items():
            if type(value.get(name)) is not kind:
                raise JournalCorrupt(path, f"{name} is missing or not {kind.__name__}")
        return value


def _intent(key: str) -> str:
    return f"{FOLDER}/{_name(key)}.intent.json"


def _receipt(key: str) -> str:
    return f"{FOLDER}/{_name(key)}.receipt.json"


def _name(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
