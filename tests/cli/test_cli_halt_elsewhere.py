"""``halt`` typed where no worker of this store is: it is never called done."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from temporalio.client import Client

from halon.cli import entry, halting
from halon.client import data_converter
from halon.embedded import EmbeddedServer
from halon.evidence.store import EvidenceStore
from halon.kit import Kit, load, starter_path
from halon.record.halt import Halt
from halon.settings import Settings
from halon.worker import build_worker, keep_kit

WORDS = ("--reason", "stop now", "--by", "ann")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedServer]:
    """A Temporal server."""
    running = EmbeddedServer(tmp_path_factory.mktemp("temporal"), 0, 0, lambda line: None)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def home(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder that the command is typed for; nothing lies in it yet."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("HALON_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HALON_TASK_QUEUE", f"halts-{tmp_path.name}")
    for name in ("HALON_EVIDENCE", "HALON_HALT", "HALON_USER", "HALON_KIT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HALON_KIT", str(starter_path()))
    monkeypatch.setattr(halting, "ANSWER_SECONDS", 4.0)
    return tmp_path / "home"


def kit_there() -> Kit:
    return load(starter_path(), {})


async def typed(*words: str) -> int:
    return await asyncio.to_thread(entry.run, list(words))


async def test_a_store_that_is_not_there_is_not_halted_and_not_made(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Typed in another folder: exit 1, the absolute address, and no folder that would look like a store afterwards."""
    assert await typed("halt", *WORDS) == 1
    said = capsys.readouterr()
    assert f"no worker has ever worked on the store {home / 'evidence'}" in said.err
    assert "halted" not in said.out
    assert not home.exists()
    (home / "evidence").mkdir(parents=True)
    assert await typed("halt", *WORDS) == 1, "an empty folder is no store of a worker either"
    assert not (await Halt(EvidenceStore.open(home / "evidence")).standing()).halted


async def test_a_halt_that_no_worker_sees_is_not_called_done(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said in the store, because a worker may start on it; but exit 1: nobody works there now."""
    store = EvidenceStore.open(home / "evidence")
    await keep_kit(store, kit_there())
    assert await typed("halt", *WORDS) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "but no worker confirmed it: none on the task queue" in said.err
    assert str(home / "evidence") in said.err
    assert (await Halt(store).standing()).halted


async def test_a_worker_on_another_store_does_not_confirm_and_its_own_does(
    home: Path, server: EmbeddedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer comes from the worker's own store: another one is told apart, the right one is named."""
    settings, kit = Settings.from_environ(os.environ), kit_there()
    client = await Client.connect(server.address, data_converter=data_converter)
    here, other = EvidenceStore.open(home / "evidence"), EvidenceStore.open(tmp_path / "other")
    await keep_kit(here, kit)
    async with httpx.AsyncClient() as http:
        async with build_worker(client, settings, kit, http=http, environ={}, evidence=other):
            assert await typed("halt", *WORDS) == 1
            assert "sees something else (nobody ever halted anything there)" in capsys.readouterr().err
        async with build_worker(client, settings, kit, http=http, environ={}, evidence=here):
            assert await typed("halt", *WORDS) == 0
            said = capsys.readouterr().out
            assert "Halon's own actions are halted by ann" in said
            assert f"Confirmed by a worker on this store: {home / 'evidence'}" in said
            assert await typed("resume", *WORDS) == 0
