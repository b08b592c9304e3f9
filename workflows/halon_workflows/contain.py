"""Contain: evidence first, the least that stops the harm, read back; the irreversible waits at its gate."""

from __future__ import annotations

from dataclasses import replace

from temporalio.exceptions import ActivityError

from halon.incident import times
from halon.incident.facts import held
from halon.incident.gates import Gate
from halon.incident.joining import recovered
from halon.incident.orders import Action, OrderStatus
from halon.incident.standing import action, with_action, with_phase
from halon.incident.timeline import tell
from halon.ports import contain as port
from halon.ports import evidence
from halon_workflows import gating
from halon_workflows.durable import Durable, reason_of

SETTLE_SECONDS = 2
LOOK_AGAIN_SECONDS = 60
# Failures after which the order may have taken effect all the same.
PERHAPS_DONE = ("NoAnswer", "Uncertain", "TimeoutError")
FINISHED = ("verified", "unverified", "failed", "denied", "would run", "undone")


async def stop_the_harm(inc: Durable) -> None:
    """Seal what there is, then carry out each order of the rung; climb while the harm goes on."""
    inc.state = with_phase(inc.state, "contain", "running", inc.now)
    await seal_evidence(inc)
    while not inc.state.harm_stopped_at and not inc.state.false_alarm_by:
        carry_out_orders(inc)
        await inc.until(lambda: _rung_finished(inc) or bool(inc.state.false_alarm_by))
        if inc.state.false_alarm_by or await _stopped(inc):
            break
    if not inc.state.false_alarm_by:
        inc.state = recovered(inc.state, inc.now)
    inc.spawn("contain.finished", lambda: _finished(inc))


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
    """New orders after a new assessment are carried out; a recurrence is looked at, and climbs on."""
    while not inc.finished:
        await inc.until(lambda: inc.finished or _new_order(inc) or _recurred(inc))
        if inc.finished:
            return
        carry_out_orders(inc)
        if _recurred(inc):
            await stop_the_harm(inc)


async def seal_evidence(inc: Durable) -> None:
    """Collect and seal before anything changes. What can't be had is said; the irreversible then waits for it."""
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
    since = times.after(min(alert.started_at for alert in inc.state.alerts), -3600)
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
    if _only_observed(inc):
        _move(inc, name, "would run", f"Would have done: {one.order.title} (the agent's mode is observe).")
        return
    if inc.state.false_alarm_by and one.status in ("planned", "waiting", "denied"):
        _move(inc, name, "denied", f"{one.order.title} is not run: false alarm.")
        return
    if one.status == "denied":
        _move(inc, name, "waiting", f"Asked again: {one.order.title}.")
        one = _get(inc, name)
    if one.status in ("planned", "waiting") and _needs_gate(inc, one):
        allowed = await _allowed(inc, name)
        if allowed is None:
            return
    elif one.order.gate is not None or not one.order.reversible:
        allowed = _granted_gate(inc, name)
    one = _get(inc, name)
    if one.status in ("planned", "waiting"):
        _move(inc, name, "applying", f"Applying: {one.order.title}.")
    if _get(inc, name).status == "applying" and not await _apply(inc, name, allowed):
        return
    await _verify(inc, name, allowed)


