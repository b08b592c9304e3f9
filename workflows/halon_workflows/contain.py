"""Contain: evidence first, the least that stops the harm, read back; the irreversible waits at its gate."""

from __future__ import annotations

from dataclasses import replace

from temporalio import workflow
from temporalio.exceptions import ActivityError

from halon.incident import quiet, times
from halon.incident.gates import Gate
from halon.incident.joining import recovered
from halon.incident.merging import asked_there
from halon.incident.orders import Action, OrderStatus
from halon.incident.standing import action, with_action, with_phase
from halon.incident.timeline import tell
from halon.ports import contain as port
from halon.ports import evidence
from halon_workflows import gating, looking, modes, patches
from halon_workflows.durable import Durable, reason_of
from halon_workflows.looking import FINISHED

# Failures after which the order may have taken effect all the same.
PERHAPS_DONE = ("NoAnswer", "Uncertain", "TimeoutError")


async def stop_the_harm(inc: Durable) -> None:
    """Seal what there is, and beside that carry out each order of the rung; climb while the harm goes on."""
    inc.state = with_phase(inc.state, "contain", "running", inc.now)
    if not inc.done("evidence") and workflow.patched(patches.BESIDE):
        inc.spawn("contain.seal", lambda: seal_evidence(inc))
    else:
        await seal_evidence(inc)
    if quiet.muted(inc.state):  # what is planned is shown, and waits for the mute's end or for a person's word
        await inc.until(lambda: not quiet.muted(inc.state))
    while not inc.state.harm_stopped_at and not inc.state.false_alarm_by:
        modes.begin_what_was_noted(inc)
        carry_out_orders(inc)
        await inc.until(lambda: _rung_finished(inc) or bool(inc.state.false_alarm_by))
        if inc.state.false_alarm_by or await looking.stopped(inc):
            break
    if not inc.state.false_alarm_by:
        inc.state = recovered(inc.state, inc.now)
    inc.spawn("contain.finished", lambda: _finished(inc))
    await inc.until(lambda: inc.done("evidence"))


async def contain(inc: Durable) -> None:
    """The phase, once; later recurrences are ``keep_contained``'s."""
    if inc.done("contained"):
        await seal_evidence(inc)
        carry_out_orders(inc)
        inc.spawn("contain.finished", lambda: _finished(inc))
        return
    await stop_the_harm(inc)
    inc.mark("contained")


async def keep_contained(inc: Durable) -> None:
    """New orders, and those that a stronger mode allows, are carried out; a recurrence is looked at, and climbs on."""
    as_before = False  # this history went on without what a stronger mode allows
    while not inc.finished:
        await inc.until(lambda as_before=as_before: inc.finished or _something_new(inc, as_before=as_before))  # type: ignore[misc]
        if inc.finished:
            return
        if modes.may_begin(inc):
            as_before = not modes.begin_what_was_noted(inc)
        carry_out_orders(inc)
        if looking.over_by_word(inc):
            looking.note_stopped(inc, "a person says so")
            inc.state = recovered(inc.state, inc.now)
        if _recurred(inc):
            await stop_the_harm(inc)


async def seal_evidence(inc: Durable) -> None:
    """Collect and seal, once. What can't be had is said; the irreversible then waits for it."""
    if not inc.done("evidence"):
        await _collect(inc)
        inc.mark("evidence")
    if not inc.state.evidence:
        inc.spawn("contain.evidence", lambda: seal_again(inc))


async def seal_again(inc: Durable) -> None:
    """Nothing could be sealed: again whenever the clock says so, until something is."""
    while not inc.state.evidence and not inc.finished:
        asked = _asked_again(inc)
        await inc.until(lambda asked=asked: inc.finished or _asked_again(inc) != asked)  # type: ignore[misc]
        if not inc.finished:
            await _collect(inc)


async def _collect(inc: Durable) -> None:
    began = min((alert.started_at for alert in inc.state.alerts), default=inc.state.opened_at)
    since = times.after(began, -3600)
    request = evidence.Collect(inc.state.incident_id, inc.state.agent, since)
    try:
        got = await inc.act(evidence.collect, request, "seal evidence before containment")
    except ActivityError as error:
        got = evidence.Collected((), (": ".join(reason_of(error)),))
    inc.keep_sealed("contain", got.sealed)
    for missing in got.missing:
        inc.note("evidence", "contain", f"Not sealed: {missing}")
    if not got.sealed:
        body = (
            "No evidence could be sealed. Irreversible actions wait; `override` what=evidence lets them run, on record."
        )
        inc.state = tell(inc.state, inc.now, "no-evidence", f"[{inc.state.reference}] no evidence sealed", body,
                         names=(inc.state.commander,))  # fmt: skip


