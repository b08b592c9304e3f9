"""Keep told whom a message promised more: leadership on change or at the promise, customers at theirs, through a gate."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from temporalio import workflow
from temporalio.exceptions import ActivityError

from halon.incident import delivery, holds, overriding, portal, promised
from halon.incident.about import about
from halon.incident.addressed import addressed
from halon.incident.assessment import Obligation, Stage
from halon.incident.gates import Gate
from halon.incident.notices import Notice, NoticeStatus, objected
from halon.incident.restriction import restricted
from halon.incident.standing import notice, obligation, with_notice
from halon.incident.timeline import people_with, tell
from halon.incident.times import seconds_between
from halon.ports import notify
from halon_workflows import gating, options, sending
from halon_workflows.durable import Durable, reason_of
from halon_workflows.notify import asked_of, drafted_of, speaker

UPDATE_TEMPLATE = "customers-update"


async def tell_leadership(inc: Durable) -> None:
    """The status for leadership whenever the clock says that one is due."""
    while not inc.finished:
        await inc.until(lambda: inc.finished or promised.DUE in inc.state.ledger)
        if inc.finished:
            return
        due = inc.state.ledger[promised.DUE]
        if restricted(inc.state):
            _kept_from(inc)
            continue
        number = sum(1 for one in inc.state.notices if one.audience == "leadership") + 1
        channels = inc.state.assessment.leadership_channels if inc.state.assessment else ()
        one = notice(inc.state, "leadership") or Notice(id="leadership", audience="leadership",
                                                        template="notices/leadership.txt.j2",
                                                        channel=channels[0] if channels else "")  # fmt: skip
        one = replace(one, attempt=one.attempt + (number > 1), status="planned")
        active = promised.active(inc.state)
        if active:
            knew = {promised.KNEW: promised.picture(inc.state), promised.TOLD: inc.now}
            inc.change(ledger={**inc.state.ledger, **knew})
            one = replace(one, promise=promised.promise(inc.state, "leadership", inc.now))
        told = about(inc.state, inc.now)
        drafted = await inc.act(
            notify.draft, notify.Draft(inc.state.incident_id, one, told, keep=active), "draft for leadership"
        )
        if objected(drafted, inc.state.overridden):
            _held(inc, drafted)
        else:
            await _send_status(inc, drafted, due)
        inc.change(ledger={key: at for key, at in inc.state.ledger.items() if key != promised.DUE})


def _kept_from(inc: Durable) -> None:
    """Only named people see the incident: leadership hears nothing of it, and what it was promised before lapses."""
    inc.change(
        ledger={key: at for key, at in inc.state.ledger.items() if key != promised.DUE},
        promises={key: at for key, at in inc.state.promises.items() if key != promised.LEADERSHIP},
    )
    if "leadership:restricted" not in inc.state.ledger:
        inc.mark("leadership:restricted")
        inc.note("muted", "notify", "Leadership gets no status: only the people named see this incident.")


async def _send_status(inc: Durable, drafted: Notice, due: str) -> None:
    """The status to every channel that leadership reads, each by itself: what one can't take keeps nothing from the others."""
    channels = _to_each_channel(inc, drafted)
    alone = len(channels) == 1
    found = await asyncio.gather(
        *(_to_leadership(inc, one, alone=alone, beside=one is not drafted) for one in channels)
    )
    receipts = [one.receipt for one in found if isinstance(one, notify.Sent)]
    failed = [one for one in found if isinstance(one, str)]
    at = next((one.at for one in found if isinstance(one, notify.Sent)), "")
    why = "; ".join(failed)
    if receipts:
        receipt = "; ".join(receipts)
        inc.state = with_notice(inc.state, replace(drafted, status="sent", sent_at=at, receipt=receipt))
        inc.note("notice", "notify", f"Leadership was told (update due {due}).", receipt=receipt)
        inc.state = promised.given(inc.state, drafted, promised.LEADERSHIP)
    else:
        inc.state = with_notice(inc.state, replace(drafted, status="failed", note=why))
    if failed:
        told = f"Not all of leadership was told: {why}" if receipts else f"Leadership could not be told: {why}"
        inc.note("failed", "notify", told)
        if promised.active(inc.state):
            _tell_comms(inc, f"leadership-not-told:{drafted.attempt}", told)


async def _to_leadership(inc: Durable, one: Notice, *, alone: bool, beside: bool) -> notify.Sent | str:
    """What became of the status on one channel: its receipt, or why it could not be sent."""
    request = notify.Sending(
        inc.state.incident_id, one, about=about(inc.state, inc.now), overridden=inc.state.overridden, beside=beside
    )
    name = f"{one.id}@{one.channel}" if beside else one.id
    step, chosen = ("", None) if alone else (f"status for {name}", options.BESIDE)
    try:
        return await inc.act(notify.send, request, "status for leadership", step, chosen)
    except ActivityError as error:
        return ": ".join(reason_of(error))


