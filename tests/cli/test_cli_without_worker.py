"""A server and no worker: what is mirrored is shown with its age, and nobody is told that something was done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from halon.cli import asking, entry, saying
from halon.client import data_converter
from halon.embedded import EmbeddedServer
from halon.incident.opening import Opening
from halon_workflows import surface


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedServer]:
    """A server that two incidents lie on, as a worker that is gone has left them; they share a reference."""
    running = EmbeddedServer(tmp_path_factory.mktemp("temporal"), 0, 0, lambda line: None)
    await running.start()
    client = await Client.connect(running.address, data_converter=data_converter)
    for name, reference in (("one", "INC-7F3A"), ("two", "INC-AAAA"), ("three", "INC-AAAA")):
        await client.start_workflow(
            "Incident", Opening(), id=f"incident-{name}", task_queue="nobody-works-here",
            search_attributes=TypedSearchAttributes([
                SearchAttributePair(surface.REF, reference), SearchAttributePair(surface.AGENT, "support-bot"),
                SearchAttributePair(surface.SEVERITY, "SEV1"), SearchAttributePair(surface.PHASE, "contain"),
                SearchAttributePair(surface.WAITING_ON, ["privacy_officer"]),
            ]),
        )  # fmt: skip
    yield running
    await running.stop()


@pytest.fixture(autouse=True)
def _here(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", server.address)
    monkeypatch.setenv("HALON_HOME", str(tmp_path))
    monkeypatch.setattr(asking, "QUERY_SECONDS", 1.0)
    monkeypatch.setattr(saying, "ANSWER_SECONDS", 1.0)


async def _typed(*words: str) -> int:
    return await asyncio.to_thread(entry.run, list(words))


async def _listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Lists lag a little behind."""
    async with asyncio.timeout(20):
        while True:
            await _typed("incidents", "--json")
            if len(json.loads(capsys.readouterr().out)) == 3:
                return
            await asyncio.sleep(0.2)


async def test_the_last_mirrored_state_is_shown_with_its_age(capsys: pytest.CaptureFixture[str]) -> None:
    """``status`` says that no worker answers, how old what it shows is, and how to start one; exit 0: it did answer."""
    await _listed(capsys)
    assert await _typed("status", "INC-7F3A") == 0
    said = capsys.readouterr().out
    assert "no worker answers" in said
    assert "ago" in said
    assert "halon up" in said
    assert "SEV1: support-bot: in contain." in said
    assert "privacy_officer" in said
    assert await _typed("status", "INC-7F3A", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["live"] is False
    assert told["as_of"]
    assert told["severity"]["level"] == "SEV1"


async def test_a_command_that_nobody_answers_is_not_called_done(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1, with what to do; never a success that nobody has confirmed."""
    await _listed(capsys)
    assert await _typed("ack", "INC-7F3A", "--by", "ann") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "no worker answered" in said.err
    assert "halon worker" in said.err


async def test_a_reference_that_two_share_names_both(capsys: pytest.CaptureFixture[str]) -> None:
    """20 bits can meet: then the workflow ids are listed, and each of them is understood."""
    await _listed(capsys)
    assert await _typed("status", "INC-AAAA") == 1
    said = capsys.readouterr().err
    assert "incident-two" in said
    assert "incident-three" in said
    assert await _typed("status", "incident-two") == 0
    assert "SEV1" in capsys.readouterr().out


async def test_clocks_fall_back_to_what_is_mirrored(capsys: pytest.CaptureFixture[str]) -> None:
    """An incident without a mirrored deadline has no line; nothing fails."""
    await _listed(capsys)
    assert await _typed("clocks", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
