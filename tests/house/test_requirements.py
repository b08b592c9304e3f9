"""What is installed is pinned: by version, by hash, for every dependency that pyproject.toml names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FILES = ("requirements.txt", "requirements-demo.txt", "requirements-dev.txt")
_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>[^ ;]+)(?: ; (?P<marker>.+))?$")
_HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}$")


def _pins(path: Path) -> dict[str, str]:
    """Name to version; every line is a pin or one of its hashes, or the test that asked fails."""
    pins: dict[str, str] = {}
    hashes: dict[str, int] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        text = line.removesuffix(" \\")
        if found := _PIN.match(text):
            name = found["name"]
            assert name not in pins, f"{path.name}:{number}: {name} is pinned twice"
            pins[name], hashes[name] = found["version"], 0
        else:
            assert _HASH.match(text), f"{path.name}:{number} is neither a pin nor a hash: {line}"
            hashes[name] += 1
    assert [name for name, count in hashes.items() if not count] == [], f"{path.name}: pins without a hash"
    return pins


def _declared(root: Path) -> dict[str, list[Requirement]]:
    """The dependencies that pyproject.toml names, by the file that must pin them."""
    project: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    runtime = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["embedded"]]
    dev = [one for one in groups["dev"] if isinstance(one, str)]
    named = {"requirements.txt": runtime, "requirements-demo.txt": groups["demo"],
             "requirements-dev.txt": [*runtime, *groups["demo"], *dev]}  # fmt: skip
    return {name: [Requirement(one) for one in listed] for name, listed in named.items()}


@pytest.mark.parametrize("name", FILES)
def test_every_line_is_a_pin_or_its_hash(root: Path, name: str) -> None:
    """No address, path, option or unpinned name: what is not a version with hashes can't be in there."""
    pins = _pins(root / name)
    assert len(pins) > 3
    text = (root / name).read_text("utf-8")
    assert "://" not in text
    assert "@" not in text


@pytest.mark.parametrize("name", FILES)
def test_every_dependency_is_pinned_within_its_bounds(root: Path, name: str) -> None:
    """Each name of pyproject.toml is pinned at a version that it allows; `make lock` remakes the files."""
    pins = _pins(root / name)
    for wanted in _declared(root)[name]:
        version = pins.get(canonicalize_name(wanted.name))
        assert version is not None, f"{name} lacks {wanted.name}: run make lock"
        assert wanted.specifier.contains(version, prereleases=True), f"{name}: {wanted} against {version}"


def test_the_three_files_agree(root: Path) -> None:
    """One virtual environment can hold all of them: the development file has every pin of the other two."""
    dev = _pins(root / "requirements-dev.txt")
    for name in ("requirements.txt", "requirements-demo.txt"):
        pins = _pins(root / name)
        assert {one: dev.get(one) for one in pins} == pins, f"{name} and requirements-dev.txt differ: run make lock"


def test_what_builds_the_package_is_pinned_too(root: Path) -> None:
    """The set-up builds without isolation, so the build backend comes from the hashed files."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    for needed in project["build-system"]["requires"]:
        for name in ("requirements-demo.txt", "requirements-dev.txt"):
            assert canonicalize_name(Requirement(needed).name) in _pins(root / name)
