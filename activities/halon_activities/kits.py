"""The kit that an incident is on: the one in use, or the one that was stored by digest when a worker had it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass, replace

from halon.evidence.errors import ObjectMissing
from halon.incident.assessment import Assessment
from halon.kit import Kit, KitError, difference, restore, stored_at
from halon.kit.loading import FORMAT
from halon_activities.failures import in_words
from halon_activities.hands import Hands

MOST_KEPT = 4
"""Kits that are kept ready: as many as the open incidents of one worker are likely to be on."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The kit to judge with. ``missing`` says why the incident's own could not be used; then this is the one in use.

    ``outlived``: that is no fault, an earlier release kept it in an earlier format, or not at all. ``newer`` is the digest of the kit in use, where the incident is on another one, ``changed`` what changed, in lines.
    """

    kit: Kit
    missing: str = ""
    newer: str = ""
    changed: tuple[str, ...] = ()
    outlived: bool = False

    def noted(self, judged: Assessment) -> Assessment:
        """``judged`` with what the incident should know of its kit."""
        if self.missing:
            judged = replace(judged, reasons=(*judged.reasons, self.missing), kit_missing=self.missing,
                             kit_outlived=self.outlived)  # fmt: skip
        return replace(judged, newer_kit=self.newer, newer_kit_difference=self.changed)


class Kits:
    """The kits of open incidents. A stored one is read and checked once, beside the event loop."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._ready: OrderedDict[str, Kit] = OrderedDict()

    async def of(self, digest: str, *, kept: bool = True) -> Chosen:
        """The kit of this digest (hex; empty: of an incident that was never judged). Raises OSError, EvidenceError.

        ``kept`` False: the incident comes from an earlier release and does not say that its kit was stored.
        """
        used = self._hands.kit
        if digest in ("", used.digest):
            return Chosen(used)
        if digest in self._ready:
            self._ready.move_to_end(digest)
            return self._stored(self._ready[digest])
        why, content = "", b""
        try:
            content = await self._hands.evidence.get(stored_at(digest))
            kit = await asyncio.to_thread(restore, content, self._hands.environ)
            if kit.digest != digest:
                why = "what is stored under its digest is another one."
        except ObjectMissing:
            if not kept:
                return Chosen(
                    used, missing=f"Kit {digest[:12]} was not stored by the release that judged by it.", outlived=True
                )
            why = "it is not stored."
        except KitError as error:
            if (form := _earlier_format(content, digest)) is not None:
                told = f"Kit {digest[:12]} is kept under an earlier format ({form}), which this release can't read."
                return Chosen(used, missing=told, outlived=True)
            why = f"what is stored can't be read any more: {in_words(error)[:300]}."
        if why:
            return Chosen(used, missing=f"kit {digest[:12]}: {why}")
        self._ready[digest] = kit
        if len(self._ready) > MOST_KEPT:
            self._ready.popitem(last=False)
        return self._stored(kit)

    def _stored(self, kit: Kit) -> Chosen:
        used = self._hands.kit
        return Chosen(kit, newer=used.digest, changed=difference(kit.canonical, used.canonical))


def _earlier_format(content: bytes, digest: str) -> int | None:
    """The format of stored bytes that an earlier release wrote and nobody has changed since; None for any others."""
    if hashlib.sha256(content).hexdigest() != digest:
        return None
    try:
        form = json.loads(content)["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return form if isinstance(form, int) and 0 < form < FORMAT else None
