"""Merge and split are carried out: handed over to the other incident, taken from it, opened, and later alerts passed on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.exceptions import ActivityError

from halon.incident import merging, passing, splitting, taking
from halon.incident.alerts import Alert
from halon.incident.errors import Malformed
from halon.incident.ids import predecessor_id
from halon.incident.links import MergedInto, Met
from halon.ports import correlate
from halon_workflows import patches
from halon_workflows.batches import alerts_in
from halon_workflows.durable import Durable, reason_of

MOST = 500
"""Alerts that are passed on at once, sheaves counted as one."""
FOLLOWED = "followed"


async def look_up(inc: Durable, wanted: str) -> Met:
    """The incident that somebody names, as it stands now. What can't be looked up is said so."""
    try:
        return await inc.act_now(
            correlate.find, correlate.Find(inc.state.incident_id, wanted), "look up the other incident"
        )
    except ActivityError as error:
        return Met(found=False, why=": ".join(reason_of(error)))


async def follow(inc: Durable) -> None:
    """An alert of what was merged and has closed opened this incident: it belongs to the same other one."""
    before = predecessor_id(inc.state.workflow_id)
    if not before or inc.done(FOLLOWED) or inc.state.merged_into or not inc.goes(patches.FOLLOWS):
        return
    try:
        met = await inc.act(
            correlate.follow, correlate.Follow(inc.state.incident_id, before), "was the one before merged"
        )
    except ActivityError as error:
        met = Met(found=False)
        inc.note("unknown", "detect", f"It could not be looked up whether the incident before this one was merged "
                 f"({': '.join(reason_of(error))}).")  # fmt: skip
    inc.mark(FOLLOWED)
    if not met.found or met.drill != inc.state.drill or inc.state.merged_into is not None:
        return
    reason = f"the incident before it, {before}, was merged there"
    link = MergedInto(
        met.workflow_id,
        met.reference,
        met.agent,
        "halon",
        inc.now,
        reason,
        facts=inc.state.facts_version,
        followed=True,
    )
    inc.state = merging.merged(inc.state, link)
    inc.note("merged", "triage", f"Merged into {met.reference}: {reason}.", into=met.workflow_id)


async def hand_over(inc: Durable) -> None:
    """While this incident is merged: hand over what the other one has not taken yet, and look what that one has."""
    while not inc.finished:
        await inc.until(lambda: inc.finished or merging.to_hand_over(inc.state) or merging.done(inc.state, inc.now))
        if inc.finished:
            return
        if merging.done(inc.state, inc.now):
            link = inc.state.merged_into
            name = link.reference if link else ""
            inc.change(ended_as="merged", close_requested_by="halon", close_note=f"merged into {name}")
            inc.note("close", "remediate", f"Merged into {name}, and it holds nothing any more: it closes.")
            return
        inc.state = merging.with_news(inc.state)
        await _hand(inc)


async def _hand(inc: Durable) -> None:
    link = inc.state.merged_into
    if link is None:
        return
    request = correlate.HandOver(inc.state.incident_id, inc.state.agent, link.workflow_id, link.version)
    told = await inc.act(correlate.hand_over, request, f"hand over to {link.reference}")
    now_link = inc.state.merged_into
    if now_link is None or now_link.workflow_id != link.workflow_id:
        return
    if told.taken:
        inc.state = merging.handed(inc.state, link.version, told.has, inc.now)
    elif not link.handed:
        inc.state = merging.taken_back(inc.state, f"{link.reference} closed before it took anything over", inc.now)
    else:
        inc.state = merging.closed(inc.state, told.has, inc.now)


async def split_off(inc: Durable) -> None:
    """Open what was split off, one after the other."""
    while not inc.finished:
        await inc.until(lambda: inc.finished or any(not one.opened_at for one in inc.state.splits))
        for off in [one for one in inc.state.splits if not one.opened_at]:
            request = correlate.SplitOut(
                inc.state.incident_id, off.workflow_id, off.alerts, splitting.opening(inc.state, off), inc.state.drill
            )
            made = await inc.act(correlate.split_off, request, f"open {off.workflow_id}")
            inc.state = splitting.opened(inc.state, off.number, made.reference, inc.now)


