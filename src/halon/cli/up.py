"""``up``: Temporal server, worker, watch and front door on this machine, in one go."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shlex
import signal
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

import halon
from halon.cli import screen
from halon.cli.options import OWN_NAME
from halon.cli.problems import CommandFailed

if TYPE_CHECKING:
    from temporalio.client import Client

    from halon.embedded import EmbeddedServer
    from halon.kit import Kit
    from halon.settings import Settings

LOG = "halon.log"
_LARGEST_LOG = 5_000_000
_HEALTHY_SECONDS = 60.0
_COUNT_SECONDS = 5.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("up", rich_help_panel="Run")(up)


def up() -> None:
    """Run everything on this machine: Temporal server, worker, front door. Ready when it says so; Ctrl-C stops clean."""
    from halon import tracing
    from halon.cli import reaching
    from halon.home import held

    settings = reaching.settings()
    with held(settings.home):
        _log_to(settings.home / LOG, settings.log)
        tracing.begin("up", os.environ)
        try:
            asyncio.run(_up(settings, os.environ))
        finally:
            tracing.end()


def _log_to(path: Path, form: str) -> None:
    """Warnings, and a line per delivery, go into a file beside the database; only errors stay on the terminal."""
    from logging.handlers import RotatingFileHandler

    from halon import logs

    kept = RotatingFileHandler(path, maxBytes=_LARGEST_LOG, backupCount=2, encoding="utf-8")
    root = logging.getLogger()
    for handler in root.handlers:
        handler.setLevel(logging.ERROR)
    logs.set_up(form, [kept])


async def _up(settings: Settings, environ: MutableMapping[str, str]) -> None:
    from halon import home
    from halon.client import connect
    from halon.embedded import NAMESPACE, EmbeddedServer
    from halon.evidence.store import EvidenceStore
    from halon.intake.serve import serve
    from halon.listening import require_free
    from halon.worker import working
    from halon_activities.ahead import Ahead

    kit = _kit(settings, environ)
    port = require_free(settings.gateway_port, "the front door", "HALON_GATEWAY_PORT", settings.gateway_host)
    settings = replace(settings, gateway_port=port)
    evidence = EvidenceStore.open(settings.evidence)
    _line("halon", f"{halon.__version__}, home {settings.home}, kit {kit.digest[:12]} from {settings.kit}")
    server = EmbeddedServer(settings.home, settings.temporal_port, settings.ui_port, _note)
    stop = _stop_on_signals(server)
    async with _serving(server):
        # Only the embedded server counts here, whatever Temporal's own environment says.
        client = await connect(settings, role="up", environ={}, target_host=server.address, namespace=NAMESPACE,
                               tls=False, api_key=None)  # fmt: skip
        ahead: Ahead[object] = Ahead()
        async with working(client, settings, kit, evidence, environ, _note, ahead):
            up = home.Up(os.getpid(), server.address, settings.gateway_url, server.ui)
            home.tell(settings.home, up)
            door = asyncio.create_task(
                serve(settings, kit, evidence, client, environ, stop, expect=ahead.expect), name="front door"
            )
            ready = asyncio.create_task(_ready(settings, kit, up), name="say when it is ready")
            try:
                await asyncio.wait({door, ready}, return_when=asyncio.FIRST_COMPLETED)
                if ready.done():
                    ready.result()
                await door
            finally:
                ready.cancel()
                stop.set()
                home.forget(settings.home)
                await asyncio.gather(door, return_exceptions=True)
                _note(f"stopping; {await _open_incidents(client)}")
    _note("stopped")


def _kit(settings: Settings, environ: MutableMapping[str, str]) -> Kit:
    """The kit, with the tokens of its sources in ``environ``. Raises KitError, TokensError."""
    from halon.intake.guarded import signing_names, token_names
    from halon.intake.tokens import ensure_tokens
    from halon.kit import load

    kit = load(settings.kit, environ)
    environ.update(ensure_tokens(settings.home, environ, token_names(kit), signing_names(kit)))
    return load(settings.kit, environ)  # again: what it says of tonight depends on the tokens


@asynccontextmanager
async def _serving(server: EmbeddedServer) -> AsyncIterator[None]:
    await server.start()
    try:
        yield
    finally:
        await server.stop()


async def _ready(settings: Settings, kit: Kit, up: object) -> None:
    """Wait until ``/healthz`` says yes, then print where everything is. Raises CommandFailed if it never does."""
    import httpx

    from halon.home import Up
    from halon.intake.tokens import FILE

    assert isinstance(up, Up)
    said = "no answer"
    async with httpx.AsyncClient(base_url=up.gateway, trust_env=False, timeout=5) as client:
        try:
            async with asyncio.timeout(_HEALTHY_SECONDS):
                while True:
                    try:
                        answer = await client.get("/healthz")
                    except httpx.TransportError:
                        said = "the front door does not answer"
                    else:
                        if answer.status_code == 200:
                            break
                        said = answer.text[:400]
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise CommandFailed(f"not healthy after {_HEALTHY_SECONDS:g} s: {said}", f"see {settings.home}") from None
    tokens = settings.home / FILE
    _line("front door", f"{up.gateway} (health {up.gateway}/healthz, API {up.gateway}/docs)")
    _line("temporal", f"{up.address}, UI {up.ui}")
    _line("tokens", str(tokens))
    _line("pages go to", "; ".join(_pages(settings, kit)) or "nobody: no channel is set up")
    for warning in (*kit.warnings, *_misspelt(kit)):
        _line("warning", warning)
    _line("try", _curl(up.gateway, tokens, _first_agent(kit)))
    _line("ready", "open incidents with alerts or `halon report`; look with `halon incidents`; Ctrl-C stops")


def _pages(settings: Settings, kit: Kit) -> list[str]:
    """Where pages end up: the channels that somebody is paged on."""
    from halon.connectors.filelog import inside

    used = dict.fromkeys(name for person in kit.people.values() for name in person.channels)
    found = []
    for name in used:
        channel = kit.channels[name]
        where = {"file": str(inside(settings.home, channel.path)) if channel.path else "",
                 "smtp": f"mail by {channel.server_env}", "webhook": f"webhook {channel.url_env}"}[channel.kind]  # fmt: skip
        found.append(f"{where} ({name})")
    return found


def _first_agent(kit: Kit) -> str:
    """The agent to try it with: the first for which something happens, so one in mode act or else suggest."""
    agents = sorted(kit.policy.agents.values(), key=lambda agent: ("act", "suggest", "observe").index(agent.mode))
    return agents[0].name if agents else "my-agent"


def _misspelt(kit: Kit) -> list[str]:
    """Variables that look like a setting and are none."""
    from halon.settings import misspelt

    named = [OWN_NAME, *(source.token_env for source in kit.sources.values())]
    for channel in kit.channels.values():
        named += [channel.url_env, channel.server_env, channel.user_env, channel.password_env, channel.secret]
    return [f"{name} means nothing here; did you mean {meant}?" for name, meant in misspelt(os.environ, named) if meant]


def _curl(gateway: str, tokens: Path, agent: str) -> str:
    body = {"reporter": "you", "agent": agent, "summary": "It did what it should not.", "what": "other"}
    return (f". {shlex.quote(str(tokens))}; curl -sS {gateway}/v1/reports -H \"Authorization: Bearer $HALON_TOKEN_REPORT\" "
            f"-H 'Content-Type: application/json' -d {shlex.quote(json.dumps(body))}")  # fmt: skip


async def _open_incidents(client: Client) -> str:
    """How many incidents are open, in words."""
    from datetime import timedelta

    from temporalio.service import RPCError

    query = "WorkflowType = 'Incident' AND ExecutionStatus = 'Running'"
    try:
        count = (await client.count_workflows(query, rpc_timeout=timedelta(seconds=_COUNT_SECONDS))).count
    except RPCError:
        return "open incidents go on at the next start"
    return f"open incidents: {count} go on at the next start"


def _stop_on_signals(server: EmbeddedServer) -> asyncio.Event:
    """Set at the first SIGINT or SIGTERM. At the second one nothing is waited for: what runs is in the database."""
    stop = asyncio.Event()

    def hear() -> None:
        if stop.is_set():
            server.kill()
            os._exit(130)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, hear)
    return stop


def _line(what: str, text: str) -> None:
    screen.line(f"{what}: {text}")


def _note(text: str) -> None:
    screen.line(text)
