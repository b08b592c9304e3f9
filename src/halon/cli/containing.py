"""``contain``: stop an agent in one call, and stay until the stop is read back."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from halon.cli import screen
from halon.cli.options import By, Json
from halon.cli.problems import CommandFailed, NoWorker, SaidNo, Usage
from halon.incident.commands import near

if TYPE_CHECKING:
    from temporalio.client import Client

    from halon.incident.by_hand import Ready
    from halon.settings import Settings

COMMAND = "contain"
_EVERY = 0.25
_ELSEWHERE = ("FalseAlarm", "Merged", "Closed")
"""Refusals after which the next incident of the agent is asked, or a new one is opened."""
_WRONG = ("failed", "unverified", "denied", "undone", "would run")
_LONGEST = 1000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(COMMAND, rich_help_panel="Say")(contain)


def contain(
    agent: Annotated[
        str, typer.Argument(metavar="AGENT", help="the agent to stop; or an open incident of it, by any of its names")
    ],
    by: By = None,
    reason: Annotated[str | None, typer.Option("--reason", help="why, in words")] = None,
    what: Annotated[
        str, typer.Option("--what", help="kind of harm, as for report; counts if an incident is opened")
    ] = "other",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="print what would be done and the exact calls; open and send nothing")
    ] = False,
    seconds: Annotated[
        float, typer.Option("--for", min=1, help="wait so many seconds for the stop to be read back")
    ] = 90,
    token_name: Annotated[
        str | None, typer.Option("--token-env", help="variable that holds the token; HALON_TOKEN_REPORT if left out")
    ] = None,
    gateway: Annotated[str | None, typer.Option("--gateway", help="URL of the front door, if it is elsewhere")] = None,
    as_json: Json = False,
) -> None:
    """Stop the agent now, with what the kit holds ready and can be undone. Opens an incident, or joins the open one."""
    from halon.cli import reaching
    from halon.intake.signatures import REPORTING
    from halon.intake.sources.report import WHAT

    if dry_run:
        _dry_run(reaching.settings(), agent, as_json=as_json)
        return
    if not by:
        raise Usage("contain: say who you are", "--by NAME, or set HALON_USER")
    if what not in WHAT:
        raise Usage(f"contain: {what[:60]!r} is no kind of harm: {near(what, list(WHAT))}", "halon contain --help")
    if reason is not None and not 0 < len(reason.strip()) <= _LONGEST:
        raise Usage(f"contain: a reason has 1 to {_LONGEST} characters", "--reason WHY")
    asked = _Asked(agent, by, (reason or "").strip(), what, gateway, token_name or REPORTING, seconds, not as_json)
    stop = reaching.with_client(lambda client, settings: _stop(client, settings, asked))
    if as_json:
        screen.value(stop.as_json())
    else:
        stop.print()


@dataclass(frozen=True, slots=True)
class _Asked:
    agent: str
    by: str
    reason: str
    what: str
    gateway: str | None
    token_name: str
    seconds: float
    talks: bool

    def say(self, text: str) -> None:
        if self.talks:
            screen.line(text)


@dataclass
class _Stop:
    """The agent is stopped: what did it, who else is hit, how it is given back."""

    agent: str
    reference: str
    workflow_id: str
    opened: bool
    answer: str
    took: float
    by: str
    actions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def left(self) -> str:
        """What the answer says that goes on, "" if all of it is stopped."""
        return self.answer.partition(" Not stopped by it: ")[2].rstrip(".")

    @property
    def back(self) -> str:
        """The command that gives it back."""
        return f"halon restore {self.reference} --reason WHY --by {self.by}"

    def as_json(self) -> dict[str, Any]:
        """The value of ``--json``."""
        return {
            "ok": True, "agent": self.agent, "incident": self.reference, "workflow_id": self.workflow_id,
            "opened": self.opened, "answer": self.answer, "seconds": round(self.took, 3),
            "stopped": [{"action": one["order"]["id"], "title": one["order"]["title"], "verified_at": one["verified_at"],
                         "stops": one["order"]["stops"], "collateral": one["order"]["collateral"]} for one in self.actions],
            "not_stopped": self.left or None, "give_back": self.back,
        }  # fmt: skip

    def print(self) -> None:
        """The same for people."""
        titles = ", ".join(one["order"]["title"] for one in self.actions)
        screen.line(f"{self.agent} is stopped, read back after {self.took:.1f} s: {titles}.", style="bold")
        for one in self.actions:
            order = one["order"]
            screen.lines([f"  stopped: {what}" for what in order["stops"]])
            screen.lines([f"  who else is hit: {what}" for what in order["collateral"]])
        if self.left:
            screen.line(f"  NOT stopped by it: {self.left}", style="bold red")
        screen.line(f"{self.reference} {'opened' if self.opened else 'joined'}. Next: halon status {self.reference}")
        screen.line(f"Give it back: {self.back}")


async def _stop(client: Client, settings: Settings, asked: _Asked) -> _Stop:
    """Find or open the incident, say ``contain`` to it, and wait. Raises what the parts raise; CommandFailed."""
    from halon.cli import saying

    began = time.monotonic()
    given = {"by": asked.by, **({"reason": asked.reason} if asked.reason else {})}
    for agent, reference, workflow_id in await _open_ones(client, settings, asked):
        try:
            answer = await saying.send(client, workflow_id, COMMAND, given)
        except SaidNo as refused:
            if refused.kind not in _ELSEWHERE or _named(asked.agent):
                raise
            asked.say(f"{reference}: {refused.what}")
            continue
        asked.say(f"{reference}: {answer}")
        return await _waited(client, asked, _Stop(agent, reference, workflow_id, False, answer, began, asked.by))
    _require_known(settings, asked.agent)
    reference, workflow_id, opened = await _reported(settings, asked)
    asked.say(f"{reference} {'opened' if opened else 'joined'} for {asked.agent}.")
    try:
        answer = await saying.send(client, workflow_id, COMMAND, given)
    except SaidNo as refused:
        step = f"{reference} is open: halon status {reference}"
        raise SaidNo(refused.kind, f"{asked.agent} is NOT stopped: {refused.what}", step) from None
    except NoWorker as nobody:
        raise NoWorker(
            f"{asked.agent} is not known to be stopped; {reference} is open, and {nobody.what}", nobody.next_step
        ) from None
    asked.say(f"{reference}: {answer}")
    return await _waited(client, asked, _Stop(asked.agent, reference, workflow_id, opened, answer, began, asked.by))


async def _open_ones(client: Client, settings: Settings, asked: _Asked) -> list[tuple[str, str, str]]:
    """Agent, reference and workflow id of what may be joined, the likeliest first: of this kind of harm, then the gravest."""
    from halon.cli.finding import find, listed
    from halon.incident.ids import correlation_key, workflow_id

    if _named(asked.agent):
        found = await find(client, asked.agent, settings)
        if found.row is None or not found.open:
            raise SaidNo("Closed", f"{found.reference} is closed", "halon contain AGENT opens a new one")
        return [(found.row.agent, found.reference, found.workflow_id)]
    if not asked.agent.isprintable() or "'" in asked.agent or len(asked.agent) > 100:
        raise Usage(f"contain: {asked.agent[:60]!r} is no name of an agent", "halon contain AGENT --by NAME")
    rows = await listed(client, f"HalonAgent = '{asked.agent}' AND ExecutionStatus = 'Running'")
    own = workflow_id(correlation_key(asked.agent, asked.what))
    rows = [row for row in rows if not row.drill and row.phase not in ("merged", "closed")]
    rows.sort(key=lambda row: (row.workflow_id.partition("~")[0] != own, row.severity or "SEV9", row.opened_at))
    return [(row.agent, row.reference or row.workflow_id, row.workflow_id) for row in rows]


def _named(wanted: str) -> bool:
    """Whether an incident is named, and not an agent."""
    from halon.incident.ids import PREFIX

    return wanted == "." or wanted.upper().startswith("INC-") or wanted.startswith(PREFIX)


def _require_known(settings: Settings, agent: str) -> None:
    """Refuse what is most likely mistyped, before anything is opened for it. A kit that can't be read here refuses nothing."""
    from halon.kit import KitError, load

    try:
        known = load(settings.kit, os.environ).policy.agents
    except KitError:
        return
    if agent not in known:
        raise Usage(
            f"contain: the kit at {settings.kit} has no agent {agent[:60]!r}: {near(agent, list(known))} Nothing was opened",
            "correct the name; or, if this machine has another kit than the worker: halon report, then halon contain INCIDENT",
        )


