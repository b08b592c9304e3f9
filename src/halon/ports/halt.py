"""Halon's own actions are halted: wait until they go on, or say what a worker sees of that."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio import activity


@dataclass(frozen=True, slots=True)
class Held:
    """What an incident holds back since ``since`` (ISO 8601 UTC), ``rounds`` times in a row for the very same reason."""

    incident_id: str
    since: str
    rounds: int = 1


@dataclass(frozen=True, slots=True)
class Lifted:
    """They go on: who said so, when and why, in words."""

    told: str
    at: str


@dataclass(frozen=True, slots=True)
class Look:
    """Look which turn counts."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The turn that counts in the store of the worker that answers; ``number`` 0: nobody ever halted anything there.

    ``alone``: this worker is halted by its own environment, whatever the store says.
    """

    number: int
    halted: bool
    by: str
    at: str
    alone: bool = False


@activity.defn(name="halt.lifted")
async def lifted(held: Held) -> Lifted:
    """Return once Halon's own actions are no longer halted; until then it is tried again, 15 seconds later.

    After each round it is first looked at twice as late, up to an hour: then workers differ, and nothing is resumed.
    """
    raise NotImplementedError


@activity.defn(name="halt.seen")
async def seen(look: Look) -> Seen:
    """Which turn counts for this worker. Reads the store, and acts on nothing."""
    raise NotImplementedError
