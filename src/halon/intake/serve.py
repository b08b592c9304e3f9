"""Run the front door until it is told to stop; then finish what is under way, and only then go."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence

import uvicorn
from fastapi import APIRouter
from temporalio.client import Client

from halon.evidence.store import EvidenceStore
from halon.incident.alerts import Alert
from halon.intake.admit import Admission
from halon.intake.app import create_app
from halon.intake.corked import CorkedWire
from halon.intake.guarded import DoorRefused, Kit
from halon.memory import settle
from halon.settings import Settings, reachable_url

GRACE_SECONDS = 20
"""Time that requests under way have when the door closes."""


async def serve(
    settings: Settings,
    kit: Kit,
    evidence: EvidenceStore,
    client: Client,
    environ: Mapping[str, str],
    stop: asyncio.Event,
    *,
    routers: Sequence[APIRouter] = (),
    on_ready: Callable[[str], None] = lambda url: None,
    expect: Callable[[Sequence[Alert]], None] | None = None,
) -> None:
    """Serve the front door until ``stop`` is set or this is cancelled. ``on_ready`` hears the URL once it answers.

    ``expect``: see ``Admission``. Signals are the caller's, see ``halon.stopping``. The client may be lazy: without Temporal the door opens and
    answers 503. Raises DoorRefused if a source would stand open or the address can't be had.
    """
    door = Admission(client, settings.task_queue, expect=expect)
    app = create_app(door, settings, kit, evidence, client, environ, routers=routers)
    listening = _listen(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        # The peer's address decides what is open to this machine: no header may replace it.
        proxy_headers=False,
        lifespan="off",
        ws="none",
        http=type("CountedWire", (CorkedWire,), {"on_full": lambda wire: app.state.on_full()}),
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    settle()
    server = _Server(config, lambda: on_ready(_url(listening)))
    stopper = asyncio.create_task(_stop_when(stop, server), name="stop the front door")
    try:
        await server.serve(sockets=[listening])
    finally:
        stopper.cancel()
        listening.close()
        await door.aclose()


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves signals alone and says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


async def _stop_when(stop: asyncio.Event, server: uvicorn.Server) -> None:
    await stop.wait()
    server.should_exit = True


def _listen(settings: Settings) -> socket.socket:
    host, port = settings.gateway_host, settings.gateway_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        why = error.strerror or str(error)
        raise DoorRefused(
            [f"{host}:{port} can't be had ({why}); stop what holds it, or set HALON_GATEWAY_PORT or HALON_GATEWAY_HOST"]
        ) from error
    listening.setblocking(False)
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return reachable_url(host, port)
