"""A worker of its own process that collects evidence, so that a test can kill it: ADDRESS QUEUE STORE."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from halon.connectors.http import new_client
from halon.evidence.store import EvidenceStore
from halon.kit import load, starter_path
from halon.record.journal import Journal
from halon.record.store import RecordStore
from halon_activities.evidence import Evidence
from halon_activities.hands import Hands


async def main(address: str, queue: str, folder: str) -> None:
    """Work until somebody ends it."""
    store = EvidenceStore.open(folder)
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    async with new_client() as http:
        hands = Hands(
            kit=load(starter_path(), os.environ), evidence=store, record=RecordStore(store), journal=Journal(store),
            temporal=client, http=http, environ=os.environ, home=Path(folder) / "home",
        )  # fmt: skip
        async with Worker(client, task_queue=queue, activities=[Evidence(hands).collect]):
            print("ready", flush=True)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
