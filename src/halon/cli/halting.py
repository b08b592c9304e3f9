"""``halt`` and ``resume``: the global stop for Halon's own actions; and what lists and status say while it is on."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from halon.cli import screen
from halon.cli.options import By, Json
from halon.cli.problems import CommandFailed, SaidNo, Usage

if TYPE_CHECKING:
    from halon.ports.halt import Seen
    from halon.record.halt import Halt, Turn
    from halon.settings import Settings

ANSWER_SECONDS = 10.0
"""Within this time a worker has to confirm that it sees the halt."""
LONGEST = 400
"""Characters of a reason: it stands in every line that says that something is held."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("halt", rich_help_panel="Say")(halt)
    app.command("resume", rich_help_panel="Say")(resume)


def halt(
    reason: Annotated[str | None, typer.Option("--reason", help="why, in words")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Halt Halon's own actions, all of them: nothing is applied or given back until resume. Clocks, gates, pages go on."""
    _said("halt", by, reason, as_json=as_json)


def resume(
    reason: Annotated[str | None, typer.Option("--reason", help="why, in words")] = None,
    by: By = None,
    as_json: Json = False,
) -> None:
    """Let Halon's own actions go on: what was held up meanwhile is done by itself, within a minute."""
    _said("resume", by, reason, as_json=as_json)


async def standing(settings: Settings) -> Turn | None:
    """Whether Halon's own actions are halted; None on a machine that has no store to look into.

    Raises OSError, EvidenceError if it can't be seen.
    """
    if not await asyncio.to_thread(_is_there, settings.evidence):
        return None
    return await _halt(settings).standing()


async def line(settings: Settings) -> tuple[str, Turn | None]:
    """What lists and status say above the rest, "" while nothing is halted; and the turn, None if it can't be seen."""
    from halon.evidence.errors import EvidenceError

    try:
        turn = await standing(settings)
    except (OSError, EvidenceError) as error:
        return f"It can't be seen whether Halon's own actions are halted: {error}", None
    if turn is None or not turn.halted:
        return "", turn
    return f"HALTED: {turn.in_words()}. Go on with: halon resume --reason WHY", turn


def _said(command: str, by: str | None, reason: str | None, *, as_json: bool) -> None:
    """Say it in the store, and have a worker confirm that it sees exactly this. Raises CommandFailed where none does."""
    from halon.cli import reaching

    settings = reaching.settings()
    turn, changed = _turn(settings, command, by, reason)
    why_not = asyncio.run(_unconfirmed(settings, turn))
    if why_not:
        raise CommandFailed(
            f"{turn.in_words()}, in the store {settings.evidence}; but {why_not}",
            "don't rely on it: see that HALON_EVIDENCE or HALON_HOME and Temporal are the workers' own, and say it again; "
            "HALON_HALT=1 on a worker halts that one",
        )
    _told(turn, changed, settings.evidence, as_json=as_json)


def _turn(settings: Settings, command: str, by: str | None, reason: str | None) -> tuple[Turn, bool]:
    from halon.evidence.errors import EvidenceError
    from halon.kit import load
    from halon_activities.people import person

    if not by:
        raise Usage(f"{command}: say who you are", "--by NAME, or set HALON_USER")
    why = " ".join((reason or "").split())
    if not 0 < len(why) <= LONGEST or not why.isprintable():
        raise Usage(f"{command}: say why, in 1 to {LONGEST} characters", "--reason WHY")
    kit = load(settings.kit, os.environ)
    who = person(kit, by)
    if who is None:
        raise SaidNo("UnknownPerson", f"nobody called {by[:80]!r} is in the kit at {settings.kit}", "--by NAME")
    may, refused = kit.may(command, who.roles)
    if not may:
        raise SaidNo("NotAuthorised", refused)
    try:
        if not asyncio.run(_worked_on(settings.evidence)):
            raise CommandFailed(
                f"no worker has ever worked on the store {settings.evidence}, so nothing is changed by a {command} there",
                "set HALON_EVIDENCE or HALON_HOME to the workers' own, or type it in the folder where halon up runs",
            )
        return asyncio.run(_halt(settings).turn(halted=command == "halt", by=who.name, reason=why))
    except (OSError, EvidenceError) as error:
        raise CommandFailed(
            f"the store did not take it, so nothing has changed: {error}",
            "while it does not answer Halon sends nothing either; on a worker, set HALON_HALT=1 and start it again",
        ) from error


def _is_there(where: str) -> bool:
    """A bucket is looked for where it is; a folder is not made by looking."""
    return "://" in where or Path(where).expanduser().is_dir()


async def _worked_on(where: str) -> bool:
    """Whether a worker ever started on this store: each keeps its kit there before it does anything. Makes no folder."""
    from halon.evidence.store import EvidenceStore
    from halon.kit import stored_at

    return _is_there(where) and bool(await EvidenceStore.open(where).list(stored_at("").rpartition("/")[0]))


async def _unconfirmed(settings: Settings, turn: Turn) -> str:
    """Why no worker is known to see this turn, "" if one answers that it does."""
    from temporalio.client import WorkflowFailureError
    from temporalio.common import WorkflowIDConflictPolicy
    from temporalio.service import RPCError

    from halon.cli import reaching
    from halon.client import TemporalUnreachable
    from halon.ports.halt import Seen

    try:
        async with asyncio.timeout(ANSWER_SECONDS + 5):
            client = await reaching.client(settings)
            seen: Seen = await client.execute_workflow(
                "HaltSeen", {}, id=f"halon-halt-seen-{settings.task_queue}-{turn.number}-{turn.at}", result_type=Seen,
                task_queue=settings.task_queue, execution_timeout=timedelta(seconds=ANSWER_SECONDS),
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            )  # fmt: skip
    except TemporalUnreachable as error:
        return f"no worker confirmed it: there is no connection to Temporal at {error.target}"
    except (WorkflowFailureError, RPCError, TimeoutError):
        return f"no worker confirmed it: none on the task queue {settings.task_queue} answered"
    if (seen.number, seen.halted, seen.by, seen.at) != (turn.number, turn.halted, turn.by, turn.at):
        return f"no worker confirmed it: the one that answered sees something else ({_in_words(seen)}), as on another store"
    return ""


def _in_words(seen: Seen) -> str:
    if not seen.number:
        return "nobody ever halted anything there"
    return f"{'halted' if seen.halted else 'resumed'} by {seen.by} at {seen.at}"


def _halt(settings: Settings) -> Halt:
    from halon.evidence.store import EvidenceStore
    from halon.record.halt import Halt

    return Halt(EvidenceStore.open(settings.evidence))


def _told(turn: Turn, changed: bool, where: str, *, as_json: bool) -> None:
    if as_json:
        screen.value({"ok": True, "halted": turn.halted, "by": turn.by or None, "at": turn.at or None,
                      "reason": turn.reason or None, "changed": changed, "store": where, "confirmed": True})  # fmt: skip
        return
    screen.line(f"{turn.in_words()}{'' if changed else '; it was so already, and nothing has changed'}.", style="bold")
    screen.line(f"Confirmed by a worker on this store: {where}")
    if turn.halted:
        screen.line(
            "Nothing is applied or given back by any worker on this store. What was sent before is not called back."
        )
        screen.line("Clocks, gates, pages and notices go on. Stop an agent by hand if it can't wait.")
        screen.line("Next: halon resume --reason WHY --by YOUR-NAME")
    elif changed:
        screen.line("What was held up is done by itself within a minute, each incident notes it.")