def _to_each_channel(inc: Durable, drafted: Notice) -> list[Notice]:
    """``drafted`` for each channel of leadership; of what an earlier release judged, for the first one."""
    others = inc.state.assessment.leadership_channels[1:] if inc.state.assessment and promised.active(inc.state) else ()
    return [drafted, *(replace(drafted, channel=name) for name in others)]


def _held(inc: Durable, drafted: Notice) -> None:
    """A check objects: it is not sent until a named person lets it pass, or the next one is clean."""
    left = objected(drafted, inc.state.overridden)
    why = "; ".join(overriding.in_words(each) for each in left[:3])
    inc.state = with_notice(inc.state, replace(drafted, status="waiting", note=why[:500]))
    inc.note("notice", "notify", f"The status for leadership is held back: {why}", notice=drafted.id)
    step = f"held:leadership:{left[0].rule}:{drafted.attempt}"
    _tell_comms(
        inc, step, f"The status for leadership is held back: {why}", overriding.how(inc.state, drafted, left[0])
    )


def _tell_comms(inc: Durable, step: str, told: str, asked: str = "") -> None:
    owner = inc.state.assessment.comms_owner if inc.state.assessment else ""
    names = tuple(one.name for one in people_with(inc.state, owner)) or (inc.state.commander,)
    subject = f"[{inc.state.reference}] {told}"[:200]
    inc.state = tell(inc.state, inc.now, step, subject, told, names=names, asked=asked)


async def keep_promises(inc: Durable) -> None:
    """One task for each obligation whose customers were promised more, from the time at which that is to be drafted."""
    while not inc.finished:
        for name in _due(inc):
            inc.spawn(f"update.{name}", lambda name=name: _next_message(inc, name))  # type: ignore[misc]
        before = _due(inc)
        await inc.until(lambda before=before: inc.finished or _due(inc) != before)  # type: ignore[misc]


def _due(inc: Durable) -> tuple[str, ...]:
    """The obligations whose next message is to be drafted now."""
    return tuple(
        f"{name}" for name, until in sorted(inc.state.promises.items())
        if promised.due_key(name, until) in inc.state.ledger and obligation(inc.state, name) is not None
    )  # fmt: skip


async def _next_message(inc: Durable, name: str) -> None:
    """Draft the message that was promised, ask, send it; it promises the next one. Drafted anew until it is out."""
    duty = obligation(inc.state, name)
    until = inc.state.promises.get(name, "")

    def kept() -> str:
        return "" if inc.state.promises.get(name) == until else "they were told in another way"

    while duty is not None and duty.gate is not None and until and not kept() and not inc.finished:
        await _tell_more(inc, duty, until, kept)
        duty = obligation(inc.state, name)


async def _tell_more(inc: Durable, duty: Obligation, until: str, kept: Callable[[], str]) -> None:
    """One draft of the promised message, as far as it comes."""
    name = duty.name

    def moot() -> str:
        found = obligation(inc.state, name)
        return kept() or (holds.held_back(inc.state, found, promised.STAGE, inc.now) if found is not None else "")

    one = _planned(inc, duty)
    if one.status in ("by_hand", "uncertain"):
        await _said_by_hand(inc, one, name, until, kept)
        return
    allowed = _granted(inc, one) if one.status in ("sending", "put_off") else None
    if allowed is None:
        if not await _free_to_go(inc, one, moot, kept):
            return
        if one.status == "planned":
            one = await drafted_of(inc, one)
            inc.state = with_notice(inc.state, replace(one, status="waiting"))
        one = notice(inc.state, one.id) or one
        stage = Stage(promised.STAGE, due=until)
        if (policy := one.policy or duty.gate) is None:
            return
        allowed = await asked_of(inc, one, policy, duty, stage, moot)
        one = notice(inc.state, one.id) or one
        if allowed.status == "granted" and (back := moot()):
            gating.void(inc, allowed, f"{back}.")
            allowed = replace(allowed, status="void")
        if allowed.status != "granted":
            await _not_allowed(inc, one, allowed, kept, moot)
            return
    if one.portal:
        gating.spend(inc, allowed)
        inc.state = portal.handed_over(inc.state, one, duty, Stage(promised.STAGE, due=until), inc.now)
        await _said_by_hand(inc, notice(inc.state, one.id) or one, name, until, kept)
        return
    if one.status != "put_off":
        one = replace(one, status="sending")
        inc.state = with_notice(inc.state, one)
    sent = await sending.send(inc, one, allowed, lambda: until, moot, speaker(inc, one))
    if isinstance(sent, sending.NotSent):
        await _not_sent(inc, one, allowed, sent, name, until, kept)
        return
    gating.spend(inc, allowed)
    inc.state = with_notice(inc.state, replace(one, status="sent", sent_at=sent.at, receipt=sent.receipt, note=""))
    inc.note("notice", "notify", f"Sent {one.id} to {one.recipient}: receipt {sent.receipt or 'none given'}.",
             notice=one.id, receipt=sent.receipt, digest=allowed.digest, evidence=list(sent.sealed))  # fmt: skip
    inc.state = delivery.unreached(inc.state, inc.now, one, duty, until, sent.unreached)
    inc.state = delivery.not_on_its_list(inc.state, inc.now, one)
    inc.state = promised.given(inc.state, one, name)


