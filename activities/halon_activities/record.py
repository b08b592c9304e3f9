"""Append to the incident's record, find its furthest state again, seal the reports."""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import replace
from typing import Any

from temporalio import activity

from halon.evidence.labels import stricter
from halon.evidence.seal import safe_name
from halon.incident.errors import Malformed
from halon.ports.record import Batch, Find, Finish, Finished, Found, Kept
from halon.record.errors import RecordError
from halon.reports import MEDIA_TYPES, to_seal, with_record
from halon_activities.beat import beating
from halon_activities.failures import typed
from halon_activities.finding import find_furthest
from halon_activities.guard import require_incident
from halon_activities.hands import Hands
from halon_activities.sealed import seal

LARGEST_STATE = 64 * 1024 * 1024
"""Bytes of a state as JSON."""
MOST_FILES = 50


class Record:
    """The activities of ``halon.ports.record``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    @activity.defn(name="record.append")
    async def append(self, batch: Batch) -> Kept:
        """Append entries to the record; the same batch twice appends once."""
        with typed():
            require_incident(batch.incident_id)
            receipt = await self._hands.record.append(batch.incident_id, batch.entries)
            if batch.checkpoint and batch.entries:
                last = batch.entries[-1]
                body = inflate(batch.checkpoint)
                await self._hands.record.put_checkpoint(batch.incident_id, last.seq, last.hash, body)
            return Kept(receipt.seq, receipt.head)

    @activity.defn(name="record.find")
    async def find(self, request: Find) -> Found:
        """Find the furthest state of an incident in the record and in the runs before this one."""
        with typed():
            info = require_incident(request.incident_id or f"{request.workflow_id}:")
            if request.workflow_id != info.workflow_id:
                raise Malformed(f"{info.workflow_id} asked for the state of {request.workflow_id[:120]!r}")
            async with beating():
                return await find_furthest(self._hands, request)

    @activity.defn(name="record.finish")
    async def finish(self, request: Finish) -> Finished:
        """Render and seal reports, each as Markdown and HTML; the same reports twice seal once."""
        with typed():
            require_incident(request.incident_id)
            if len(request.files) + len(request.reports) > MOST_FILES:
                raise Malformed(f"more than {MOST_FILES} reports at once; finish them in parts")
            about = await self._with_record(request)
            files = to_seal(request.reports, request.label, about)
            mark = f"-{request.label}" if request.label else ""
            files |= {_labelled(name, mark): text for name, text in request.files.items()}
            label = self._hands.kit.evidence.label("report", "redacted")
            label = replace(label, access=stricter(label.access, request.access))
            sealed = [
                await seal(
                    self._hands.evidence,
                    request.incident_id,
                    safe_name(name),
                    text.encode("utf-8", "replace"),
                    MEDIA_TYPES.get(name.rpartition(".")[2], "text/plain"),
                    self._hands.now(),
                    f"report {name[:80]}",
                    label,
                )
                for name, text in sorted(files.items())
            ]
            return Finished(tuple(sealed))

    async def _with_record(self, request: Finish) -> dict[str, Any]:
        """What the reports say, with the whole log instead of its tail, as far as the record can be read."""
        if not request.reports:
            return request.about
        try:
            return with_record(request.about, await self._hands.record.entries(request.incident_id))
        except RecordError as error:
            # The reports then say how many of the entries they hold; a damaged record must not keep one from closing.
            activity.logger.warning("the reports hold the tail of the log only: %s", error)
            return request.about


def _labelled(name: str, mark: str) -> str:
    """``name`` with the label before its ending."""
    stem, dot, ending = name.rpartition(".")
    return f"{stem}{mark}.{ending}" if dot else f"{name}{mark}"


def inflate(checkpoint: str) -> bytes:
    """The JSON of a state from its deflated, base64 form. Raises Malformed; 64 MiB at most are unpacked."""
    try:
        packed = base64.b64decode(checkpoint, validate=True)
        engine = zlib.decompressobj()
        body = engine.decompress(packed, LARGEST_STATE)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise Malformed(f"the checkpoint is not deflated JSON in base64 ({type(error).__name__})") from error
    if engine.unconsumed_tail or not engine.eof:
        raise Malformed(f"the checkpoint is cut, or more than {LARGEST_STATE} bytes")
    return body
