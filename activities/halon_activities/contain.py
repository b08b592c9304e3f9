"""Carry out orders: approval and evidence first, then the effect, once; read back; look whether the harm goes on."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from temporalio import activity

from halon.connectors.errors import ConnectorError
from halon.connectors.http import Response, send
from halon.connectors.pointers import unmet
from halon.incident.by_hand import AS_FULL_AUTHORITY
from halon.incident.canonical import NotCanonical, canonical, plain
from halon.incident.counting import counted
from halon.incident.errors import Malformed
from halon.incident.orders import Call, Effect, GatePolicy, effect_key
from halon.kit.proving import IRREVERSIBLE
from halon.ports.contain import Applied, Harm, Step, Verified, Watch
from halon.redaction import redact_tree
from halon_activities import effects, proofs
from halon_activities.agents import NotSeen, deeds_since
from halon_activities.beat import beating
from halon_activities.failures import Halted, ProofMissing, Uncertain, in_words, typed
from halon_activities.guard import require_incident
from halon_activities.halts import Halts
from halon_activities.hands import Hands
from halon_activities.sealed import require_sealed
from halon_activities.telling import telling

READ_BACK_SECONDS = 10.0
READ_AT_ONCE_SECONDS = 1.0
"""For the read-back in the turn of the call itself; what does not show by then has the turn of ``verify``."""
_PAUSE = 0.5
_LARGEST_SHOWN = 4096


class Contain:
    """The activities of ``halon.ports.contain``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._halts = Halts(hands)

    @activity.defn(name="contain.apply")
    async def apply(self, step: Step) -> Applied:
        """Carry out an order's call, once for its key."""
        with typed():
            info = require_incident(step.incident_id)
            order = step.order
            async with self._hands.first.going(followed=True), beating():
                if order.gate is not None or not order.reversible or step.gate is not None:
                    await self._require_approval(info, step, order.gate, "apply")
                elif step.asked_by:
                    await proofs.require_said(self._hands, info, AS_FULL_AUTHORITY, step.asked_by, step.asked_proof)
                if not order.reversible or order.touches_evidence:
                    await self._require_evidence(info, step)
                return await self._effect(step, "apply", order.apply, order.verify)

    @activity.defn(name="contain.verify")
    async def verify(self, step: Step) -> Verified:
        """Read the state back after apply."""
        with typed():
            require_incident(step.incident_id)
            if step.once:  # no call of ours was sent before
                await self._hands.first.let_go()
                async with beating():
                    return await self._read_back(step.order.verify, 0.0)
            async with self._hands.first.going(), beating():
                return await self._read_back(step.order.verify, READ_BACK_SECONDS)

    @activity.defn(name="contain.undo")
    async def undo(self, step: Step) -> Applied:
        """Carry out an order's undo through a granted restore gate."""
        with typed():
            info = require_incident(step.incident_id)
            call, look, part = _giving_back(step)
            async with beating():
                await self._require_approval(info, step, step.order.restore_gate, "undo")
                return await self._effect(step, "undo", call, look, part)

    @activity.defn(name="contain.verify_undo")
    async def verify_undo(self, step: Step) -> Verified:
        """Read the state back after undo."""
        with typed():
            require_incident(step.incident_id)
            _, look, _ = _giving_back(step)
            if look is None:
                return Verified(None, self._hands.now(), note="the kit has no call that reads this undo back")
            async with beating():
                return await self._read_back(look, READ_BACK_SECONDS)

    @activity.defn(name="contain.harm")
    async def harm(self, watch: Watch) -> Harm:
        """Look at fresh telemetry for harm that goes on."""
        with typed():
            try:
                deeds = await deeds_since(self._hands, watch.agent, watch.since)
            except NotSeen as error:
                return Harm(None, self._hands.now(), in_words(error))
            done = [deed for deed in deeds if deed.harmful and deed.after(watch.since)]
            if done:
                tools = ", ".join(sorted({deed.tool for deed in done}))
                return Harm(
                    True, self._hands.now(), f"{counted(len(done), 'unauthorised action')} done since ({tools})"
                )
            if any(deed.authorised is None for deed in deeds):
                return Harm(None, self._hands.now(), "the action log does not say whether actions were authorised")
            stopped = sum(1 for deed in deeds if deed.authorised is False and deed.after(watch.since))
            tail = f"; {stopped} {'was' if stopped == 1 else 'were'} tried and stopped" if stopped else ""
            return Harm(False, self._hands.now(), f"no unauthorised action was done since{tail}")

    async def _require_approval(self, info: activity.Info, step: Step, policy: GatePolicy | None, verb: str) -> None:
        if policy is None and verb == "apply" and step.order.reversible:
            raise ProofMissing(f"{step.order.id} was handed a gate and has none of its own; nobody was asked rightly")
        await proofs.require_approval(
            self._hands,
            info,
            incident_id=step.incident_id,
            kind="restore" if verb == "undo" else "ask" if step.order.reversible else IRREVERSIBLE,
            what=f"{verb} of {step.order.id}",
            gate=step.gate,
            policy=policy,
            subject=step.order.id if verb == "apply" else f"restore-{step.order.id}",
            digest=step.order.digest_for(step.incident_id, verb),
            proposers=step.order.proposed_by if verb == "apply" else (),
        )

    async def _require_evidence(self, info: activity.Info, step: Step) -> None:
        if step.evidence_overridden_by:
            await proofs.require_override(self._hands, info, step.incident_id, step.evidence_overridden_by)
            return
        await require_sealed(self._hands.evidence, step.incident_id, step.evidence)

    async def _effect(self, step: Step, verb: str, call: Call, look: Call | None, part: str = "") -> Applied:
        """The call, once for its key. ``look`` tells the state before; after an apply also whether it is in force by then."""
        hands, order = self._hands, step.order
        key = effect_key(step.incident_id, order.id, f"{verb}{part}", step.attempt)
        what = {"digest": order.digest_for(step.incident_id, verb), "verb": verb, "order": order.id}
        # Without a key in the call the receiver can't tell a repetition from a second order.
        effect: Effect = "once" if order.effect == "keyed" and not call.key_header else order.effect
        # Beside the journal, because reading it changes nothing and the call waits for both.
        reading = asyncio.create_task(self._before(key, look))
        after: list[asyncio.Task[Verified | None]] = []

        async def carry() -> dict[str, Any]:
            before = await reading
            with telling(call):
                answer = await send(call, key=effects.header_key(key), client=hands.http, environ=hands.environ)
            if verb == "apply" and look is not None:  # while the receipt is written down
                after.append(asyncio.create_task(self._in_force(look)))
            wrong = unmet(call.expect_json, answer.json)
            note = f"The answer was not as expected: {'; '.join(wrong)}." if wrong else ""
            return {
                "status": answer.status,
                "at": hands.now(),
                "replayed": answer.replayed,
                "before": before,
                "note": note,
            }

        try:
            halted = await self._halted(key)
            if halted is not None and await effects.settled(hands.journal, key) is None:
                raise halted
            done = await effects.carry_out(hands.journal, key, what, effect, carry)
            read = await after[0] if after else None
        finally:
            for task in (reading, *after):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        receipt = done.receipt
        return Applied(
            status=int(receipt["status"]),
            at=str(receipt["at"]),
            replayed=done.replayed or bool(receipt["replayed"]),
            before=receipt["before"],
            note=str(receipt["note"]),
            read=read,
        )

    async def _before(self, key: str, look: Call | None) -> Any:
        if look is None:
            return None
        return await self._hands.beforehand.take(key, look, lambda look: state_before(self._hands, look))

    async def _halted(self, key: str) -> Halted | Uncertain | None:
        """Halted only where nothing was sent; Uncertain where an earlier try may have arrived: it is read back then."""
        try:
            await self._halts.require_none()
        except Halted as halted:
            if await effects.unanswered(self._hands.journal, key):
                return Uncertain(f"{halted}; an earlier try of {key!r} may have arrived before that")
            return halted
        return None

    async def _in_force(self, call: Call) -> Verified | None:
        """What a look right after the call shows if it is in force by then. Else nothing is known yet, and nothing said."""
        with suppress(TimeoutError):
            async with asyncio.timeout(READ_AT_ONCE_SECONDS):
                read = await self._read_back(call, 0.0)
                return read if read.holds else None
        return None

    async def _read_back(self, call: Call, seconds: float) -> Verified:
        """Read until it is as expected, for ``seconds`` at most; then say what was seen last."""
        hands = self._hands
        end = asyncio.get_running_loop().time() + seconds
        seen: Any = None
        read, note = False, ""
        while True:
            try:
                with telling(call):
                    answer = await send(call, key=None, client=hands.http, environ=hands.environ)
            except ConnectorError as error:
                note = in_words(error)
            else:
                read, seen = True, shown(answer)
                wrong = unmet(call.expect_json, answer.json)
                if not wrong:
                    return Verified(True, hands.now(), seen)
                note = "; ".join(wrong)
            if asyncio.get_running_loop().time() >= end:
                return Verified(False if read else None, hands.now(), seen, in_words(ValueError(note)))
            await asyncio.sleep(_PAUSE)


