"""The codec alters nothing that can be decoded, and turns the rest into a marker instead of raising."""

from __future__ import annotations

import asyncio
import hashlib
import pickle
from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf.wrappers_pb2 import StringValue
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload

from halon.client import data_converter
from halon.codec import MARKER, MarkingCodec, undecodable


def decode(*payloads: Payload) -> list[Payload]:
    return asyncio.run(MarkingCodec().decode(payloads))


def payload(encoding: bytes | None, data: bytes, **metadata: bytes) -> Payload:
    held = metadata if encoding is None else {"encoding": encoding, **metadata}
    return Payload(metadata=held, data=data)


ODD = {
    "encrypted": payload(b"binary/encrypted", b"\x00\x01\x02"),
    "unknown": payload(b"x-made-up", b"{}"),
    "missing encoding": payload(None, b"{}"),
    "empty": Payload(),
    "encoding that is no text": payload(b"\xff\xfe", b"{}"),
    "endless encoding": payload(b"e" * 10_000, b"{}"),
    "json, empty": payload(b"json/plain", b""),
    "json, not JSON": payload(b"json/plain", b"{not json"),
    "json, invalid UTF-8": payload(b"json/plain", b'"\xff\xfe"'),
    "json, stray surrogate": payload(b"json/plain", b'"\\ud800"'),
    "json, two values": payload(b"json/plain", b"1 2"),
    "json, hostile nesting": payload(b"json/plain", b"[" * 100_000),
    "null with data": payload(b"binary/null", b"x"),
    "protobuf, no type": payload(b"json/protobuf", b"{}"),
    "protobuf, unknown type": payload(b"json/protobuf", b"{}", messageType=b"no.such.Type"),
    "protobuf, not JSON": payload(b"json/protobuf", b"\xff", messageType=b"google.protobuf.StringValue"),
    "protobuf, garbage": payload(b"binary/protobuf", b"\xff\xff\xff", messageType=b"google.protobuf.StringValue"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_payload_becomes_a_marker(name: str) -> None:
    """What can't be decoded is readable JSON that names encoding, size and hash of what was there."""
    odd = ODD[name]
    (marked,) = decode(odd)
    (value,) = asyncio.run(data_converter.decode([odd]))
    told = undecodable(value)
    assert marked.metadata["encoding"] == b"json/plain"
    assert told is not None
    assert (told["size"], told["sha256"]) == (len(odd.data), hashlib.sha256(odd.data).hexdigest())
    assert len(str(told["encoding"])) <= 100
    assert told["why"]


@dataclass
class Thing:
    name: str
    data: bytes


SOUND: list[Any] = [
    None,
    b"",
    b"\x00\xff",
    0,
    1.5,
    float("inf"),
    True,
    "",
    "ünï ✓",
    [],
    {},
    {"a": [1, None]},
    "x" * 2_000_000,
]


@pytest.mark.parametrize("value", SOUND, ids=lambda value: repr(value)[:20])
def test_what_workflows_and_activities_pass_is_not_touched(value: Any) -> None:
    """None, bytes and JSON of any size come out as they went in, byte for byte."""
    before = data_converter.payload_converter.to_payload(value)
    assert asyncio.run(MarkingCodec().encode([before])) == [before]
    assert decode(before) == [before]


def test_protobuf_and_typed_values_pass() -> None:
    """Messages that are known here, and dataclasses with a type hint, are decoded as ever."""
    for message in (payload(b"json/protobuf", b'"hi"', messageType=b"google.protobuf.StringValue"),
                    payload(b"binary/protobuf", StringValue(value="hi").SerializeToString(),
                            messageType=b"google.protobuf.StringValue")):  # fmt: skip
        assert decode(message) == [message]
    (thing,) = asyncio.run(data_converter.decode(asyncio.run(data_converter.encode([Thing("a", b"b")])), [Thing]))
    assert thing == Thing("a", b"b")


def test_each_payload_is_judged_alone() -> None:
    """One bad argument among good ones leaves the good ones as they were, in place."""
    good = payload(b"json/plain", b"1")
    first, second, third = decode(good, Payload(), good)
    assert (first, third) == (good, good)
    assert MARKER.encode() in second.data


@given(st.binary(max_size=40), st.dictionaries(st.sampled_from(["encoding", "messageType", "x"]), st.sampled_from(
    [b"json/plain", b"binary/null", b"binary/plain", b"json/protobuf", b"binary/protobuf", b"\xff", b""])))  # fmt: skip
def test_no_payload_makes_decoding_raise(data: bytes, metadata: dict[str, bytes]) -> None:
    """Whatever bytes and metadata come in, one payload comes out that the data converter can read."""
    (out,) = decode(Payload(metadata=metadata, data=data))
    value = data_converter.payload_converter.from_payload(out)
    assert undecodable(value) or out.metadata == metadata


def test_only_a_marker_is_taken_for_one() -> None:
    """A value that merely holds the marker's name among others is the sender's own."""
    assert undecodable({MARKER: {"size": 1}}) == {"size": 1}
    assert undecodable({MARKER: {"size": 1}, "more": 1}) is None
    assert undecodable({MARKER: "text"}) is None
    assert undecodable(None) is None


def test_the_data_converter_can_be_pickled() -> None:
    """Worker processes get it by pickling."""
    assert pickle.loads(pickle.dumps(MarkingCodec())) is not None
