"""A relay: what the front door has acknowledged in a storm, held by Temporal until the incidents hold it themselves.

In a storm of many causes one Signal to a relay holds alerts of all of them, and the door hands each incident its own
every second or two. A relay is a workflow of its own that begins with a delay. A door that lives says before that what
it has handed on, and the relay ends with nothing to do. A door that died does not, and the relay hands on the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from halon.incident.alerts import Alert
from halon.incident.remembered import key, unpack
from halon.incident.state import State

WORKFLOW = "Relay"
PREFIX = "halon-relay-"
SIGNAL = "held"


@dataclass(frozen=True, slots=True)
class Held:
    """One batch, as a relay's start and each of its Signals carry it.

    ``number`` counts the batches of a relay from 1; 0 holds nothing. The incidents hold all batches up to number
    ``handed_on`` by now. ``to`` is the incident of each correlation key that is in the batch; ``alerts`` are in order
    of arrival: a JSON list, compressed (zlib), base64. ``reopens`` names a run of the same relay that was ended from
    outside, of which the rest is handed on as well.
    """

    number: int = 0
    handed_on: int = 0
    to: dict[str, str] = field(default_factory=dict)
    alerts: str = ""
    reopens: str = ""


def unknown_to(state: State, alerts: Iterable[Alert]) -> list[Alert]:
    """Those of ``alerts`` that the incident of ``state`` has not counted, as far as it knows them again."""
    seen, rest = set(state.seen), unpack(state.seen_rest)
    return [one for one in alerts if not ({one.mark, one.identity} & seen or key(one.mark) in rest)]
