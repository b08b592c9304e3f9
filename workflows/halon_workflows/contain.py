"""Contain: evidence first, the least that stops the harm, read back; the irreversible waits at its gate."""

from __future__ import annotations

from dataclasses import replace

from temporalio.exceptions import ActivityError

from halon.incident import gate_question, quiet, seal_waits, watching
from halon.incident.by_hand import asked_for, proof_of
from halon.incident.gates import Gate
from halon.incident.joining import recovered
from halon.incident.merging import asked_there
from halon.incident.orders import Action, OrderStatus
from halon.incident.standing import action, with_action, with_phase
from halon.ports import contain as port
from halon_workflows import asked_again, gating, halts, looking, modes, patches, rung, sealing, unproved
from halon_workflows.durable import Durable, reason_of
from halon_workflows.looking import FINISHED

# Failures after which the order may have taken effect all the same.
PERHAPS_DONE = ("NoAnswer", "Uncertain", "TimeoutError")


async def stop_the_harm(inc: Durable) -> None:
    """Seal what there is, and beside that carry out each order of the rung; climb while the harm goes on."""
    inc.state = with_phase(inc.state, "contain", "running", inc.now)
    if inc.done("evidence") or not inc.goes(patches.BESIDE):
        await sealing.seal_evidence(inc)
    elif not inc.orders_lead or quiet.muted(inc.state):
        sealing.seal_beside(inc)
    if quiet.muted(inc.state):  # what is planned is shown, and waits for the mute's end or for a person's word
        await inc.until(lambda: not quiet.muted(inc.state))
    if watching.on(inc.state):
        rung.again(inc)
        inc.spawn("contain.new", lambda: begin_new_orders(inc))
    while not inc.state.harm_stopped_at and not inc.state.false_alarm_by:
        modes.begin_what_was_noted(inc)
        carry_out_orders(inc)
        sealing.seal_beside(inc)  # begun in the same moment, right behind the orders
        if watching.on(inc.state):
            await rung.had_its_chance(inc)
        else:
            await inc.until(lambda: _rung_finished(inc) or bool(inc.state.false_alarm_by))
        if inc.state.false_alarm_by or await looking.stopped(inc):
            break
    sealing.seal_beside(inc)
    if not inc.state.false_alarm_by:
        inc.state = recovered(inc.state, inc.now)
    inc.spawn("contain.finished", lambda: _finished(inc))
    await inc.until(lambda: inc.done("evidence"))


async def contain(inc: Durable) -> None:
    """The phase, once; later recurrences are ``keep_contained``'s."""
    if inc.done("contained"):
        await sealing.seal_evidence(inc)
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


def carry_out_orders(inc: Durable) -> None:
    """Begin every order of the rungs reached so far that isn't finished."""
    for one in inc.state.actions:
        if one.order.rung <= inc.state.rung and _to_do(inc, one):
            name = one.order.id
            inc.spawn(f"contain.{name}", lambda name=name: carry_out(inc, name))  # type: ignore[misc]


async def begin_new_orders(inc: Durable) -> None:
    """What new facts plan is begun at once, whatever the rung waits for just then: people's answers, or a slow order."""
    while not inc.finished:
        await inc.until(lambda: inc.finished or _new_order(inc))
        if not inc.finished:
            carry_out_orders(inc)


async def carry_out(inc: Durable, name: str) -> None:
    """One order from plan to read-back, held up while Halon's own actions are halted."""
    if inc.orders_lead and not _get(inc, name).order.reversible:  # people are asked, and nothing is lost by a moment
        await inc.until(lambda: not inc.head_start)
    await halts.going_on(inc, name, _carry_out)


