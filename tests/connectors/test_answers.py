"""Answers as documents: XML and plain text beside JSON, bounded and without anything that a parser would carry out."""

from __future__ import annotations

from typing import Any

import pytest

from halon.connectors.answers import document

BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
OUTSIDE = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"<a><b>1</b></a>", {"a": {"b": "1"}}),
        (b'<a xmlns="urn:x" id="7"><b> 1 </b><b>2</b><c/></a>', {"a": {"b": ["1", "2"], "c": ""}}),
        (b"<a><!-- said --><b><![CDATA[x & y]]></b></a>", {"a": {"b": "x & y"}}),
        (BOMB, None),
        (OUTSIDE, None),
        (b"<a><b></a>", None),
        (b'{"a": 1}', None),
        (b"", None),
        (b"<a>" * 60 + b"</a>" * 60, None),
    ],
)
def test_xml_is_read_and_never_obeyed(content: bytes, found: Any) -> None:
    """Elements become names, what is repeated a list; declarations, broken and deep documents are nothing."""
    assert document(content, "xml") == found


def test_text_is_looked_through_for_what_is_expected() -> None:
    """The lines, and whether each wanted text stands in it; a pattern is text like any other."""
    found = document(b"circuit.default::OPEN\r\nok", "text", ("OPEN", ".*"))
    assert found == {"lines": ["circuit.default::OPEN", "ok"], "has": {"OPEN": True, ".*": False}}


@pytest.mark.parametrize("content", [b"NaN", b"[" * 100_000, b"{'a': 1}", b"\xff"])
def test_what_is_no_json_is_nothing(content: bytes) -> None:
    """Also what some parsers would let through."""
    assert document(content, "") is None
