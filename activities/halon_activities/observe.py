"""Report on agents that are only observed: read their incidents from the record, judge, render, send once a week."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from temporalio import activity

from halon.connectors.errors import ConnectorError
from halon.incident import times
from halon.incident.canonical import digest
from halon.incident.errors import Malformed
from halon.incident.ids import slug
from halon.judgement.observed import Report
from halon.kit import Kit
from halon.ports.observe import Agents, Ask, Reported, Week
from halon_activities import effects
from halon_activities.beat import beating
from halon_activities.channels import Mail, channel_of, deliver
from halon_activities.failures import HandError, NoChannel, NotAnIncident, NotDelivered, in_words, typed
from halon_activities.hands import Hands
from halon_activities.notify import RINGING
from halon_activities.observed import looked_at, names, told
from halon_activities.people import person

WORKFLOW_TYPE = "ObserveReport"
DAYS = 7
LATE = timedelta(days=2)
"""How long after its beginning a week's report may still be sent; what comes later is of another week."""
_READING_FIRST = ("smtp", "slack", "teams", "apprise", "file", "webhook")
"""In which order the channels of a person are tried: a report is read, so what rings comes last or never."""


class Observe:
    """The activities of ``halon.ports.observe``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    @activity.defn(name="observe.agents")
    async def agents(self, week: Week) -> Agents:
        """Which agents are only observed, or asked about."""
        with typed():
            self._require_weekly(week.at)
            async with beating():
                return Agents(tuple(await names(self._hands.record, self._hands.kit, week.at, DAYS)))

    @activity.defn(name="observe.report")
    async def report(self, ask: Ask) -> Reported:
        """Collect, judge, render and send one agent's report, once a week."""
        with typed():
            self._require_weekly(ask.at)
            async with beating():
                hands = self._hands
                made = await looked_at(hands.record, hands.kit, ask.agent, ask.at, DAYS)
                week = self._week(ask.at)
                if not made.says_something:
                    return Reported(ask.agent, week, made.argument.stand, nothing=True)
                return await self._send(made, week)

    def _require_weekly(self, at: str) -> None:
        """Only for the weekly workflow, and only about now: the time is what makes a report one report. Raises."""
        info = activity.info()
        if info.workflow_type != WORKFLOW_TYPE:
            raise NotAnIncident(f"{info.activity_type} acts only for a workflow of type {WORKFLOW_TYPE}; it was called "
                                f"by {info.workflow_type or 'nobody'}. Read it with: halon observed")  # fmt: skip
        try:
            began = times.parse(at)
        except ValueError as error:
            raise Malformed(f"{at[:60]!r} is no time") from error
        if not -timedelta(minutes=5) < self._hands.clock() - began < LATE:
            raise Malformed(f"the report of {at} is not of this week; start another one")

    def _week(self, at: str) -> str:
        """The ISO week in the zone of the general on-call rule, such as ``2026-W48``."""
        here: datetime = times.parse(at).astimezone(zone_of(self._hands.kit))
        year, week, _ = here.isocalendar()
        return f"{year}-W{week:02}"

    async def _send(self, made: Report, week: str) -> Reported:
        reached: list[str] = []
        already: list[bool] = []
        failed: dict[str, Exception] = {}
        subject, _, body = told(made).partition("\n")
        for name in readers(self._hands.kit, made.agent, made.until):
            try:
                done = await self._tell(name, made.agent, week, subject.removeprefix("Subject: ").strip(), body)
            except (ConnectorError, HandError) as error:
                failed[name] = error
            else:
                reached.append(name)
                already.append(done.replayed)
        if not reached and not failed:
            raise NoChannel(f"the kit does not say whose {made.agent[:80]} is; give it owner: or technical_lead:")
        if failed:
            said = f"the report of {made.agent[:80]} did not reach everybody: " + "; ".join(
                f"{name}: {in_words(error)}" for name, error in failed.items()
            )
            # Where the kit gives no way, trying again gives none either.
            raise NoChannel(said) if all(isinstance(one, NoChannel) for one in failed.values()) else NotDelivered(said)
        return Reported(made.agent, week, made.argument.stand, tuple(reached), already=all(already))

    async def _tell(self, name: str, agent: str, week: str, subject: str, body: str) -> effects.Done:
        """Send it to one person on the first channel that takes it, once for agent, week and person."""
        hands = self._hands
        who = person(hands.kit, name)
        key = f"observed-{slug(agent)}/{week}/{slug(name)}"
        address = hands.kit.addresses.get(who.name) if who is not None else None
        mail = Mail(key, subject, body.strip("\n") + "\n", "", (address,) if address else (), kind="update")
        channels = quiet_first(hands.kit, who.channels if who is not None else ())

        async def send() -> dict[str, Any]:
            failed = []
            for channel in channels:
                try:
                    receipt = await deliver(hands, channel_of(hands, channel), mail)
                except (ConnectorError, HandError) as error:
                    failed.append(f"{channel}: {in_words(error)}")
                else:
                    return {"receipt": receipt, "at": hands.now(), "channel": channel}
            if not failed:
                raise NoChannel(f"{name} has no channel for something to read; add one to oncall.yaml")
            raise NotDelivered("; ".join(failed))

        what = {"report": "observed", "agent": agent, "week": week, "to": digest({"name": name})}
        return await effects.carry_out(hands.journal, key, what, "repeatable", send)


def readers(kit: Kit, agent: str, now: str) -> tuple[str, ...]:
    """Who gets an agent's report: its owner and technical lead; else the technical lead on call, else the commander."""
    listed = json.loads(kit.canonical)["files"].get(f"agents/{agent}.yaml", {})
    mine = tuple(dict.fromkeys(name for key in ("owner", "technical_lead") if (name := listed.get(key))))
    if mine:
        return mine
    roster = kit.on_call(agent, now)
    found = roster.technical_lead or roster.commander
    return (found,) if found else ()


def quiet_first(kit: Kit, channels: Sequence[str]) -> list[str]:
    """Those of a person's channels that don't ring, the ones for reading first."""
    quiet = [name for name in channels if name in kit.channels and kit.channels[name].kind not in RINGING]
    return sorted(quiet, key=lambda name: _READING_FIRST.index(kit.channels[name].kind))


def zone_of(kit: Kit) -> ZoneInfo:
    """The organisation's zone: that of the on-call rule that holds when no other does."""
    return ZoneInfo(kit.policy.roster_rules[-1].zone)
