"""Look at one incident: ``status``, ``show``, ``timeline``, ``watch``."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from halon.cli import restricted, screen
from halon.cli.options import By, Code, Id, Json, Sign

if TYPE_CHECKING:
    from temporalio.client import Client

    from halon.cli.finding import Found
    from halon.settings import Settings

_EVERY = 1.0
_PANEL = "Look"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status", rich_help_panel=_PANEL)(status)
    app.command("show", rich_help_panel=_PANEL)(show)
    app.command("timeline", rich_help_panel=_PANEL)(timeline)
    app.command("watch", rich_help_panel=_PANEL)(watch)


def status(incident: Id, by: By = None, code: Code = None, sign: Sign = None, as_json: Json = False) -> None:
    """Where one incident stands: the headline, what is asked of whom until when, the next deadline, what is unknown."""
    restricted.as_whom(by, code, sign, as_json=as_json, whole="")

    async def work(client: Client | None, found: Found, settings: Settings, why: str) -> None:
        from halon.cli import words
        from halon.cli.asking import standing
        from halon.cli.halting import line

        shown = await standing(client, found, settings, why)
        halted, turn = await line(settings)
        if as_json:
            told = {"by": turn.by, "at": turn.at, "reason": turn.reason} if turn is not None and turn.halted else None
            screen.value({**shown.status, "live": shown.live, "as_of": shown.as_of or None, "why": shown.why or None,
                          "halted": told})  # fmt: skip
        else:
            if halted:
                screen.line(halted, style="bold red")
            words.status(found.reference or found.workflow_id, shown)

    with_found(incident, work)


def show(
    incident: Id,
    report: Annotated[
        str | None,
        typer.Option(
            "--report", metavar="NAME", help="make a report instead: status, timeline, decision or postmortem"
        ),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="of the report: md, html or pdf; else by FILE's name"),
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="write the report there; without it, to the terminal")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="replace FILE if it is there already")] = False,
    calls: Annotated[
        bool, typer.Option("--calls", help="only the actions, each with its exact calls, secrets masked")
    ] = False,
    gates: Annotated[
        bool,
        typer.Option("--gates", help="only the gates, for an auditor: question, answers, refusals, what came of it"),
    ] = False,
    by: By = None,
    code: Code = None,
    sign: Sign = None,
    as_json: Json = False,
) -> None:
    """Everything about one incident: status, gates, steps, actions, obligations, causes; or with --report one to send."""
    from halon.cli import writing

    restricted.as_whom(by, code, sign, as_json=as_json)

    wanted = writing.wanted(report, form, to, force)

    async def work(client: Client | None, found: Found, settings: Settings, why: str) -> None:
        from halon.cli import auditing, showing, words
        from halon.cli.asking import part, standing

        if wanted is not None:
            await writing.write(client, found, settings, why, wanted, as_json=as_json)
            return
        shown = await standing(client, found, settings, why)
        if gates:
            await auditing.show(client, found, settings, shown, as_json=as_json)
            return
        if calls:
            held = await part(client, found, shown, "actions") or []
            if as_json:
                screen.value({"actions": showing.calls_of(held), "live": shown.live, "as_of": shown.as_of or None})
                return
            words.stale(shown)
            showing.calls(held)
            return
        names = ("gates", "actions", "obligations", "rca")
        parts = {name: await part(client, found, shown, name) for name in names}
        if as_json:
            told = await part(client, found, shown, "report") or {}
            judged = {"tags": told.get("tags", []), "conflicts": told.get("conflicts", []),
                      "axes": (told.get("severity") or {}).get("axes", [])}  # fmt: skip
            screen.value({"status": shown.status, **parts, **judged, "live": shown.live, "as_of": shown.as_of or None})
            return
        name = found.reference or found.workflow_id
        words.whole(name, shown)
        showing.gates(name, parts["gates"] or [])
        showing.tasks(name, shown.status.get("tasks") or [])
        showing.kit(name, shown.status.get("kit") or {})
        showing.actions(parts["actions"] or [])
        showing.obligations(name, parts["obligations"] or [])
        showing.causes(parts["rca"] or {})

    with_found(incident, work)


def timeline(
    incident: Id,
    last: Annotated[int, typer.Option("--last", min=0, help="only so many lines, the newest; 0 for all")] = 0,
    by: By = None,
    code: Code = None,
    sign: Sign = None,
    as_json: Json = False,
) -> None:
    """The log of one incident, oldest line first: the record, and what was said since."""
    restricted.as_whom(by, code, sign, as_json=as_json, whole="")

    async def work(client: Client | None, found: Found, settings: Settings, why: str) -> None:
        from halon.cli import asking, words

        lines = await asking.timeline(client, found, settings)
        shown = lines[-last:] if last else lines
        if as_json:
            screen.value(shown)
        else:
            screen.lines([words.log_line(one) for one in shown])

    with_found(incident, work)


def watch(
    incident: Id,
    seconds: Annotated[float, typer.Option("--for", min=0, help="stop after so many seconds; 0 for never")] = 0,
    by: By = None,
    code: Code = None,
    sign: Sign = None,
    as_json: Json = False,
) -> None:
    """Follow one incident: each new line of its log as it is written, until it closes or Ctrl-C. ``--json``: one a line.

    A restricted one is looked at every half minute, each look on record; where looking takes a code, it takes one each time.
    """
    looker = restricted.as_whom(by, code, sign, as_json=as_json, whole=restricted.LOG)

    async def work(client: Client | None, found: Found, settings: Settings, why: str) -> None:
        from halon.cli import asking, words
        from halon.cli.problems import NoWorker

        end = time.monotonic() + seconds if seconds else None
        last, headline, quiet = 0, "", False
        while client is not None:
            try:
                told = await asking.ask(client, found.workflow_id, "status")
                lines = await asking.ask(client, found.workflow_id, "timeline")
            except NoWorker as error:
                if not quiet:
                    screen.aside(f"{error}; still watching")
                quiet, told, lines = True, {}, []
            else:
                quiet = False
            for one in lines:
                if one["seq"] > last:
                    last = one["seq"]
                    print(json.dumps(one, ensure_ascii=False), flush=True) if as_json else screen.line(
                        words.log_line(one)
                    )
            if told.get("headline", headline) != headline:
                headline = told["headline"]
                if not as_json:
                    screen.line(f"== {headline}", style="bold")
            if told.get("closed_at") or (end is not None and time.monotonic() >= end):
                return
            await asyncio.sleep(restricted.EVERY if looker.seen else _EVERY)
            if looker.seen:
                looker.afresh()

    with_found(incident, work, needs_temporal=True)


def with_found(
    wanted: str,
    work: Callable[[Client | None, Found, Settings, str], Awaitable[None]],
    *,
    needs_temporal: bool = False,
) -> None:
    """Find the incident and run ``work``; without Temporal, with what the record on this machine holds."""
    from halon.cli import finding, reaching
    from halon.client import TemporalUnreachable
    from halon.incident import ids

    async def run() -> None:
        settings = reaching.settings()
        try:
            client = await reaching.client(settings)
        except TemporalUnreachable as error:
            incident_id = "" if needs_temporal else await finding.recorded(settings, finding.reference_of(wanted))
            if not incident_id:
                raise
            gone = finding.Found(ids.reference(incident_id), incident_id.rpartition(":")[0], False, None, incident_id)
            await work(None, gone, settings, f"no connection to Temporal at {error.target}")
            return
        await work(client, await finding.find(client, wanted, settings), settings, "")

    asyncio.run(run())
