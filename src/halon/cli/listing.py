"""Look at all incidents: ``incidents`` and ``clocks``."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import screen, waiting
from halon.cli.options import By, Json
from halon.cli.problems import CommandFailed, NoWorker, Usage
from halon.incident import times

if TYPE_CHECKING:
    from temporalio.client import Client

    from halon.cli.finding import Row
    from halon.settings import Settings

_PANEL = "Look"
_ROLE = re.compile(r"[A-Za-z0-9_.@-]{1,80}")
_AT_ONCE = 5
NOT_ADVICE = "Not legal advice; a named person decides."


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("incidents", rich_help_panel=_PANEL)(incidents)
    app.command("clocks", rich_help_panel=_PANEL)(clocks)


def incidents(
    waiting_on: Annotated[
        str | None,
        typer.Option(
            "--waiting-on", metavar="ROLE", help="only those that wait for this role or name; me: for you, and what for"
        ),
    ] = None,
    by: By = None,
    everything: Annotated[bool, typer.Option("--all", help="closed ones too")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="at most so many")] = 200,
    as_json: Json = False,
) -> None:
    """All open incidents, the most severe first, with what each waits for. Needs no worker."""
    from halon.cli.finding import listed
    from halon.cli.halting import line
    from halon.cli.reaching import settings, with_client
    from halon.client import TemporalUnreachable

    if waiting_on == waiting.ME:
        _mine(by, limit, as_json=as_json)
        return
    conditions = [] if everything else ["ExecutionStatus = 'Running'"]
    if waiting_on is not None:
        if not _ROLE.fullmatch(waiting_on):
            raise Usage(f"{waiting_on[:60]!r} is no role or name", "halon incidents --waiting-on commander")
        conditions.append(f"HalonWaitingOn = '{waiting_on}'")

    async def work(client: Client, _: Settings) -> list[Row]:
        return await listed(client, " AND ".join(conditions), limit=limit)

    try:
        rows = with_client(work)
    except TemporalUnreachable as error:
        rows = asyncio.run(_recorded(waiting_on, everything))
        if not rows:
            raise
        screen.aside(
            f"last known states from the record: no connection to Temporal at {error.target}. Start it: halon up"
        )
    halted, _ = asyncio.run(line(settings()))
    if as_json:
        if halted:
            screen.aside(halted)  # the value stays the list that scripts know
        screen.value([asdict(bare(row)) for row in rows])
        return
    if halted:
        screen.line(halted, style="bold red")
    if rows:
        _table(rows)
    else:
        screen.line(f"No incident {'waits for ' + waiting_on if waiting_on else 'is open'}.")


def _mine(by: str | None, limit: int, *, as_json: bool) -> None:
    """What each open incident asks of whoever types this, by the kit of this machine and what the incidents answer."""
    from halon.cli.finding import listed
    from halon.cli.halting import line
    from halon.cli.reaching import settings, with_client
    from halon.kit import load

    me = waiting.who_am_i(by, load(settings().kit), waiting.now())

    async def work(client: Client, _: Settings) -> list[dict[str, Any]]:
        # Not filtered by HalonWaitingOn: steps of the checklist and an acknowledgement do not stand there.
        return await waiting.found(client, me, await listed(client, "ExecutionStatus = 'Running'", limit=limit))

    asked = with_client(work)
    halted, _ = asyncio.run(line(settings()))
    if halted:
        screen.aside(halted) if as_json else screen.line(halted, style="bold red")
    screen.value(asked) if as_json else waiting.show(me, asked)


def clocks(as_json: Json = False) -> None:
    """Every running clock of every open incident, the soonest first: notices to file, answers to give.

    What is owed at once, because the law names no figure, stands among them by since when it is.
    """
    from halon.cli.reaching import with_client

    found = sorted(with_client(_clocks), key=_soonest)
    if as_json:
        screen.aside(NOT_ADVICE)  # the value stays the list that scripts know
        screen.value(found)
        return
    if not found:
        screen.line("No clock runs.")
        return
    from halon.cli.moments import local

    rows = [
        (_when(one),
         local(one["decide_by"]) if one.get("decide_by") else "",
         one["incident"], one["what"], " or ".join(one["of"]), one["state"])
        for one in found
    ]  # fmt: skip
    screen.table(("DUE THERE", "DECIDE BY", "INCIDENT", "WHAT", "WHO", "STATE"), rows)
    screen.line(NOT_ADVICE)


def _soonest(clock: dict[str, Any]) -> tuple[bool, str]:
    moment = clock["due"] or clock.get("since") or ""
    return (not moment, times.normal(moment))


def _when(clock: dict[str, Any]) -> str:
    from halon.cli.moments import local, zoned

    if clock["due"]:
        return zoned(clock["due"], clock.get("due_local") or "")
    if clock.get("after"):
        return f"after {clock['after']}"
    return f"at once, since {local(clock['since'])}" if clock.get("since") else "not shown"


async def _recorded(waiting_on: str | None, everything: bool) -> list[Row]:
    """The incidents as their mirrored states on this machine show them."""
    from halon.cli import asking, finding, reaching
    from halon.incident import ids

    settings = reaching.settings()
    rows = []
    for incident_id in await finding.record_store(settings).incidents():
        workflow_id = incident_id.rpartition(":")[0]
        state = await asking.mirrored(
            settings, finding.Found(ids.reference(incident_id), workflow_id, False, None, incident_id)
        )
        if state is not None and (everything or not state.closed_at):
            row = asking.row_of_state(state)
            if waiting_on is None or waiting_on in row.waiting_on:
                rows.append(row)
    return rows


def bare(row: Row) -> Row:
    """The row as it is printed: of a restricted incident not even the workflow id, which holds the agent's name."""
    from halon.incident.restricting import RESTRICTED

    return replace(row, workflow_id="") if row.phase == RESTRICTED else row


