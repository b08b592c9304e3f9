"""The global stop: asked right before every effect on an agent, and waited out by the incidents that it holds up."""

from __future__ import annotations

from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from halon.incident.halting import HALTED
from halon.ports.halt import Held, Lifted, Look, Seen
from halon.record.halt import VARIABLE, Halt, Turn
from halon_activities.failures import Halted, in_words, typed
from halon_activities.guard import require_incident
from halon_activities.hands import Hands

LOOK_AGAIN = timedelta(seconds=15)
LONGEST = timedelta(hours=1)
"""Until what was held again and again for the very same reason is tried next."""
_OFF = ("", "0")


class Halts:
    """The activities of ``halon.ports.halt``, and the question that others ask before they act."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._halt = Halt(hands.evidence)

    async def require_none(self) -> None:
        """Raises Halted with by whom, since when and why. While the store does not answer nothing may act: OSError."""
        standing = await self._standing()
        if standing.halted:
            raise Halted(standing.in_words())

    @activity.defn(name="halt.lifted")
    async def lifted(self, held: Held) -> Lifted:
        """Return once Halon's own actions are no longer halted; until then it is tried again, 15 seconds later."""
        with typed():
            require_incident(held.incident_id)
            standing = await self._standing()
            # Never at the first look: a worker of several that alone is halted must not be asked in a circle.
            first = activity.info().attempt == 1
            if standing.halted or first:
                pause = min(LONGEST, LOOK_AGAIN * 2 ** min(max(held.rounds - 1, 0), 20)) if first else LOOK_AGAIN
                raise ApplicationError(in_words(Halted(standing.in_words())), type=HALTED, next_retry_delay=pause)
            return Lifted(in_words(Halted(standing.in_words())), self._hands.now())

    @activity.defn(name="halt.seen")
    async def seen(self, look: Look) -> Seen:
        """What this worker's store says; whoever asks, because it only reads."""
        with typed():
            turn = await self._halt.standing()
            return Seen(turn.number, turn.halted, turn.by, turn.at, alone=self._alone())

    def _alone(self) -> bool:
        return self._hands.environ.get(VARIABLE, "").strip() not in _OFF

    async def _standing(self) -> Turn:
        if self._alone():
            return Turn(-1, True, f"{VARIABLE} on a worker", "it started", "unset it there, and start the worker again")
        return await self._halt.standing()
