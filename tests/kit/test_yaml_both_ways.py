"""A text means the same whether libyaml or PyYAML reads it, and what is wrong is said in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from halon.kit import composing, starter_path
from halon.kit.reading import read

TEMPLATES = sorted(starter_path().parent.rglob("*.yaml"))
PARTS = (
    "a", "key", "1", "-2.5", "true", "~", "é", "—", "x?", "?", "? ", ": ", ":", "- ", "-", ", ", ",", "[", "]", "[a, ", "{",
    "}", "{a: ", " ", "    ", "\n", "\n", "\n  ", "\n    ", "#", " #", "&a ", "*a ", "!t ", "!!str ", "|", "|\n", "|-\n",
    ">", ">+\n", "|2\n", "'", "''", '"', "\\n", '\\"', "\\u1234", "%", "%YAML 1.1\n", "---", "\n---\n", "\n...\n", "@", "`",
    "<<: ", "\t", "\r\n", "\ufeff", "\u2028", "\x85", "\x07", "\xa0", "\ud800", "\U0001f600",
)  # fmt: skip


@contextmanager
def through_pyyaml() -> Iterator[None]:
    """As on a machine without libyaml."""
    kept, composing._Quick = composing._Quick, None
    try:
        yield
    finally:
        composing._Quick = kept


def told(text: str) -> Any:
    """Data, lines and problems; data as it is written, so that 1 and True are two things."""
    document, problems = read("x.yaml", text)
    return repr(document.data), document.lines, problems


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: "/".join(path.parts[-3:]))
def test_what_comes_with_halon_is_read_alike(path: Path) -> None:
    """Every file that comes with Halon: the same values on the same lines."""
    quick = told(path.read_text("utf-8"))
    with through_pyyaml():
        assert told(path.read_text("utf-8")) == quick


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=14).map("".join))
def test_whatever_is_written_is_read_alike(text: str) -> None:
    """Any mixture of YAML's signs: the same data, lines and problems, to the word."""
    quick = told(text)
    with through_pyyaml():
        assert told(text) == quick


@pytest.mark.parametrize(
    "text", ["roles: [h?ipaa]", "a: |# told\n  b", "---", "a: 1\n---\nb: 2", "a:\tb", "{a: ?b}", "a: \u2028b"]
)
def test_corners_are_pyyamls(text: str) -> None:
    """Where libyaml is laxer or counts lines otherwise, PyYAML has the word."""
    quick = told(text)
    with through_pyyaml():
        assert told(text) == quick


def test_libyaml_is_there_and_is_asked() -> None:
    """What the tests above compare are two ways: PyYAML as it is installed brings libyaml."""
    assert yaml.__with_libyaml__
    assert composing._Quick is not None
    assert all(composing._APART.search(path.read_text("utf-8")) is None for path in TEMPLATES)
