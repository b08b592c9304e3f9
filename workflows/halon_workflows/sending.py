"""Send what was approved, once: tried again under the same yes while its channel takes nothing, and said aloud.

The yes is kept until the notice is due, some time at least and about a day at most. What can't be proved not to have
arrived counts as uncertain, and a person looks before anything is sent again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.exceptions import TimeoutError as TimedOut

from halon.incident import delivery, times
from halon.incident.about import about
from halon.incident.gates import Gate
from halon.incident.notices import Notice
from halon.incident.restriction import access
from halon.incident.standing import decided_here, gate, obligation, with_notice
from halon.incident.timeline import people_with, tell
from halon.ports import notify
from halon_workflows import gating, options, patches, redrafting
from halon_workflows.durable import Durable, reason_of

NOT_SENT = frozenset({
    "NotAnIncident", "ProofMissing", "CheckFailed", "EvidenceMissing", "Halted", "NoConnector", "NoChannel", "NotDelivered",
    "Refused", "MissingSecret", "Unreachable", "Unexpected", "Malformed", "TemplateFailed",
})  # fmt: skip
"""Errors of a notice that provably did not arrive: the activity raises them only after a look into the effect journal."""
KEPT_AT_LEAST, KEPT_AT_MOST = 1_800, 26 * 3_600
"""Seconds for which the yes to a notice is kept after its first tries, whenever it is due."""
_BY_TURNS = frozenset({"Unfinished", "PutOff", "PartlySent"})
"""Errors after which some of those who are written to one by one have their mail, and it is known who."""
_TAKEN_BACK = "its yes was taken back"
PATIENCE = 1_800
"""Seconds for which single people are waited for whose server says "later", while all others have their mail."""
PAUSES = (60, 120, 300)
"""Seconds between two tries; the last one counts for all further."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """Why a notice was not sent. ``perhaps``: it may have arrived all the same. ``given_up``: because of what was said
    meanwhile, in words; the error was no reason to stop."""

    kind: str
    text: str
    perhaps: bool
    given_up: str = ""


async def send(
    inc: Durable, one: Notice, allowed: Gate, due: Callable[[], str], unless: Callable[[], str], speaker: str = ""
) -> notify.Sent | NotSent:
    """Send ``one``, which ``allowed`` lets go out, and try again as long as its channel takes nothing.

    ``due`` says when it must be out (ISO 8601 UTC, empty: none). As soon as ``unless`` gives a reason it is not tried again;
    nor once it would be drafted otherwise by what was said since, unless some have it. To many people it goes by turns.
    """
    turn, last, by_turns = 0, False, delivery.by_turns(inc.state, one)
    waited, found, same_again = one.status == "put_off", NotSent("", "", False), 0
    while True:
        if waited:
            if given_up := await _outrun(inc, one, speaker, unless):
                return _stopped(inc, found, given_up)
            one = replace(one, status="sending", note=f"Sending {one.id} again.")
            inc.state = with_notice(inc.state, one)
        tried = delivery.since(inc.state, one)
        request = notify.Sending(
            inc.state.incident_id, one, allowed, about(inc.state, inc.now, speaker), inc.state.overridden, access(inc.state),
            last, delivery.anew(inc.state, one),
        )  # fmt: skip
        try:
            sent = await inc.act(notify.send, request, f"send {one.id}", chosen=options.sending(bool(tried), by_turns))
        except ActivityError as error:
            kind, text = reason_of(error)
            if kind == "Uncertain" or not inc.goes(patches.KEPT_YES):
                return NotSent(kind, text, kind == "Uncertain")
            same_again = same_again + 1 if text == found.text else 0
            found = NotSent(kind, text, kind not in NOT_SENT)
            if by_turns and kind == "Unfinished":  # it goes well, and takes its time
                waited = False
                inc.state = delivery.begun(inc.state, inc.now, one)
                if given_up := await _pause(
                    inc, one, allowed, times.after(inc.now, min(2**same_again, 30)), due, unless
                ):
                    return _stopped(inc, found, given_up)
                continue
            if not _again(error) or last:
                return found
            if kind == "Unfinished":
                if unless():
                    return replace(found, given_up=unless())
                continue
            if by_turns and found.perhaps:
                inc.state = delivery.begun(inc.state, inc.now, one)
            until = delivery.kept_until(tried or inc.now, due(), KEPT_AT_LEAST, KEPT_AT_MOST)
            inc.state = delivery.put_off(inc.state, inc.now, one, kind, text, until, due())
            # After a time-out the journal tells at once whether anything was under way.
            end = times.after(inc.now, 0 if kind == "TimeoutError" else PAUSES[min(turn, len(PAUSES) - 1)])
            if given_up := await _pause(inc, one, allowed, min(end, max(until, inc.now)), due, unless):
                return _stopped(inc, found, given_up)
            turn += 1
            began = delivery.since(inc.state, one)
            last = inc.now >= until or (kind == "PutOff" and inc.now >= times.after(began, PATIENCE))
            waited = True
        else:
            inc.state = delivery.over(inc.state, one)
            return sent


async def _outrun(inc: Durable, one: Notice, speaker: str, unless: Callable[[], str]) -> str:
    """Why ``one``, which waited, is not tried again as it was agreed to, in words; empty if it is.

    From the first mail on the text that was agreed to goes to everybody, whatever is said meanwhile. What an earlier
    release judged was not looked at again.
    """
    if not decided_here(inc.state):
        return ""
    while not (why := unless()) and not delivery.is_begun(inc.state, one) and await redrafting.heard_out(inc, one.id):
        if difference := await redrafting.differs(inc, one, speaker):
            return f"what was said since then changes it: {difference}".rstrip(".")
    return why


def _stopped(inc: Durable, found: NotSent, given_up: str) -> NotSent:
    """``found``, and no further try because of what was said: who has a mail of their own by then is known."""
    perhaps = found.perhaps and not (decided_here(inc.state) and found.kind in _BY_TURNS)
    return replace(found, perhaps=perhaps, given_up=given_up)


async def _pause(
    inc: Durable, one: Notice, allowed: Gate, end: str, due: Callable[[], str], unless: Callable[[], str]
) -> str:
    """Wait for the next try. Why there is none, in words; empty if there is one."""

    def over() -> str:
        return unless() if _granted(inc, allowed) else _TAKEN_BACK

    while True:
        inc.state = delivery.overdue(inc.state, inc.now, one, due())
        if over() or inc.now >= end:
            return over()
        late = times.normal(due()) if due() else ""
        wake = min(end, late) if inc.now < late else end
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: inc.leaving or bool(over()), timeout=max(0.0, times.seconds_between(inc.now, wake)),
                timeout_summary=f"send {one.id} again"[:180],
            )  # fmt: skip
        await inc.until(lambda: True)


def not_sent(inc: Durable, one: Notice, allowed: Gate, found: NotSent, *, owed: bool) -> None:
    """Say that ``one`` was not sent, or may have been, and what comes next: a new approval, or nothing if it is not ``owed``."""
    if found.given_up and not found.perhaps:
        if not _granted(inc, allowed):  # whoever took the yes back is asked again at the same gate
            inc.state = with_notice(inc.state, replace(one, status="waiting", note=found.given_up))
        else:
            gating.void(inc, allowed, f"{found.given_up}.")
            next_one = (
                replace(one, status="planned", attempt=one.attempt + 1) if owed else replace(one, status="dropped")
            )
            inc.state = with_notice(inc.state, replace(next_one, note=found.given_up))
        how = f"is sent no further ({found.text})" if found.kind in _BY_TURNS else "is not sent"
        inc.note("notice", "notify", f"{one.id} {how}: {found.given_up}.", notice=one.id)
        return
    gating.spend(inc, allowed)
    if found.perhaps:
        told = f"{one.id} may have arrived or not ({found.text}). Find out; say `filed` if it did, or approve sending it again."
        if found.kind == "PartlySent":
            told = f"{one.id} went out to some only ({found.text}). Approve it again for the rest, or tell them and say `filed`."
        fresh = replace(one, attempt=one.attempt + 1)
        redrafting.carry(inc, one, fresh)
        moved = replace(fresh, status="uncertain", note=told)
        asked = "It may have arrived or not. Find out; say `filed` if it did, or approve sending it again"
        if found.kind == "PartlySent":
            asked = (
                "Some have it, and not all. Approve it again for the rest, or tell them in another way and say `filed`"
            )
    else:
        told = f"{one.id} was not sent ({found.kind}: {found.text}). It is drafted again for a new approval."
        moved = replace(one, status="failed", note=told)
        asked = f"It was not sent ({found.kind}). It is drafted again for a new approval"
    inc.state = with_notice(inc.state, moved)
    inc.note("notice", "notify", told, notice=moved.id, status=moved.status)
    duty = obligation(inc.state, one.obligation)
    names = tuple(each.name for each in people_with(inc.state, duty.decider if duty else "")) or (inc.state.commander,)
    inc.state = tell(inc.state, inc.now, f"notsent:{one.id}:{one.attempt}", f"[{inc.state.reference}] {one.id}: not sent",
                     told, names=names, asked=asked)  # fmt: skip


def taken_back(inc: Durable, one: Notice) -> None:
    """The yes to ``one`` was taken back while the run was renewed: its gate is asked again."""
    asked = next((each for each in reversed(inc.state.gates) if each.subject == one.id), None)
    some = delivery.is_begun(inc.state, one) or (bool(one.affected) and one.status == "sending")
    if asked is None or (one.status == "sending" and not some):
        told = f"{one.id} may have arrived or not, and {_TAKEN_BACK}. Find out; say `filed` if it did, or approve it again."
        fresh = replace(one, attempt=one.attempt + 1, status="uncertain", note=told)
        redrafting.carry(inc, one, fresh)
        inc.state = with_notice(inc.state, fresh)
        inc.note("notice", "notify", told, notice=one.id, status=fresh.status)
        return
    kind = "PutOff" if some else "Unreachable"
    not_sent(inc, one, asked, NotSent(kind, "some may have it", False, _TAKEN_BACK), owed=True)


def _granted(inc: Durable, allowed: Gate) -> bool:
    asked = gate(inc.state, allowed.id)
    return asked is not None and asked.status == "granted"


def _again(error: ActivityError) -> bool:
    """Whether the same may go well later: nobody answered, or what stood in the way is passing."""
    cause = error.cause
    if isinstance(cause, ApplicationError):
        return not cause.non_retryable
    return isinstance(cause, TimedOut)
