"""A writer is killed at any moment; what it acknowledged is there, and the record goes on."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from halon.evidence.store import EvidenceStore
from halon.incident.chain import Chain, check
from halon.record.store import RecordStore

INCIDENT = "incident-support-bot.tool-misuse:2b6c1a52"

WRITER = """
import asyncio, sys
from halon.evidence.store import EvidenceStore
from halon.incident.chain import Chain
from halon.record.store import RecordStore

async def main():
    record = RecordStore(EvidenceStore.open(sys.argv[1]))
    seq, head = await record.head(sys.argv[2])
    chain = Chain(sys.argv[2], seq, head)
    while True:
        for number in range(1 + chain.seq % 7):
            chain = chain.append("2026-11-22T08:16:15.508Z", "note", "triage", "anna", "x" * 900, {"n": number})
        receipt = await record.append(sys.argv[2], chain.batch())
        chain = chain.flushed(receipt.seq)
        print(receipt.seq, receipt.head, flush=True)

asyncio.run(main())
"""


def killed_after(store: Path, receipts: int) -> list[tuple[int, str]]:
    """Start a writer, kill it after that many receipts, and return all that it had acknowledged by then."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(store), INCIDENT], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(receipts)]
        os.kill(writer.pid, signal.SIGKILL)
        # What it printed after we stopped counting was acknowledged as well; a torn line was not.
        lines += [line for line in writer.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")]
        assert writer.wait() == -signal.SIGKILL
    return [(int(seq), head.decode()) for seq, head in map(bytes.split, lines)]


async def test_no_acknowledged_entry_is_lost_when_the_writer_is_killed(tmp_path: Path) -> None:
    """Killed in the loop again and again: every acknowledged head stands in the record, and the chain is whole."""
    acknowledged: list[tuple[int, str]] = []
    for turn in range(4):
        acknowledged += await asyncio.to_thread(killed_after, tmp_path, 5 + 4 * turn)
        entries = await RecordStore(EvidenceStore.open(tmp_path)).entries(INCIDENT)
        check(entries, INCIDENT)
        stored = {entry.seq: entry.hash for entry in entries}
        assert [(seq, head) for seq, head in acknowledged if stored.get(seq) != head] == []
    assert len(acknowledged) >= 5 + 9 + 13 + 17

    last, last_head = await RecordStore(EvidenceStore.open(tmp_path)).head(INCIDENT)
    chain = Chain(INCIDENT, last, last_head).append("2026-11-22T09:00:00.000Z", "note", "triage", "anna", "go on", {})
    receipt = await RecordStore(EvidenceStore.open(tmp_path)).append(INCIDENT, chain.batch())
    assert last + 1 == receipt.seq