def _asked_again(inc: Durable) -> int:
    return sum(1 for key in inc.state.ledger if key.startswith("evidence-again:"))


def carry_out_orders(inc: Durable) -> None:
    """Begin every order of the rungs reached so far that isn't finished."""
    for one in inc.state.actions:
        if one.order.rung <= inc.state.rung and _to_do(inc, one):
            name = one.order.id
            inc.spawn(f"contain.{name}", lambda name=name: carry_out(inc, name))  # type: ignore[misc]


async def carry_out(inc: Durable, name: str) -> None:
    """One order from plan to read-back."""
    allowed: Gate | None = None
    one = _get(inc, name)
    if modes.only_observed(inc):
        if one.status in ("applying", "applied") and workflow.patched(patches.WEAKER):
            await _verify(inc, name, _granted_gate(inc, name))  # begun before: look what became of it, begin nothing
            return
        _only_note(inc, name)
        return
    if inc.state.false_alarm_by and one.status in ("planned", "waiting", "denied"):
        _move(inc, name, "denied", f"{one.order.title} is not run: false alarm.")
        return
    if one.status in ("planned", "waiting", "denied") and _left_to_another(inc, name):
        return
    if one.status == "denied":
        _move(inc, name, "waiting", f"Asked again: {one.order.title}.")
        one = _get(inc, name)
    if one.status in ("planned", "waiting") and _needs_gate(inc, one):
        if one.status == "planned" and await _already_so(inc, name):
            return
        may, allowed = await _allowed(inc, name)
        if not may:
            return
    elif one.order.gate is not None or not one.order.reversible:
        allowed = _granted_gate(inc, name)
    one = _get(inc, name)
    if one.status in ("planned", "waiting"):
        _move(inc, name, "applying", f"Applying: {one.order.title}.")
    if _get(inc, name).status == "applying" and not await _apply(inc, name, allowed):
        return
    await _verify(inc, name, allowed)


async def _already_so(inc: Durable, name: str) -> bool:
    """Whether what can't be undone reads back as done before anybody is asked, such as by an earlier incident."""
    one = _get(inc, name)
    step = f"read-before:{name}:{one.attempt}"
    if (
        one.order.reversible
        or not one.order.verify.expect_json
        or inc.done(step)
        or not workflow.patched(patches.ALREADY)
    ):
        return False
    try:
        read = await inc.act(
            port.verify, replace(_step(inc, one, None), once=True), f"is it so already: {one.order.title}"
        )
    except ActivityError:
        read = port.Verified(holds=None, at=inc.now)  # nothing is known, so people are asked
    inc.mark(step)
    now = _get(inc, name)
    if not read.holds or now.status != "planned" or now.order != one.order:
        return False
    inc.state = with_action(inc.state, replace(now, verified_at=read.at, failed_as="", failure=""))
    _move(inc, name, "verified", f"Already so, read back: {one.order.title}. Nothing is sent, and nobody is asked.")
    return True


