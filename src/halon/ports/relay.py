"""The other end of a relay: what its gateway did not hand on reaches the incidents all the same."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity


@dataclass(frozen=True, slots=True)
class HandOn:
    """Hand on what the calling relay holds; and what the run ``reopens`` of it held when somebody ended it.

    ``give_up`` on batches that can't be decoded: for a day the key of the payload codec was not there.
    """

    reopens: str = ""
    give_up: bool = False


@dataclass(frozen=True, slots=True)
class HandedOn:
    """The incidents hold all batches up to number ``up_to``: ``alerts`` alerts of ``keys`` correlation keys were left."""

    up_to: int
    alerts: int = 0
    keys: int = 0


@activity.defn(name="relay.hand_on")
async def hand_on(request: HandOn) -> HandedOn:
    """Hand on to the incidents what a relay holds and its gateway did not hand on."""
    raise NotImplementedError
