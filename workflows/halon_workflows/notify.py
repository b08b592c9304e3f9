"""Notify: each obligation's clock runs by itself; a notice is drafted, approved by its decider, sent once, recorded."""

from __future__ import annotations

from dataclasses import replace

from temporalio.exceptions import ActivityError

from halon.incident import alarms, gate_question, paging, restricting
from halon.incident.about import about
from halon.incident.assessment import Obligation, Stage
from halon.incident.gates import Gate, gate_id
from halon.incident.messages import Message
from halon.incident.notices import Notice, NoticeStatus
from halon.incident.orders import GatePolicy
from halon.incident.others import told_already
from halon.incident.redrafts import known
from halon.incident.restriction import restricted
from halon.incident.standing import (
    decided,
    notice,
    obligation,
    open_stage,
    owed,
    settled,
    with_notice,
    with_obligation,
    with_phase,
)
from halon.incident.timeline import mark, people_with, tell
from halon.ports import notify
from halon_workflows import gating, looking, others, redrafting
from halon_workflows.durable import Durable, reason_of


async def tell_those_owed(inc: Durable) -> None:
    """One task an obligation, for as long as the incident is open; obligations found later get theirs."""
    while not inc.finished:
        for duty in inc.state.obligations:
            if not settled(inc.state, duty):
                name = duty.name
                inc.spawn(f"notify.{name}", lambda name=name: fulfil(inc, name))  # type: ignore[misc]
        _phase(inc)
        before = _picture(inc)
        await inc.until(lambda before=before: inc.finished or _picture(inc) != before)  # type: ignore[misc]


async def fulfil(inc: Durable, name: str) -> None:
    """One obligation: wait until it is owed, then draft, ask, send and record, stage by stage."""
    while True:
        await inc.until(lambda: owed(inc.state, _duty(inc, name)) or settled(inc.state, _duty(inc, name)))
        duty = _duty(inc, name)
        stage = open_stage(duty)
        if settled(inc.state, duty) or stage is None:
            return
        await _tell_of(inc, duty, stage)


async def _tell_of(inc: Durable, duty: Obligation, stage: Stage) -> None:
    notice_id = f"{duty.name}-{stage.id}"
    one = notice(inc.state, notice_id)
    if one is None or one.status in ("dropped", "denied", "failed"):
        attempt = 1 if one is None else one.attempt + 1
        one = Notice(id=notice_id, audience=duty.audience, obligation=duty.name, stage=stage.id, template=duty.template,
                     channel=duty.channel, recipient=duty.recipient, gate=duty.gate, attempt=attempt)  # fmt: skip
    if one.status == "planned":
        await inc.until(lambda: _time_to_draft(inc, duty.name))
        one = await _draft(inc, one)
    if one.status == "drafted":
        inc.state = with_notice(inc.state, replace(one, status="waiting"))
    if one.status in ("drafted", "waiting", "uncertain"):
        allowed = await _allowed(inc, notice_id, duty, stage)
    else:
        allowed = _granted(inc, notice_id)
    one = notice(inc.state, notice_id) or one
    if allowed is None or one.status != "sending":
        return
    await _send(inc, one, allowed)


def _time_to_draft(inc: Durable, name: str) -> bool:
    """A draft says what was done, so it waits for the harm to stop (or to be only observed); but not past the first warning or a person's word."""
    warned = any(key.startswith(f"warn:{name}/") for key in inc.state.ledger)
    late = any(missed.startswith(f"{name}/") for missed in inc.state.missed)
    return (
        bool(inc.state.harm_stopped_at)
        or looking.observed(inc)
        or warned
        or late
        or decided(inc.state, name) == "declared"
    )


def _speaker(inc: Durable, one: Notice) -> str:
    """The legal entity that speaks, where it is not the agent's own."""
    duty = _duty(inc, one.obligation)
    return duty.entity if _of_another(inc, duty) else ""


def _of_another(inc: Durable, duty: Obligation) -> bool:
    # Its name does not say so: it keeps its first one when the agent turns out to be somebody else's.
    return inc.state.assessment is None or duty.entity != inc.state.assessment.entity


async def _draft(inc: Durable, one: Notice) -> Notice:
    inc.state = with_notice(inc.state, one)
    told, heard = about(inc.state, inc.now, _speaker(inc, one)), known(inc.state)
    drafted = await inc.act(notify.draft, notify.Draft(inc.state.incident_id, one, told), f"draft {one.id}")
    drafted = replace(drafted, status="drafted")
    inc.state = with_notice(inc.state, drafted)
    redrafting.remember(inc, drafted, heard if alarms.apart(inc.state) else known(inc.state), told)
    inc.note("notice", "notify", f"Drafted {one.id} for {drafted.recipient or one.audience}.", notice=one.id)
    return drafted


