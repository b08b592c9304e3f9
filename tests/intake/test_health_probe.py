"""The health check's own writing: durable, and not another version of an object with each question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from halon.evidence.store import EvidenceStore
from halon.intake import health

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Counting(EvidenceStore):
    """Counts what is written."""

    written = 0

    async def replace(self, path: str, content: bytes) -> None:
        type(self).written += 1
        await super().replace(path, content)


async def test_many_questions_are_one_write(
    temporal: Client, make_gateway: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The probe is written once a minute and looked for in between; one that is gone is told."""
    monkeypatch.setattr(health, "_KEPT_SECONDS", 0.0)
    Counting.written = 0
    gateway = make_gateway(temporal, store=Counting.open(tmp_path / "store"))
    said = [(await gateway.http.get("/healthz")).json()["checked"]["evidence"] for _ in range(5)]
    assert [one["ok"] for one in said] == [True] * 5
    assert Counting.written == 1
    assert said[0]["what"] == f"wrote {health.PROBE} durably"
    assert said[4]["what"].startswith(f"{health.PROBE} is there")
    (tmp_path / "store" / health.PROBE).unlink()
    gone = (await gateway.http.get("/healthz")).json()["checked"]["evidence"]
    await gateway.stop()
    assert (gone["ok"], "is not in the evidence store any more" in gone["what"]) == (False, True)
