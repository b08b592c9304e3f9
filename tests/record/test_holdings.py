"""What is sealed for an incident, found through record and folder, checked, and the log of who read it later."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from halon.evidence.access import Reading, append, is_log, readings
from halon.evidence.errors import Tampered
from halon.evidence.labels import Handling
from halon.evidence.parts import Payload, object_of, seal_payloads
from halon.evidence.seal import SIDECAR, seal
from halon.evidence.store import EvidenceStore
from halon.incident.chain import Chain
from halon.record.export import Stores, export
from halon.record.holdings import content, find, holdings
from halon.record.store import RecordStore
from halon.record.verify import verify

INCIDENT = "incident-support-bot.test:run-1"
AT = "2026-11-22T08:16:15.000Z"


class Held:
    """A store with one incident: a raw payload and traces that the record names, and a picture that it does not."""

    def __init__(self, root: Path) -> None:
        self.root = root / "store"
        self.store = EvidenceStore.open(self.root)
        self.stores = Stores(RecordStore(self.store), self.store)

    async def fill(self) -> None:
        label = Handling().label
        (self.raw,) = await seal_payloads(self.store, [Payload("alertmanager", AT, b'{"status":"firing"}')])
        self.traces = await seal(
            self.store, INCIDENT, "traces.json", b"[1,2]", "application/json", "halon", AT, label=label("traces")
        )
        self.state = await seal(
            self.store, INCIDENT, "state.json", b"{}", "application/json", "halon", AT, label=label("controls")
        )
        await seal(self.store, "incident-other:1", "x", b"not ours", "text/plain", "halon", AT)
        chain = Chain(INCIDENT)
        for one in (self.raw, self.traces):
            chain = chain.append(AT, "evidence", "contain", "halon", "sealed", {"evidence": [one.as_json()]})
        await self.stores.record.append(INCIDENT, chain.batch())

    async def problems(self) -> dict[str, str]:
        return {
            one.id: one.problem for one in await holdings(INCIDENT, self.stores, Handling(), check=True) if one.problem
        }


@pytest.fixture
async def held(tmp_path: Path) -> Held:
    """One incident's evidence."""
    made = Held(tmp_path)
    await made.fill()
    return made


async def test_everything_that_is_sealed_is_listed_with_its_label(held: Held) -> None:
    """Raw payloads by the record, the rest by the folder too; what another incident has is not there."""
    found = {one.id: one for one in await holdings(INCIDENT, held.stores, Handling(), check=True)}
    assert set(found) == {held.raw.id, held.traces.id, held.state.id}
    assert {one.problem for one in found.values()} == {""}
    raw, traces, state = (found[one.id] for one in (held.raw, held.traces, held.state))
    assert (raw.kind, raw.access, raw.collector, raw.recorded) == (
        "raw_alert",
        "restricted",
        "intake/alertmanager",
        True,
    )
    assert (traces.kind, traces.size, traces.retain_until) == ("traces", 5, "2027-11-22T08:16:15.000Z")
    assert (state.kind, state.access, state.recorded) == ("controls", "open", False)


async def test_a_changed_a_missing_and_a_replaced_artefact_are_found(held: Held) -> None:
    """By content, by absence, and by a seal that another hash was written into."""
    (held.root / held.traces.path).write_bytes(b"[1,3]")
    (held.root / object_of(held.raw.path)).unlink()
    assert await held.problems() == {held.traces.id: "its content was altered", held.raw.id: "it is missing"}
    (held.root / held.traces.path).write_bytes(b"[1,2]")
    sidecar = held.root / (held.traces.path + SIDECAR)
    sidecar.write_bytes(sidecar.read_bytes().replace(held.traces.sha256.encode(), b"0" * 64))
    assert (await held.problems())[held.traces.id] == "its seal gives another hash than the record"
    sidecar.write_bytes(b"{")
    assert "can't be read" in (await held.problems())[held.traces.id]
    sidecar.unlink()
    assert (await held.problems())[held.traces.id] == "its seal is missing"


async def test_content_is_handed_out_only_as_it_was_sealed(held: Held) -> None:
    """Found by id or path, held against the hash before anybody gets it; what is not this incident's is not found."""
    one = await find(INCIDENT, held.stores, held.traces.id, Handling())
    assert one is not None
    assert await content(held.store, one) == b"[1,2]"
    assert await find(INCIDENT, held.stores, held.raw.path, Handling()) is not None
    assert await find(INCIDENT, held.stores, "ev-0000000000000000", Handling()) is None
    (held.root / held.traces.path).write_bytes(b"[1,3]")
    with pytest.raises(Tampered, match="altered"):
        await content(held.store, one)


def reading(number: int) -> Reading:
    return Reading(AT, "sue", ("security_lead",), f"ev-{number}", "evidence/x", "0" * 64, "a question of the authority")


async def test_readings_after_closing_are_kept_in_order_and_chained(held: Held) -> None:
    """Also where many read at once; the log is no evidence itself, and goes into the bundle with it."""
    await asyncio.gather(*(append(held.store, INCIDENT, reading(number)) for number in range(8)))
    assert {one.artefact for one in await readings(held.store, INCIDENT)} == {f"ev-{number}" for number in range(8)}
    assert len(await holdings(INCIDENT, held.stores, Handling())) == 3
    assert await held.problems() == {}
    bundle = await export(INCIDENT, held.stores, held.root.parent / "bundle", {}, exported_at=AT)
    verdict = verify(bundle)
    assert (verdict.ok, verdict.problems) == (True, [])
    logged = [path for path in (bundle / "evidence").rglob("*.json") if is_log(path.relative_to(bundle).as_posix())]
    assert len(logged) == 8


async def test_a_reading_that_was_cut_or_altered_shows(held: Held) -> None:
    """Each entry holds the hash of the one before it."""
    paths = [await append(held.store, INCIDENT, reading(number)) for number in range(3)]
    first = held.root / paths[0]
    written = first.read_bytes()
    first.write_bytes(written.replace(b"sue", b"tom"))
    with pytest.raises(Tampered, match="does not continue"):
        await readings(held.store, INCIDENT)
    first.write_bytes(written)
    assert json.loads(written)["by"] == "sue"
    (held.root / paths[1]).unlink()
    with pytest.raises(Tampered, match="entry 2 of the access log is missing"):
        await append(held.store, INCIDENT, reading(9))
