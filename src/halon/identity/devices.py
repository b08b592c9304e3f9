"""Which devices give codes for whom: objects that are each written once, and hold no secret."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from halon.evidence.errors import ObjectExists
from halon.evidence.store import EvidenceStore
from halon.identity.errors import NotEnrolled

FOLDER = "identity/devices"
_BEGUN, _CONFIRMED, _LOST = "begun", "confirmed", "lost"
_LARGEST = 10_000


@dataclass(frozen=True, slots=True)
class Device:
    """One generation of a person's codes. Times are ISO 8601 UTC; ``by`` is who enrolled it, ``how`` they proved it.

    It counts from ``confirmed_at`` on, when a first right code came back. What is ``lost`` counts no more, not even
    for what was said with it before.
    """

    person: str
    generation: int
    begun_at: str
    by: str
    how: str
    confirmed_at: str = ""
    lost_at: str = ""
    lost_by: str = ""


class Devices:
    """The devices of everybody, in the evidence store."""

    def __init__(self, store: EvidenceStore) -> None:
        self._store = store

    async def of(self, person: str) -> tuple[Device, ...]:
        """Every device of ``person``, oldest first. Raises OSError, ValueError for an object that can't be read."""
        parts: dict[int, dict[str, dict[str, Any]]] = {}
        for path in await self._store.list(f"{FOLDER}/{person}"):
            number, _, step = path.rpartition("/")[2].removesuffix(".json").partition("-")
            if number.isascii() and number.isdigit() and step in (_BEGUN, _CONFIRMED, _LOST):
                read = json.loads((await self._store.get(path))[:_LARGEST])
                parts.setdefault(int(number), {})[step] = read if isinstance(read, dict) else {}
        return tuple(
            Device(person, number, str(begun.get("at", "")), str(begun.get("by", "")), str(begun.get("how", "")),
                   str(found.get(_CONFIRMED, {}).get("at", "")), str(found.get(_LOST, {}).get("at", "")),
                   str(found.get(_LOST, {}).get("by", "")))
            for number, found in sorted(parts.items()) if (begun := found.get(_BEGUN)) is not None
        )  # fmt: skip

    async def at(self, person: str, moment: str) -> Device | None:
        """The device whose codes count at ``moment`` (ISO 8601 UTC): the newest one confirmed by then, lost or not."""
        known = [one for one in await self.of(person) if one.confirmed_at and one.confirmed_at <= moment]
        return known[-1] if known else None

    async def anybody(self) -> bool:
        """Whether anybody has a device whose codes count."""
        for name in await self._store.folders(FOLDER):
            if any(one.confirmed_at and not one.lost_at for one in await self.of(name)):
                return True
        return False

    async def begin(self, person: str, by: str, how: str, now: str) -> Device:
        """A new device, which counts once it is confirmed. Raises OSError."""
        number = max((one.generation for one in await self.of(person)), default=0)
        while True:
            number += 1
            try:
                await self._write(person, number, _BEGUN, {"at": now, "by": by, "how": how})
            except ObjectExists:
                continue  # somebody enrols the same person at this moment
            return Device(person, number, now, by, how)

    async def confirm(self, device: Device, now: str) -> None:
        """From now on the codes of ``device`` count, and those of the one before no more. Raises OSError."""
        try:
            await self._write(device.person, device.generation, _CONFIRMED, {"at": now})
        except ObjectExists:
            return  # confirmed before: that it was is what was asked for

    async def lose(self, person: str, by: str, how: str, now: str) -> tuple[Device, ...]:
        """Every device of ``person`` is lost, also one that was only begun. Raises NotEnrolled, OSError."""
        left = tuple(one for one in await self.of(person) if not one.lost_at)
        if not left:
            raise NotEnrolled(f"no device is enrolled for {person}")
        for one in left:
            try:
                await self._write(person, one.generation, _LOST, {"at": now, "by": by, "how": how})
            except ObjectExists:
                continue  # said by somebody else a moment ago
        return left

    async def _write(self, person: str, generation: int, step: str, told: dict[str, str]) -> None:
        content = json.dumps({"person": person, "generation": generation, **told}, sort_keys=True).encode()
        await self._store.put(f"{FOLDER}/{person}/{generation:04}-{step}.json", content)