async def _carry_out(inc: Durable, name: str) -> None:
    allowed: Gate | None = None
    one = _get(inc, name)
    if modes.only_observed(inc):
        if one.status in ("applying", "applied") and inc.goes(patches.WEAKER):
            await _verify(inc, name, _granted_gate(inc, name))  # begun before: look what became of it, begin nothing
            return
        _only_note(inc, name)
        return
    if inc.state.false_alarm_by and one.status in ("planned", "waiting", "denied"):
        _move(inc, name, "denied", f"{one.order.title} is not run: false alarm.")
        return
    if one.status in ("planned", "waiting", "denied") and _left_to_another(inc, name):
        return
    if one.status in ("planned", "waiting") and seal_waits.waits(inc.state, one):
        inc.mark(f"{seal_waits.BEGAN}{name}")
        inc.note("action", "contain", f"Waits until the evidence is sealed, which it would change: {one.order.title}.")
        await inc.until(lambda: _may_touch(inc, name) or bool(inc.state.false_alarm_by) or modes.only_observed(inc))
        await _carry_out(inc, name)  # from the top: what would run, and whether, may be another by now
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
    applied, read = await _apply(inc, name, allowed)
    if applied:
        await _verify(inc, name, allowed, read)


def _may_touch(inc: Durable, name: str) -> bool:
    """Whether the order need not wait for the seal any more: it is sealed, or it is done, left alone or another one now."""
    one = _get(inc, name)
    return one.status not in ("planned", "waiting") or not seal_waits.waits(inc.state, one)


async def _already_so(inc: Durable, name: str) -> bool:
    """Whether what can't be undone reads back as done before anybody is asked, such as by an earlier incident."""
    one = _get(inc, name)
    step = f"read-before:{name}:{one.attempt}"
    if (
        one.order.reversible
        or not one.order.verify.expect_json
        or inc.done(step)
        or (
            watching.on(inc.state) and watching.tells_lately(one.order)
        )  # an earlier incident's doing is not this one's
        or not inc.goes(patches.ALREADY)
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
        if one.by_hand or asked_for(one):
            return not one.by_hand, None  # somebody did it elsewhere, or stops the agent by hand
        if modes.only_observed(inc) and inc.goes(patches.WEAKER):
            _only_note(inc, name)
            return False, None
        if _left_to_another(inc, name):
            return False, None
        if policy is None and not _needs_gate(inc, one) and inc.goes(patches.STRONGER):
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
            inc, "contain", order.id, digest, policy, order.title, gate_question.before(inc.state, one),
            unless=lambda: "false alarm" if inc.state.false_alarm_by else "", proposers=order.proposed_by,
        )  # fmt: skip
        if asked.status == "void":
            continue  # what would run has changed, or it was a false alarm: look again
        if asked.status != "granted":
            _move(inc, name, "denied", f"{order.title} is not run: gate {asked.id} {asked.status}. {policy.otherwise}")
            return False, None
        if modes.only_observed(inc) and inc.goes(patches.WEAKER):
            gating.void(inc, asked, modes.HELD_BACK)
            continue  # allowed, and the mode became observe meanwhile
        return True, asked


async def _apply(inc: Durable, name: str, allowed: Gate | None) -> tuple[bool, port.Verified | None]:
    """Whether it may be in force now, and what the turn of the call has read back of that already."""
    one = _get(inc, name)
    if one.status != "applying":
        return True, None
    step = _step(inc, one, allowed)
    try:
        done = await inc.act(port.apply, step, f"apply: {one.order.title}")
    except ActivityError as error:
        kind, text = reason_of(error)
        if halts.held_up(inc, name, kind, text):
            return False, None
        if unproved.void(inc, one, allowed, kind, text):
            _failed(inc, name, kind, text)
            _move(inc, name, "waiting", "")
            await _carry_out(inc, name)
            return False, None
        if kind in PERHAPS_DONE:
            inc.state = with_action(inc.state, replace(_get(inc, name), applied_at=inc.now))
            if watching.tells_lately(one.order):
                _failed(inc, name, kind, text)
            _move(inc, name, "applied", f"{one.order.title}: it may have taken effect ({kind}); reading back.")
            return True, None
        _failed(inc, name, kind, text)
        _move(inc, name, "failed", f"{one.order.title} failed ({kind}: {text}).")
        looking.tell_lead(
            inc, f"failed:{watching.tries(inc.state, name)}", f"{one.order.title} failed",
            f"{kind}: {text}. It is tried again while the harm goes on, and the next rung after it.",
            asked=f"{one.order.title} failed ({kind}). It is tried again while the harm goes on, and the next rung after it",
            command=looking.done_outside(inc, one),
        )  # fmt: skip
        return False, None
    if allowed is not None:
        gating.spend(inc, allowed)
    inc.state = with_action(inc.state, replace(_get(inc, name), before=done.before, applied_at=done.at))
    again = " (it had taken effect before; not sent twice)" if done.replayed else ""
    _move(inc, name, "applied", f"Applied: {one.order.title}{again}. {done.note}".strip())
    return True, done.read