async def _allowed(inc: Durable, name: str) -> Gate | None:
    """Wait for evidence where it must be there first, then for people. None: not allowed, or no longer wanted."""
    while True:
        if not _get(inc, name).order.reversible:
            await inc.until(lambda: bool(inc.state.evidence) or bool(inc.state.evidence_overridden_by))
        one = _get(inc, name)  # only now: what is asked is what would run after the wait
        order = one.order
        policy = order.gate
        if policy is None:
            _move(inc, name, "denied", f"{order.title} has no gate in the kit and is not run.")
            return None
        digest = order.digest_for(inc.state.incident_id, "apply")
        if one.status == "planned":
            _move(inc, name, "waiting", "")
        if inc.state.false_alarm_by:
            _move(inc, name, "denied", f"{order.title} is not run: false alarm.")
            return None
        asked = await gating.ask(
            inc, "contain", order.id, digest, policy, order.title, _question(one),
            unless=lambda: "false alarm" if inc.state.false_alarm_by else "", proposers=order.proposed_by,
        )  # fmt: skip
        if asked.status == "void":
            continue  # what would run has changed, or it was a false alarm: look again
        if asked.status != "granted":
            _move(inc, name, "denied", f"{order.title} is not run: gate {asked.id} {asked.status}. {policy.otherwise}")
            return None
        return asked


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
        _move(inc, name, "failed", f"{one.order.title} failed ({kind}: {text}).")
        _tell_commander(
            inc, f"failed:{name}", f"{one.order.title} failed",
            f"{kind}: {text}. It is tried again while the harm goes on, and the next rung after it.",
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
        inc.state = with_action(inc.state, replace(_get(inc, name), verified_at=read.at))
        _move(inc, name, "verified", f"Verified by reading back: {one.order.title}. {read.note}".strip())
    elif read.holds is False:
        _move(inc, name, "failed", f"Read back and not in force: {one.order.title}. {read.note}".strip())
        _tell_commander(
            inc, f"notinforce:{name}", f"{one.order.title} is not in force", "It was applied and read back otherwise."
        )
    else:
        _move(inc, name, "unverified", f"Applied, but it can't be read back: {one.order.title}. {read.note}".strip())
        body = "Look yourself and say it with `note`; if the harm goes on, say `fact` ongoing=true."
        _tell_commander(inc, f"unverified:{name}", f"{one.order.title} can't be verified", body)


async def _stopped(inc: Durable) -> bool:
    """Look whether the harm stopped. If it goes on, or the rung failed, climb; with no rung left, people are asked."""
    if _only_observed(inc):
        inc.change(harm_stopped_at=inc.now)
        inc.note(
            "observed", "contain", "Mode observe: nothing was switched off; the incident goes on without containment."
        )
        return True
    checked = [one.verified_at for one in inc.state.actions if one.status == "verified"]
    since = max(checked, default=inc.now)
    if not inc.state.look_at and not inc.done(f"look-from:{since}"):
        inc.mark(f"look-from:{since}")
        inc.change(look_at=times.after(inc.now, SETTLE_SECONDS))
    await inc.until(lambda: not inc.state.look_at or bool(inc.state.false_alarm_by) or _said_stopped(inc, since))
    if inc.state.false_alarm_by:
        return True
    if _said_stopped(inc, since):
        return _note_stopped(inc, "a person says so")
    watch = port.Watch(inc.state.incident_id, inc.state.agent, since)
    try:
        seen = await inc.act(port.harm, watch, "look whether the harm goes on")
    except ActivityError as error:
        seen = port.Harm(goes_on=None, at=inc.now, note=": ".join(reason_of(error)))
    if seen.goes_on is False and (checked or not _wanted(inc)):
        return _note_stopped(inc, seen.note or "no unauthorised action since")
    higher = sorted({one.order.rung for one in inc.state.actions if one.order.rung > inc.state.rung})
    why = seen.note or ("the harm goes on" if seen.goes_on else "nothing of this rung could be verified")
    if higher and seen.goes_on is not None:
        inc.change(rung=higher[0])
        inc.note("rung", "contain", f"Next rung {higher[0]}: {why}.")
        return False
    body = f"{why}. Stop it by hand if you can; say `fact` ongoing=false when it is over."
    _tell_commander(inc, f"harm:{inc.state.rung}", "it may still go on and no rung is left", body)
    for failed in [one for one in inc.state.actions if one.status == "failed" and one.order.rung <= inc.state.rung]:
        if failed.applied_at:  # it was done and is not in force: do it again, as a new attempt with a key of its own
            inc.state = with_action(inc.state, replace(failed, attempt=failed.attempt + 1, applied_at=""))
        _move(inc, failed.order.id, "planned", f"To be tried again: {failed.order.title}.")
    inc.note("harm", "contain", f"Not seen to have stopped: {why}. Looking again in {LOOK_AGAIN_SECONDS} s.")
    inc.change(look_at=times.after(inc.now, LOOK_AGAIN_SECONDS * min(30, 1 + inc.state.looks // 5)))
    return False


def _note_stopped(inc: Durable, why: str) -> bool:
    inc.change(harm_stopped_at=inc.now, look_at="")
    inc.note("stopped", "contain", f"The harm has stopped: {why}.")
    return True


def _said_stopped(inc: Durable, since: str) -> bool:
    said = [fact for fact in inc.state.facts if fact.name == "ongoing" and fact.source == "person"]
    return bool(said) and said[-1].at > since and held(inc.state.facts).get("ongoing") is False


async def _finished(inc: Durable) -> None:
    """The phase is done when every order of the rungs reached is finished."""
    if not _all_finished(inc):
        inc.state = with_phase(inc.state, "contain", "waiting", inc.now, "an approval")
    await inc.until(lambda: _all_finished(inc) or inc.finished)
    inc.state = with_phase(inc.state, "contain", "done", inc.now)


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


def _needs_gate(inc: Durable, one: Action) -> bool:
    suggest = inc.state.assessment is not None and inc.state.assessment.mode == "suggest"
    return not one.order.reversible or suggest or (one.order.gate is not None)


def _only_observed(inc: Durable) -> bool:
    return inc.state.assessment is None or inc.state.assessment.mode == "observe"


def _wanted(inc: Durable) -> bool:
    return any(one.order.reversible and one.order.rung <= inc.state.rung for one in inc.state.actions)


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
    return inc.done("contained") and not inc.state.harm_stopped_at and not inc.state.false_alarm_by


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


def _tell_commander(inc: Durable, step: str, subject: str, body: str) -> None:
    names = tuple(one for one in (inc.state.commander, inc.state.technical_lead) if one)
    inc.state = tell(inc.state, inc.now, step, f"[{inc.state.reference}] {subject}", body, names=names)
