"""``halon show ID --report``: reports as people make them, of an open incident and of one that only a record is left of."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from halon.cli import entry
from halon.evidence.store import EvidenceStore
from halon.incident import ids
from halon.incident.chain import Chain
from halon.incident.state import State
from halon.incident.timeline import note
from halon.record.store import RecordStore
from halon.reports import REPORTS

AT = "2026-11-22T10:00:00.000Z"
Made = Callable[..., str]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Made:
    """A function that puts an incident of 120 entries into a record store; no Temporal listens anywhere."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{probe.getsockname()[1]}")
    monkeypatch.setenv("HALON_HOME", str(tmp_path / "home"))

    def make(*, closed: bool = False) -> str:
        incident_id = "incident-support-bot.leak:run-1"
        state = State(incident_id, "incident-support-bot.leak", ids.reference(incident_id), "support-bot", "leak", AT,
                      chain=Chain(incident_id))  # fmt: skip
        for number in range(1, 120):
            state = note(state, AT, "note", "detect", f"line {number} said", actor="ann")
        if closed:
            state = replace(state, outcome="resolved")
            state = note(state, "2026-11-22T11:30:00.000Z", "closed", "remediate", "closed: resolved.")
        asyncio.run(_store(state, tmp_path / "home" / "evidence"))
        return state.reference

    return make


async def _store(state: State, folder: Path) -> None:
    records = RecordStore(EvidenceStore.open(str(folder)))
    await records.append(state.incident_id, state.chain.batch())
    stored = replace(state, chain=state.chain.flushed(state.chain.seq))
    body = TypeAdapter(State).dump_json(stored)
    await records.put_checkpoint(state.incident_id, state.chain.seq, state.chain.head, body)


def test_without_temporal_a_report_shows_the_last_known_state(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """It says so, how old that is, and holds the whole record, not only the tail that the state carries."""
    reference = made()
    assert entry.run(["show", reference, "--report", "timeline"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("**Last known state, as of 2026-11-22 10:00 UTC: no connection to Temporal")
    assert "entries of the record. Times are UTC." in page
    assert "line 1 said" in page
    assert "line 119 said" in page


def test_of_a_closed_incident_the_record_is_all_there_is_to_say(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    """No warning: nothing happened since. It says when it closed, although the state was mirrored just before."""
    reference = made(closed=True)
    assert entry.run(["show", reference, "--report", "status"]) == 0
    page = capsys.readouterr().out
    assert "Last known state" not in page
    assert f"{reference} is closed (resolved)." in page
    assert "none: closed 2026-11-22 11:30 UTC" in page


@pytest.mark.parametrize("report", REPORTS)
def test_a_file_is_written_whole_and_for_its_owner_alone(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str], report: str
) -> None:
    """The file's ending chooses the format; ``--json`` answers path and SHA-256 of exactly what was written."""
    reference = made()
    target = tmp_path / f"{report}.html"
    assert entry.run(["show", reference, "--report", report, "--to", str(target), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    written = target.read_bytes()
    assert told == {"path": str(target), "sha256": hashlib.sha256(written).hexdigest()}
    assert written.startswith(b"<!doctype html>")
    assert target.stat().st_mode & 0o077 == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["home", target.name])


def test_a_file_that_is_there_is_replaced_only_when_told(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line with the way out, exit 1, and the file as it was; with --force it is replaced."""
    reference = made()
    target = tmp_path / "status.md"
    target.write_text("mine")
    assert entry.run(["show", reference, "--report", "status", "--to", str(target)]) == 1
    said = capsys.readouterr().err
    assert said == f"error: {target} is there already → name another file, or add --force\n"
    assert target.read_text() == "mine"
    assert entry.run(["show", reference, "--report", "status", "--to", str(target), "--force"]) == 0
    assert reference in target.read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--report", "postmortm"], 2, "there are status, timeline, decision, postmortem"),
        (["--report", "status", "--format", "docx"], 2, "there are md, html, pdf"),
        (["--report", "status", "--format", "pdf"], 2, "--to status.pdf"),
        (["--report", "status", "--format", "md", "--to", "x.html"], 2, "--to FILE.md"),
        (["--format", "html"], 2, "--format, --to and --force go with --report"),
        (["--report", "status", "--force"], 2, "--force goes with --to"),
        (["--report", "status", "--to", "no-such-folder/x.md"], 1, "mkdir -p no-such-folder"),
    ],
)
def test_what_was_typed_wrongly_is_answered_in_one_line(
    made: Made, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    """With the words that do it; nothing is asked of anybody first."""
    assert entry.run(["show", "INC-0000", *words]) == code
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert told.err.count("\n") == 1


def test_an_open_incident_is_asked_itself(house: Any, incident: str, tmp_path: Path) -> None:
    """All four reports of a running incident, as a file and on the terminal; the head is one that the record holds."""
    heads = set()
    for report in REPORTS:
        target = tmp_path / f"{report}.html"
        done = house.type("show", incident, "--report", report, "--to", str(target), "--json")
        assert done.code == 0, done
        page = target.read_text()
        assert hashlib.sha256(target.read_bytes()).hexdigest() == done.value["sha256"]
        assert incident in page
        assert "Last known state" not in page
        heads.add(page.split("record head: ")[1][:12])
    bundle = tmp_path / "bundle"
    assert house.type("export", incident, "--to", str(bundle)).code == 0
    for head in heads:
        checked = house.type("verify", str(bundle), "--head", head)
        assert checked.code == 0, checked
    shown = house.type("show", incident, "--report", "timeline")
    assert shown.code == 0
    assert "| 1 |" in shown.out
    told = house.type("show", incident, "--report", "decision", "--json").value
    assert told["path"] is None
    assert told["sha256"] == hashlib.sha256(told["text"].encode()).hexdigest()
    assert "Not legal advice; a named person decides." in told["text"]
