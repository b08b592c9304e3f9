"""JSON that is made to break things: refused with the place, quickly, and with nothing of it repeated."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from halon.intake.body import parse_json
from halon.intake.problems import BadPayload
from halon.settings import Limits

LIMITS = Limits()


@pytest.mark.parametrize(
    ("content", "where", "why"),
    [
        (b'{"a": 1, "a": 2}', "body", "'a' is there twice"),
        (b'{"alerts": [{"labels": {"x": 1}}, {"labels": {"agent": "a", "agent": "b"}}]}', "body.alerts.1.labels",
         "'agent' is there twice"),
        (b'{"a": {}, "\\u0061": {}}', "body", "'a' is there twice"),
        (b'{"a" : 1, "a"\n\t:2}', "body", "'a' is there twice"),
        (b'{"b": "\\":", "c": [{"a": "a", "a":"a"}]}', "body.c.0", "'a' is there twice"),
        (b'{"anna@example.org": 1, "anna@example.org": 2}', "body", "a name that is not repeated here"),
        (b'{"%s": {"b": 1, "b": 2}}' % (b"x" * 5000), "body.…", "'b' is there"),
        (b'{"a": NaN}', "body", "not JSON"),
        (b'{"a": -Infinity}', "body", "not JSON"),
        (b'{"a": 1e999}', "body", "too large"),
        (b'{"a": [-1e999]}', "body", "too large"),
        (b'{"a": 1%s}' % (b"0" * 400), "body", "more than 40 digits"),
        (b'{"a": 9%s}' % (b"9" * 5000), "body", "not JSON"),
        (b'{"a": "\xff"}', "body", "not JSON"),
        (b'{"a": "\\ud800"}', "body", "not JSON"),
        (b'{"a": "\xed\xa0\x80"}', "body", "not JSON"),
        ("{}".encode("utf-16"), "body", "not JSON"),
        (b"\xef\xbb\xbf{}", "body", "byte order mark"),
        (b"[" * 34 + b"]" * 34, "body", "deeper than 32"),
        (b"[" * 200_000, "body", "not JSON"),
        (b'{"a":' * 200_000, "body", "not JSON"),
        (b"", "body", "not JSON"),
        (b"{} {}", "body", "not JSON"),
        (b'{"a": 1,}', "body", "not JSON"),
        (b"{'a': 1}", "body", "not JSON"),
    ],
)  # fmt: skip
def test_what_parsers_read_differently_is_refused_with_its_place(content: bytes, where: str, why: str) -> None:
    """Equal names, numbers beyond all bounds, broken text, nesting: one 422 each, short, and never a crash."""
    with pytest.raises(BadPayload) as refused:
        parse_json(content, LIMITS)
    (error,) = refused.value.members["errors"]
    assert error["where"] == where
    assert why in error["why"]
    assert len(refused.value.detail) < 500
    assert "example.org" not in refused.value.detail


@pytest.mark.parametrize(
    "value",
    [{"a": 10**39, "b": -1.5e308, "c": "10" * 500, "d": [[]] * 3}, {str(i): i for i in range(1000)}, "\u0000", [None]],
)
def test_what_is_sound_is_read_as_it_is(value: Any) -> None:
    """Ids of 128 bits, large fractions, many names and control characters in texts are JSON."""
    assert parse_json(json.dumps(value).encode(), LIMITS) == value


def test_a_megabyte_of_names_takes_milliseconds() -> None:
    """Many names, or names that differ only in their last letter, cost time that grows with their number alone."""
    content = json.dumps({f"{'k' * 20}{i}": {"a": i, "b": [i]} for i in range(20_000)}).encode()
    assert len(content) > 900_000
    began = time.process_time()
    parse_json(content, LIMITS)
    assert time.process_time() - began < 1.0
    twice = b'{"first": 1, ' + content[1:-1] + b', "first": 2}'
    began = time.process_time()
    with pytest.raises(BadPayload, match="'first' is there twice"):
        parse_json(twice, LIMITS)
    assert time.process_time() - began < 1.5
