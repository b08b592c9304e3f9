"""The front door does not open unguarded, and makes its first tokens itself."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from halon.client import TemporalUnreachable, connect, identity
from halon.evidence.store import EvidenceStore
from halon.intake.admit import Admission
from halon.intake.app import create_app
from halon.intake.guarded import DoorRefused, require_guarded, token_names
from halon.intake.serve import serve
from halon.intake.tokens import TokensError, ensure_tokens
from halon.kit import Source
from halon.kit.loading import load
from halon.settings import Settings, starter_kit

AM = Source("am", "alertmanager", "AM_TOKEN")


@dataclass(frozen=True)
class Kit:
    sources: dict[str, Source] = field(default_factory=lambda: {"am": AM})
    digest: str = "sha256:0000"
    redaction: dict[str, str] = field(default_factory=dict)


TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("host", "source", "environ", "told"),
    [
        ("127.0.0.1", AM, {}, "set AM_TOKEN"),
        ("127.0.0.1", AM, {"AM_TOKEN": "   "}, "set AM_TOKEN"),
        ("127.0.0.1", AM, {"AM_TOKEN": "short"}, "at least 16"),
        ("127.0.0.1", AM, {"AM_TOKEN": TOKEN, "HALON_TOKEN_READ": "x"}, "HALON_TOKEN_READ has 1"),
        ("0.0.0.0", replace(AM, allow_open=True), {}, "listens on 0.0.0.0"),
        ("0.0.0.0", replace(AM, token_env=""), {}, "token_env"),
        ("127.0.0.1", replace(AM, kind="pigeon"), {"AM_TOKEN": TOKEN}, "alertmanager"),
        ("127.0.0.1", AM, {"AM_TOKEN": TOKEN}, None),
        ("0.0.0.0", AM, {"AM_TOKEN": TOKEN}, None),
        ("127.0.0.1", replace(AM, allow_open=True), {}, None),
    ],
)
def test_a_source_without_a_token_keeps_the_door_shut(
    host: str, source: Source, environ: dict[str, str], told: str | None
) -> None:
    """Every source needs a token of some length; open is possible only on this machine and only if the kit says so."""
    settings = replace(Settings.from_environ({}), gateway_host=host)
    reasons: list[str] = []
    try:
        require_guarded(settings, Kit({"am": source}), environ)
    except DoorRefused as refused:
        reasons = refused.reasons
    assert [told in reason for reason in reasons] == [True] if told else reasons == []
    assert all(value.strip() not in " ".join(reasons) for value in environ.values() if len(value.strip()) > 1)


def test_the_starter_kit_opens_with_the_tokens_that_a_first_start_makes(tmp_path: Path) -> None:
    """A first start needs nothing set by hand: the kit's own sources and the tokens made for them open the door."""
    kit = load(starter_kit(), {})
    settings = replace(Settings.from_environ({"HALON_HOME": str(tmp_path)}), temporal_port=_unused())
    with pytest.raises(DoorRefused):
        require_guarded(settings, kit, {})
    environ = ensure_tokens(settings.home, {}, token_names(kit))

    async def run() -> set[str]:
        client = await connect(settings, environ={}, lazy=True)
        door = Admission(client, settings.task_queue)
        store = EvidenceStore.open(settings.evidence)
        app = create_app(door, settings, kit, store, client, environ)
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            known = (await http.post("/v1/alerts/nobody")).json()["known"]
        return set(known)

    machines = asyncio.run(run())
    assert machines == {source.name for source in kit.sources.values() if source.kind == "alertmanager"} != set()


def test_tokens_are_made_once_and_kept_private(tmp_path: Path) -> None:
    """Missing tokens are random and land in a file for this user alone; a set variable wins; the second time all stay."""
    home = tmp_path / "home"
    names = token_names(Kit())
    first = ensure_tokens(home, {}, names)
    again = ensure_tokens(home, {"AM_TOKEN": "from-the-environment"}, [*names, "MORE_TOKEN"])
    assert set(first) == {"AM_TOKEN", "HALON_TOKEN_READ", "HALON_TOKEN_REPORT"}
    assert len(set(first.values())) == 3
    assert min(len(token) for token in first.values()) >= 40
    assert stat.S_IMODE((home / "tokens.env").stat().st_mode) == 0o600
    assert again["AM_TOKEN"] == "from-the-environment"
    assert again["HALON_TOKEN_READ"] == first["HALON_TOKEN_READ"]
    assert again["MORE_TOKEN"] not in first.values()
    assert ensure_tokens(home, {}, names) == first
    assert os.listdir(home) == ["tokens.env"]


