"""``observed``: what Halon would have done to the agents that it only observes, and whether to switch it on."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import screen
from halon.cli.options import Json
from halon.cli.problems import CommandFailed, Usage

if TYPE_CHECKING:
    from halon.judgement.observed import Report
    from halon.settings import Settings

_MOST_DAYS = 400


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("observed", rich_help_panel="Look")(observed)


def observed(
    agent: Annotated[
        str | None, typer.Argument(metavar="AGENT", help="one agent; without it, every one in mode observe or suggest")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=_MOST_DAYS, help="incidents of the last so many days")] = 7,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="write it there: a file that is not there yet")
    ] = None,
    as_json: Json = False,
) -> None:
    """What Halon would have done to agents that it only observes or asks about, and what speaks for switching it on."""
    from halon.cli import reaching
    from halon_activities.observed import shown, told

    if to is not None and to.exists():
        raise Usage(f"{to} is there already", "name another file")
    made = asyncio.run(_made(reaching.settings(), agent, days))
    values = [shown(one) for one in made]
    if to is not None:
        _write(to, values if as_json else "\n\n".join(told(one) for one in made))
    if as_json:
        screen.value(values)
    elif to is not None:
        screen.line(f"Written to {to}.")
    elif not made:
        screen.line(
            "No agent is in mode observe or suggest, and no incident is of an agent that the kit does not list."
        )
    else:
        for number, one in enumerate(made):
            screen.lines([*([""] if number else []), *told(one).splitlines()[2:]])


async def _made(settings: Settings, agent: str | None, days: int) -> list[Report]:
    from halon.evidence.store import EvidenceStore
    from halon.incident import times
    from halon.kit import load
    from halon.record.store import RecordStore
    from halon_activities.observed import looked_at, names

    kit = load(settings.kit, os.environ)
    record = RecordStore(EvidenceStore.open(settings.evidence))
    now = times.text(datetime.now(UTC))
    watched = await names(record, kit, now, days)
    if agent is None:
        return [await looked_at(record, kit, one, now, days) for one in watched]
    known = kit.policy.agents.get(agent)
    if known is not None and known.mode == "act":
        raise CommandFailed(f"{agent} is in mode act: Halon does what it plans, and nothing is only observed",
                            f"halon incidents --all, or set mode: in agents/{agent}.yaml")  # fmt: skip
    if known is None and agent not in watched:
        raise CommandFailed(f"there is no agent {agent[:80]!r} in the kit or in an incident; observed: "
                            f"{', '.join(watched) or 'none'}", "halon observed")  # fmt: skip
    return [await looked_at(record, kit, agent, now, days)]


def _write(to: Path, what: Any) -> None:
    """A new file, for its owner alone. Raises CommandFailed."""
    import json

    text = what if isinstance(what, str) else json.dumps(what, indent=2, ensure_ascii=False) + "\n"
    try:
        with open(to, "x", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(text)
    except OSError as error:
        raise CommandFailed(f"{to} can't be written ({error.strerror})", "name another file") from error