async def _reported(settings: Settings, asked: _Asked) -> tuple[str, str, bool]:
    from halon.cli.reporting import sent

    report: dict[str, str | None] = {
        "reporter": asked.by, "agent": asked.agent, "what": asked.what,
        "summary": asked.reason or f"{asked.by} stops {asked.agent} by hand",
    }  # fmt: skip
    answer = await asyncio.to_thread(sent, settings, report, asked.gateway, asked.token_name)
    one = answer["incidents"][0]
    return str(one["incident"]), str(one["workflow_id"]), one["status"] == "new"


async def _waited(client: Client, asked: _Asked, stop: _Stop) -> _Stop:
    """Until all that was asked for is read back; each step as it comes. Raises CommandFailed where it is not in force."""
    from halon.cli.asking import ask

    began, shown, silent = stop.took, dict[str, str](), 0
    while True:
        try:
            found = await ask(client, stop.workflow_id, "actions")
        except NoWorker:
            silent += 1
            found = []
        wanted = [one for one in found if one.get("asked_by") or (one.get("asked_at") and one["status"] == "verified")]
        for one in wanted:
            name, told = one["order"]["id"], f"{one['order']['title']}: {one['told']}"
            if shown.get(name) != told:
                shown[name] = told
                asked.say(f"  {told}")
        if wanted and all(_stands(one) for one in wanted):
            stop.actions, stop.took = wanted, time.monotonic() - began
            return stop
        wrong = [one for one in wanted if one["status"] in _WRONG]
        late = time.monotonic() - began > asked.seconds
        if (wrong and all(one in wrong or _stands(one) for one in wanted)) or late:
            raise _not_stopped(stop, wanted, silent=bool(silent) and not wanted, late=late and not wrong)
        await asyncio.sleep(_EVERY)


