"""Notify: each obligation's clock runs by itself; a notice is drafted, approved by its decider, sent once, recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from temporalio.exceptions import ActivityError

from halon.incident import alarms, delivery, filing, holds, paging, portal, promised, restricting
from halon.incident.about import about
from halon.incident.assessment import Obligation, Stage
from halon.incident.gates import Gate, gate_id
from halon.incident.messages import Message
from halon.incident.notices import Notice, NoticeStatus
from halon.incident.orders import GatePolicy
from halon.incident.redrafts import known
from halon.incident.restriction import access
from halon.incident.standing import (
    decided_here,
    notice,
    owed,
    with_gate,
    with_notice,
    with_obligation,
)
from halon.incident.timeline import mark, tell
from halon.incident.times import normal
from halon.ports import notify
from halon_workflows import gating, others, redrafting, sending, turns
from halon_workflows.durable import Durable, reason_of
from halon_workflows.notice_words import question


async def tell_of(inc: Durable, duty: Obligation, stage: Stage) -> None:
    """The notice of one stage: drafted, asked about, sent, recorded. Back early where it is to be begun again."""
    notice_id = f"{duty.name}-{stage.id}"
    if notice_id in inc.telling:  # begun while the rules of an earlier release counted
        await inc.until(lambda: notice_id not in inc.telling)
        return
    inc.telling.add(notice_id)
    try:
        await _tell_of(inc, duty, stage)
    finally:
        inc.telling.discard(notice_id)


async def _tell_of(inc: Durable, duty: Obligation, stage: Stage) -> None:
    notice_id = f"{duty.name}-{stage.id}"
    one = notice(inc.state, notice_id)
    if one is None or one.status in ("dropped", "denied", "failed"):
        attempt = 1 if one is None else one.attempt + 1
        one = Notice(id=notice_id, audience=duty.audience, obligation=duty.name, stage=stage.id, template=duty.template,
                     channel=duty.channel, recipient=duty.recipient, gate=duty.gate, attempt=attempt)  # fmt: skip
    if one.status == "planned":
        ready = promised.active(
            inc.state
        )  # drafted as soon as it is owed; what an earlier release judged waits as it did
        if not ready:
            await inc.until(lambda: turns.time_to_draft(inc, duty.name, stage.id) or _over_here(inc, duty, stage))
        if _over_here(inc, duty, stage):
            return
        one = await drafted_of(inc, one)
    if one.status == "drafted" and promised.active(inc.state) and not one.preapproved:  # a first word waits for nothing
        await inc.until(lambda: turns.time_to_draft(inc, duty.name, stage.id) or turns.over(inc, duty.name, stage.id))
        one = _notice(inc, notice_id)
    if one.status == "drafted":
        inc.state = with_notice(inc.state, replace(one, status="waiting"))
    if one.status in ("drafted", "waiting", "uncertain"):
        if not await _free_to_go(inc, duty.name, stage.id):
            inc.state = with_notice(inc.state, replace(notice(inc.state, notice_id) or one, status="dropped"))
            return
        allowed = await _allowed(inc, notice_id, duty, stage)
    else:
        allowed = _granted(inc, notice_id)
        if allowed is None and one.status in ("sending", "put_off") and decided_here(inc.state):
            sending.taken_back(inc, one)
            return
    one = notice(inc.state, notice_id) or one
    if one.portal and (one.status == "by_hand" or (one.status == "sending" and allowed is not None)):
        await _filed_by_hand(inc, one, duty, stage, allowed)
        return
    if allowed is None or one.status not in ("sending", "put_off"):
        return
    await _send(inc, one, allowed)


async def _free_to_go(inc: Durable, name: str, stage_id: str) -> bool:
    """Wait while a hold or an embargo keeps the notice back; False where nothing is left to be sent then."""

    def back() -> str:
        return holds.held_back(inc.state, turns.duty_of(inc, name), stage_id, inc.now)

    if not back():
        return True
    inc.note("hold", "notify", f"The notice {name}/{stage_id} waits: {back()}.")
    await inc.until(lambda: turns.over(inc, name, stage_id) or not back())
    return not turns.over(inc, name, stage_id)


async def _filed_by_hand(inc: Durable, one: Notice, duty: Obligation, stage: Stage, allowed: Gate | None) -> None:
    """What was approved is filed by a person at the authority's portal: the step stays open until they say its receipt."""
    if one.status != "by_hand":
        if allowed is not None:
            gating.spend(inc, allowed)
        inc.state = portal.handed_over(inc.state, one, duty, stage, inc.now)

    def filed_at() -> str:
        return next((each.filed_at for each in turns.duty_of(inc, duty.name).stages if each.id == one.stage), "")

    await inc.until(lambda: bool(filed_at()) or turns.over(inc, duty.name, stage.id))
    one = _notice(inc, one.id)
    if one.audience == "customers" and filed_at():
        inc.state = promised.given(inc.state, one, duty.name)
    inc.state = portal.settled(inc.state, one, filed_at(), inc.now)


