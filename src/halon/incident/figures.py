"""The facts that a message outside is measured by, as values: its numbers must agree with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIGURES = (
    "affected_individuals", "records_count", "affected_by_jurisdiction", "personal_data_involved", "data_categories",
    "window_from", "window_to", "actively_exploited_vulnerability",
)  # fmt: skip
"""Those that are always there, as None where they are not known."""
_HARMED = ("significant_harm_likely", "serious_harm_likely", "rrosh", "imminent_risk_death_or_serious_injury",
           "harmful_content", "wrong_decision", "funds_moved")  # fmt: skip
"""Facts that say that people came to harm or will; the last three are what an agent said, decided or paid."""


def figures(known: Mapping[str, Any]) -> dict[str, Any]:
    """The value of each of ``FIGURES`` (None: not known), and of every other fact that is known."""
    return {name: known.get(name) for name in FIGURES} | {name: one for name, one in known.items() if one is not None}


def harmed(known: Mapping[str, Any]) -> bool:
    """Whether people came to harm by what the agent did, as far as the facts say: then a message to them says sorry."""
    limbs = known.get("serious_incident_limbs")
    return (
        (isinstance(limbs, list | tuple) and bool(limbs))
        or known.get("risk_to_individuals") in ("risk", "high_risk")
        or any(known.get(name) is True for name in _HARMED)
    )
