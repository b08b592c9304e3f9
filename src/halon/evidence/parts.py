"""Payloads that arrived together, sealed as one object: JSON lines, the first about all, then one for each payload.

A payload is referred to by the object's path, a slash and its number, and by the SHA-256 of its own bytes: a reference
of one incident says nothing of the payloads of others, and a bundle holds only its own. See docs/record-format.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from halon.evidence.errors import ObjectExists, ObjectMissing, Tampered
from halon.evidence.seal import INTAKE, Sealed, day_of
from halon.evidence.store import EvidenceStore
from halon.incident.canonical import canonical, plain

FORMAT = "halon-payloads-1"
_NAME = ".payloads.jsonl"
_REFERENCE = re.compile(rf"({re.escape(INTAKE)}/\d{{4}}-\d\d-\d\d/[0-9a-f]{{32}}{re.escape(_NAME)})/([1-9]\d{{0,5}})")
_MEDIA_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload as it arrived from ``source``, a name of the kit, at ``received_at`` (ISO 8601 UTC)."""

    source: str
    received_at: str
    content: bytes
    sha256: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the content in hex."""
        return self.sha256 or hashlib.sha256(self.content).hexdigest()


async def seal_payloads(store: EvidenceStore, payloads: Sequence[Payload]) -> list[Sealed]:
    """Seal ``payloads`` as one object, durable on return; what each became, in their order.

    Raises Malformed if a ``received_at`` is no time, and what the store raises.
    """
    sealed = await show_payloads(store, payloads)
    await store.persist(object_of(sealed[0].path))
    return sealed


async def show_payloads(store: EvidenceStore, payloads: Sequence[Payload]) -> list[Sealed]:
    """Like ``seal_payloads``, but durable only after ``store.persist`` of the object."""
    lines = [_line(number, payload) for number, payload in enumerate(payloads, start=1)]
    content = b"\n".join((canonical({"format": FORMAT, "payloads": len(lines)}), *lines, b""))
    # Named by its content: written twice, after an answer that was lost, it is the same object.
    name = hashlib.sha256(content).hexdigest()[:32]
    path = f"{INTAKE}/{day_of(payloads[0].received_at)}/{name}{_NAME}"
    with suppress(ObjectExists):
        await store.show(path, content)
    return [_sealed(f"{path}/{number}", payload) for number, payload in enumerate(payloads, start=1)]


def object_of(path: str) -> str:
    """The path of the object that holds the payload at ``path``."""
    return path.rpartition("/")[0]


def is_part(path: str) -> bool:
    """Whether ``path`` refers to a payload within an object of many."""
    return _REFERENCE.fullmatch(path) is not None


async def read_part(store: EvidenceStore, path: str) -> tuple[bytes, Sealed]:
    """The payload that ``path`` refers to, and what was said of it when it was sealed.

    Raises ObjectMissing; Tampered if the object can't be read or the payload is not what its line says.
    """
    found = _REFERENCE.fullmatch(path)
    if found is None:
        raise ObjectMissing(path)
    lines = (await store.get(found[1])).split(b"\n")
    number = int(found[2])
    if number >= len(lines) - 1:
        raise ObjectMissing(path)
    try:
        payload = _payload(json.loads(lines[number]))
    except (ValueError, KeyError, TypeError) as error:
        raise Tampered(path, f"its line can't be read ({type(error).__name__})") from error
    if hashlib.sha256(payload.content).hexdigest() != payload.sha256:
        raise Tampered(path, "its content is not what its line says")
    return payload.content, _sealed(path, payload)


def _line(number: int, payload: Payload) -> bytes:
    about: dict[str, Any] = {
        "payload": number, "source": plain(payload.source)[:200], "received_at": payload.received_at,
        "sha256": payload.digest, "size": len(payload.content),
    }  # fmt: skip
    try:
        return canonical({**about, "text": payload.content.decode("utf-8")})
    except ValueError:  # not UTF-8, or text that canonical JSON does not hold
        return canonical({**about, "base64": base64.b64encode(payload.content).decode("ascii")})


def _payload(about: Any) -> Payload:
    try:
        content = about["text"].encode("utf-8") if "text" in about else base64.b64decode(about["base64"], validate=True)
    except (binascii.Error, AttributeError) as error:
        raise ValueError("no payload") from error
    return Payload(str(about["source"]), str(about["received_at"]), content, str(about["sha256"]))


def _sealed(path: str, payload: Payload) -> Sealed:
    return Sealed(
        id=f"ev-{hashlib.sha256(path.encode()).hexdigest()[:16]}", path=path, sha256=payload.digest,
        size=len(payload.content), media_type=_MEDIA_TYPE, collector=plain(f"intake/{payload.source}")[:200],
        collected_at=payload.received_at,
    )  # fmt: skip
