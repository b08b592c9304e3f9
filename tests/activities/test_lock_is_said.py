"""What is sealed and was not locked is said: with the artefact, in the log, in the status and its text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from halon.evidence.errors import NotLocked
from halon.evidence.labels import Label
from halon.evidence.store import EvidenceStore
from halon.incident.state import Sealed, State
from halon.incident.status import as_text, details, status
from halon_activities.sealed import seal
from halon_workflows.durable import Durable

AT = "2026-11-22T08:16:15.000Z"
LABEL = Label("other", "open", "standard", 30)


class Kept:
    """The little of a run that keeps what was sealed."""

    def __init__(self) -> None:
        self.state = State("inc-1", "wf-1", "INC-1", "support-bot", "group", AT)
        self.lines: list[str] = []

    def change(self, **fields: Any) -> None:
        self.state = replace(self.state, **fields)

    def note(self, kind: str, phase: str, text: str, **data: Any) -> None:
        self.lines.append(text)


async def test_a_lock_that_fails_is_told_with_what_was_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The artefact counts as sealed; its line, the status and the page in Temporal say that it is not locked, and why."""

    async def lock(self: EvidenceStore, path: str, until: str, *, hold: bool = False) -> None:
        if "report" in path:
            raise NotLocked(path, 403)

    monkeypatch.setattr(EvidenceStore, "locks", True)
    monkeypatch.setattr(EvidenceStore, "lock", lock)
    store = EvidenceStore.open(f"file://{tmp_path}")
    one = await seal(store, "inc-1", "report.md", b"said", "text/plain", AT, "report report.md", LABEL)
    other = await seal(store, "inc-1", "status.json", b"{}", "text/plain", AT, "report status.json", LABEL)
    assert ("answered 403" in one.unlocked, one.size, other.unlocked) == (True, 4, "")

    kept = Kept()
    Durable.keep_sealed(kept, "remediate", (one, other))  # type: ignore[arg-type]
    assert ["NOT LOCKED: " in line and "403" in line for line in kept.lines] == [True, False]
    told = status(kept.state)["unlocked"]
    assert [(one["what"], "403" in one["why"]) for one in told] == [("report report.md", True)]
    assert "Sealed and NOT LOCKED: 1: " in as_text(kept.state)
    assert "- **not locked**: report report.md: " in details(kept.state)


def test_what_an_earlier_release_sealed_says_nothing_of_a_lock() -> None:
    """The line, the status and its text are as they were."""
    kept = Kept()
    Durable.keep_sealed(kept, "contain", (Sealed("e1", "p", "0" * 64, 7, "halon", AT, "x"),))  # type: ignore[arg-type]
    assert kept.lines == [f"Sealed x: {'0' * 12}…, 7 bytes."]
    assert (status(kept.state)["unlocked"], "LOCKED" in as_text(kept.state)) == ([], False)
