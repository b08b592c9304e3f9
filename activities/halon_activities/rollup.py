"""Send the morning roll-up to leadership: once a day on each of its channels, in one thread."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from temporalio import activity

from halon.connectors.errors import ConnectorError
from halon.incident import times
from halon.incident.errors import Malformed
from halon.ports.rollup import Morning, RolledUp
from halon_activities import effects
from halon_activities.beat import beating
from halon_activities.channels import Mail, channel_of, deliver
from halon_activities.failures import HandError, NoChannel, NotAnIncident, NotDelivered, in_words, typed
from halon_activities.hands import Hands
from halon_activities.observe import zone_of
from halon_activities.rolled_up import Gathered, gathered, told

WORKFLOW_TYPE = "RollUp"
LATE = timedelta(hours=20)
"""How long after its beginning a morning's roll-up may still be sent; what comes later is of another day."""


class MorningRollUp:
    """The activity of ``halon.ports.rollup``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    @activity.defn(name="rollup.send")
    async def send(self, morning: Morning) -> RolledUp:
        """Collect what every incident says, render it, and send it to leadership once a day."""
        with typed():
            self._require_morning(morning.at)
            async with beating():
                found = await gathered(self._hands.record, morning.at)
                here: datetime = times.parse(morning.at).astimezone(zone_of(self._hands.kit))
                day = f"{here:%Y-%m-%d}"
                if not found.says_something:
                    return RolledUp(day, nothing=True)
                return await self._send(found, day)

    def _require_morning(self, at: str) -> None:
        """Only for the roll-up's workflow, and only about now. Raises NotAnIncident, Malformed."""
        info = activity.info()
        if info.workflow_type != WORKFLOW_TYPE:
            raise NotAnIncident(f"{info.activity_type} acts only for a workflow of type {WORKFLOW_TYPE}; it was called "
                                f"by {info.workflow_type or 'nobody'}. Read it with: halon rollup")  # fmt: skip
        try:
            began = times.parse(at)
        except ValueError as error:
            raise Malformed(f"{at[:60]!r} is no time") from error
        if not -timedelta(minutes=5) < self._hands.clock() - began < LATE:
            raise Malformed(f"the roll-up of {at} is not of this morning; start another one")

    async def _send(self, found: Gathered, day: str) -> RolledUp:
        hands = self._hands
        subject, _, body = told(found).partition("\n")
        reached: list[str] = []
        already: list[bool] = []
        failed: dict[str, Exception] = {}
        for name in hands.kit.policy.leadership_channels:
            key = f"rollup/{day}/{name}"
            mail = Mail(key, subject.removeprefix("Subject: ").strip(), body.strip("\n") + "\n", "", thread="rollup",
                        kind="update")  # fmt: skip

            async def carry(name: str = name, mail: Mail = mail) -> dict[str, Any]:
                return {"receipt": await deliver(hands, channel_of(hands, name), mail), "at": hands.now()}

            try:
                done = await effects.carry_out(
                    hands.journal, key, {"report": "rollup", "day": day, "to": name}, "repeatable", carry
                )
            except (ConnectorError, HandError) as error:
                failed[name] = error
            else:
                reached.append(name)
                already.append(done.replayed)
        if failed:
            said = "; ".join(f"{name}: {in_words(error)}" for name, error in failed.items())
            raise NotDelivered(f"the roll-up of {day} did not reach every channel of leadership: {said}")
        if not reached:
            raise NoChannel(
                "no channel of leadership can be used here; name one under leadership: in communications.yaml"
            )
        return RolledUp(day, len(found.open) + len(found.ended), tuple(reached), already=all(already))
