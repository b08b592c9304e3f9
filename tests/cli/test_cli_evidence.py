"""``halon evidence`` where only the record is left: list, check, read by role, and the log beside the evidence."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from halon.cli import entry
from halon.evidence.access import readings
from halon.evidence.labels import Handling
from halon.evidence.seal import Sealed, seal
from halon.evidence.store import EvidenceStore
from halon.incident import ids
from halon.incident.chain import Chain
from halon.record.store import RecordStore

INCIDENT = "incident-support-bot.closed-long-ago:0a1b2c3d-0000-4000-8000-000000000000"
REFERENCE = ids.reference(INCIDENT)
AT = "2026-11-22T08:16:15.000Z"


@pytest.fixture
async def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Sealed]:
    """Memory and controls of a closed incident, and no Temporal."""
    monkeypatch.setenv("HALON_HOME", str(tmp_path))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")
    monkeypatch.delenv("HALON_USER", raising=False)
    store = EvidenceStore.open(tmp_path / "evidence")
    label, made, chain = Handling().label, {}, Chain(INCIDENT)
    for kind in ("memory", "controls"):
        made[kind] = await seal(
            store, INCIDENT, f"{kind}.json", b'{"is": "%s"}' % kind.encode(), "application/json", "halon", AT,
            label=label(kind),
        )  # fmt: skip
        chain = chain.append(AT, "evidence", "contain", "halon", "sealed", {"evidence": [made[kind].as_json()]})
    await RecordStore(store).append(INCIDENT, chain.batch())
    return made


async def typed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any, str]:
    """Exit code, the JSON value, and what stands on stderr."""
    code = await asyncio.to_thread(entry.run, ["evidence", *words, "--json"])
    told = capsys.readouterr()
    return code, json.loads(told.out) if told.out else None, told.err


async def test_a_closed_incidents_evidence_is_read_by_role_and_logged(
    sealed: dict[str, Sealed], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The record takes no entry any more: the reading is kept beside the evidence before the file is written."""
    store, out = EvidenceStore.open(tmp_path / "evidence"), tmp_path / "read"
    words = (REFERENCE, sealed["memory"].id, "--out", str(out), "--reason", "an audit")
    code, value, _ = await typed(capsys, *words, "--by", "cus")
    assert (code, value["error"]["type"]) == (1, "NotAuthorised")
    assert (await readings(store, INCIDENT), out.exists()) == ((), False)
    code, value, err = await typed(capsys, *words, "--by", "Sue")
    assert (code, value["sha256"]) == (0, sealed["memory"].sha256), err
    assert out.read_bytes() == b'{"is": "memory"}'
    [logged] = await readings(store, INCIDENT)
    assert (logged.by, logged.artefact, logged.reason, logged.verified) == (
        "sue",
        sealed["memory"].id,
        "an audit",
        False,
    )
    _, value, _ = await typed(capsys, REFERENCE)
    assert (value["read_after_closing"], len(value["evidence"])) == (1, 2)


async def test_what_was_changed_is_neither_handed_out_nor_passed_over(
    sealed: dict[str, Sealed], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reading refuses it by type, --verify names it and fails, and a plain list does not read the contents."""
    (tmp_path / "evidence" / sealed["controls"].path).write_bytes(b"{}")
    out = tmp_path / "read"
    code, value, _ = await typed(
        capsys, REFERENCE, sealed["controls"].id, "--out", str(out), "--reason", "an audit", "--by", "sue"
    )
    assert (code, value["error"]["type"], out.exists()) == (1, "EvidenceChanged", False)
    code, value, _ = await typed(capsys, REFERENCE, "--verify")
    assert (code, value["ok"]) == (1, False)
    assert {one["kind"]: one["problem"] for one in value["evidence"]} == {
        "controls": "its content was altered", "memory": "",
    }  # fmt: skip
    assert (await typed(capsys, REFERENCE))[0] == 0


@pytest.mark.parametrize(("words", "why"), [
    (("ev-1",), "say where to put it"), (("ev-1", "--out", "x", "--by", "sue"), "why you read it"),
    (("ev-1", "--verify"), "leave the artefact out"), (("--out", "x"), "name the artefact"),
    (("ev-1", "--out", "no-such-folder/x", "--by", "sue", "--reason", "r"), "there is no folder"),
])  # fmt: skip
async def test_half_a_question_is_answered_with_the_other_half(
    sealed: dict[str, Sealed], capsys: pytest.CaptureFixture[str], words: tuple[str, ...], why: str
) -> None:
    """Typed wrongly is exit code 2, and nothing is read."""
    code, _, err = await typed(capsys, REFERENCE, *words)
    assert (code, why in err) == (2, True), err


async def test_an_artefact_of_another_incident_is_not_known(
    sealed: dict[str, Sealed], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ids are looked up within the incident, so nothing is read through another one's gate."""
    store = EvidenceStore.open(tmp_path / "evidence")
    other = await seal(store, "incident-other:1", "x", b"theirs", "text/plain", "halon", AT)
    code, value, _ = await typed(
        capsys, REFERENCE, other.id, "--out", str(tmp_path / "x"), "--by", "sue", "--reason", "r"
    )
    assert (code, value["error"]["type"]) == (1, "UnknownEvidence")
