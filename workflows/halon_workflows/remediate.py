"""Remediate: corrective actions done, the case and the evals rerun until they pass, then everything given back."""

from __future__ import annotations

from dataclasses import replace

from temporalio.exceptions import ActivityError

from halon.incident.gates import Gate
from halon.incident.orders import Action
from halon.incident.remedies import Rerun
from halon.incident.settling import offer, proved, to_offer_back
from halon.incident.standing import action, with_action, with_gate, with_phase
from halon.incident.timeline import tell_roles
from halon.ports import contain, remediate
from halon_workflows import gating
from halon_workflows.durable import Durable, reason_of


async def fix_and_prove(inc: Durable) -> None:
    """Wait for the corrective actions, rerun, and begin again with those that did not help (promise 9)."""
    await inc.until(lambda: inc.done("investigated") or bool(inc.state.false_alarm_by))
    await _prove(inc)
    inc.mark("fixed")
    inc.state = with_phase(inc.state, "remediate", "waiting", inc.now, "restore and `close`")


async def keep_proved(inc: Durable) -> None:
    """A recurrence, or a fix that was said after the proof, takes the proof away: prove again."""
    while not inc.finished:
        await inc.until(lambda: inc.finished or (inc.done("fixed") and not _over(inc)))
        if not inc.finished:
            await _prove(inc)
            inc.state = with_phase(inc.state, "remediate", "waiting", inc.now, "restore and `close`")


async def _prove(inc: Durable) -> None:
    while not _over(inc):
        owners = ", ".join(sorted({one.owner for one in inc.state.correctives if one.status in ("open", "failed")}))
        inc.state = with_phase(inc.state, "remediate", "waiting", inc.now, f"corrective actions ({owners})")
        await inc.until(lambda: _fix_is_said(inc) or _over(inc))
        if not _over(inc):
            inc.state = with_phase(inc.state, "remediate", "running", inc.now)
            await _rerun(inc)


def _over(inc: Durable) -> bool:
    return proved(inc.state) or bool(inc.state.false_alarm_by)


async def _rerun(inc: Durable) -> None:
    attempt = len(inc.state.reruns) + 1
    request = remediate.Prove(inc.state.incident_id, inc.state.agent, inc.state.case, attempt)
    try:
        result = await inc.act(remediate.prove, request, f"rerun the case and the evals ({attempt})")
    except ActivityError as error:
        kind, text = reason_of(error)
        result = Rerun(inc.now, passed=False, case_passed=False, evals_passed=0, evals_failed=0,
                       details=(f"could not be rerun ({kind}: {text})",))  # fmt: skip
    inc.change(reruns=(*inc.state.reruns, result))
    status = "proved" if result.passed else "failed"
    inc.change(correctives=tuple(
        replace(one, status=status) if one.status == "done" else one for one in inc.state.correctives))  # type: ignore[arg-type]  # fmt: skip
    word = "passed" if result.passed else "FAILED"
    told = (f"Rerun {attempt} {word}: case {'no longer reproduces' if result.case_passed else 'still reproduces'}, "
            f"evals {result.evals_passed} passed, {result.evals_failed} failed. {'; '.join(result.details)}")  # fmt: skip
    inc.note("rerun", "remediate", told.strip(), sealed=result.evidence, passed=result.passed)
    if not result.passed:
        inc.state = tell_roles(inc.state, inc.now, f"rerun:{attempt}", f"[{inc.state.reference}] the fix is not proved",
                               told, "technical_lead", "commander")  # fmt: skip


def _offer_restore(inc: Durable) -> None:
    for one in to_offer_back(inc.state):
        inc.mark(offer(one))
        inc.state = with_action(inc.state, replace(one, undo_requested_by="halon"))


async def give_back(inc: Durable) -> None:
    """Every undo that was asked for, each behind its own gate (promise 3)."""
    while not inc.finished:
        _offer_restore(inc)
        for one in inc.state.actions:
            if one.undo_requested_by:
                name = one.order.id
                inc.spawn(f"restore.{name}", lambda name=name: _restore(inc, name))  # type: ignore[misc]
        asked = _asked(inc)
        await inc.until(lambda asked=asked: inc.finished or bool(to_offer_back(inc.state)) or _asked(inc) != asked)  # type: ignore[misc]