def _table(rows: list[Row]) -> None:
    from halon.cli.moments import local

    screen.table(
        ("INCIDENT", "SEVERITY", "AGENT", "PHASE", "WAITS FOR", "NEXT DEADLINE", "COMMANDER"),
        [
            (
                ("DRILL " if row.drill else "") + (row.reference or row.workflow_id),
                row.severity or "not rated",
                row.agent,
                row.phase if row.open else f"{row.state}",
                ", ".join(row.waiting_on) or "nobody",
                local(row.next_deadline) if row.next_deadline else "none",
                row.commander or "nobody yet",
            )
            for row in rows
        ],
    )


async def _clocks(client: Client, settings: Settings) -> list[dict[str, Any]]:
    from halon.cli.finding import listed

    rows = await listed(client, "ExecutionStatus = 'Running'")
    busy = asyncio.Semaphore(_AT_ONCE)

    async def one(row: Row) -> list[dict[str, Any]]:
        async with busy:
            return await _clocks_of(client, row)

    return [clock for found in await asyncio.gather(*map(one, rows)) for clock in found]


async def _clocks_of(client: Client, row: Row) -> list[dict[str, Any]]:
    from halon.cli.asking import ask
    from halon.cli.restricted import Restricted
    from halon.incident.restricting import RESTRICTED

    name = row.reference or row.workflow_id
    kept: dict[str, Any] = {
        "incident": name,
        "due": None,
        "what": f"restricted: halon status {name} --by NAME",
        "of": [],
        "state": RESTRICTED,
    }
    if row.phase == RESTRICTED:
        return [kept]
    try:
        duties = await ask(client, row.workflow_id, "obligations")
        gates = await ask(client, row.workflow_id, "gates")
    except Restricted:  # said a moment ago, and not in the list yet
        return [kept]
    except (NoWorker, CommandFailed) as error:
        if not row.next_deadline:
            return []
        return [{"incident": name, "due": row.next_deadline, "what": "the next deadline", "of": list(row.waiting_on),
                 "state": f"last known; {error.what}"}]  # fmt: skip
    found = [
        {
            "incident": name,
            "due": gate["deadline_at"],
            "what": f"answer to gate {gate['id']}",
            "of": gate["policy"]["roles"],
            "state": "open",
        }
        for gate in gates
        if gate["status"] == "open"
    ]
    for duty in duties:
        if duty["clock_runs"]:
            found += [
                {"incident": name, "due": stage["due"] or None, "what": f"{duty.get('key') or duty['id']}/{stage['id']} to {_to(duty, stage)}",
                 "of": [duty["decider"]], "state": _state(duty, stage), **_clock(duty, stage)}
                for stage in duty["stages"]
                if not stage["filed_at"]
            ]  # fmt: skip
    return found


def _clock(duty: dict[str, Any], stage: dict[str, Any]) -> dict[str, Any]:
    """What scripts read of a stage's clock."""
    hold = duty.get("hold")
    return {"due_local": stage["due_local"], "decide_by": stage["decide_by"], "provisional": stage["provisional"],
            "missed": _missed(duty, stage), **_at_once(duty, stage),
            "held_until": hold["until"] if hold else stage.get("not_before") or None}  # fmt: skip


def _to(duty: dict[str, Any], stage: dict[str, Any]) -> str:
    told = stage.get("told")
    return str(told["authority"] if told else duty["authority"])


def _at_once(duty: dict[str, Any], stage: dict[str, Any]) -> dict[str, Any]:
    """Of a stage for which no due time can be computed: since when it is owed at once, or after which one it comes."""
    if stage["due"]:
        return {}
    left = duty.get("open") or []
    if stage["id"] in left or not left:
        # One that counts from a moment which has not come yet, such as a measure that becomes available, is not owed yet.
        return {"after": stage["anchor"]} if stage["anchor"] else {"since": duty.get("since")}
    return {"after": stage["anchor"] or left[0]}


def _missed(duty: dict[str, Any], stage: dict[str, Any]) -> bool:
    """Whether it is missed by the due time that counts now: one that moved later since then runs again."""
    return _over(stage) and f"{duty.get('key') or duty['id']}/{stage['id']}" in duty["missed"]


def _over(stage: dict[str, Any]) -> bool:
    return bool(stage["due"]) and times.parse(stage["due"]) <= datetime.now(UTC)


def _state(duty: dict[str, Any], stage: dict[str, Any]) -> str:
    """How it stands with one clock: missed, held back, why it runs; and whether its time may still move."""
    hold, embargo = duty.get("hold"), stage.get("not_before")
    told = [_runs(duty, stage)]
    told += [f"held back until {hold['until']} by {hold['by_whom'].replace('_', ' ')}"] if hold else []
    told += [f"not before {'something else is filed' if embargo == '?' else embargo}"] if embargo else []
    if _over(stage) and not _missed(duty, stage):
        waits = f", counts once {stage['awaits']} is said" if stage.get("awaits") else ""
        told.append(f"ran out{waits or ', reckoned from the earliest that can have been'}")
    return "; ".join([*told, *(["may still move"] if stage["provisional"] else [])])


def _runs(duty: dict[str, Any], stage: dict[str, Any]) -> str:
    if _missed(duty, stage):
        return "MISSED"
    if duty["decided"] or duty["status"] == "applies":
        return duty["decided"] or "applies"
    needs = f", answers needed: {', '.join(duty['needs'])}" if duty["needs"] else ""
    return f"runs in case it applies{needs}"
