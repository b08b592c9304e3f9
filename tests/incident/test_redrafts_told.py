"""What is different in a notice that was drafted again, in few words."""

from __future__ import annotations

from typing import Any

import pytest

from halon.incident.notices import Notice
from halon.incident.redrafts import LONGEST_LINE, MOST_LINES, changed, same


def notice(body: str, **fields: Any) -> Notice:
    """A notice of this text."""
    return Notice(**{"id": "n", "audience": "regulator", "subject": "Breach", "body": body, **fields})


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("a\n- People: 6\nz\n", "a\n- People: 7\nz\n", 'was "People: 6"; now "People: 7".'),
        ("a\n", "a\n- b\n", 'now "b".'),
        ("a\n- b\n", "a\n", 'was "b".'),
        ("a\n", "a\n\n", "only blank lines."),
    ],
)
def test_the_lines_that_changed_are_told(before: str, after: str, told: str) -> None:
    """What was, and what is now; nothing else."""
    assert changed(notice(before), notice(after)) == told
    assert not same(notice(before), notice(after))


def test_the_subject_counts_and_progress_does_not() -> None:
    """The same text is the same notice, however far it has come."""
    assert changed(notice("a"), notice("a", subject="Breach, late")) == 'was "Breach"; now "Breach, late".'
    assert same(notice("a"), notice("a", status="waiting", attempt=4, record_head="x"))


def test_a_difference_is_bounded() -> None:
    """However much is new, and however long its lines are."""
    told = changed(notice(""), notice("\n".join(f"{number} {'x' * 5000}" for number in range(100))))
    assert told.endswith(f"; and {100 - MOST_LINES} more lines.")
    assert len(told) < MOST_LINES * (LONGEST_LINE + 10) + 40