async def _restore(inc: Durable, name: str) -> None:
    one = _get(inc, name)
    order = one.order
    policy = order.restore_gate
    if policy is None or order.undo is None:
        _put(inc, replace(one, undo_requested_by="", note="no restore gate in the kit"))
        inc.note("undo", "remediate", f"{order.title} stays: the kit has no gate or no undo for it.")
        return
    digest = order.digest_for(inc.state.incident_id, "undo")
    if one.undo_applied_at:
        await _read_back(inc, name, _gate_for(inc, digest))
        return
    question = (
        f"Why: {'the fix is proved' if proved(inc.state) else 'asked for by ' + one.undo_requested_by}",
        f"What will run: {gating.call_in_words(order.undo.method, order.undo.url, order.undo.secret)}",
        f"It takes back: {order.title}",
        f"If nobody answers: {policy.otherwise}",
    )
    asked = await gating.ask(
        inc, "restore", f"restore-{order.id}", digest, policy, f"restore: take back {order.title}", question,
        proposer=one.undo_requested_by,
    )  # fmt: skip
    if asked.status != "granted":
        inc.state = with_gate(inc.state, replace(asked, status="void"))  # `undo` asks anew
        _give_up(inc, name, f"{order.title} stays in force: gate {asked.id} {asked.status}.")
        return
    try:
        done = await inc.act(contain.undo, _step(inc, one, asked), f"undo: {order.title}")
    except ActivityError as error:
        gating.spend(inc, asked)
        _give_up(
            inc,
            name,
            f"{order.title} could not be taken back ({': '.join(reason_of(error))}). Say `undo` to try again.",
        )
        return
    gating.spend(inc, asked)
    _put(inc, replace(_get(inc, name), undo_applied_at=done.at))
    await _read_back(inc, name, asked)


async def _read_back(inc: Durable, name: str, asked: Gate | None) -> None:
    one = _get(inc, name)
    title = one.order.title
    try:
        read = await inc.act(contain.verify_undo, _step(inc, one, asked), f"verify undo: {title}")
    except ActivityError as error:
        read = contain.Verified(holds=None, at=inc.now, note=": ".join(reason_of(error)))
    if read.holds:
        _put(
            inc, replace(_get(inc, name), status="undone", undone_at=read.at, undo_requested_by="", undo_applied_at="")
        )
        inc.note("undo", "remediate", f"Given back and read back: {title}.", seen=str(read.seen)[:400])
    else:
        _give_up(inc, name, f"{title}: the undo was sent, and reading back does not show it. {read.note}")


def _give_up(inc: Durable, name: str, told: str) -> None:
    """This attempt is over; it is said aloud, and `undo` begins the next one."""
    one = _get(inc, name)
    _put(inc, replace(one, undo_requested_by="", undo_applied_at="", undo_attempt=one.undo_attempt + 1, note=told))
    inc.note("undo", "remediate", told)
    inc.state = tell_roles(inc.state, inc.now, f"undo:{name}:{one.undo_attempt}", f"[{inc.state.reference}] not restored",
                           told, "technical_lead", "commander")  # fmt: skip


def _step(inc: Durable, one: Action, asked: Gate | None) -> contain.Step:
    return contain.Step(incident_id=inc.state.incident_id, order=one.order, attempt=one.undo_attempt, gate=asked)


def _gate_for(inc: Durable, digest: str) -> Gate | None:
    return next((gate for gate in inc.state.gates if gate.digest == digest), None)


def _asked(inc: Durable) -> tuple[tuple[str, str], ...]:
    return tuple((one.order.id, one.undo_requested_by) for one in inc.state.actions)


def _fix_is_said(inc: Durable) -> bool:
    """Something was done since the last rerun, and nothing is left open."""
    statuses = [one.status for one in inc.state.correctives]
    return "done" in statuses and "open" not in statuses and "failed" not in statuses


def _get(inc: Durable, name: str) -> Action:
    found = action(inc.state, name)
    if found is None:
        raise AssertionError(f"action {name} is not in the state")
    return found


def _put(inc: Durable, changed: Action) -> None:
    inc.state = with_action(inc.state, changed)
