"""What somebody tried at a gate and was refused: kept with the gate, beside the answers that count."""

from __future__ import annotations

from dataclasses import dataclass

MOST_KEPT = 40
"""Refused attempts kept with one gate, the newest; the record holds each."""
LONGEST_WORDS = 300


@dataclass(frozen=True, slots=True)
class Tried:
    """One refused ``approve``, ``reject`` or ``withdraw``.

    ``by`` is the name as it was typed, which proves nothing; ``how`` the verifier that proved it all the same, if one
    did. ``kind`` is the refusal's type, ``text`` its words. ``at`` is ISO 8601 UTC; ``update_id`` is empty for a Signal.
    """

    by: str
    command: str
    kind: str
    text: str
    at: str
    update_id: str = ""
    how: str = ""
