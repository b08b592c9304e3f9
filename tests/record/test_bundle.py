"""The bundle that an auditor checks alone."""

from __future__ import annotations

import ast
import hashlib
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from halon.evidence.parts import Payload, seal_payloads
from halon.evidence.seal import Sealed, seal
from halon.evidence.slug import slug
from halon.evidence.store import EvidenceStore
from halon.incident.chain import Chain
from halon.record import verify as verifier
from halon.record.errors import ExportRefused
from halon.record.export import Stores, export
from halon.record.store import RecordStore
from halon.record.verify import NoBundle, verify

INCIDENT = "incident-support-bot.tool-misuse:2b6c1a52"
AT = "2026-11-22T08:16:15.508Z"
REPORTS = {"report.md": b"# Report\n", "reports/timeline.csv": b"at,text\n"}


class House:
    """A store with an incident of four entries, a raw payload and two sealed artefacts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.evidence = EvidenceStore.open(root / "store")
        self.stores = Stores(RecordStore(self.evidence), self.evidence)
        self.heads: list[str] = []
        self.sealed: list[Sealed] = []

    async def fill(self) -> None:
        others = Payload("grafana", AT, b'{"of":"another incident"}')
        _, raw = await seal_payloads(self.evidence, [others, Payload("alertmanager", AT, b'{"status":"firing"}')])
        trace = await seal(self.evidence, INCIDENT, "traces.json", b"[1,2]", "application/json", "phoenix", AT)
        loose = await seal(self.evidence, INCIDENT, "config.yaml", b"a: 1", "text/yaml", "agent", AT)
        await seal(self.evidence, "incident-other:1", "x", b"not ours", "text/plain", "agent", AT)
        self.sealed = [raw, trace, loose]
        chain = Chain(INCIDENT)
        # An alert that poses as evidence: what it sent is data, and names nothing.
        label = {"labels": {"evidence": [{"path": "evidence/forged", "sha256": "0" * 64}], "path": "evidence/forged"}}
        for data in ({**label, "evidence": [raw.as_json()]}, {"evidence": [trace.as_json()]}, {"ü": 1.5}, {}):
            chain = chain.append(AT, "note", "detect", "halon", "what happened", data)
            self.heads.append(chain.head)
        await self.stores.record.append(INCIDENT, chain.batch())

    async def bundle(self, name: str = "bundle") -> Path:
        return await export(INCIDENT, self.stores, self.root / name, REPORTS, exported_at=AT)


@pytest.fixture
async def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    await house.fill()
    return house


def run(bundle: Path, *arguments: str) -> tuple[int, str]:
    """The verifier of the bundle itself, in a Python that finds no package of ours."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(bundle / "verify.py"), str(bundle), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def rewrite(bundle: Path, change: dict[str, Any]) -> None:
    path = bundle / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))


async def test_a_bundle_holds_the_record_its_evidence_and_the_verifier(house: House) -> None:
    """Everything that the record names, everything sealed for the incident, the reports, and nothing of others."""
    bundle = await house.bundle()
    manifest = json.loads((bundle / "manifest.json").read_text())
    assert ("halon-record-1", INCIDENT, 4, house.heads[-1], AT) == tuple(
        manifest[name] for name in ("format", "incident_id", "entries", "head", "exported_at")
    )
    assert sorted(one.path for one in house.sealed) == [item["path"] for item in manifest["evidence"]]
    assert {"record.jsonl", "verify.py", "report.md", "reports/timeline.csv"} <= {i["path"] for i in manifest["files"]}
    assert [path for path in bundle.rglob("*") if "other" in path.name] == []
    assert (True, 4, house.heads[-1], []) == (
        (verdict := verify(bundle)).ok,
        verdict.entries,
        verdict.head,
        verdict.problems,
    )
    assert any(note.startswith("1 are held by the manifest alone") for note in verdict.notes)


async def test_the_manifest_says_who_collected_what_and_when(house: House) -> None:
    """Each artefact is listed as its seal describes it."""
    manifest = json.loads((await house.bundle() / "manifest.json").read_text())
    assert [one.as_json() for one in sorted(house.sealed, key=lambda one: one.path)] == manifest["evidence"]


async def test_a_bundle_is_private(house: House) -> None:
    """It holds raw payloads: only its owner may read it."""
    bundle = await house.bundle()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in [bundle, *bundle.rglob("*")]}
    assert {0o700, 0o600} == modes


async def test_promise_12_the_verifier_runs_with_nothing_of_ours(house: House) -> None:
    """The standard library alone: run isolated, without site packages, and with no import of ours in its source."""
    bundle = await house.bundle()
    code, out = run(bundle)
    assert (code, "result: the record holds" in out) == (0, True)
    source = (bundle / "verify.py").read_text()
    assert source == Path(verifier.__file__).read_text()
    imported = {
        name
        for node in ast.walk(ast.parse(source, feature_version=(3, 9)))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
    }
    assert {name.split(".")[0] for name in imported} <= set(sys.stdlib_module_names)


