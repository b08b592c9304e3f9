"""The parts against a Temporal cluster of yours: ``worker`` and ``gateway``."""

from __future__ import annotations

import asyncio
import os

import typer

from halon.cli import screen

_PANEL = "Run"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("worker", rich_help_panel=_PANEL)(worker)
    app.command("gateway", rich_help_panel=_PANEL)(gateway)


def worker() -> None:
    """Run a worker: it carries incidents. Temporal is found by its own environment configuration (TEMPORAL_ADDRESS, …)."""

    async def run() -> None:
        from halon import logs, tracing
        from halon.cli import reaching
        from halon.stopping import stop_on_signals
        from halon.worker import run_worker

        settings = reaching.settings()
        logs.set_up(settings.log)
        tracing.begin("worker", os.environ)
        try:
            await run_worker(settings, stop_on_signals(), screen.line)
        finally:
            tracing.end()
        screen.line("worker stopped; open incidents go on with the next worker")

    asyncio.run(run())


def gateway() -> None:
    """Run the front door: alerts and reports come in here by HTTP, and a 2xx means that Temporal holds them."""

    async def run() -> None:
        from halon import logs, tracing
        from halon.cli import reaching
        from halon.client import connect
        from halon.evidence.store import EvidenceStore
        from halon.intake.serve import serve
        from halon.kit import load
        from halon.stopping import stop_on_signals

        settings = reaching.settings()
        logs.set_up(settings.log)
        tracing.begin("gateway", os.environ)
        kit = load(settings.kit, os.environ)
        client = await connect(settings, role="gateway", lazy=True)
        try:
            await serve(
                settings, kit, EvidenceStore.open(settings.evidence), client, os.environ, stop_on_signals(),
                on_ready=lambda url: screen.line(f"gateway ready: {url}, namespace {client.namespace}, kit {kit.digest[:12]}"),
            )  # fmt: skip
        finally:
            tracing.end()
        screen.line("gateway stopped")

    asyncio.run(run())