async def _free_to_go(inc: Durable, one: Notice, moot: Callable[[], str], kept: Callable[[], str]) -> bool:
    """Wait while a hold or an embargo keeps the message back; False where nobody needs it then."""
    if (back := moot()) and not kept():
        inc.note("hold", "notify", f"The update {one.id} waits: {back}.")
    while moot() and not kept() and not inc.finished:
        duty = obligation(inc.state, one.obligation)
        ends = [stage.not_before for stage in (duty.stages if duty else ()) if holds.embargoed(stage, inc.now)]
        wait = max((seconds_between(inc.now, end) for end in ends if end != holds.OPEN_END), default=None)
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: inc.leaving or inc.finished or not moot() or bool(kept()), timeout=wait,
                timeout_summary=f"the embargo of {one.id} ends"[:180],
            )  # fmt: skip
        await inc.until(lambda: True)
    return not kept() and not inc.finished


async def _not_allowed(
    inc: Durable, one: Notice, asked: Gate, kept: Callable[[], str], moot: Callable[[], str]
) -> None:
    """The gate was refused, or nobody needs its answer any more; what is only held back is drafted anew afterwards."""
    if asked.status == "void" and not kept():
        inc.state = with_notice(inc.state, replace(one, status="failed", note=moot() or "what it says has changed"))
        return
    status: NoticeStatus = "dropped" if asked.status == "void" else "denied"
    told = "nobody needs it" if status == "dropped" else f"gate {asked.id} {asked.status}"
    inc.state = with_notice(inc.state, replace(one, status=status, note=told))
    inc.note("notice", "notify", f"{one.id} is not sent: {told}.", notice=one.id)
    version = inc.state.facts_version
    await inc.until(lambda: bool(kept()) or inc.finished or inc.state.facts_version != version)


async def _not_sent(
    inc: Durable, one: Notice, allowed: Gate, found: sending.NotSent, name: str, until: str, kept: Callable[[], str]
) -> None:
    if found.given_up and not found.perhaps:
        sending.not_sent(inc, one, allowed, found, owed=not kept())
        return
    gating.spend(inc, allowed)
    status: NoticeStatus = "uncertain" if found.perhaps else "failed"
    one = replace(one, status=status, note=f"{found.kind}: {found.text}")
    inc.state = with_notice(inc.state, one)
    if found.perhaps:
        told = f"{one.id} may have arrived or not ({found.text}): find out, then say filed {name} with stage {promised.STAGE}"
        inc.note("notice", "notify", f"{told}.", notice=one.id)
        _tell_comms(inc, f"update-uncertain:{one.id}", told)
        await _said_by_hand(inc, one, name, until, kept)
        return
    told = f"{one.id} was not sent ({found.kind}: {found.text})"
    inc.note("notice", "notify", f"{told}. It is drafted again for a new approval.", notice=one.id)
    _tell_comms(inc, f"notsent:{one.id}:{one.attempt}", told)


async def _said_by_hand(inc: Durable, one: Notice, name: str, until: str, kept: Callable[[], str]) -> None:
    """Wait until somebody says that they were told: what was filed at a portal then promises the next message."""
    await inc.until(lambda: bool(kept()) or inc.finished)
    if not kept() or one.status != "by_hand":
        return
    reference = inc.state.ledger.get(promised.by_hand_key(name, until), "")
    inc.state = portal.settled(inc.state, one, inc.now if reference else "", inc.now, reference)
    if reference and name not in inc.state.promises:
        inc.state = promised.given(inc.state, one, name)


def _granted(inc: Durable, one: Notice) -> Gate | None:
    return next((each for each in inc.state.gates if each.subject == one.id and each.status == "granted"), None)


def _planned(inc: Durable, duty: Obligation) -> Notice:
    """The message that is due: the one under way, or the next one of this obligation."""
    mine = [one for one in inc.state.notices if one.obligation == duty.name and one.stage == promised.STAGE]
    number = sum(1 for one in mine if one.status in ("sent", "dropped")) + 1
    wanted = f"{duty.name}-{promised.STAGE}-{number}"
    found = next((one for one in mine if one.id == wanted), None)
    if found is None:
        duty = addressed(duty, _told_by(inc, duty))
        return Notice(wanted, duty.audience, duty.name, promised.STAGE, UPDATE_TEMPLATE, duty.channel, duty.recipient,
                      gate=duty.gate)  # fmt: skip
    if found.status in ("denied", "failed"):
        return replace(found, status="planned", attempt=found.attempt + 1)
    return found


def _told_by(inc: Durable, duty: Obligation) -> Stage | None:
    """The stage whose notice promised more: its readers get the update."""
    sent = [one.stage for one in inc.state.notices if one.obligation == duty.name and one.audience == "customers"
            and one.status == "sent" and one.stage != promised.STAGE]  # fmt: skip
    return next((stage for stage in duty.stages if sent and stage.id == sent[-1]), None)
