"""The order of the tests: the files that take longest begin first, so that no worker has a long one left at the end."""

from __future__ import annotations

import pytest
from hypothesis import settings

# How long one example takes says something about the machine; a test that is too slow is ended by its suite.
settings.register_profile("halon", deadline=None)
settings.load_profile("halon")

LONGEST_FIRST = (
    "test_four_ways", "test_promises", "test_triage_in_the_workflow", "test_promises_of_containment",
    "test_modes_change", "test_temporal_buttons",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them first; the order within a file, and of all other files, stays."""
    place = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: place.get(item.path.stem, len(place)))
