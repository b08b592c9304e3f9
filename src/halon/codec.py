"""The payload codec: what can't be decoded becomes a marker, so that no signal can wedge an incident.

A payload that raises while it is decoded fails the workflow task, again and again: anyone who can send a signal could
stop an incident for good. So the codec looks first, with the parsers that the data converter uses, and hands on JSON
that says what was there instead of raising. It alters nothing that can be decoded, and encodes nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Sequence

from pydantic_core import from_json
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    BinaryProtoPayloadConverter,
    EncodingPayloadConverter,
    JSONProtoPayloadConverter,
    PayloadCodec,
)

MARKER = "halon_undecodable"
"""The only key of the JSON object that stands in for an undecodable payload."""
_LONGEST_ENCODING = 100
_PROTOBUF: dict[bytes, EncodingPayloadConverter] = {
    b"json/protobuf": JSONProtoPayloadConverter(),
    b"binary/protobuf": BinaryProtoPayloadConverter(),
}
_log = logging.getLogger(__name__)


class MarkingCodec(PayloadCodec):
    """Passes plain payloads; decodes the rest to ``{"halon_undecodable": {"encoding", "size", "sha256", "why"}}``."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads as they are."""
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """As many payloads as came in, each either as it was or a marker. Never raises on what a payload holds."""
        return [_readable(payload) for payload in payloads]


def undecodable(value: object) -> dict[str, object] | None:
    """What the marker says if ``value`` is one, else None. ``size`` is in bytes, ``sha256`` in hex, of the data."""
    if isinstance(value, dict) and set(value) == {MARKER} and isinstance(value[MARKER], dict):
        return dict(value[MARKER])
    return None


def _readable(payload: Payload) -> Payload:
    encoding = payload.metadata.get("encoding", b"")
    why = _flaw(encoding, payload)
    return _marker(encoding, payload.data, why) if why else payload


def _flaw(encoding: bytes, payload: Payload) -> str:
    """Why the data converter could not read the payload, or "" if it can."""
    if encoding == b"binary/plain" or (encoding == b"binary/null" and not payload.data):
        return ""
    if encoding == b"binary/null":
        return "binary/null that holds data"
    try:
        if encoding == b"json/plain":
            from_json(payload.data)
            return ""
        if encoding in _PROTOBUF:
            _PROTOBUF[encoding].from_payload(payload)
            return ""
    except Exception as error:  # a parser may raise anything on hostile bytes, and raising here wedges the incident
        return f"{encoding.decode()} that can't be read ({type(error).__name__})"
    return "an unknown encoding" if encoding else "no encoding"


def _marker(encoding: bytes, data: bytes, why: str) -> Payload:
    told = {
        "encoding": _printable(encoding.decode("utf-8", "replace")),
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "why": why,
    }
    _log.warning("a payload could not be decoded and was marked: %s", told)
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps({MARKER: told}).encode())


def _printable(text: Iterable[str]) -> str:
    return "".join(character if character.isprintable() else "\ufffd" for character in text)[:_LONGEST_ENCODING]
