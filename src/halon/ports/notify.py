"""Draft a notice, send it, page a person, tell leadership."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from temporalio import activity

from halon.incident.gates import Gate
from halon.incident.messages import Message
from halon.incident.notices import Notice


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice to fill. ``about`` holds what its template may say: plain values, redacted, nothing executable."""

    incident_id: str
    notice: Notice
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sending:
    """A notice to send, with the granted gate where it needs one."""

    incident_id: str
    notice: Notice
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What the channel answered. ``receipt`` is the message id or reference under which it can be found again."""

    at: str
    receipt: str
    already: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A message to a person or channel. ``harm`` and ``done`` say in a sentence what goes on, ``severity`` how bad.

    ``restricted``: only the reference and how to look go out, with no link beside the message's own command.
    """

    incident_id: str
    reference: str
    message: Message
    harm: str = ""
    done: str = ""
    severity: str = ""
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Paged:
    """On which channels it went out, and on which it did not, in words.

    ``rang``: those among them that go on ringing until they are told that it is over.
    """

    at: str
    delivered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    rang: tuple[str, ...] = ()


@activity.defn(name="notify.draft")
async def draft(request: Draft) -> Notice:
    """Render subject and body from the notice's template."""
    raise NotImplementedError


@activity.defn(name="notify.send")
async def send(request: Sending) -> Sent:
    """Send a notice, once. Raises ``Uncertain`` where it may have arrived before: then a person is asked."""
    raise NotImplementedError


@activity.defn(name="notify.page")
async def page(request: Page) -> Paged:
    """Page a person or inform a channel; better twice than never."""
    raise NotImplementedError
