"""Later alerts of what was merged or split off: they belong to the other incident, and are passed on to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from halon.incident.alerts import Alert, mark_of, timed
from halon.incident.counting import counted
from halon.incident.links import SplitOff
from halon.incident.quiet import muted
from halon.incident.remembered import key, pack, unpack
from halon.incident.sheaves import fitting, is_sheaf, pairs, put_by
from halon.incident.sheaves import number as amount
from halon.incident.state import State
from halon.incident.storm import absorb
from halon.incident.timeline import note
from halon.incident.waking import REPORT, wake

LARGEST = 58_000
"""Characters of JSON that are passed on at once: less than a Signal of an incident may hold."""


def divert(state: State, alerts: Iterable[Alert], now: str) -> tuple[State, list[Alert]]:
    """``state`` with those of ``alerts`` that belong to another incident put by for it, and those that join here.

    What is merged into an incident of another agent is both passed on and kept: only this one looks after its agent. An
    incident that closes keeps what comes. A report by a person wakes what is muted. Raises Malformed as ``timed`` does.
    """
    linked = state.merged_into is not None or any(not one.closed_at for one in state.splits)
    if not linked and not muted(state):
        return state, list(alerts)
    come = [timed(one) for one in alerts]
    if muted(state) and not state.close_requested_by and any(one.source == REPORT for one in come):
        state = wake(state, now, "a person reported it")
    if state.close_requested_by or not linked:
        return state, come
    here: list[Alert] = []
    there: list[Alert] = []
    for alert in come:
        if split_of(state, alert) is not None:
            there.append(alert)
            state = without_firing(state, [alert])
        elif state.merged_into is not None:
            there.append(alert)
            here += [alert] * (state.merged_into.agent != state.agent)
        else:
            here.append(alert)
    if not there:
        return state, here
    apart = frozenset(name for one in state.splits if not one.closed_at for name in (*one.rules, *one.fingerprints))
    return replace(state, passing=put_by(state.passing, there, sent=state.passing_sent, apart=apart)), here


def split_of(state: State, alert: Alert) -> SplitOff | None:
    """What was split off that ``alert`` belongs to, while that is open."""
    mine = (one for one in state.splits if alert.rule in one.rules or alert.fingerprint in one.fingerprints)
    return next((one for one in mine if not one.closed_at), None)


def target(state: State, alert: Alert) -> str:
    """The workflow id of the incident that ``alert`` is passed on to; empty where it belongs here after all."""
    found = split_of(state, alert)
    if found is not None:
        return found.workflow_id
    return state.merged_into.workflow_id if state.merged_into else ""


def next_batch(state: State, most: int) -> tuple[str, tuple[Alert, ...]]:
    """The next alerts to pass on, all to one incident, at most ``most`` that fit into a Signal; and its workflow id.

    Those that are on their way already are the same ones again, however many came since.
    """
    if not state.passing:
        return "", ()
    to = target(state, state.passing[0])
    batch: list[Alert] = []
    for alert in fitting(state.passing[: state.passing_sent or most], LARGEST):
        if target(state, alert) != to:
            break
        batch.append(alert)
    return to, tuple(batch)


def in_signals(alerts: tuple[Alert, ...]) -> Iterator[tuple[Alert, ...]]:
    """``alerts`` in parts of which each fits into a Signal."""
    while alerts:
        part = fitting(alerts, LARGEST)
        yield part
        alerts = alerts[len(part) :]


def passed(state: State, number: int, to: str, now: str) -> State:
    """``state`` after its first ``number`` alerts to pass on were taken by ``to``. Said each time that their number doubles."""
    many = amount(state.passing[:number])
    state = replace(state, passing=state.passing[number:], passing_sent=0)
    link = state.merged_into
    if link is not None and link.workflow_id == to:
        name, before = link.reference, link.passed
        state = replace(state, merged_into=replace(
            link, passed=before + many, passed_at=now, batches=link.batches + 1))  # fmt: skip
    else:
        one = next((one for one in state.splits if one.workflow_id == to), None)
        if one is None:  # the merge was taken back meanwhile, and the other one has them
            return state
        name, before = one.reference or to, one.passed
        state = with_split(state, replace(one, passed=before + many))
    if before.bit_length() == (before + many).bit_length():
        return state
    told = f"{counted(before + many, 'later alert')} so far passed on to {name}."
    return note(state, now, "passed", "detect", told, data={"to": to, "alerts": before + many})


def ended(state: State, to: str, now: str) -> State:
    """``state`` after ``to``, which was split off, was seen to be closed: what comes from now on belongs here again."""
    state = replace(state, passing_sent=0)
    one = next((one for one in state.splits if one.workflow_id == to and not one.closed_at), None)
    if one is None:
        return state
    state = with_split(state, replace(one, closed_at=now))
    told = f"{one.reference or to} is closed: alerts of {', '.join((*one.rules, *one.fingerprints))[:300]} join here again."
    return note(state, now, "split", "detect", told, data={"workflow_id": to})


def back(state: State, number: int, now: str) -> State:
    """``state`` with its first ``number`` alerts to pass on joined here: there is no other incident for them any more."""
    batch = state.passing[:number]
    return absorb(replace(state, passing=state.passing[number:], passing_sent=0), batch, now)


def to_successor(state: State, number: int) -> State:
    """``state`` with its first ``number`` alerts to pass on for its own successor: the other incident takes no more."""
    batch = tuple(one for one in state.passing[:number] if (one.agent, one.group) == (state.agent, state.group))
    late = put_by(state.forwarding, batch, sent=state.forwarding_sent)
    return replace(state, passing=state.passing[number:], passing_sent=0, forwarding=late)


def with_split(state: State, changed: SplitOff) -> State:
    """``state`` with this one in place of what was split off under its number."""
    return replace(state, splits=tuple(changed if one.number == changed.number else one for one in state.splits))


def without_firing(state: State, alerts: Iterable[Alert]) -> State:
    """``state`` in which these alerts no longer fire: they do elsewhere."""
    gone = [mark for one in alerts for mark in _fingerprints(one)]
    names = {*gone, *(one.fingerprint for one in alerts)}
    firing = tuple(one for one in state.firing if one not in names)
    if not state.firing_rest:
        return replace(state, firing=firing)
    rest = unpack(state.firing_rest)
    elsewhere = {key(mark) for mark in gone}
    left = [one for one in rest if one not in elsewhere]
    more = state.firing_more - (len(rest) - len(left))
    return replace(state, firing=firing, firing_rest=pack(left), firing_more=more)


def _fingerprints(alert: Alert) -> list[str]:
    """The marks of the fingerprints of what ``alert`` is or stands for."""
    return [mark for _, mark in pairs(alert)] if is_sheaf(alert) else [mark_of(alert.fingerprint)]
