"""Each of the fifteen promises has a test that is named after it, and one that `make test` runs."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent


def test_every_promise_has_a_test_of_its_name() -> None:
    """A promise without a test is a wish."""
    text = "\n".join(path.read_text() for path in TESTS.rglob("test_*.py"))
    named = {int(number) for number in re.findall(r"def test_promise_(\d+)_", text)}
    assert named == set(range(1, 16))


def test_every_promise_has_a_test_that_is_not_long() -> None:
    """What `make test` leaves to `make long` is told by its mark; each promise keeps one that everybody runs."""
    fast = set()
    for path in TESTS.rglob("test_*.py"):
        marks = ""
        for line in path.read_text().splitlines():
            if line.startswith("@"):
                marks += line
            elif line and not line[0].isspace() and line[0] not in ")]":
                named = re.match(r"(?:async )?def test_promise_(\d+)_", line)
                if named and "pytest.mark.long" not in marks:
                    fast.add(int(named[1]))
                marks = ""
    assert fast == set(range(1, 16))