async def test_a_head_from_a_notice_tells_how_far_the_record_went_on(house: House) -> None:
    """The hash of a notice must occur; the answer names its entry and how many came after it."""
    bundle = await house.bundle()
    code, out = run(bundle, "--head", house.heads[1][:8].upper())
    assert (code, f"head {house.heads[1][:8]} is entry 2 of '{AT}'; 2 entries come after it" in out) == (0, True)
    assert verify(bundle, house.heads[3]).ok
    assert not verify(bundle, "0" * 64).ok


async def test_promise_12_a_cut_tail_shows_only_against_a_head(house: House) -> None:
    """Whoever cuts the tail and mends the manifest is found by the head that a notice printed."""
    bundle = await house.bundle()
    record = bundle / "record.jsonl"
    kept = b"".join(record.read_bytes().splitlines(keepends=True)[:2])
    record.write_bytes(kept)
    assert not verify(bundle).ok
    manifest = json.loads((bundle / "manifest.json").read_text())
    for item in manifest["files"]:
        if item["path"] == "record.jsonl":
            item |= {"sha256": hashlib.sha256(kept).hexdigest(), "size": len(kept)}
    rewrite(bundle, {"entries": 2, "head": house.heads[1], "files": manifest["files"]})
    assert verify(bundle).ok
    code, out = run(bundle, "--head", house.heads[3][:8])
    assert (code, "the record was cut or replaced" in out) == (1, True)


async def test_promise_12_every_changed_byte_of_the_record_is_found(house: House) -> None:
    """Wherever one byte of the record changes, the verifier says no, and never crashes."""
    bundle = await house.bundle()
    record = bundle / "record.jsonl"
    good = record.read_bytes()
    for position in range(0, len(good), 7):
        record.write_bytes(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
        assert not verify(bundle).ok, position
    record.write_bytes(good)
    assert verify(bundle).ok


async def test_an_altered_entry_is_named_with_its_line(house: House) -> None:
    """The line is named, and that what follows proves nothing."""
    bundle = await house.bundle()
    record = bundle / "record.jsonl"
    record.write_bytes(record.read_bytes().replace(b'"detect"', b'"triage"', 2))
    verdict = verify(bundle)
    assert (verdict.problems[0].where, verdict.entries) == ("record.jsonl line 1", 0)
    assert "altered" in verdict.problems[0].what
    assert "3 lines after it" in verdict.problems[0].what


@pytest.mark.parametrize("line", [1, 2, 4])
async def test_an_entry_that_was_replaced_and_hashed_again_is_found(house: House, line: int) -> None:
    """An entry with a hash of its own that fits still does not fit between its neighbours."""
    bundle = await house.bundle()
    record = bundle / "record.jsonl"
    lines = record.read_bytes().splitlines()
    forged = {**json.loads(lines[line - 1]), "text": "nothing happened"}
    forged["prev"] = "0" * 64
    del forged["hash"]
    forged["hash"] = hashlib.sha256(verifier.canonical(forged)).hexdigest()
    record.write_bytes(b"".join(one + b"\n" for one in [*lines[: line - 1], verifier.canonical(forged), *lines[line:]]))
    named = [problem.what for problem in verify(bundle).problems if problem.where == f"record.jsonl line {line}"]
    assert [what.split(";")[0] for what in named] == ["it does not continue the entry before it"]


@pytest.mark.parametrize(
    ("damage", "where"),
    [
        ("evidence byte", "evidence/"),
        ("evidence gone", "evidence/"),
        ("evidence added", "evidence/extra"),
        ("unlisted file", "note.txt"),
        ("report byte", "report.md"),
        ("torn tail", "record.jsonl line 5"),
        ("doubled key", "record.jsonl line 4"),
        ("record gone", "record.jsonl"),
        ("link", "report.md"),
        ("linked folder", "reports/"),
        ("evidence not listed", "record.jsonl line"),
        ("rehashed evidence", "record.jsonl line"),
        ("escaping path", "manifest.json"),
    ],
)
async def test_damage_is_found_and_named(house: House, damage: str, where: str) -> None:
    """Whatever was changed, left out or slipped in, the verifier says where."""
    bundle = await house.bundle()
    manifest = json.loads((bundle / "manifest.json").read_text())
    trace = house.sealed[1].path
    record, report = bundle / "record.jsonl", bundle / "report.md"
    match damage:
        case "evidence byte":
            (bundle / trace).write_bytes(b"[1,3]")
        case "evidence gone":
            (bundle / trace).unlink()
        case "evidence added":
            (bundle / "evidence" / "extra").write_bytes(b"x")
        case "unlisted file":
            (bundle / "note.txt").write_bytes(b"x")
        case "report byte":
            report.write_bytes(b"# report\n")
        case "torn tail":
            record.write_bytes(record.read_bytes() + b'{"actor":"h')
        case "doubled key":
            head, _, last = record.read_bytes().rpartition(b'"text":')
            record.write_bytes(head + b'"text":"hidden","text":' + last)
        case "record gone":
            record.unlink()
        case "link":
            report.rename(bundle.parent / "outside.md")
            report.symlink_to(bundle.parent / "outside.md")
        case "linked folder":
            (bundle / "reports").rename(bundle.parent / "outside")
            (bundle / "reports").symlink_to(bundle.parent / "outside", target_is_directory=True)
        case "evidence not listed":
            rewrite(bundle, {"evidence": [item for item in manifest["evidence"] if item["path"] != trace]})
            (bundle / trace).unlink()
        case "rehashed evidence":
            (bundle / trace).write_bytes(b"[1,3]")
            sha256 = hashlib.sha256(b"[1,3]").hexdigest()
            fixed = [{**item, "sha256": sha256} if item["path"] == trace else item for item in manifest["evidence"]]
            rewrite(bundle, {"evidence": fixed})
        case "escaping path":
            rewrite(bundle, {"files": [*manifest["files"], {"path": "../store/x", "sha256": "0" * 64}]})
    verdict = verify(bundle)
    assert not verdict.ok
    assert any(where in problem.where for problem in verdict.problems), verdict.problems
    assert run(bundle)[0] == 1


async def test_what_is_no_bundle_is_told_apart_from_a_bad_one(house: House, tmp_path: Path) -> None:
    """Exit code 2: nothing was checked, because there is nothing to check or the call is wrong."""
    bundle = await house.bundle()
    with pytest.raises(NoBundle):
        verify(tmp_path / "none")
    assert run(bundle, "--head", "xyz")[0] == 2
    assert run(bundle, "--unknown")[0] == 2
    for broken in (
        "{",
        "[]",
        '{"format":"halon-record-9","incident_id":"x"}',
        '{"format":"halon-record-1"}',
        "[" * 99999,
    ):
        (bundle / "manifest.json").write_text(broken)
        assert run(bundle)[0] == 2


async def test_the_verifier_prints_nothing_that_a_terminal_obeys(house: House) -> None:
    """Names inside a bundle are data of unknown origin."""
    bundle = await house.bundle()
    manifest = json.loads((bundle / "manifest.json").read_text())
    rewrite(bundle, {"files": [*manifest["files"], {"path": "a\x1b[2J\nresult: the record holds", "sha256": "0" * 64}]})
    code, out = run(bundle)
    assert (code, "\x1b" in out) == (1, False)
    assert "result: the record holds" not in out.splitlines()


@pytest.mark.parametrize("filled", ["file inside", "is a file", "is a link"])
async def test_an_export_never_touches_what_is_there(house: House, tmp_path: Path, filled: str) -> None:
    """A destination that holds anything is refused, and nothing is left behind."""
    target = tmp_path / "out"
    match filled:
        case "file inside":
            target.mkdir()
            (target / "mine.txt").write_text("mine")
        case "is a file":
            target.write_text("mine")
        case "is a link":
            target.symlink_to(tmp_path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ExportRefused):
        await house.bundle("out")
    assert before == sorted(tmp_path.iterdir())


async def test_an_export_fills_an_empty_folder_and_leaves_nothing_beside_it(house: House, tmp_path: Path) -> None:
    """The bundle appears whole; the folder it was written in is gone."""
    (tmp_path / "out").mkdir()
    assert verify(await house.bundle("out")).ok
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "store"]


