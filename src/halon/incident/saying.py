"""A command in its situation, and the one way in which it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from halon.incident.commands import Command, near
from halon.incident.gates import Proof
from halon.incident.links import Met
from halon.incident.state import State

if TYPE_CHECKING:
    from halon.incident.by_hand import Ready, Seen


class Refused(Exception):
    """The command is well formed and may not be done. ``kind`` is a stable type name, ``text`` says what to do next."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


@dataclass(frozen=True, slots=True)
class Saying:
    """A command in its situation. ``again``: a person's word about now counts also where it is the same as before.

    ``met`` is the other incident that ``merge`` names, as it was looked up; ``ready`` what ``contain`` can stop the agent
    with; ``seen`` how an order reads back of which ``note`` says that it was done elsewhere. ``how`` is the verifier that
    proved who speaks. ``others`` may say this command besides, where that is asked. ``places`` says how many people of the
    list that is named are in each place, as it was counted there.
    """

    state: State
    command: Command
    by: str
    roles: tuple[str, ...]
    verified: bool
    proof: Proof
    now: str
    again: bool = False
    met: Met | None = None
    ready: Ready | None = None
    seen: Seen | None = None
    how: str = ""
    others: tuple[str, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict)

    def because(self) -> str:
        """The reason as a tail for a sentence."""
        reason = self.command["reason"]
        return f": {reason}" if reason else ""

    def named(self) -> str:
        """Who speaks, with how that was proved, or the note that only the typed name says so."""
        if not self.verified:
            return f"{self.by} (name unverified)"
        return f"{self.by} ({self.how})" if self.how else self.by


def unknown_obligation(say: Saying) -> Refused:
    """The refusal of an obligation that this incident does not have."""
    given = say.command["obligation"]
    return Refused(
        "UnknownObligation", f"No obligation {given!r}: {near(given, [one.name for one in say.state.obligations])}"
    )
