"""Values for the reports: an incident that knows nothing, one that knows everything, and one that is all hostile."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from halon.incident.about import about
from halon.incident.state import State

TESTS = Path(__file__).parents[1]
NOW = "2026-11-22T12:00:00.000Z"
EVIL = (
    '</title></style><script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)> " onmouseover="x '
    "[click](http://evil.example) www.evil.example {{ 7*7 }} {% raw %} | cell | `code` </b></td></main>\n# heading\u202e\x1b[31m"
)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"halon_tests_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def hostile(value: Any, name: str = "") -> Any:
    """``value`` with every text in it replaced by a hostile one, but for the few that Halon itself chooses."""
    ours = ("status", "head", "kind", "css", "css", "decided", "audience", "outcome", "level", "now", "layer", "word")
    if isinstance(value, dict):
        return {key: hostile(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [hostile(one, name) for one in value]
    return EVIL if isinstance(value, str) and name not in ours else value


@pytest.fixture(scope="session")
def told() -> SimpleNamespace:
    """What ``about`` says: ``early`` a second after the first alert, ``full`` with every field, ``evil`` all hostile."""
    room = _module(TESTS / "incident" / "conftest.py")
    full = about(room.full(), NOW)
    bare = State("incident-a.b:1", "incident-a.b", "INC-7F3A", "support-bot", "g", room.T0)
    return SimpleNamespace(
        room=room, NOW=NOW, EVIL=EVIL, early=about(bare, NOW), full=full, evil=hostile(full),
        state=room.full, about=lambda state: about(state, NOW),
    )  # fmt: skip