def _stands(one: dict[str, Any]) -> bool:
    """Whether it was read back since it was asked for: an earlier look says nothing about now."""
    return one["status"] == "verified" and not one["restored_share"] and one["verified_at"] >= one["asked_at"]


def _not_stopped(stop: _Stop, wanted: list[dict[str, Any]], *, silent: bool, late: bool) -> CommandFailed:
    if any(one["status"] == "would run" for one in wanted):
        return CommandFailed(f"{stop.agent} is NOT stopped: {stop.answer}", f"halon show {stop.reference} --calls")
    if silent:
        return NoWorker(
            f"{stop.agent} is not known to be stopped: no worker answers", "start one: halon up, or halon worker"
        )
    told = "; ".join(f"{one['order']['title']}: {one['failure'] or one['told']}" for one in wanted if not _stands(one))
    word = "not known to be stopped yet" if late else "NOT stopped"
    return CommandFailed(f"{stop.agent} is {word}: {told or stop.answer}", f"halon show {stop.reference} --calls")


def _dry_run(settings: Settings, agent: str, *, as_json: bool) -> None:
    from halon.incident.calls import exact
    from halon.judgement.stopping import stopping
    from halon.kit import load

    agents = load(settings.kit, os.environ).policy.agents
    if agent not in agents:
        raise Usage(
            f"contain: the kit has no agent {agent[:60]!r}: {near(agent, list(agents))}",
            "halon contain AGENT --dry-run",
        )
    ready = stopping(agent, agents)
    if as_json:
        screen.value({
            "ok": True, "dry_run": True, "agent": agent, "mode": ready.mode, "whole": ready.whole, "not_stopped": list(ready.left),
            "orders": [{"action": one.id, "title": one.title, "asks_first": one.gate is not None, "stops": list(one.stops),
                        "collateral": list(one.collateral), "calls": exact(one)} for one in ready.orders],
        })  # fmt: skip
        return
    _plan(agent, ready)
    for order in ready.orders:
        screen.line(f"{order.title}{' (its own gate in the kit asks first)' if order.gate else ''}", style="bold")
        screen.lines([f"  who else is hit: {what}" for what in order.collateral])
        screen.lines([f"  {name}: {call}" for name, call in exact(order).items()])
    screen.line("Nothing was opened and nothing was sent.")


def _plan(agent: str, ready: Ready) -> None:
    if not ready.orders:
        screen.line(f"Nothing is ready that stops {agent} and can be undone; give it an action with covers: [all].")
    elif ready.mode == "observe":
        screen.line(f"{agent} is in mode observe: this would be noted, and nothing switched off.", style="bold")
    elif ready.whole:
        screen.line(f"This would stop all of {agent}, at once:")
    else:
        screen.line(f"Nothing stops all of {agent}. This would be done at once; NOT stopped: {', '.join(ready.left)}.")