async def _verify(inc: Durable, name: str, allowed: Gate | None, known: port.Verified | None = None) -> None:
    asked = asked_again.to_read(_get(inc, name))
    read = known or await _read(inc, name, allowed, once=asked)
    if asked and read.holds is False and not modes.only_observed(inc):
        asked_again.put_back(inc, _get(inc, name), read)
        await _carry_out(inc, name)
        return
    while not read.holds and not asked and (until := watching.takes_its_time(inc.state, _get(inc, name), inc.now)):
        inc.state = watching.pause(inc.state, _get(inc, name), inc.now, until)
        await inc.until(lambda: not watching.pausing(inc.state, name))
        read = await _read(inc, name, allowed)
    one = _get(inc, name)
    if watching.on(inc.state) and one.failed_as in PERHAPS_DONE and watching.tells_lately(one.order):
        read = port.Verified(holds=None, at=read.at, note="it shows that it was done lately, not that this call did it")
    if read.holds:
        at = max(read.at, inc.now) if one.asked_at else read.at  # by the clock that the asking has, for whoever waits
        inc.state = with_action(inc.state, replace(_get(inc, name), verified_at=at, failed_as="", failure=""))
        _move(inc, name, "verified", f"Verified by reading back: {one.order.title}. {read.note}".strip())
    elif read.holds is False:
        _failed(inc, name, "NotInForce", f"read back and not in force: {read.note or 'it is not as it should be'}")
        _move(inc, name, "failed", f"Read back and not in force: {one.order.title}. {read.note}".strip())
        looking.tell_lead(
            inc, f"notinforce:{watching.tries(inc.state, name)}", f"{one.order.title} is not in force",
            "It was applied and read back otherwise.", command=looking.done_outside(inc, one),
        )  # fmt: skip
    else:
        _failed(inc, name, "Unread", f"applied, but it can't be read back: {read.note or 'no answer'}")
        _move(inc, name, "unverified", f"Applied, but it can't be read back: {one.order.title}. {read.note}".strip())
        looking.tell_lead(
            inc, f"unverified:{watching.tries(inc.state, name)}", f"{one.order.title} can't be verified",
            looking.by_hand(inc, one), asked="Applied, and it can't be read back. Look, and make sure by hand",
            command=looking.done_outside(inc, one),
        )  # fmt: skip


async def _read(inc: Durable, name: str, allowed: Gate | None, *, once: bool = False) -> port.Verified:
    one = _get(inc, name)
    try:
        return await inc.act(port.verify, replace(_step(inc, one, allowed), once=once), f"verify: {one.order.title}")
    except ActivityError as error:
        return port.Verified(holds=None, at=inc.now, note=": ".join(reason_of(error)))


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
    if asked_for(one):
        return False
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
        evidence_overridden_by=inc.state.evidence_overridden_by, asked_by=one.asked_by if asked_for(one) else "",
        asked_proof=proof_of(one),
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