async def _allowed(inc: Durable, notice_id: str, duty: Obligation, stage: Stage) -> Gate | None:
    """Ask the decider. A granted gate moves the notice to sending; anything else says what happens next."""
    one = _notice(inc, notice_id)
    if one.gate is None:
        _move(inc, one, "failed", f"{notice_id} has no gate in the kit and is never sent.")
        await inc.until(lambda: settled(inc.state, _duty(inc, duty.name)))
        return None
    await others.look(inc, f"others:{notice_id}:{one.attempt}")
    asked = await _asked(inc, one, one.gate, duty, stage)
    one = _notice(inc, notice_id)
    if asked.status == "granted":
        _move(inc, one, "sending", f"Sending {notice_id}.")
        return asked
    if asked.status == "void":
        again = owed(inc.state, _duty(inc, duty.name)) and not settled(inc.state, _duty(inc, duty.name))
        changed = replace(one, status="planned", attempt=one.attempt + 1) if again else replace(one, status="dropped")
        inc.state = with_notice(inc.state, changed)
        return None
    _move(inc, one, "denied", f"{notice_id} is not sent: gate {asked.id} {asked.status}. The clock goes on.")
    version = inc.state.facts_version
    await inc.until(lambda: settled(inc.state, _duty(inc, duty.name)) or inc.state.facts_version != version
                    or asked.status != _status_of(inc, asked))  # fmt: skip
    return None


async def _asked(inc: Durable, one: Notice, policy: GatePolicy, duty: Obligation, stage: Stage) -> Gate:
    """The settled gate of a notice. After each new judgement it is drafted again; another text is another gate."""
    whose = f" of {duty.entity}" if _of_another(inc, duty) else ""
    title = f"send {duty.title}{whose} to {one.recipient or duty.authority}"
    notice_id, page = one.id, True
    instead: Gate | None = None
    while _unasked(inc, one) and await redrafting.heard_out(inc, notice_id):
        if (again := await redrafting.again(inc, one, _speaker(inc, one))) is not None:
            one, _ = again
            inc.state = with_notice(inc.state, one)
    question = _question(inc, one, duty, stage)
    while True:
        asked = await gating.ask(
            inc, "notice", notice_id, one.digest_for(inc.state.incident_id), one.gate or policy, title, question, until=stage.due,
            unless=lambda: _stale(inc, notice_id, duty.name), pause=lambda: redrafting.due(inc, notice_id),
            instead=instead, page=page,
        )  # fmt: skip
        over = asked.status not in ("open", "granted") or not alarms.apart(inc.state)
        if over or not await redrafting.yes_outrun(inc, notice_id):
            return asked
        again = await redrafting.again(inc, _notice(inc, notice_id), _speaker(inc, one))
        standing = _gate_of(inc, asked)
        if again is None or standing.status not in ("open", "granted"):
            continue
        # In one go, so that there is no moment without a gate, and none with two.
        one, changed = again
        page = redrafting.pages(inc, standing, stage, one.gate)
        gating.void(inc, standing, "what was said since then changes its text.")
        inc.state = with_notice(inc.state, one)
        question = (f"Changed since gate {asked.id}: {changed}", *_question(inc, one, duty, stage))
        instead = standing


async def _send(inc: Durable, one: Notice, allowed: Gate) -> None:
    try:
        sent = await inc.act(notify.send, notify.Sending(inc.state.incident_id, one, allowed), f"send {one.id}")
    except ActivityError as error:
        kind, text = reason_of(error)
        duty = _duty(inc, one.obligation)
        gating.spend(inc, allowed)
        if kind == "Uncertain":
            told = f"{one.id} may have arrived or not ({text}). Find out; say `filed` if it did, or approve sending it again."
            fresh = replace(one, attempt=one.attempt + 1)
            redrafting.carry(inc, one, fresh)
            _move(inc, fresh, "uncertain", told)
            asked = "It may have arrived or not. Find out; say `filed` if it did, or approve sending it again"
        else:
            told = f"{one.id} was not sent ({kind}: {text}). It is drafted again for a new approval."
            _move(inc, one, "failed", told)
            asked = f"It was not sent ({kind}). It is drafted again for a new approval"
        names = tuple(one.name for one in people_with(inc.state, duty.decider)) or (inc.state.commander,)
        inc.state = tell(inc.state, inc.now, f"notsent:{one.id}:{one.attempt}", f"[{inc.state.reference}] {one.id}: not sent",
                         told, names=names, asked=asked)  # fmt: skip
        return
    gating.spend(inc, allowed)
    inc.state = with_notice(inc.state, replace(one, status="sent", sent_at=sent.at, receipt=sent.receipt, note=""))
    inc.note("notice", "notify", f"Sent {one.id} to {one.recipient}: receipt {sent.receipt or 'none given'}.", notice=one.id,
             receipt=sent.receipt, digest=allowed.digest)  # fmt: skip
    duty = _duty(inc, one.obligation)
    stages = tuple(replace(each, filed_at=sent.at) if each.id == one.stage else each for each in duty.stages)
    inc.state = mark(
        with_obligation(inc.state, replace(duty, stages=stages)), f"filed:{duty.name}/{one.stage}", sent.at
    )
    inc.change(facts_version=inc.state.facts_version + 1)


