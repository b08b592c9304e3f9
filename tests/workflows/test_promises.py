"""Promises 2, 3, 5, 7 and 9 against the real agent: evidence first, people first, clocks, lowering by name, proof."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from halon.incident import times
from halon.incident.clocks import fire_due, next_event
from halon.incident.state import State
from halon.incident.status import status as status_of
from halon.incident.times import after

DAY = 86_400


async def gate_of(house: Any, subject: str) -> dict[str, Any]:
    for _ in range(2400):
        for gate in await house.open_gates():
            if gate["subject"] == subject:
                return dict(gate)
        await asyncio.sleep(0.1)
    raise AssertionError(f"no gate of {subject}: {await house.query('gates')}")


async def begun(house: Any) -> None:
    await house.misbehave()
    house.first_started = times.text(datetime.now(UTC) - timedelta(hours=1))
    await house.open()
    await house.contained()


async def token_is_active(house: Any) -> bool:
    return bool((await house.api.get("/control/tokens/support-bot-token")).json()["active"])


async def revocations(house: Any) -> int:
    return sum(call["effects"] for call in await house.calls("/control/tokens/support-bot-token/revoke"))


async def record_of(house: Any) -> list[str]:
    incidents = await house.record.incidents()
    return [entry.text for entry in await house.record.entries(incidents[0])]


async def test_promise_2_the_irreversible_waits_for_evidence(house: Any) -> None:
    """The agent can't be reached while evidence is sealed: nothing is asked or revoked until a named person overrides."""
    await house.misbehave()
    house.agent.kill()
    async with house.worker():
        await house.open()
        await house.until("the first assessment", lambda s: s.get("category") is not None)
        await house.say("fact", by="ann", name="credential_exposed", value=True)
        told = "No evidence could be sealed"
        for _ in range(2400):
            pages = (
                (house.settings.home / "pages.log").read_text() if (house.settings.home / "pages.log").exists() else ""
            )
            if told in pages:
                break
            await asyncio.sleep(0.1)
        assert told in pages
        house.agent.start()
        await house.until("what can be undone to run", lambda s: s["actions"].get("read-only") == "verified")
        planned = await house.until("the order", lambda s: "revoke-token" in s["actions"])
        assert planned["actions"]["revoke-token"] == "planned"
        assert [gate["subject"] for gate in await house.open_gates()] == []
        assert await token_is_active(house)
        assert "NotAuthorised" in await house.say("override", by="pat", what="evidence", reason="hurry")
        assert "Malformed" in await house.say("override", by="ann", what="evidence")
        await house.say("override", by="ann", what="evidence", reason="the token is being used by strangers")
        gate = await gate_of(house, "revoke-token")
        assert await token_is_active(house), "the override lets it be asked; people still decide"
        await house.say("approve", by="sue", gate=gate["id"])
        await house.until("it to be revoked", lambda s: s["actions"]["revoke-token"] == "verified")
        assert not await token_is_active(house)
        assert any("ann" in line and "without sealed evidence" in line for line in await record_of(house))


async def test_promise_3_nothing_irreversible_without_people(house: Any) -> None:
    """Not by the wrong role, not by the proposer, not twice, not after a no; each refusal says why."""
    async with house.worker():
        await begun(house)
        gate = await gate_of(house, "revoke-token")
        assert "this gate needs security_lead" in await house.say("approve", by="pat", gate=gate["id"])
        assert "nobody called 'mallory' is in the kit" in await house.say("approve", by="mallory", gate=gate["id"])
        assert "There is no gate" in await house.say("approve", by="sue", gate="revoke-everything")
        assert "does not name what would run now" in await house.say("approve", by="sue", gate="revoke-token-00000000")
        assert await token_is_active(house)
        await house.say("reject", by="sue", gate=gate["id"], reason="billing-bot would stop")
        await house.until("the no", lambda s: s["actions"]["revoke-token"] == "denied")
        assert "rejected by sue" in await house.say("approve", by="sue", gate=gate["id"])
        assert await token_is_active(house)
        assert await revocations(house) == 0
        await house.say("withdraw", by="sue", gate=gate["id"], reason="billing-bot has another token now")
        await house.say("approve", by="sue", gate=gate["id"])
        await house.until("it to be revoked", lambda s: s["actions"]["revoke-token"] == "verified")
        assert await revocations(house) == 1
        assert "and has run" in await house.say("approve", by="sue", gate=gate["id"])
        assert "can no longer be taken back" in await house.say("withdraw", by="sue", gate=gate["id"])

        await house.say("undo", by="tom", action="disable-send-email", reason="customers wait for receipts")
        restore = await gate_of(house, "restore-disable-send-email")
        assert "tom proposed this" in await house.say("approve", by="tom", gate=restore["id"])
        assert (await house.api.get("/control/tools/send_email")).json()["enabled"] is False
        await house.say("approve", by="ann", gate=restore["id"])
        await house.until("it to be given back", lambda s: s["actions"]["disable-send-email"] == "undone")
        assert (await house.api.get("/control/tools/send_email")).json()["enabled"] is True


