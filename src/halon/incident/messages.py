"""A page or an internal message that waits to be sent. Repeatable: better twice than never."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Message:
    """``to`` is a person of the kit or, for ``kind`` leadership, a channel. ``id`` makes it one message for good."""

    id: str
    kind: Literal["page", "inform", "leadership"]
    to: str
    subject: str
    body: str
    at: str
    channels: tuple[str, ...] = ()