def _giving_back(step: Step) -> tuple[Call, Call | None, str]:
    """The call that gives back, the one that reads it, and what the idempotency key adds. Raises Malformed.

    People approved the stages: an order that has them is never given back at once, and one without has none.
    """
    order, stages = step.order, step.order.restore_stages
    if order.undo is None or not order.reversible:
        raise Malformed(f"{order.id} can't be undone; the way back: {order.way_back or 'see the runbook'}")
    if not stages and step.stage == 0:
        return order.undo, order.undo_verify, ""
    if not 1 <= step.stage <= len(stages):
        raise Malformed(f"{order.id} is given back in {len(stages)} stages, and stage {step.stage} is none of them")
    stage = stages[step.stage - 1]
    return stage.apply, stage.verify, f"-stage-{step.stage}"


async def state_before(hands: Hands, look: Call | None) -> Any:
    """The state before, if it can be read. That it can't be read stops nothing."""
    if look is None or look.method not in ("GET", "HEAD"):
        return None
    try:
        answer = await send(look, key=None, client=hands.http, environ=hands.environ)
    except ConnectorError as error:
        return {"unread": in_words(error)}
    return shown(answer)


def shown(answer: Response) -> Any:
    """What an answer said, redacted and small enough for a history."""
    clean = redact_tree(plain(answer.json)).value
    try:
        if answer.json is not None and len(canonical(clean)) <= _LARGEST_SHOWN:
            return clean
    except NotCanonical:
        pass
    return {"status": answer.status, "bytes": len(answer.content)}
