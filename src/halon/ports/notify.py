"""Draft a notice, send it, page a person, tell leadership."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from temporalio import activity

from halon.incident.gates import Gate
from halon.incident.messages import Message
from halon.incident.notices import Notice, Overridden


@dataclass(frozen=True, slots=True)
class Draft:
    """A notice to fill. ``about`` holds what its template may say: plain values, redacted, nothing executable.

    ``keep``: this version is what people are asked about, or what is sent, so its text is sealed. ``access`` is the narrowest class of
    readers that it gets at least (empty: the kit's word on reports).
    """

    incident_id: str
    notice: Notice
    about: dict[str, Any] = field(default_factory=dict)
    keep: bool = False
    access: str = ""


@dataclass(frozen=True, slots=True)
class Sending:
    """A notice to send, with the granted gate where it needs one.

    ``about`` is what holds of the incident now: the text is checked against it once more. ``overridden`` are the
    objections that named persons let pass; each is looked up in history. ``access``: as for a draft, of the proof of delivery.

    Where each affected person is written to: ``last`` says that nobody is waited for any longer whose server says "later".
    ``anew`` is the attempt before which a person approved to write again to those who may have been reached (0: nobody did).
    ``beside``: the same notice goes to another channel too, and this one is an effect by itself.
    """

    incident_id: str
    notice: Notice
    gate: Gate | None = None
    about: dict[str, Any] = field(default_factory=dict)
    overridden: tuple[Overridden, ...] = ()
    access: str = ""
    last: bool = False
    anew: int = 0
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """What the channel answered. ``receipt`` is the message id or reference under which it can be found again.

    ``sealed`` refers to the proof of delivery: path, sha256 (hex), size (bytes) of each artefact. ``unreached`` is how many
    of those who were written to one by one provably got nothing.
    """

    at: str
    receipt: str
    already: bool = False
    sealed: tuple[dict[str, Any], ...] = ()
    unreached: int = 0


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