@pytest.fixture
async def waiting(house: Any) -> State:
    """The true state of an incident in which every gate and every clock waits for people."""
    async with house.worker():
        await begun(house)
        await house.facts()
        await gate_of(house, "revoke-token")
        await gate_of(house, "eu-gdpr-33-notification")
        state = await house.incident.query("carry", result_type=State)
        assert isinstance(state, State)
        return state


def fired(state: State, until: str) -> tuple[State, list[tuple[str, str]]]:
    """``state`` after all clock events up to ``until``, each fired at its own moment, with their moments and keys."""
    moments = []
    while (event := next_event(state)) is not None and event.at <= until:
        moments.append((event.at, event.key))
        state = fire_due(state, event.at)
    return state, moments


async def gate_that(house: Any, proposed: bool) -> dict[str, Any]:
    """The open gate of the token whose question does, or does not, name a proposer."""
    for _ in range(2400):
        gate = await gate_of(house, "revoke-token")
        if any(line.startswith("Proposed by: sue") for line in gate["question"]) is proposed:
            return gate
        await asyncio.sleep(0.1)
    raise AssertionError(gate["question"])


async def test_promise_3_whose_word_alone_proposes_it_does_not_approve_it(house: Any) -> None:
    """The agent looks clean, and Sue says that its token leaked: she can't revoke it alone, until somebody else says so."""
    async with house.worker():
        await house.open()
        await house.until("the first assessment", lambda s: s.get("category") is not None)
        await house.say("fact", by="sue", name="credential_exposed", value=True)
        gate = await gate_that(house, proposed=True)
        assert (await house.say("approve", by="sue", gate=gate["id"])).startswith("SelfApproval")
        assert (await house.say("fact", by="sue", name="credential_exposed", value=True)).startswith("NothingNew")
        assert await token_is_active(house)
        await house.say("fact", by="ann", name="credential_exposed", value=True)
        again = await gate_that(house, proposed=False)
        await house.say("approve", by="sue", gate=again["id"])
        await house.until("it to be revoked", lambda s: s["actions"]["revoke-token"] == "verified")
        assert not await token_is_active(house)


async def test_promise_3_a_gate_that_nobody_answers_runs_nothing(waiting: State) -> None:
    """It escalates, is asked again, and expires: never granted by time."""
    opened = next(gate for gate in waiting.gates if gate.subject == "revoke-token")
    later, moments = fired(waiting, after(opened.opened_at, 3 * DAY))
    gate = next(one for one in later.gates if one.id == opened.id)
    assert (gate.status, gate.answers, gate.attempt) == ("expired", (), 3)
    assert len([key for _, key in moments if key.startswith(f"gate-escalate:{opened.id}")]) == 3
    assert "Nobody answered gate" in " ".join(line.text for line in later.tail)


async def test_promise_5_clocks_never_wait(waiting: State) -> None:
    """While every gate waits: warned in time to act, missed at the due time, loud, and it stays."""
    duty = next(one for one in waiting.obligations if one.id == "eu-gdpr-33")
    stage = duty.stages[0]
    later, moments = fired(waiting, after(stage.due, 2 * DAY))
    warned = [at for at, key in moments if key.startswith("warn:eu-gdpr-33/")]
    assert len(warned) >= 2
    assert min(warned) < stage.decide_by < stage.due, "there is time to decide after the first warning"
    assert all(at < stage.due for at in warned)
    assert later.ledger[f"missed:eu-gdpr-33/notification@{stage.due}"] == stage.due
    assert "eu-gdpr-33/notification" in status_of(later)["missed"]
    told = {(one.to, one.subject.partition("] ")[2]) for one in later.outbox}
    assert {("pat", "MISSED: eu-gdpr-33/notification"), ("lee", "MISSED: eu-gdpr-33/notification")} <= told
    after_all, _ = fired(later, after(stage.due, 10 * DAY))
    assert "eu-gdpr-33/notification" in status_of(after_all)["missed"]
    assert "MISSED" in status_of(after_all)["text"]


