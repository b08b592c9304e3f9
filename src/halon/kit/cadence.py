"""How often whom is told, and who sees to it: from communications.yaml, with what holds where that says nothing."""

from __future__ import annotations

from halon.incident.assessment import Level
from halon.kit.bundle import Bundle
from halon.kit.channels import FILE
from halon.kit.gates import check_role
from halon.kit.places import Problems

HEARD: tuple[Level, ...] = ("SEV1", "SEV2")
"""The severities that leadership hears of by itself."""
CUSTOMERS: dict[Level, int] = {"SEV1": 1_440, "SEV2": 2_880, "SEV3": 10_080, "SEV4": 10_080}
"""Minutes until customers are told more, unless the kit says otherwise."""
USUAL_OWNER = "commander"


def cadence(bundle: Bundle) -> dict[str, dict[str, int]]:
    """Seconds until the next message, by audience and severity."""
    told = bundle.communications.cadence
    leadership = (
        told.leadership if told.leadership is not None else dict.fromkeys(HEARD, bundle.organisation.update_minutes)
    )
    customers = told.customers if told.customers is not None else CUSTOMERS
    return {
        "leadership": {level: minutes * 60 for level, minutes in leadership.items()},
        "customers": {level: minutes * 60 for level, minutes in customers.items()},
    }


def owner(bundle: Bundle, problems: Problems) -> str:
    """The role that is told when a promised update is late; one that nobody holds is noted."""
    name = bundle.communications.owner
    if name is None:
        return USUAL_OWNER
    check_role(name, FILE, ("owner",), bundle, problems)
    return name