@pytest.mark.parametrize("line", ["AM_TOKEN", "AM TOKEN=0123456789abcdef", "AM_TOKEN=short"])
def test_a_broken_file_of_tokens_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    """A token file that was edited wrongly is not overwritten and not half used."""
    path = tmp_path / "tokens.env"
    path.write_text(f"# comment\n{line}\n")
    path.chmod(0o600)
    with pytest.raises(TokensError, match=r"tokens\.env, line 2"):
        ensure_tokens(tmp_path, {}, ["AM_TOKEN"])
    assert path.read_text() == f"# comment\n{line}\n"


def test_a_file_of_tokens_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """Tokens that lie open are no secrets: the command that closes the file is in the message."""
    path = tmp_path / "tokens.env"
    path.write_text("AM_TOKEN=0123456789abcdef\n")
    path.chmod(0o644)
    with pytest.raises(TokensError, match="chmod 600"):
        ensure_tokens(tmp_path, {}, ["AM_TOKEN"])


def test_the_door_opens_without_temporal_answers_503_and_stops_clean(tmp_path: Path) -> None:
    """A gateway that starts before Temporal listens, says 503, frees its port at the end, and no token is in the logs."""
    settings = replace(Settings.from_environ({"HALON_HOME": str(tmp_path)}), gateway_port=0, temporal_port=_unused())

    async def run() -> tuple[httpx.Response, httpx.Response, str]:
        client = await connect(settings, role="gateway", environ={}, lazy=True)
        stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
        store = EvidenceStore.open(settings.evidence)
        task = asyncio.create_task(
            serve(settings, Kit(), store, client, {"AM_TOKEN": TOKEN}, stop, on_ready=url.set_result)
        )
        try:
            async with httpx.AsyncClient(base_url=await asyncio.wait_for(url, 10), timeout=20) as http:
                body: Any = {"version": "4", "alerts": [
                    {"status": "firing", "labels": {"agent": "a"}, "startsAt": "2026-11-22T08:00:00Z"}]}  # fmt: skip
                headers = {"Authorization": f"Bearer {TOKEN}"}
                answer = await http.post("/v1/alerts/am", json=body, headers=headers)
                health = await http.get("/healthz")
        finally:
            stop.set()
            await asyncio.wait_for(task, 20)
        return answer, health, url.result()

    answer, health, url = asyncio.run(run())
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:halon:problem:unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert (health.status_code, health.json()["checked"]["temporal"]["ok"]) == (503, False)
    assert "server" not in answer.headers
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """The message names address and port and the variables that change them."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = replace(Settings.from_environ({"HALON_HOME": str(tmp_path)}), gateway_port=port)

        async def run() -> None:
            client = await connect(settings, environ={}, lazy=True)
            store = EvidenceStore.open(settings.evidence)
            await serve(settings, Kit(), store, client, {"AM_TOKEN": TOKEN}, asyncio.Event())

        with pytest.raises(DoorRefused, match=rf"127\.0\.0\.1:{port} .*HALON_GATEWAY_PORT"):
            asyncio.run(run())


def test_the_client_follows_temporals_environment_configuration(tmp_path: Path) -> None:
    """Address, namespace and profile come from TEMPORAL_ variables; without them, the embedded server's port."""
    settings = replace(Settings.from_environ({}), temporal_port=7777)
    profile = tmp_path / "temporal.toml"
    profile.write_text('[profile.cluster]\naddress = "cluster.example:7233"\nnamespace = "incidents"\n')

    async def found(environ: dict[str, str], **overrides: Any) -> tuple[str, str, str]:
        client = await connect(settings, role="worker", environ=environ, lazy=True, **overrides)
        config = client.service_client.config
        return config.target_host, client.namespace, client.identity

    me = identity("worker")
    assert me.startswith("halon-worker@")
    assert asyncio.run(found({})) == ("127.0.0.1:7777", "default", me)
    plain = {"TEMPORAL_ADDRESS": "other:7233", "TEMPORAL_NAMESPACE": "n"}
    assert asyncio.run(found(plain)) == ("other:7233", "n", me)
    named = {"TEMPORAL_CONFIG_FILE": str(profile), "TEMPORAL_PROFILE": "cluster"}
    assert asyncio.run(found(named)) == ("cluster.example:7233", "incidents", me)
    assert asyncio.run(found(plain, target_host="mine:1")) == ("mine:1", "n", me)


def test_no_temporal_is_told_with_the_address_and_the_next_step() -> None:
    """A client that can't connect says where it tried and what to check."""
    settings = replace(Settings.from_environ({}), temporal_port=_unused())
    with pytest.raises(TemporalUnreachable, match="halon up") as caught:
        asyncio.run(connect(settings, environ={}))
    assert caught.value.target == f"127.0.0.1:{settings.temporal_port}"
    with pytest.raises(TemporalUnreachable, match="can't be read"):
        asyncio.run(connect(settings, environ={"TEMPORAL_CONFIG_FILE": "/no/such/file", "TEMPORAL_PROFILE": "x"}))


def _unused() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
