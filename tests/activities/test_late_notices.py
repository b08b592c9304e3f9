"""A notice that comes late says when it was due and why it is late (GDPR Art. 33(1): reasons for the delay)."""

from __future__ import annotations

from typing import Any

import pytest

from halon.incident.about import about
from halon.incident.assessment import Assessment, Obligation, Severity, Stage
from halon.incident.filings import LateReason
from halon.incident.notices import Notice
from halon.incident.orders import GatePolicy
from halon.incident.state import State
from halon.ports.notify import Draft
from halon_activities.hands import Hands
from halon_activities.notify import Notify

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"
DUE, LATER = "2026-11-22T10:00:00.000Z", "2026-11-22T16:00:00.000Z"


def state(*reasons: str) -> State:
    """An incident whose one duty is six hours late."""
    duty = Obligation("eu-gdpr-33", "Notification", "acme-eu", "the authority", "regulator", "applies", "privacy_officer",
                      stages=(Stage("notification", due=DUE),))  # fmt: skip
    return State(
        INCIDENT, "incident-support-bot.unauthorised-tool", "INC-7F3A", "support-bot", "g", "2026-11-19T08:00:00Z",
        assessment=Assessment(Severity(), "privacy", ("privacy",), "act", "acme-eu", obligations=(duty,)),
        obligations=(duty,), missed=("eu-gdpr-33/notification",),
        late_reasons=tuple(LateReason("eu-gdpr-33", "notification", one, "pat", LATER) for one in reasons),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reasons", "told"),
    [((), "The reasons for the delay: we give them in our next message"), (("asleep", "the mail was lost"), "The reasons for the delay: the mail was lost")],
)  # fmt: skip
async def test_a_late_draft_carries_its_reason(
    hands: Hands, as_incident: Any, reasons: tuple[str, ...], told: str
) -> None:
    """The last word about it; and where nobody has said why, that it follows."""
    one = Notice("eu-gdpr-33-notification", "regulator", "eu-gdpr-33", "notification", "regulator", "regulator-mail",
                 "breach-notices@authority.example", gate=GatePolicy(("privacy_officer",)))  # fmt: skip
    drafted = await as_incident(Notify(hands).draft, Draft(INCIDENT, one, about(state(*reasons), LATER)))
    assert told in " ".join(drafted.body.split())
    assert "This notice comes after 2026-11-22 10:00 UTC" in drafted.body
