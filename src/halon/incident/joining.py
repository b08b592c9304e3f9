"""Alerts join the incident: counted, deduplicated, and outside the join window handed on to a successor."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from halon.incident.alerts import Alert, AlertCount, timed
from halon.incident.facts import Fact
from halon.incident.hearing import heard
from halon.incident.learning import learn
from halon.incident.state import State, sparing
from halon.incident.timeline import note, tell
from halon.incident.times import after, seconds_between

EXEMPLARS = 20
REMEMBERED = 1000
COUNTED_RULES = 100
OTHER_RULES = "(other rules)"


def outside_window(state: State, alert: Alert, now: str) -> bool:
    """Whether ``alert`` comes after this incident's join window: recovered, plus the quiet period."""
    if alert.status != "firing":
        return False
    if state.close_requested_by:
        return True
    quiet = state.assessment.quiet_seconds if state.assessment else 900
    if state.successor and state.recovered_at:
        return True
    if any(one.restored_share for one in state.actions):
        return False  # what is just being given back is watched here: the alert is about that
    return bool(state.recovered_at) and now > after(state.recovered_at, quiet)


def absorb(state: State, alerts: Iterable[Alert], now: str) -> State:
    """``state`` with ``alerts`` joined. The same (fingerprint, start, status) counts as a duplicate and changes nothing.

    Each has a line of its own: this is how a batch of an earlier release's front door joins; ``storm.absorb`` is today's.
    Raises Malformed if the times of one of them are none: then none has joined.
    """
    for alert in [timed(one) for one in alerts]:
        state = _absorb_one(state, alert, now)
    return recovered(state, now)


def recovered(state: State, now: str) -> State:
    """``state`` with its recovery noted: nothing fires any more and the harm was seen to have stopped."""
    if state.recovered_at or state.firing or state.firing_more or not (state.harm_stopped_at or state.false_alarm_by):
        return state
    why = "harm has stopped" if state.harm_stopped_at else "it was called a false alarm"
    return note(replace(state, recovered_at=now), now, "recovered", "contain", f"Nothing fires any more; {why}.")


def recurs(state: State, now: str) -> State:
    """``state`` when the harm is there again: not stopped, not recovered, and what was proved is proved no more."""
    reopened = tuple(
        replace(one, status="failed", after="recurred", after_at=now) if one.status == "proved" else one
        for one in state.correctives
    )
    return replace(state, harm_stopped_at="", recovered_at="", look_at="", recurred_at=now, correctives=reopened)


def _absorb_one(state: State, alert: Alert, now: str) -> State:
    if alert.identity in state.seen or alert.mark in state.seen:
        return replace(state, counts=_count(state.counts, alert, now, duplicate=True))
    if outside_window(state, alert, now):
        text = f"Alert {alert.rule} came after the join window: it belongs to a successor."
        return note(replace(state, forwarding=(*state.forwarding, alert)), now, "alert", "detect", text)
    first = not state.seen
    firing = state.firing
    if alert.fingerprint in firing:
        firing = tuple(one for one in firing if one != alert.fingerprint)
    if alert.status == "firing" and alert.lasts:
        firing = (*firing, alert.fingerprint)
    state = replace(
        state,
        seen=(*state.seen, alert.identity)[-REMEMBERED:],
        alerts=(*state.alerts, alert)[:EXEMPLARS] if len(state.alerts) < EXEMPLARS else state.alerts,
        firing=firing[-REMEMBERED:],
        counts=_count(state.counts, alert, now, duplicate=False),
    )
    return fires(said(state, alert, now), alert, now, first=first)


def said(state: State, alert: Alert, now: str) -> State:
    """``state`` with a line of its own for ``alert``."""
    who = f" by {alert.reporter}" if alert.reporter else ""
    return note(
        state, now, "alert", "detect", f"Alert {alert.rule} {alert.status}{who}: {alert.summary or 'no summary'}",
        actor=alert.source,
        data={"fingerprint": alert.fingerprint, "started_at": alert.started_at, "status": alert.status,
              "trace_id": alert.trace_id, "evidence": _raw(alert)},
    )  # fmt: skip


def fires(state: State, alert: Alert, now: str, *, first: bool) -> State:
    """What follows from ``alert``, which has joined: the detection if it is the ``first``, a recurrence, no recovery."""
    if alert.status != "firing":
        return state
    state = heard(state, alert)
    if (began := _began(alert)) > state.last_fired_at:
        state = replace(state, last_fired_at=began)
    if first:
        state = learn(state, [Fact("detected_at", alert.received_at, "alert", now, by=alert.source)], now)
    elif state.harm_stopped_at and seconds_between(state.harm_stopped_at, alert.started_at) > 0:
        state = replace(recurs(state, now), look_at=now)
        state = note(state, now, "recurrence", "contain", "It fires again after containment: looking once more.")
    elif state.recovered_at:
        state = replace(state, recovered_at="")
    if state.false_alarm_by:
        body = f"{state.reference} was called a false alarm by {state.false_alarm_by}, and {alert.rule[:60]} fires."
        names = tuple(dict.fromkeys((state.commander, state.false_alarm_by)))
        state = tell(
            state,
            now,
            "fires" if sparing(state) else f"fires:{alert.identity}",  # not for each new alert
            f"[{state.reference}] fires after a false alarm",
            body,
            names=names,
        )
    return state


def _began(alert: Alert) -> str:
    """When it began: a sender whose clock is ahead can't have seen what has not happened yet."""
    return min(alert.started_at, alert.received_at)


def _raw(alert: Alert) -> list[dict[str, str]]:
    """The sealed raw payload; only what the front door seals may be named by an alert."""
    if not alert.raw.startswith("evidence/intake/"):
        return []
    return [{"path": alert.raw, "sha256": alert.raw_sha256}]


def _count(counts: tuple[AlertCount, ...], alert: Alert, now: str, *, duplicate: bool) -> tuple[AlertCount, ...]:
    by_rule = {one.rule: one for one in counts}
    count(by_rule, alert, now, duplicate=duplicate)
    return tuple(by_rule.values())


def count(by_rule: dict[str, AlertCount], alert: Alert, now: str, *, duplicate: bool, number: int = 1) -> None:
    """Count ``number`` alerts such as ``alert`` in ``by_rule``, the rule that was touched last at the end."""
    rule = alert.rule
    if len(by_rule) >= COUNTED_RULES and rule not in by_rule:
        rule = OTHER_RULES
    old = by_rule.pop(rule, None) or AlertCount(rule, first_at=now)
    by_rule[rule] = replace(
        old,
        firing=old.firing + number * (alert.status == "firing" and not duplicate),
        resolved=old.resolved + number * (alert.status == "resolved" and not duplicate),
        duplicates=old.duplicates + number * duplicate,
        last_at=now,
    )
