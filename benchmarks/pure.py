"""What runs without Temporal: the record on a file system."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from benchmarks.figures import Figure, milliseconds, ratio
from halon.evidence.store import EvidenceStore
from halon.incident.chain import Chain
from halon.record.store import RecordStore

AT = "2026-11-22T10:00:00.000Z"
BATCHES, SIZES = 40, (1, 10, 100)


async def appending(home: Path) -> list[Figure]:
    """Batches of several sizes, each to a record of its own that grows by it."""
    store = RecordStore(EvidenceStore.open(home))
    figures, medians = [], {}
    for size in SIZES:
        name, spent = f"incident-bench.size-{size}:run", []
        chain = Chain(incident_id=name)
        for _ in range(BATCHES):
            for number in range(size):
                chain = chain.append(
                    AT, "alert", "detect", "alertmanager", f"Alert {number} firing: it leaks", {"n": number}
                )
            began = time.perf_counter()
            receipt = await store.append(name, chain.batch())
            spent.append(time.perf_counter() - began)
            chain = chain.flushed(receipt.seq)
        medians[size] = statistics.median(spent)
        figures.append(milliseconds(f"{size:>3} entries", spent))
    one, many = SIZES[0], SIZES[-1]
    figures.append(ratio(f"{many} entries in one batch against one by one", many * medians[one], medians[many]))
    return figures