async def pass_on(inc: Durable) -> None:
    """Later alerts of what was merged or split off go to the other incident, also while this run ends."""
    while not inc.finished:
        await inc.until(lambda: inc.finished or _may_pass(inc))
        if not inc.finished:
            await _pass_batch(inc)


def _may_pass(inc: Durable) -> bool:
    """Whether the incident to which the next alerts go is there and knows of this one."""
    state = inc.state
    if not state.passing:
        return False
    off = passing.split_of(state, state.passing[0])
    if off is not None:
        return bool(off.opened_at)
    return state.merged_into is None or bool(state.merged_into.handed or state.merged_into.has.closed_at)


async def _pass_batch(inc: Durable) -> None:
    to, batch = passing.next_batch(inc.state, MOST)
    inc.change(passing_sent=len(batch))
    link = inc.state.merged_into
    if not to:  # it was merged or split off when they came, and is not any more
        inc.state = passing.back(inc.state, len(batch), inc.now)
        return
    if link is not None and link.workflow_id == to:
        if link.has.closed_at:
            taken = False
        else:
            request = correlate.HandOver(
                inc.state.incident_id, inc.state.agent, to, link.version, link.batches + 1, batch
            )
            taken = (
                await inc.act(correlate.hand_over, request, f"pass alerts on to {link.reference}", step="pass on")
            ).taken
        # An alert of an incident that is too late for the other one is the first of this one's own successor.
        inc.state = (passing.passed(inc.state, len(batch), to, inc.now) if taken
                     else passing.to_successor(inc.state, len(batch)))  # fmt: skip
        return
    told = await inc.act(correlate.pass_on, correlate.Pass(inc.state.incident_id, to, batch), f"pass alerts on to {to}",
                         step="pass on")  # fmt: skip
    inc.state = (
        passing.passed(inc.state, len(batch), to, inc.now) if told.taken else passing.ended(inc.state, to, inc.now)
    )


async def merged(
    inc: Durable, payload: Payload, decode: Callable[[Payload], Any], refuse: Callable[[str, str, str], None]
) -> None:
    """The Signal of an incident that is merged into this one: there is something to take. Never raises."""
    try:
        told = decode(payload)
        source, alerts, batch = _told(told)
    except Malformed as error:
        refuse("merged", "Malformed", str(error))
        return
    if alerts is None:
        try:
            taken = await inc.act_now(
                correlate.take, correlate.Take(inc.state.incident_id, source), f"take over from {source[:80]}"
            )
        except ActivityError as error:
            refuse("merged", *reason_of(error))
            return
        if not inc.state.close_requested_by:
            tells = taking.closes_circle(inc.state, taken) and inc.goes(patches.CIRCLES)
            inc.state = taking.take_over(inc.state, taken, inc.now, tells=tells)
        return
    link = taking.link_of(inc.state, source)
    if link is None:
        refuse("merged", "NotMerged", f"{source[:120]} is not merged into this incident.")
        return
    try:
        inc.state = taking.take_alerts(inc.state, source, batch, _alerts(alerts, link.keys), inc.now)
    except Malformed as error:
        refuse("merged", "Malformed", str(error))


def _told(value: Any) -> tuple[str, list[Any] | None, int]:
    """Who signals, and the alerts that come with it. Raises Malformed."""
    if not isinstance(value, dict) or not isinstance(value.get("from"), str) or not value["from"]:
        raise Malformed(
            'merged takes one JSON object {"from": workflow id}; say `merge` to the incident that becomes part.'
        )
    if "alerts" not in value:
        return value["from"], None, 0
    batch = value.get("batch")
    if not isinstance(value["alerts"], list) or not isinstance(batch, int) or isinstance(batch, bool):
        raise Malformed("merged: alerts is a list, and batch says which one it is.")
    return value["from"], value["alerts"], batch


def _alerts(given: list[Any], keys: tuple[tuple[str, str], ...]) -> list[Alert]:
    """The alerts, each of an agent and group that may come from there. Raises Malformed."""
    found: list[Alert] = []
    for one in given:
        key = (str(one.get("agent")), str(one.get("group"))) if isinstance(one, dict) else ("", "")
        if key not in {tuple(each) for each in keys}:
            raise Malformed("merged: an alert is of an agent or group that was not merged into this incident.")
        found += alerts_in({"alerts": [one]}, *key)
    return found