def _over_here(inc: Durable, duty: Obligation, stage: Stage) -> bool:
    """Whether the stage is over before it was drafted; what an earlier release judged is drafted all the same."""
    return decided_here(inc.state) and turns.over(inc, duty.name, stage.id)


def speaker(inc: Durable, one: Notice) -> str:
    """The legal entity that speaks, where it is not the agent's own."""
    duty = turns.duty_of(inc, one.obligation)
    return duty.entity if _of_another(inc, duty) else ""


def _of_another(inc: Durable, duty: Obligation) -> bool:
    # Its name does not say so: it keeps its first one when the agent turns out to be somebody else's.
    return inc.state.assessment is None or duty.entity != inc.state.assessment.entity


async def drafted_of(inc: Durable, one: Notice) -> Notice:
    """``one`` drafted now: with what it promises, what the checks object to, and its text sealed."""
    one = replace(one, promise=promised.promise(inc.state, one.audience, inc.now))
    inc.state = with_notice(inc.state, one)
    told, heard = about(inc.state, inc.now, speaker(inc, one)), known(inc.state)
    drafted = await inc.act(
        notify.draft,
        notify.Draft(inc.state.incident_id, one, told, keep=True, access=access(inc.state)),
        f"draft {one.id}",
    )
    drafted = replace(drafted, status="drafted")
    inc.state = with_notice(inc.state, drafted)
    redrafting.remember(inc, drafted, heard if alarms.apart(inc.state) else known(inc.state), told)
    redrafting.note_version(inc, drafted, f"Drafted {one.id} for {drafted.recipient or one.audience}.")
    return drafted


async def _allowed(inc: Durable, notice_id: str, duty: Obligation, stage: Stage) -> Gate | None:
    """Ask the decider. A granted gate moves the notice to sending; anything else says what happens next."""
    one = _notice(inc, notice_id)
    if one.gate is None:
        _move(inc, one, "failed", f"{notice_id} has no gate in the kit and is never sent.")
        await inc.until(lambda: turns.over(inc, duty.name, stage.id))
        return None
    await others.look(inc, f"others:{notice_id}:{one.attempt}")
    asked = await asked_of(
        inc, one, one.policy or one.gate, duty, stage, lambda: _stale(inc, notice_id, duty.name, stage.id)
    )
    one = _notice(inc, notice_id)
    back = holds.held_back(inc.state, turns.duty_of(inc, duty.name), stage.id, inc.now)
    if asked.status == "granted" and back:
        gating.void(inc, asked, f"{back}.")
        asked = _gate_of(inc, asked)
    if asked.status == "granted":
        if one.status == "uncertain":
            inc.state = delivery.approved_anew(inc.state, one)
        _move(inc, one, "sending", f"Sending {notice_id}.")
        return asked
    if asked.status == "void":
        again = owed(inc.state, turns.duty_of(inc, duty.name)) and not turns.over(inc, duty.name, stage.id)
        changed = replace(one, status="planned", attempt=one.attempt + 1) if again else replace(one, status="dropped")
        inc.state = with_notice(inc.state, changed)
        return None
    _move(inc, one, "denied", f"{notice_id} is not sent: gate {asked.id} {asked.status}. The clock goes on.")
    version = inc.state.facts_version
    await inc.until(lambda: turns.over(inc, duty.name, stage.id) or inc.state.facts_version != version
                    or asked.status != _status_of(inc, asked))  # fmt: skip
    return None


