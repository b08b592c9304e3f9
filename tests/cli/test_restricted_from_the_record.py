"""A restricted incident of which only its record is here: who is not named gets nothing, however old the mirror is."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from halon.cli import entry
from halon.evidence.access import readings
from halon.evidence.seal import seal
from halon.evidence.store import EvidenceStore
from halon.incident import restricting
from halon.incident.chain import Chain
from halon.incident.ids import reference
from halon.incident.restriction import Restriction
from halon.incident.state import State
from halon.incident.timeline import note
from halon.kit import starter_path
from halon.record.store import RecordStore

NOW = "2026-11-22T09:00:00.000Z"
WORKFLOW, WORD = "incident-canary-agent.leak", "canary-word-9c"
INCIDENT = f"{WORKFLOW}:run-1"
REFERENCE = reference(INCIDENT)


def written(folder: Path, *, mirrored_late: bool, closed: bool) -> EvidenceStore:
    """The record of an incident that was kept to ann, the mirror of before that unless ``mirrored_late``."""
    store = EvidenceStore.open(folder)

    async def write() -> None:
        records = RecordStore(store)
        state = State(INCIDENT, WORKFLOW, REFERENCE, "canary-agent", "leak", NOW, chain=Chain(INCIDENT))
        state = note(state, NOW, "note", "triage", WORD)
        before = state
        state = replace(state, restriction=Restriction(("ann",), "ann", "r", NOW))
        state = note(state, NOW, restricting.RESTRICTED, "triage", "kept", actor="ann", data={"people": ["ann"]})
        state = note(state, NOW, "closed", "learn", "closed") if closed else state
        await records.append(INCIDENT, state.chain.pending)
        mirror = state if mirrored_late else before
        mirror = replace(mirror, chain=mirror.chain.flushed(mirror.chain.seq))
        await records.put_checkpoint(
            INCIDENT, mirror.chain.seq, mirror.chain.head, TypeAdapter(State).dump_json(mirror)
        )

    asyncio.run(write())
    return store


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., EvidenceStore]:
    """A machine without Temporal, with such a record."""
    shutil.copytree(starter_path(), tmp_path / "kit")
    for name, value in (("HALON_HOME", tmp_path), ("HALON_KIT", tmp_path / "kit"), ("HALON_EVIDENCE", tmp_path / "ev"),
                        ("TEMPORAL_ADDRESS", "127.0.0.1:1")):  # fmt: skip
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("HALON_USER", raising=False)
    return lambda **how: written(tmp_path / "ev", **how)


@pytest.mark.parametrize("mirrored_late", [True, False])
@pytest.mark.parametrize("typed", [("export",), ("export", "--by", "tom"), ("status",), ("timeline",), ("show",)])
def test_the_record_alone_is_shown_to_nobody_while_it_is_open(
    kept: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], typed: tuple[str, ...], mirrored_late: bool
) -> None:
    """Who looks is verified by a worker; that the mirror is of before the restriction opens nothing."""
    kept(mirrored_late=mirrored_late, closed=False)
    into = ("--to", str(tmp_path / "bundle")) if typed[0] == "export" else ()
    assert entry.run([typed[0], REFERENCE, *typed[1:], *into]) == 1
    said = capsys.readouterr()
    assert "restricted" in said.err
    assert (WORD in said.out + said.err, "canary-agent" in said.out + said.err) == (False, False)
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize("mirrored_late", [True, False])
def test_the_bundle_of_a_closed_one_is_written_for_those_named_and_that_is_kept(
    kept: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], mirrored_late: bool
) -> None:
    """Somebody else's name, or none, gets no folder; ann does, and the reading stands beside the evidence."""
    store = kept(mirrored_late=mirrored_late, closed=True)
    into = tmp_path / "bundle"
    for by in ((), ("--by", "tom")):
        assert entry.run(["export", REFERENCE, "--to", str(into), *by]) == 1
        assert WORD not in capsys.readouterr().err
        assert not into.exists()
    assert entry.run(["export", REFERENCE, "--to", str(into), "--by", "ann", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    assert (into / "verify.py").exists()
    (read,) = asyncio.run(readings(store, INCIDENT))
    assert (read.by, read.artefact, read.verified) == ("ann", "record", False)


@pytest.mark.parametrize(("closed", "by", "code"), [(True, "ann", 0), (True, "tom", 1), (False, "ann", 1)])
def test_evidence_sealed_before_the_restriction_is_for_the_people_named_too(
    kept: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], closed: bool, by: str, code: int
) -> None:
    """Sealed as open to everybody, and restricted since: tom reads it no more; and while it is open a name proves nothing."""
    store = kept(mirrored_late=True, closed=closed)
    sealed = asyncio.run(seal(store, INCIDENT, "notes.txt", WORD.encode(), "text/plain", "halon", NOW))
    out = tmp_path / "notes.txt"
    typed = ["evidence", REFERENCE, sealed.path, "--out", str(out), "--reason", "r", "--by", by]
    assert entry.run(typed) == code, capsys.readouterr()
    assert out.exists() is (code == 0)
    assert ("restricted" in capsys.readouterr().err) is (code == 1)
