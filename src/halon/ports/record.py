"""The incident's record: append, find again, seal at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from temporalio import activity

from halon.incident.chain import Entry
from halon.incident.state import Sealed, State


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries to append. ``checkpoint`` is the state after them: JSON, deflated, base64; empty for none."""

    incident_id: str
    entries: tuple[Entry, ...]
    checkpoint: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """The record holds everything up to ``seq``; ``head`` is the hash (hex) of that entry."""

    seq: int
    head: str


@dataclass(frozen=True, slots=True)
class Find:
    """Find the furthest state of an incident: after a Reset, or of the terminated run ``reopens``."""

    incident_id: str
    workflow_id: str
    run_id: str
    reopens: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The furthest state there is, or None. ``where`` says in words where it was found.

    ``reset_from`` is the run that somebody reset so that this one began; empty if nobody did.
    """

    state: State | None
    where: str = ""
    reset_from: str = ""


@dataclass(frozen=True, slots=True)
class Finish:
    """Render reports from ``about`` and seal them.

    ``reports`` names templates under ``reports/`` without ``.md.j2``; ``label`` (such as ``draft``) is put into the file
    names. ``about`` holds plain, redacted values; ``files`` maps further file names to their text.
    ``access`` is the narrowest class of readers that they get at least (empty: the kit's word on reports).
    """

    incident_id: str
    about: dict[str, Any] = field(default_factory=dict)
    reports: tuple[str, ...] = ()
    label: str = ""
    files: dict[str, str] = field(default_factory=dict)
    access: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """The sealed reports."""

    sealed: tuple[Sealed, ...]


@activity.defn(name="record.append")
async def append(batch: Batch) -> Kept:
    """Append entries to the record; the same batch twice appends once."""
    raise NotImplementedError


@activity.defn(name="record.find")
async def find(request: Find) -> Found:
    """Find the furthest state of an incident in the record and in the runs before this one."""
    raise NotImplementedError


@activity.defn(name="record.finish")
async def finish(request: Finish) -> Finished:
    """Render and seal reports; the same reports twice seal once."""
    raise NotImplementedError