async def tell_leadership(inc: Durable) -> None:
    """The status for leadership whenever the clock says that one is due."""
    while not inc.finished:
        await inc.until(lambda: inc.finished or "update-due" in inc.state.ledger)
        if inc.finished:
            return
        due = inc.state.ledger["update-due"]
        if restricted(inc.state):
            inc.change(ledger={key: at for key, at in inc.state.ledger.items() if key != "update-due"})
            if "leadership:restricted" not in inc.state.ledger:
                inc.mark("leadership:restricted")
                inc.note("muted", "notify", "Leadership gets no status: only the people named see this incident.")
            continue
        number = sum(1 for one in inc.state.notices if one.audience == "leadership") + 1
        channels = inc.state.assessment.leadership_channels if inc.state.assessment else ()
        one = notice(inc.state, "leadership") or Notice(id="leadership", audience="leadership",
                                                        template="notices/leadership.txt.j2",
                                                        channel=channels[0] if channels else "")  # fmt: skip
        one = replace(one, attempt=one.attempt + (number > 1), status="planned")
        drafted = await inc.act(
            notify.draft, notify.Draft(inc.state.incident_id, one, about(inc.state, inc.now)), "draft for leadership"
        )
        try:
            sent = await inc.act(notify.send, notify.Sending(inc.state.incident_id, drafted), "status for leadership")
            inc.state = with_notice(inc.state, replace(drafted, status="sent", sent_at=sent.at, receipt=sent.receipt))
            inc.note("notice", "notify", f"Leadership was told (update due {due}).", receipt=sent.receipt)
        except ActivityError as error:
            inc.state = with_notice(inc.state, replace(drafted, status="failed", note=": ".join(reason_of(error))))
            inc.note("failed", "notify", f"Leadership could not be told: {': '.join(reason_of(error))}")
        inc.change(ledger={key: at for key, at in inc.state.ledger.items() if key != "update-due"})


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


def _question(inc: Durable, one: Notice, duty: Obligation, stage: Stage) -> tuple[str, ...]:
    preview = " ".join(one.body.split())[:600]
    missed = " It is late: give the reason." if stage.due and stage.filed_at == "" and not stage.warn_at else ""
    lines = [
        f"Why: {'; '.join(duty.because) or 'it was declared'}",
        f"To: {one.recipient or duty.authority}, by {one.channel}, once",
        f"Due: {stage.due_local.replace('[', ' (').replace(']', ')') or stage.due or 'without a figure'}{missed}",
        f"Subject: {one.subject}",
        f"Text begins: {preview}",
        "Can't be taken back once it is sent.",
    ]
    lines[:0] = told_already(inc.state.others, duty.id)
    if one.status == "uncertain":
        lines.insert(0, "An earlier attempt may have arrived: find out before you approve.")
    if duty.gate:
        lines += gate_question.who(one.gate or duty.gate)
        lines.append("If nobody answers: it is not sent and the clock goes on; you are asked again.")
    return tuple(lines)


def _phase(inc: Durable) -> None:
    left = [duty.name for duty in inc.state.obligations if not settled(inc.state, duty)]
    if left:
        inc.state = with_phase(inc.state, "notify", "waiting", inc.now, f"a decision about {', '.join(left)}")
    else:
        inc.state = with_phase(inc.state, "notify", "done", inc.now)


def _picture(inc: Durable) -> tuple[tuple[str, bool, str], ...]:
    return tuple((duty.name, settled(inc.state, duty), decided(inc.state, duty.name)) for duty in inc.state.obligations)


def _stale(inc: Durable, notice_id: str, duty_id: str) -> str:
    """Why the draft that a gate shows is no longer what should be sent; empty while it is."""
    if settled(inc.state, _duty(inc, duty_id)):
        return "it was filed or declined"
    if not owed(inc.state, _duty(inc, duty_id)):
        return "it is no longer owed"
    earlier = not alarms.apart(inc.state)  # what an earlier release judged is asked about anew after each word
    return "a person said something new since it was drafted" if earlier and redrafting.news(inc, notice_id) else ""


def _duty(inc: Durable, name: str) -> Obligation:
    found = obligation(inc.state, name)
    if found is None:
        raise AssertionError(f"obligation {name} is not in the state")
    return found


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
