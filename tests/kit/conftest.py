"""A kit of its own for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from halon.kit import starter_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the starter kit, to be spoilt."""
    target = tmp_path / "kit"
    shutil.copytree(starter_path(), target)
    return target
