"""A notice that waits for its yes is drafted again after each new judgement; only another text is asked anew."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from temporalio import workflow

from halon.incident import alarms, gate_pages, promised
from halon.incident.about import about
from halon.incident.assessment import Stage
from halon.incident.gates import Gate
from halon.incident.notices import Notice
from halon.incident.orders import GatePolicy
from halon.incident.redrafts import changed, each_judgement, judged, known, outdated, overtaken, same
from halon.incident.restriction import access
from halon.incident.standing import decided_here, gate, notice, obligation, with_notice
from halon.incident.times import normal
from halon.ports import notify
from halon_workflows import gating, others
from halon_workflows.durable import Durable

ASKED_OTHERWISE = "who must agree is another by the kit now."
TO_OTHERS = "it goes to another list of people now."
PATIENCE = 10
"""Seconds that a question, or the answer to one, waits for what was said just before it to be judged and compared."""


def remember(inc: Durable, one: Notice, heard: str, told: dict[str, Any]) -> None:
    """What was known when ``one`` was drafted, and what stands in it that each new draft would show otherwise."""
    record = told["record"]
    drawn_up = f"{told['now']} {record['head']} {record['seq']}"
    inc.change(ledger={**inc.state.ledger, _heard(one): heard, _drawn_up(one): drawn_up})


def note_version(inc: Durable, one: Notice, text: str) -> None:
    """Say in the log that it was drafted; the record refers to its sealed text."""
    sealed: dict[str, Any] = {"evidence": [one.version]} if one.version else {}
    inc.note("notice", "notify", text, "halon", notice=one.id, **sealed)


def carry(inc: Durable, one: Notice, again: Notice) -> None:
    """The same text waits for another yes, as ``again``; from now on as known as it is."""
    ledger = {**inc.state.ledger, _heard(again): known(inc.state)}
    if alarms.apart(inc.state):
        ledger |= {to: ledger[by] for by, to in ((f(one), f(again)) for f in (_heard, _drawn_up)) if by in ledger}
    inc.change(ledger=ledger)


def news(inc: Durable, notice_id: str) -> bool:
    """Whether something has been judged since the notice was drafted, or is to be."""
    one = notice(inc.state, notice_id)
    return one is not None and outdated(inc.state, inc.state.ledger.get(_heard(one), ""))


def due(inc: Durable, notice_id: str) -> bool:
    """Whether the notice is to be drafted again now: what was said is judged, so the draft shows what follows from it."""
    one = notice(inc.state, notice_id)
    if one is None or not alarms.apart(inc.state) or not judged(inc.state):
        return False
    return inc.state.ledger.get(_heard(one), "") != known(inc.state)


async def heard_out(inc: Durable, notice_id: str) -> bool:
    """Whether the notice is to be drafted again before anybody is asked; where people are just speaking, after a moment."""
    if alarms.apart(inc.state) and news(inc, notice_id) and not judged(inc.state):
        await _moment(inc, lambda: judged(inc.state), f"let it be judged: {notice_id}")
    return due(inc, notice_id)


async def yes_outrun(inc: Durable, notice_id: str) -> bool:
    """Whether something was judged between the draft that a gate shows and the yes to it; what was seen just before the
    yes is judged first."""
    if not each_judgement(inc.state):
        return news(inc, notice_id)  # an earlier release judged, and compared before it was judged
    if news(inc, notice_id) and not due(inc, notice_id):
        await _moment(inc, lambda: due(inc, notice_id) or not news(inc, notice_id), f"let it be judged: {notice_id}")
    return due(inc, notice_id)


async def compared(inc: Durable, gate_id: str) -> bool:
    """Wait a moment while what a gate shows is compared with what was said since: its answer is to what stands then.

    False where there is nothing to wait for.
    """

    def pending() -> bool:
        asked = gate(inc.state, gate_id)
        if asked is None or asked.kind != "notice" or asked.status != "open":
            return False
        return alarms.apart(inc.state) and news(inc, asked.subject)

    if not pending():
        return False
    await _moment(inc, lambda: not pending(), f"let it be compared: {gate_id}")
    return True


async def again(inc: Durable, one: Notice, speaker: str) -> tuple[Notice, str] | None:
    """The notice as it would be drafted now, and what is different; None where nothing is, which is then remembered.

    Both drafts are compared as if made at the same time and at the same place of the record, which each shows. None, too,
    where more was said meanwhile: that is drafted in its turn, and nobody is asked about what is old already.
    """
    heard, told, policy = known(inc.state), about(inc.state, inc.now, speaker), gate_now(inc, one)
    difference = _found_before(inc, one, heard)
    if not difference:
        difference = await _difference(inc, one, heard, told, policy)
        if not difference:
            return None
        # Kept, so that a run that is renewed between these steps goes on with the next one.
        inc.change(ledger={**inc.state.ledger, _differs(one): f"{heard}\n{difference}"})
    planned = replace(
        one, attempt=one.attempt + 1, promise=promised.promise(inc.state, one.audience, inc.now), gate=policy
    )
    await others.look(inc, f"others:{planned.id}:{planned.attempt}")
    drafted = await inc.act(
        notify.draft,
        notify.Draft(inc.state.incident_id, planned, told, keep=True, access=access(inc.state)),
        f"draft {one.id} anew",
    )
    inc.change(ledger={key: at for key, at in inc.state.ledger.items() if key != _differs(one)})
    if overtaken(inc.state, heard):
        return None
    fresh = replace(drafted, status=one.status)
    if fresh.version:
        note_version(inc, fresh, f"Drafted {fresh.id} again (draft {fresh.attempt}).")
    remember(inc, fresh, heard, told)
    return fresh, difference


async def differs(inc: Durable, one: Notice, speaker: str) -> str:
    """What would be different in ``one`` if it were drafted now, in words; empty where nothing is, which is remembered."""
    return await _difference(inc, one, known(inc.state), about(inc.state, inc.now, speaker), gate_now(inc, one))


async def _difference(inc: Durable, one: Notice, heard: str, told: dict[str, Any], policy: GatePolicy | None) -> str:
    seen = await inc.act(
        notify.draft,
        notify.Draft(inc.state.incident_id, replace(one, gate=policy), _as_then(inc, one, told)),
        f"draft {one.id} again",
    )
    found = [] if same(one, seen) else [changed(one, seen)]
    if seen.policy != one.policy:
        found.append(ASKED_OTHERWISE)
    if decided_here(inc.state) and (one.affected, one.places) != (seen.affected, seen.places):
        found.append(TO_OTHERS)
    if not found:
        if (one.objections, one.contents) != (seen.objections, seen.contents):
            now = notice(inc.state, one.id) or one
            inc.state = with_notice(inc.state, replace(now, objections=seen.objections, contents=seen.contents))
        inc.change(ledger={**inc.state.ledger, _heard(one): heard})
    return " ".join(found)


def gate_now(inc: Durable, one: Notice) -> GatePolicy | None:
    """The gate that its duty has by the last judgement: severity and category may want another than when it was drafted.

    What an earlier release judged keeps the one that the notice has.
    """
    duty = obligation(inc.state, one.obligation) if gate_pages.judged_here(inc.state) else None
    return duty.gate if duty is not None and duty.gate is not None and one.gate is not None else one.gate


def _as_then(inc: Durable, one: Notice, told: dict[str, Any]) -> dict[str, Any]:
    """What is told now, at the time and the place of the record that the draft shows."""
    drawn_up = inc.state.ledger.get(_drawn_up(one), "").split(" ")
    if len(drawn_up) != 3:
        return told
    at, head, seq = drawn_up
    return told | {"now": at, "record": {"head": head, "seq": int(seq)}}


def _found_before(inc: Durable, one: Notice, heard: str) -> str:
    """What an earlier run found different, if no more has been said since."""
    known_then, _, difference = inc.state.ledger.get(_differs(one), "").partition("\n")
    return difference if known_then == heard else ""


def pages(inc: Durable, before: Gate, stage: Stage, policy: GatePolicy | None = None) -> bool:
    """Whether the gate with ``policy`` that takes the place of ``before`` pages those who may answer it.

    It does where others must agree now, where somebody has answered, for they believe it done, and once after each warning of the clock. Otherwise the
    page of before still stands, and the next reminder names the new gate.
    """
    if before.status == "granted" or before.answers or policy not in (None, before.policy):
        return True
    now = normal(inc.now)
    warned = max((at for one in (*stage.warn_at, stage.decide_by) if one and (at := normal(one)) <= now), default="")
    return bool(warned) and normal(inc.state.ledger.get(gating.paged_step(before.subject), warned)) < warned


async def _moment(inc: Durable, over: Callable[[], bool], what: str) -> None:
    with suppress(TimeoutError):
        await workflow.wait_condition(lambda: inc.leaving or over(), timeout=PATIENCE, timeout_summary=what[:180])


def _heard(one: Notice) -> str:
    return f"drafted:{one.id}:{one.attempt}"


def _differs(one: Notice) -> str:
    return f"differs:{one.id}:{one.attempt}"


def _drawn_up(one: Notice) -> str:
    return f"drawn-up:{one.id}:{one.attempt}"
