"""Each of the fifteen promises has a test that is named after it."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent


def test_every_promise_has_a_test_of_its_name() -> None:
    """A promise without a test is a wish."""
    text = "\n".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    named = {int(number) for number in re.findall(r"def test_promise_(\d+)_", text)}
    assert named == set(range(1, 16))
