"""What the first look brought, until the story comes to the steps that it did.

Held by the run alone and never carried on: where a run is renewed or reset before that, the steps are done anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from halon.incident.assessment import Assessment
from halon.incident.learning import learnt
from halon.ports.begin import Begin, Begun
from halon.ports.detect import Seen
from halon.ports.triage import Case


@dataclass(slots=True)
class Early:
    """Each part is taken once."""

    seen: Seen | None
    judged: Assessment | None
    case: Case

    def take_seen(self) -> Seen | None:
        """What the agent showed, if it was looked at."""
        seen, self.seen = self.seen, None
        return seen

    def take_judged(self, case: Case) -> Assessment | None:
        """The assessment, if it was of this ``case``: nothing else may have come in meanwhile."""
        judged, self.judged = self.judged, None
        return judged if replace(case, now="") == self.case else None


def early(begin: Begin, begun: Begun) -> Early | None:
    """What ``begun`` brought, or None if that is nothing."""
    if begun.seen is None:
        return None
    facts = learnt(begin.case.facts, begun.seen.facts) if begun.seen.reachable else begin.case.facts
    return Early(begun.seen, begun.judged, replace(begin.case, facts=facts, now=""))
