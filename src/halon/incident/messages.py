"""A page or an internal message that waits to be sent. Repeatable: better twice than never."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Message:
    """``to`` is a person of the kit or, for ``kind`` leadership, a channel. ``id`` makes it one message for good.

    ``asked`` is what is asked of them, in a sentence (empty: the body says it), ``until`` (ISO 8601 UTC) until when, and
    ``command`` what to type, without the name of who types it. ``part`` names the alarm that it rings in a paging
    product (``halon.incident.alarms``), empty: the incident's own. ``resolve`` ends that alarm.
    """

    id: str
    kind: Literal["page", "inform", "leadership", "resolve"]
    to: str
    subject: str
    body: str
    at: str
    channels: tuple[str, ...] = ()
    asked: str = ""
    until: str = ""
    command: str = ""
    part: str = ""