@pytest.mark.parametrize(
    "name", ["../x", "/x", "record.jsonl", "manifest.json", "verify.py", "evidence/x", ".x", "a//b", ""]
)
async def test_a_report_cannot_take_the_place_of_something_else(house: House, tmp_path: Path, name: str) -> None:
    """Names of reports are checked before anything is written."""
    with pytest.raises(ExportRefused):
        await export(INCIDENT, house.stores, tmp_path / "out", {name: b"x"}, exported_at=AT)
    assert not (tmp_path / "out").exists()


async def test_an_unknown_incident_is_refused(house: House, tmp_path: Path) -> None:
    """An empty bundle would prove nothing."""
    with pytest.raises(ExportRefused, match="no record"):
        await export("incident-none:1", house.stores, tmp_path / "out", {}, exported_at=AT)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", ["altered", "altered, not in the record", "gone", "unsealed", "garbled sidecar"])
async def test_an_export_neither_repairs_nor_hides_damaged_evidence(house: House, tmp_path: Path, damage: str) -> None:
    """The bundle is written all the same, lists what was sealed, and the verifier reports what is there."""
    hit = house.sealed[2 if damage == "altered, not in the record" else 1]
    path = tmp_path / "store" / hit.path
    match damage:
        case "altered" | "altered, not in the record":
            path.write_bytes(b"[1,3]")
        case "gone":
            path.unlink()
        case "unsealed":
            (tmp_path / "store" / "evidence" / slug(INCIDENT) / "0000-crashed").write_bytes(b"x")
        case "garbled sidecar":
            path.with_name(path.name + "+seal.json").write_bytes(b"{")
    verdict = verify(await house.bundle())
    expected = set() if damage in ("unsealed", "garbled sidecar") else {hit.path}
    assert expected == {problem.where.strip("'") for problem in verdict.problems}
