"""May this person read this piece of evidence, and is it still what was sealed?"""

from __future__ import annotations

from collections.abc import Sequence

from halon.ports.triage import Claimed
from halon.record.holdings import Holding, Stores, find
from halon_activities.hands import Hands

UNKNOWN, CHANGED = "UnknownEvidence", "EvidenceChanged"


async def objection(hands: Hands, claimed: Claimed, roles: Sequence[str]) -> tuple[str, str]:
    """The type of the refusal and why; both empty if nothing speaks against it. Raises RecordError, OSError."""
    wanted = str(claimed.parameters.get("artefact", ""))
    stores = Stores(hands.record, hands.evidence)
    held = await find(claimed.incident_id, stores, wanted, hands.kit.evidence)
    if held is None:
        why = f"no artefact {wanted[:60]!r} is sealed for this incident; `halon evidence` lists those that are"
        return UNKNOWN, why
    return against(held, *hands.kit.evidence.may_read(held.access, roles))


def against(held: Holding, may: bool, why: str) -> tuple[str, str]:
    """What speaks against handing it out: the reader's role, or that it is not what was sealed."""
    if not may:
        return "NotAuthorised", why
    if held.problem:
        return (
            CHANGED,
            f"{held.id} is not what was sealed: {held.problem}; keep the store as it is, find out who wrote there",
        )
    return "", ""
