"""``rollup``: how every incident stands, in one page for leadership, as it goes out in the morning."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from halon.cli import screen
from halon.cli.options import Json

if TYPE_CHECKING:
    from halon.settings import Settings
    from halon_activities.rolled_up import Gathered


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("rollup", rich_help_panel="Look")(rollup)


def rollup(as_json: Json = False) -> None:
    """Every open incident and what ended since yesterday, in one page: what leadership is sent each morning."""
    from halon.cli import reaching
    from halon_activities.rolled_up import shown, told

    found = asyncio.run(_gathered(reaching.settings()))
    if as_json:
        screen.value(shown(found))
    else:
        screen.lines([line for line in told(found).splitlines()[1:] if line.strip()])


async def _gathered(settings: Settings) -> Gathered:
    from halon.evidence.store import EvidenceStore
    from halon.incident import times
    from halon.record.store import RecordStore
    from halon_activities.rolled_up import gathered

    return await gathered(RecordStore(EvidenceStore.open(settings.evidence)), times.text(datetime.now(UTC)))
