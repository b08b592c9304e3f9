"""What was filed, what is held back, and why something is late: as people said it, each with name and time. Persisted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Filing:
    """One filing of one stage. ``at`` is when it was filed, ``said_at`` when that was said (ISO 8601 UTC).

    ``receipt`` refers to a sealed file or says in words what the authority answered. ``due`` is when it was due then and
    ``late_because`` why it came later than that; both empty where they do not apply. ``update``: the stage had been filed
    before, and this adds to it. ``sent``: Halon sent it itself.

    ``wrong_by`` is who said that this was not so, with ``wrong_at`` and ``wrong_because``: it counts no more and stays
    visible. ``instead_of`` is the reference of the one in whose place this one stands.
    """

    obligation: str
    stage: str
    at: str
    by: str
    said_at: str
    reference: str = ""
    receipt: str = ""
    due: str = ""
    late_because: str = ""
    update: bool = False
    sent: bool = False
    wrong_by: str = ""
    wrong_at: str = ""
    wrong_because: str = ""
    instead_of: str = ""

    @property
    def counts(self) -> bool:
        """Whether nobody has corrected it or taken it back."""
        return not self.wrong_by


@dataclass(frozen=True, slots=True)
class LateReason:
    """Why a stage is filed late, for the notice that must say so. The last word about a stage counts."""

    obligation: str
    stage: str
    reason: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A notice that must not go out before ``until``. No clock stops for it.

    ``by_whom`` is ``law_enforcement`` or ``legal``, ``by`` who said so. ``ended_by`` is who lifted it, ``halon`` where its
    time had come.
    """

    obligation: str
    until: str
    by_whom: str
    reason: str
    by: str
    at: str
    ended_at: str = ""
    ended_by: str = ""
    ended_because: str = ""
