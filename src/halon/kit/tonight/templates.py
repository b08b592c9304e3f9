"""Own notice templates that would fail when they are needed: each is rendered, at minute nought and with much known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from halon.incident import times
from halon.incident.about import about
from halon.incident.addressed import addressed
from halon.incident.alerts import Alert
from halon.incident.assessment import Obligation, Stage
from halon.incident.facts import Fact
from halon.incident.judged import take_in
from halon.incident.learning import learn
from halon.incident.notices import Notice
from halon.incident.opening import Opening
from halon.incident.opening_state import first_state
from halon.incident.remedies import Corrective
from halon.incident.remedies import Finding as RootCause
from halon.incident.state import State
from halon.judgement.assess import assess
from halon.judgement.communication import german
from halon.judgement.communication.checks import duty_of
from halon.judgement.communication.phases import phases
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

    pictures = {"at the first minute": _state(policy, now, {}), "hours later": _state(policy, now, _KNOWN)}
    for name, source in sorted(bundle.notices.items()):
        why: dict[str, str] = {}
        for moment, state in pictures.items():
            try:
                render_own(f"notices/{name}.txt.j2", source, _told(state, now, name, later=bool(state.findings)))
            except TemplateFailed as error:
                why.setdefault(error.why, moment)
        for reason, moment in why.items():
            yield Finding("fails", ITEM, f"notices/{name}.txt.j2 can't be rendered {moment}: {reason}",
                          "name only what there always is, or ask first: {% if … %}")  # fmt: skip


def _state(policy: Policy, now: datetime, known: dict[str, Any]) -> State:
    """An incident of the kit's first agent, opened three hours before ``now``, with ``known`` said two hours after that.

    Where anything is known, its cause is too, and what is done about it.
    """
    at = times.text(now - timedelta(hours=3))
    later = times.text(now - timedelta(hours=1))
    agent = next(iter(policy.agents))
    alert = Alert(source="kit-check", agent=agent, group="kit-check", rule="kit-check", status="firing",
                  fingerprint="kit-check", started_at=at, received_at=at, summary="kit check")  # fmt: skip
    state = first_state(Opening((alert,)), f"incident-{agent}.kit-check", "kit-check", at)
    state = learn(state, [Fact(name, value, "person", later, "kit check") for name, value in known.items()], later)
    judged = assess(state.facts, policy, times.text(now), agent=agent, group="kit-check")
    state = take_in(state, judged, state.facts_version, later)
    if not known:
        return state
    deadline = times.text(now + timedelta(days=7))
    return replace(
        state,
        findings=(RootCause("f1", "tools", "kit check", "kit-check", later),),
        correctives=(Corrective("c1", "kit check", "kit-check", deadline, "kit-check", later),),
        next_update_at=times.text(now + timedelta(days=1)),
    )


def _told(state: State, now: datetime, name: str, *, later: bool) -> dict[str, Any]:
    """What the template ``name`` may print of ``state``, as a notice would; ``later``: one of everything at least."""
    told = about(state, times.text(now))
    plain, _, language = name.partition(".")
    duty, stage = _meant(state, plain)
    to = addressed(duty, stage) if duty is not None else None
    one = Notice("kit-check", to.audience if to else "customers", duty.name if duty else "", stage.id if stage else "")
    values = {
        **(german.told(told) if language == "de" else told),
        "notice": {"id": one.id, "audience": one.audience, "obligation": one.obligation, "stage": one.stage, "recipient": ""},
        "obligation": duty_of(one, told),
        "late": None,
        **phases(one, told, language or "en"),
    }  # fmt: skip
    if later:
        due = {"due": times.text(now), "due_local": times.text(now)}
        values["late"] = {"due": due["due"], "reason": "kit check"}
        values["contents"] = values["contents"] or [
            {"what": "kit check", "filled": False, "facts": ["cause"], "missing": ["cause"]}
        ]
        values["answers"] = values["answers"] or [{"words": "kit check", "value": "kit check"}]
        values["follows"] = values["follows"] or {"stage": "final", **due}
    return values


def _meant(state: State, template: str) -> tuple[Obligation | None, Stage | None]:
    """The duty and stage whose notice takes ``template``, else the first that has a stage."""
    every = [(duty, stage) for duty in state.obligations for stage in duty.stages]
    named = (each for each in every if PurePath(addressed(*each).template).name.partition(".")[0] == template)
    return next(named, next(iter(every), (next(iter(state.obligations), None), None)))
