"""``halon incidents --waiting-on me``: what one person is asked, in every open incident, with the command that answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from halon.cli import screen
from halon.cli.problems import CommandFailed, NoWorker, Usage

if TYPE_CHECKING:
    from temporalio.client import Client

    from halon.cli.finding import Row
    from halon.kit import Kit

ME = "me"
_AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class Me:
    """One person of the kit as of now: ``roles`` they hold, and for whom they stand in (name to that person's roles)."""

    name: str
    roles: tuple[str, ...]
    instead_of: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def called(self) -> tuple[str, ...]:
        """Everything that a question may be put to so that it reaches them."""
        others = (word for name, roles in self.instead_of.items() for word in (name, *roles))
        return tuple(dict.fromkeys((self.name, *self.roles, *others)))


def who_am_i(by: str | None, kit: Kit, now: str) -> Me:
    """Who ``by`` is in the kit, and for whom they stand in at ``now`` (ISO 8601 UTC). Raises Usage."""
    from halon.incident.commands import near
    from halon.incident.times import parse

    if not by:
        raise Usage("--waiting-on me: say who you are", "--by NAME, or set HALON_USER")
    name = by.strip().lower()
    if name not in kit.people:
        raise Usage(
            f"nobody called {by[:80]!r} is in the kit: {near(name, list(kit.people))}", "halon whoami --by NAME"
        )
    away = [one for one in kit.policy.absences if parse(one.start) <= parse(now) < parse(one.end)]
    instead: dict[str, tuple[str, ...]] = {}
    found = [name]
    while found:  # whoever stands in for a stand-in stands in for both
        mine = found.pop()
        for one in away:
            if one.instead == mine and one.person not in instead and one.person != name and one.person in kit.people:
                instead[one.person] = kit.people[one.person].roles
                found.append(one.person)
    return Me(name, kit.people[name].roles, instead)


def asked_of(me: Me, name: str, status: dict[str, Any]) -> list[dict[str, Any]]:
    """What ``me`` is asked in the incident that commands call ``name``, by its ``status``; the soonest first.

    Each with ``what``, ``until`` (ISO 8601 UTC or None), ``command``, ``as`` (as whom or in which role), and ``may``: False
    where only somebody is asked for whom they stand in, so that they must find another who may answer.
    """
    asked = []
    for one in _questions(name, status):
        if me.name in one["not"]:
            continue
        own = next((word for word in (me.name, *me.roles) if word in one["of"]), "")
        if own:
            asked.append({**_shown(one), "as": own, "may": True})
            continue
        for other, roles in me.instead_of.items():
            if other not in one["not"] and {other, *roles} & set(one["of"]):
                word = next(word for word in (other, *roles) if word in one["of"])
                asked.append({**_shown(one), "as": f"{word}, for {other}, who is away", "may": word == other})
                break
    return sorted(asked, key=lambda one: (not one["until"], one["until"] or ""))


def _shown(one: dict[str, Any]) -> dict[str, Any]:
    return {name: one[name] for name in ("what", "until", "command")}


def _questions(name: str, status: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    if (paging := status.get("paging")) is not None:
        found.append({"of": paging["of"], "what": "acknowledge the incident", "until": paging["next"],
                      "command": f"halon ack {name}", "not": []})  # fmt: skip
    for one in status.get("asked") or []:
        found.append({"of": one["of"], "what": one["what"], "until": one.get("until") or None,
                      "command": _command(name, one), "not": one.get("not") or []})  # fmt: skip
    for one in status.get("tasks") or []:
        if one["status"] == "open":
            found.append({"of": one.get("of") or [one["owner"]], "what": f"step {one['id']}: {one['words']}", "until": one["due"] or None,
                          "command": f"halon task {name} done {one['id']}", "not": []})  # fmt: skip
    return found


def _command(name: str, asked: dict[str, Any]) -> str:
    if asked.get("gate"):
        return f"halon approve {name} {asked['gate']}   (or: halon reject)"
    if asked.get("corrective"):
        return f"halon corrective done {name} {asked['corrective']}"
    if asked.get("obligation"):
        return f"halon declare {name} {asked['obligation']} --reason WHY   (or: halon decline)"
    if asked.get("handover"):
        return f"halon ack {name}"
    return str(asked.get("command") or f"halon show {name}")


async def found(client: Client, me: Me, rows: list[Row]) -> list[dict[str, Any]]:
    """What is asked of ``me`` in these incidents, those that answer; of others what their search attributes say."""
    busy = asyncio.Semaphore(_AT_ONCE)

    async def one(row: Row) -> dict[str, Any]:
        from halon.cli.asking import ask
        from halon.cli.restricted import Restricted
        from halon.incident.restricting import RESTRICTED

        name = row.reference or row.workflow_id
        told = {"incident": name, "workflow_id": row.workflow_id, "severity": row.severity or None, "agent": row.agent,
                "drill": row.drill}  # fmt: skip
        kept = {**told, "workflow_id": "", "severity": None, "agent": RESTRICTED, "live": False, "asks": [
            {"what": "restricted: look, if you are one of those named", "until": None, "as": "one of those named", "may": None,
             "command": f"halon status {name} --by {me.name}"}]}  # fmt: skip
        if row.phase == RESTRICTED:
            return kept
        async with busy:
            try:
                return {**told, "asks": asked_of(me, name, await ask(client, row.workflow_id, "status")), "live": True}
            except Restricted:  # said a moment ago, and not in the list yet
                return kept
            except (NoWorker, CommandFailed) as error:
                words = [word for word in row.waiting_on if word in me.called]
                asks = [{"what": f"something: {error.what}", "until": row.next_deadline or None, "as": word, "may": None,
                         "command": f"halon status {name}"} for word in words]  # fmt: skip
                return {**told, "asks": asks, "live": False}

    return [told for told in await asyncio.gather(*map(one, rows)) if told["asks"]]


def show(me: Me, asked: list[dict[str, Any]]) -> None:
    """The same in words."""
    from halon.cli.moments import local

    for other in me.instead_of:
        screen.line(f"{other} is away now, and {me.name} stands in.")
    if not asked:
        screen.line(f"Nothing is asked of {me.name}.")
    for incident in asked:
        drill = "DRILL " if incident["drill"] else ""
        screen.line(
            f"{drill}{incident['incident']}  {incident['severity'] or 'not rated'}  {incident['agent']}", style="bold"
        )
        for one in incident["asks"]:
            until = f", until {local(one['until'])}" if one["until"] else ""
            screen.line(f"  {one['what']} (as {one['as']}{until})")
            if one["may"] is False:
                role = one["as"].partition(",")[0]
                screen.line(
                    f"    {me.name} does not hold {role} and can't answer: find somebody who does, or tell the commander"
                )
            screen.line(f"    {one['command']}")


def now() -> str:
    """The time as Halon writes it."""
    from halon.incident.times import text

    return text(datetime.now(UTC))