async def test_promise_7_lower_only_by_name(house: Any) -> None:
    """Lowering takes the role and a reason, and what it was stays visible; something graver raises it again by itself."""
    async with house.worker():
        await begun(house)
        first = (await house.query("status"))["severity"]["level"]
        assert first in ("SEV1", "SEV2")
        assert "NeedsReason" in await house.say("fact", by="sue", name="ongoing", value=False)
        refused = await house.say("fact", by="tom", name="ongoing", value=False, reason="I think so")
        assert "fact-down takes the role commander or privacy_officer or security_lead" in refused
        await house.say("fact", by="sue", name="ongoing", value=False, reason="no call since the tool was taken")
        await house.say(
            "fact", by="pat", name="data_categories", value=["basic_contact"], reason="the mail held addresses only"
        )
        await asyncio.sleep(1)
        assert (await house.query("status"))["severity"]["level"] == first, (
            "a milder judgement lowers nothing by itself"
        )
        assert "takes the role commander" in await house.say("severity", by="tom", level="SEV4", reason="it is quiet")
        assert "field 'reason' is missing" in await house.say("severity", by="ann", level="SEV4")
        assert (await house.query("status"))["severity"]["level"] == first
        await house.say("severity", by="ann", level="SEV3", reason="one customer, told by phone")
        changed = (await house.query("status"))["severity"]
        assert changed["level"] == "SEV3"
        assert [(one["level"], one["by"]) for one in changed["changes"]][-2:] == [(first, "halon"), ("SEV3", "ann")]
        await house.say("fact", by="pat", name="affected_individuals", value=3, reason="counted in the mail itself")
        await asyncio.sleep(1)
        assert (await house.query("status"))["severity"]["level"] == "SEV3", "the same judgement does not undo her word"
        await house.say("fact", by="pat", name="data_categories", value=["basic_contact", "health"])
        await house.until("it to be raised", lambda s: s["severity"]["level"] == "SEV1")


async def test_promise_7_deadlines_move_later_only_by_name(house: Any) -> None:
    """What a machine finds out may bring a due time forward and never puts it off."""
    async with house.worker():
        await begun(house)
        await house.facts()
        await gate_of(house, "eu-gdpr-33-notification")

        async def due() -> str:
            duty = next(one for one in await house.query("obligations") if one["id"] == "eu-gdpr-33")
            return str(duty["stages"][0]["due"])

        first = await due()
        aware = datetime.now(UTC) - timedelta(days=2)
        earlier = times.text(aware + timedelta(hours=72))
        await house.say("fact", by="pat", name="aware_at", value=times.text(aware))
        for _ in range(900):
            if await due() != first:
                break
            await asyncio.sleep(0.1)
        assert await due() == earlier < first
        texts = [line["text"] for line in await house.query("timeline")]
        assert any(line.startswith("eu-gdpr-33: ") and f"due moves from {first} to {earlier}" in line for line in texts)


async def test_promise_9_fixed_means_proved(house: Any) -> None:
    """Said to be done and not done: the rerun fails, it is open again, `close` is refused; only a role waives, by name."""
    async with house.worker():
        await begun(house)
        await house.say("ack", by="ann")
        for duty, by in (("eu-gdpr-33", "pat"), ("contract-dpa", "cus")):
            await house.say("decline", by=by, obligation=duty, reason="synthetic data only")
        await house.approve("revoke-token")
        await house.until("the cause to be found", lambda s: s["phases"]["rca"] == "done")
        for corrective in (await house.query("rca"))["correctives"]:
            await house.say("corrective", by="tom", id=corrective["id"], text="I am sure")
        await house.until("the rerun", lambda s: any("is failed" in one for one in s["left_before_close"]))
        rca = await house.query("rca")
        assert [(one["passed"], one["case_passed"]) for one in rca["reruns"]] == [(False, False)]
        assert {one["status"] for one in rca["correctives"]} == {"failed"}
        refused = await house.say("close", by="ann", reason="done")
        assert refused.startswith("NotSettled")
        assert "the fix is not proved" in refused
        assert "NotAuthorised" in await house.say("waive", by="tom", what="proof", reason="trust me")
        await house.say("waive", by="ann", what="proof", reason="the agent is retired tomorrow")
        for corrective in rca["correctives"]:
            await house.say("waive", by="ann", what=corrective["id"], reason="the agent is retired tomorrow")
        await house.approve("restore-disable-send-email")
        await house.tick("notify", "remediate")
        await house.until("everything settled", lambda s: not s["left_before_close"])
        await house.say("close", by="ann", reason="done")
        result = await asyncio.wait_for(house.incident.result(), 240)
        assert result["outcome"] == "waived"
        assert any("ann" in line and "waived proof" in line for line in await record_of(house))
