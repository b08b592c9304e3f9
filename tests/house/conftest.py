"""What the tests of the house share: where it stands, and which files are ours."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("src/halon", "workflows/halon_workflows", "activities/halon_activities", "templates/halon_templates")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def packages() -> tuple[str, ...]:
    """The four packages, below the checkout."""
    return PACKAGES


@pytest.fixture(scope="session")
def ours() -> tuple[Path, ...]:
    """Every file that git holds or would hold, relative to the checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    found = tuple(sorted({Path(name) for name in listed if name and (ROOT / name).is_file()}))
    assert len(found) > 100, "git lists hardly any file of this checkout"
    return found
