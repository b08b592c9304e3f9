"""Reading sealed evidence: by role, on record first, and only what is still what was sealed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

WHY = "the authority asks for it"


async def typed(house: Any, *words: str) -> Any:
    """Run ``halon evidence`` as people type it."""
    return await house.typed("evidence", *words, "--json")


async def listed(house: Any, reference: str, *words: str) -> dict[str, dict[str, Any]]:
    """The artefacts by kind, once the record names the raw payload and what was collected."""
    answer = await typed(house, reference, *words)
    return {one["kind"]: one for one in answer.value["evidence"]}


async def test_promise_12_evidence_is_read_by_role_and_on_record(house: Any, tmp_path: Path) -> None:
    """The list shows what there is; a reading needs the role, stands in the record, and is checked against its hash."""
    await house.misbehave()
    async with house.worker():
        await house.open()
        await house.contained()
        reference = (await house.query("status"))["reference"]
        held = await listed(house, reference, "--verify")
        assert {"traces", "actions", "controls", "describe", "config", "prompts", "permissions", "memory"} <= set(held)
        assert {one["problem"] for one in held.values()} == {""}
        memory, controls, traces = held["memory"], held["controls"], held["traces"]

        def read(one: dict[str, Any], by: str) -> Any:
            return typed(house, reference, one["id"], "--out", str(tmp_path / f"{by}-{one['kind']}"), "--by", by,
                         "--reason", WHY)  # fmt: skip

        refused = await read(memory, "tom")
        assert (refused.code, refused.value["error"]["type"]) == (1, "NotAuthorised")
        assert "privileged evidence takes the role commander or security_lead or privacy_officer" in refused.err
        assert not (tmp_path / "tom-memory").exists()
        assert (await read(controls, "cus")).code == 0, "what is open is open to every role"
        assert (await read(traces, "cus")).value["error"]["type"] == "NotAuthorised"
        assert (await read(traces, "nobody")).value["error"]["type"] == "UnknownPerson"

        done = await read(memory, "sue")
        assert done.code == 0, done.err
        assert json.loads((tmp_path / "sue-memory").read_bytes())["memory"] == []
        assert (tmp_path / "sue-memory").stat().st_mode & 0o077 == 0
        again = await read(memory, "sue")
        assert (again.code, "is there already" in again.err) == (2, True)

        [incident_id] = await house.record.incidents()

        async def logged() -> list[Any]:
            return [one for one in await house.record.entries(incident_id) if one.kind == "evidence-read"]

        for _ in range(900):
            if len(await logged()) == 2:
                break
            await asyncio.sleep(0.1)
        entry = (await logged())[-1]
        assert (entry.actor, entry.data["artefact"], entry.data["reason"]) == ("sue", memory["id"], WHY)
        assert entry.data["evidence"] == [{"path": memory["path"], "sha256": memory["sha256"]}]
        assert f"sue (name unverified) reads evidence {memory['id']}" in entry.text
        refusals = [one.text for one in await house.record.entries(incident_id) if one.kind == "refused"]
        assert any("privileged evidence takes the role" in text for text in refusals), "who tried stands there too"

        assert "UnknownEvidence" in await house.say("evidence", by="sue", artefact="ev-0000000000000000", reason=WHY)
        assert "Malformed" in await house.say("evidence", by="sue", artefact=traces["id"])
        lying = Path(house.settings.evidence) / traces["path"]
        lying.write_bytes(lying.read_bytes() + b" ")
        assert "EvidenceChanged" in await house.say("evidence", by="sue", artefact=traces["id"], reason=WHY)
        assert (await read(traces, "sue")).value["error"]["type"] == "EvidenceChanged"
        assert not (tmp_path / "sue-traces").exists()
        wrong = await typed(house, reference, "--verify")
        assert (wrong.code, wrong.value["ok"]) == (1, False)
        assert [one["problem"] for one in wrong.value["evidence"] if one["kind"] == "traces"] == [
            "its content was altered"
        ]