async def asked_of(
    inc: Durable, one: Notice, policy: GatePolicy, duty: Obligation, stage: Stage, stale: Callable[[], str]
) -> Gate:
    """The settled gate of a notice. After each new judgement it is drafted again; another text is another gate.

    The gate is void as soon as ``stale`` gives a reason.
    """
    whose = f" of {duty.entity}" if _of_another(inc, duty) else ""
    title = f"send {duty.title}{whose} to {one.recipient or duty.authority}"
    notice_id, page = one.id, True
    instead: Gate | None = None
    while _unasked(inc, one) and await redrafting.heard_out(inc, notice_id):
        if (again := await redrafting.again(inc, one, speaker(inc, one))) is not None:
            one, _ = again
            inc.state = with_notice(inc.state, one)
    asks = question(inc.state, one, duty, stage)
    while True:
        asked = await gating.ask(
            inc, "notice", notice_id, one.digest_for(inc.state.incident_id), one.policy or policy, title, asks, until=stage.due,
            unless=stale, pause=lambda: redrafting.due(inc, notice_id),
            instead=instead, page=page,
        )  # fmt: skip
        over = asked.status not in ("open", "granted") or not alarms.apart(inc.state)
        if over or not await redrafting.yes_outrun(inc, notice_id):
            return asked
        shown = _notice(inc, notice_id)
        again = await redrafting.again(inc, shown, speaker(inc, one))
        standing, seen = _gate_of(inc, asked), _notice(inc, notice_id)
        if again is None and standing.status == "open" and seen.objections != shown.objections:
            # The same text, and not the same that speaks against it: the question says so at once.
            before, asks = question(inc.state, shown, duty, stage), question(inc.state, seen, duty, stage)
            first = tuple(line for line in standing.question if line not in before and line.startswith("Changed since"))
            inc.state = with_gate(inc.state, replace(standing, question=(*first, *asks)))
        if again is None or standing.status not in ("open", "granted"):
            continue
        # In one go, so that there is no moment without a gate, and none with two.
        one, changed = again
        page = redrafting.pages(inc, standing, stage, one.policy)
        gating.void(inc, standing, "what was said since then changes its text.")
        inc.state = with_notice(inc.state, one)
        asks = (f"Changed since gate {asked.id}: {changed}", *question(inc.state, one, duty, stage))
        instead = standing


async def _send(inc: Durable, one: Notice, allowed: Gate) -> None:
    def due() -> str:
        return next((each.due for each in turns.duty_of(inc, one.obligation).stages if each.id == one.stage), "")

    def moot() -> str:
        return _moot(inc, one.id, one.obligation, one.stage)

    sent = await sending.send(inc, one, allowed, due, moot, speaker(inc, one))
    duty = turns.duty_of(inc, one.obligation)
    if isinstance(sent, sending.NotSent):
        sending.not_sent(
            inc, one, allowed, sent, owed=owed(inc.state, duty) and not turns.over(inc, duty.name, one.stage)
        )
        return
    late = f" It was due {due()}: it is late." if due() and normal(sent.at) > normal(due()) else ""
    gating.spend(inc, allowed)
    inc.state = with_notice(inc.state, replace(one, status="sent", sent_at=sent.at, receipt=sent.receipt, note=""))
    inc.note("notice", "notify", f"Sent {one.id} to {one.recipient}: receipt {sent.receipt or 'none given'}.{late}", notice=one.id,
             receipt=sent.receipt, digest=allowed.digest, evidence=list(sent.sealed))  # fmt: skip
    inc.state = delivery.unreached(inc.state, inc.now, one, duty, due(), sent.unreached)
    inc.state = delivery.not_on_its_list(inc.state, inc.now, one)
    if one.audience == "customers" and promised.active(inc.state):
        inc.state = promised.given(inc.state, one, duty.name)
    stages = tuple(replace(each, filed_at=sent.at) if each.id == one.stage else each for each in duty.stages)
    inc.state = mark(
        with_obligation(inc.state, replace(duty, stages=stages)), f"filed:{duty.name}/{one.stage}", sent.at
    )
    by = ", ".join(answer.by for answer in allowed.answers if answer.approve)
    inc.state = filing.sent(inc.state, duty, one.stage, sent.at, by, sent.receipt)
    inc.change(facts_version=inc.state.facts_version + 1)