async def _allowed(inc: Durable, name: str) -> tuple[bool, Gate | None]:
    """Wait for evidence where it must be there first, then for people. False: not allowed, or no longer wanted."""
    while True:
        if not _get(inc, name).order.reversible:
            await inc.until(lambda: bool(inc.state.evidence) or bool(inc.state.evidence_overridden_by))
        one = _get(inc, name)  # only now: what is asked is what would run after the wait
        order = one.order
        policy = order.gate
        if modes.only_observed(inc) and workflow.patched(patches.WEAKER):
            _only_note(inc, name)
            return False, None
        if _left_to_another(inc, name):
            return False, None
        if policy is None and not _needs_gate(inc, one) and workflow.patched(patches.STRONGER):
            return True, None  # asked in mode suggest, and the mode is act by now
        if policy is None:
            _move(inc, name, "denied", f"{order.title} has no gate in the kit and is not run.")
            return False, None
        digest = order.digest_for(inc.state.incident_id, "apply")
        if one.status == "planned":
            _move(inc, name, "waiting", "")
        if inc.state.false_alarm_by:
            _move(inc, name, "denied", f"{order.title} is not run: false alarm.")
            return False, None
        asked = await gating.ask(
            inc, "contain", order.id, digest, policy, order.title, _question(one),
            unless=lambda: "false alarm" if inc.state.false_alarm_by else "", proposers=order.proposed_by,
        )  # fmt: skip
        if asked.status == "void":
            continue  # what would run has changed, or it was a false alarm: look again
        if asked.status != "granted":
            _move(inc, name, "denied", f"{order.title} is not run: gate {asked.id} {asked.status}. {policy.otherwise}")
            return False, None
        if modes.only_observed(inc) and workflow.patched(patches.WEAKER):
            gating.void(inc, asked, modes.HELD_BACK)
            continue  # allowed, and the mode became observe meanwhile
        return True, asked


async def _apply(inc: Durable, name: str, allowed: Gate | None) -> bool:
    one = _get(inc, name)
    step = _step(inc, one, allowed)
    try:
        done = await inc.act(port.apply, step, f"apply: {one.order.title}")
    except ActivityError as error:
        kind, text = reason_of(error)
        if kind in PERHAPS_DONE:
            inc.state = with_action(inc.state, replace(_get(inc, name), applied_at=inc.now))
            _move(inc, name, "applied", f"{one.order.title}: it may have taken effect ({kind}); reading back.")
            return True
        _failed(inc, name, kind, text)
        _move(inc, name, "failed", f"{one.order.title} failed ({kind}: {text}).")
        looking.tell_lead(
            inc, f"failed:{name}", f"{one.order.title} failed",
            f"{kind}: {text}. It is tried again while the harm goes on, and the next rung after it.",
            asked=f"{one.order.title} failed ({kind}). It is tried again while the harm goes on, and the next rung after it",
        )  # fmt: skip
        return False
    if allowed is not None:
        gating.spend(inc, allowed)
    inc.state = with_action(inc.state, replace(_get(inc, name), before=done.before, applied_at=done.at))
    again = " (it had taken effect before; not sent twice)" if done.replayed else ""
    _move(inc, name, "applied", f"Applied: {one.order.title}{again}. {done.note}".strip())
    return True


async def _verify(inc: Durable, name: str, allowed: Gate | None) -> None:
    one = _get(inc, name)
    try:
        read = await inc.act(port.verify, _step(inc, one, allowed), f"verify: {one.order.title}")
    except ActivityError as error:
        read = port.Verified(holds=None, at=inc.now, note=": ".join(reason_of(error)))
    if read.holds:
        inc.state = with_action(inc.state, replace(_get(inc, name), verified_at=read.at, failed_as="", failure=""))
        _move(inc, name, "verified", f"Verified by reading back: {one.order.title}. {read.note}".strip())
    elif read.holds is False:
        _failed(inc, name, "NotInForce", f"read back and not in force: {read.note or 'it is not as it should be'}")
        _move(inc, name, "failed", f"Read back and not in force: {one.order.title}. {read.note}".strip())
        looking.tell_lead(
            inc, f"notinforce:{name}", f"{one.order.title} is not in force", "It was applied and read back otherwise."
        )
    else:
        _failed(inc, name, "Unread", f"applied, but it can't be read back: {read.note or 'no answer'}")
        _move(inc, name, "unverified", f"Applied, but it can't be read back: {one.order.title}. {read.note}".strip())
        body = "Look yourself and say it with `note`; if the harm goes on, say `fact` ongoing=true."
        looking.tell_lead(inc, f"unverified:{name}", f"{one.order.title} can't be verified", body)


async def _finished(inc: Durable) -> None:
    """The phase is done when every order of the rungs reached is finished."""
    if not _all_finished(inc):
        inc.state = with_phase(inc.state, "contain", "waiting", inc.now, "an approval")
    await inc.until(lambda: _all_finished(inc) or inc.finished)
    inc.state = with_phase(inc.state, "contain", "done", inc.now)


