"""Own notice templates that would fail when they are needed: each is rendered, at minute nought and with much known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from halon.incident import times
from halon.incident.about import about
from halon.incident.alerts import Alert
from halon.incident.facts import Fact
from halon.incident.judged import take_in
from halon.incident.learning import learn
from halon.incident.opening import Opening
from halon.incident.opening_state import first_state
from halon.judgement.assess import assess
from halon.judgement.policy import Policy
from halon.kit.bundle import Bundle
from halon.kit.tonight.finding import Finding, Item

ITEM: Item = "prepared notices"
_KNOWN: dict[str, Any] = {
    "personal_data_involved": True, "risk_to_individuals": "high_risk", "affected_individuals": 12,
    "data_categories": ["basic_contact"], "ongoing": False, "confirmed": True,
}  # fmt: skip
"""What people find out in the first hours of a leak."""


def about_templates(bundle: Bundle, policy: Policy, now: datetime) -> Iterator[Finding]:
    """Each template of ``notices/`` that can't be rendered of an incident that has just begun, or of one hours later."""
    if not bundle.notices or not policy.agents:
        return
    from halon.rendering import (  # Jinja is loaded only where there is something for it to read
        TemplateFailed,
        render_own,
    )

    pictures = {"at the first minute": _told(policy, now, {}), "hours later": _told(policy, now, _KNOWN)}
    for name, source in sorted(bundle.notices.items()):
        why: dict[str, str] = {}
        for moment, told in pictures.items():
            try:
                render_own(f"notices/{name}.txt.j2", source, told)
            except TemplateFailed as error:
                why.setdefault(error.why, moment)
        for reason, moment in why.items():
            yield Finding("fails", ITEM, f"notices/{name}.txt.j2 can't be rendered {moment}: {reason}",
                          "name only what there always is, or ask first: {% if … %}")  # fmt: skip


def _told(policy: Policy, now: datetime, known: dict[str, Any]) -> dict[str, Any]:
    """What a notice of the kit's first agent could say ``now``, with ``known`` said two hours after it opened."""
    at = times.text(now - timedelta(hours=3))
    later = times.text(now - timedelta(hours=1))
    agent = next(iter(policy.agents))
    alert = Alert(source="kit-check", agent=agent, group="kit-check", rule="kit-check", status="firing",
                  fingerprint="kit-check", started_at=at, received_at=at, summary="kit check")  # fmt: skip
    state = first_state(Opening((alert,)), f"incident-{agent}.kit-check", "kit-check", at)
    state = learn(state, [Fact(name, value, "person", later, "kit check") for name, value in known.items()], later)
    judged = assess(state.facts, policy, times.text(now), agent=agent, group="kit-check")
    told = about(take_in(state, judged, state.facts_version, later), times.text(now))
    duty = next((one for one in told["obligations"] if one["stages"]), next(iter(told["obligations"]), None))
    stage = duty["stages"][0]["id"] if duty and duty["stages"] else ""
    notice = {"id": "kit-check", "audience": duty["audience"] if duty else "customers", "recipient": "",
              "obligation": duty["key"] if duty else "", "stage": stage}  # fmt: skip
    return {**told, "notice": notice, "obligation": duty, "late": None, "contents": [], "follows": {}}