async def deliver_pages(inc: Durable) -> None:
    """Send what lies in the outbox, side by side: one channel that hangs must not hold up the others."""
    while not inc.finished:
        inc.state = alarms.silenced(inc.state, inc.now)
        for message in inc.state.outbox:
            inc.spawn(f"page {message.id}", lambda message=message: _page(inc, message))  # type: ignore[misc]
        known = {message.id for message in inc.state.outbox}
        await inc.until(
            lambda known=known: (
                inc.finished  # type: ignore[misc]
                or any(one.id not in known for one in inc.state.outbox)
                or alarms.ringing(inc.state)
            )
        )


async def _page(inc: Durable, message: Message) -> None:
    """One message; one that can't be delivered is said aloud, and the commander is told instead."""
    if (bare := restricting.bare(inc.state, message)) is None:
        inc.note(
            "muted", "triage", f"Not sent to {message.to}, who is not named: {message.subject}", message=message.id
        )
        inc.change(outbox=tuple(one for one in inc.state.outbox if one.id != message.id))
        return
    request = notify.Page(inc.state.incident_id, inc.state.reference, bare, restricted=True) if bare is not message else notify.Page(
        inc.state.incident_id, inc.state.reference, message, harm=paging.harm(inc.state), done=paging.done(inc.state),
        severity=inc.state.level or "",
    )  # fmt: skip
    try:
        paged = await inc.act(notify.page, request, f"page {message.to}: {bare.subject}")
        failed = f" (not by {', '.join(paged.failed)})" if paged.failed else ""
        if paged.delivered or message.kind != "resolve":
            inc.note("page", "triage", f"Told {message.to} by {', '.join(paged.delivered)}{failed}: {message.subject}",
                     message=message.id)  # fmt: skip
        rang = paged.rang
    except ActivityError as error:
        rang = message.channels  # it may have arrived all the same
        why = ": ".join(reason_of(error))
        inc.note("nobody", "triage", f"{message.to} could not be told ({why}): {message.subject}")
        if message.to != inc.state.commander and inc.state.commander and message.kind != "resolve":
            inc.state = tell(inc.state, inc.now, f"instead:{message.id}", f"{message.subject} ({message.to} was not reached)",
                             message.body, names=(inc.state.commander,), asked=message.asked, until=message.until,
                             command=message.command)  # fmt: skip
    inc.change(outbox=tuple(one for one in inc.state.outbox if one.id != message.id))
    inc.state = alarms.silenced(alarms.rang(inc.state, message, rang), inc.now)


def _stale(inc: Durable, notice_id: str, duty_id: str, stage_id: str) -> str:
    """Why the draft that a gate shows is no longer what should be sent; empty while it is."""
    if why := _moot(inc, notice_id, duty_id, stage_id):
        return why
    earlier = not alarms.apart(inc.state)  # what an earlier release judged is asked about anew after each word
    return "a person said something new since it was drafted" if earlier and redrafting.news(inc, notice_id) else ""


def _moot(inc: Durable, notice_id: str, duty_id: str, stage_id: str) -> str:
    """Why nothing is to be sent now; empty while it is."""
    if turns.over(inc, duty_id, stage_id):
        return "it was filed or declined"
    if not owed(inc.state, turns.duty_of(inc, duty_id)):
        return "it is no longer owed"
    one = notice(inc.state, notice_id)
    return holds.held_back(inc.state, turns.duty_of(inc, duty_id), one.stage, inc.now) if one is not None else ""


def _notice(inc: Durable, name: str) -> Notice:
    found = notice(inc.state, name)
    if found is None:
        raise AssertionError(f"notice {name} is not in the state")
    return found


def _granted(inc: Durable, notice_id: str) -> Gate | None:
    return next((one for one in inc.state.gates if one.subject == notice_id and one.status == "granted"), None)


def _status_of(inc: Durable, asked: Gate) -> str:
    return next((one.status for one in inc.state.gates if one.id == asked.id), "void")


def _unasked(inc: Durable, one: Notice) -> bool:
    name = gate_id(one.id, one.digest_for(inc.state.incident_id))
    return not any(asked.id == name and asked.status not in ("void", "spent") for asked in inc.state.gates)


def _gate_of(inc: Durable, asked: Gate) -> Gate:
    return next((one for one in inc.state.gates if one.id == asked.id), asked)


def _move(inc: Durable, one: Notice, status: NoticeStatus, text: str) -> None:
    inc.state = with_notice(inc.state, replace(one, status=status, note=text))
    inc.note("notice", "notify", text, notice=one.id, status=status)