def _left_to_another(inc: Durable, name: str) -> bool:
    """Whether the incident that this one is merged into asks for the same order, or does it."""
    why = asked_there(inc.state, name)
    if why and _get(inc, name).status != "denied":
        _move(inc, name, "denied", f"{_get(inc, name).order.title} is not run here: {why}.")
    return bool(why)


def _question(one: Action) -> tuple[str, ...]:
    order = one.order
    lines = [f"Why: {'; '.join(order.reasons) or 'the kit asks for it'}",
             f"What will run: {gating.call_in_words(order.apply.method, order.apply.url, order.apply.secret)}",
             "Reversible: yes" if order.reversible else "Reversible: NO"]  # fmt: skip
    if order.collateral:
        lines.append(f"Who else is hit: {'; '.join(order.collateral)}")
    if order.gentler:
        lines.append(f"Gentler: {order.gentler}")
    if order.way_back:
        lines.append(f"The way back: {order.way_back}")
    if order.gate and order.gate.exclude_proposer and order.proposed_by:
        lines.append(f"Proposed by: {', '.join(order.proposed_by)}, on whose word alone it stands here. Somebody else must "
                     "approve it, or say the same fact.")  # fmt: skip
    if order.gate:
        lines.append(f"If nobody answers: {order.gate.otherwise}")
    return tuple(lines)


def _only_note(inc: Durable, name: str) -> None:
    _move(inc, name, "would run", f"Would have done: {_get(inc, name).order.title} (the agent's mode is observe).")


def _failed(inc: Durable, name: str, kind: str, text: str) -> None:
    """Keep why it is not in force, for `status`, until it is."""
    inc.state = with_action(inc.state, replace(_get(inc, name), failed_as=kind, failure=text[:400]))


def _something_new(inc: Durable, *, as_before: bool) -> bool:
    if _new_order(inc) or _recurred(inc) or looking.over_by_word(inc):
        return True
    return not as_before and modes.may_begin(inc)


def _needs_gate(inc: Durable, one: Action) -> bool:
    suggest = inc.state.assessment is not None and inc.state.assessment.mode == "suggest"
    return not one.order.reversible or suggest or (one.order.gate is not None)


def _rung_finished(inc: Durable) -> bool:
    return all(
        one.status in FINISHED
        for one in inc.state.actions
        if one.order.rung <= inc.state.rung and one.order.reversible and one.order.gate is None
    )


def _all_finished(inc: Durable) -> bool:
    return all(one.status in FINISHED for one in inc.state.actions if one.order.rung <= inc.state.rung)


def _new_order(inc: Durable) -> bool:
    return any(
        one.order.rung <= inc.state.rung and f"contain.{one.order.id}" not in inc.tasks and _to_do(inc, one)
        for one in inc.state.actions
    )


def _recurred(inc: Durable) -> bool:
    met = bool(inc.state.harm_stopped_at) or bool(inc.state.false_alarm_by) or looking.observed(inc)
    return inc.done("contained") and not met


def _granted_gate(inc: Durable, name: str) -> Gate | None:
    digest = _get(inc, name).order.digest_for(inc.state.incident_id, "apply")
    return next((one for one in inc.state.gates if one.subject == name and one.digest == digest), None)


def _to_do(inc: Durable, one: Action) -> bool:
    """Not finished; or denied, and somebody took the rejection back so that its gate is open again."""
    if one.status != "denied":
        return one.status not in FINISHED
    if inc.state.false_alarm_by or one.order.gate is None:
        return False
    asked = _granted_gate(inc, one.order.id)
    return asked is not None and asked.status in ("open", "granted")


def _step(inc: Durable, one: Action, allowed: Gate | None) -> port.Step:
    return port.Step(
        incident_id=inc.state.incident_id, order=one.order, attempt=one.attempt, gate=allowed,
        evidence=tuple(sealed.path for sealed in inc.state.evidence),
        evidence_overridden_by=inc.state.evidence_overridden_by,
    )  # fmt: skip


def _get(inc: Durable, name: str) -> Action:
    found = action(inc.state, name)
    if found is None:
        raise AssertionError(f"action {name} is not in the state")
    return found


def _move(inc: Durable, name: str, status: OrderStatus, text: str) -> None:
    inc.state = with_action(inc.state, replace(_get(inc, name), status=status))
    if text:
        inc.note("action", "contain", text, action=name, status=status)
