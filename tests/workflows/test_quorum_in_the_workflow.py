"""Break-glass, roles that must be among those who agree, and gates by severity, on a real server with a real agent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

TOKEN = "      roles: [security_lead]\n      quorum: 1\n"
GLASS = f"{TOKEN}      break_glass: {{people: 2, roles: [commander, technical_lead]}}\n"


def edit(house: Any, name: str, old: str, new: str) -> None:
    file = Path(house.environ["HALON_KIT"]) / name
    text = file.read_text("utf-8")
    assert old in text, f"{old!r} is not in {name}"
    file.write_text(text.replace(old, new, 1), "utf-8")


def by_severity(house: Any, policies: str) -> None:
    with (Path(house.environ["HALON_KIT"]) / "authority.yaml").open("a") as file:
        file.write(f"\n  policies:\n{policies}")


async def token_is_active(house: Any) -> bool:
    return bool((await house.api.get("/control/tokens/support-bot-token")).json()["active"])


async def gate_of(house: Any, subject: str = "revoke-token") -> dict[str, Any]:
    await house.asked(subject, "")
    return next(one for one in await house.open_gates() if one["subject"] == subject)


async def test_promise_3_a_broken_glass_is_loud_and_is_reviewed_before_the_close(house: Any) -> None:
    """Two people who may not approve it, in an emergency; it runs once, everybody is told, and the close waits for a third."""
    edit(house, "actions.yaml", TOKEN, GLASS)
    async with house.worker():
        await house.misbehave()
        await house.open()
        gate = await gate_of(house)
        assert any(
            one.startswith("In an emergency: 2 people, one of them commander or technical_lead")
            for one in gate["question"]
        )
        assert (await house.say("approve", by="tom", gate=gate["id"])).startswith("NotAuthorised")
        assert (await house.say("break-glass", by="pat", gate=gate["id"], reason="now")).startswith("NotAuthorised")
        assert (await house.say("break-glass", by="tom", gate=gate["id"])).startswith("Malformed")
        first = await house.say("break-glass", by="tom", gate=gate["id"], reason="the token is on a public page")
        assert "to break the glass it takes 1 more" in first
        assert await token_is_active(house)
        second = await house.say("break-glass", by="ann", gate=gate["id"], reason="sue and lee do not answer")
        assert second.startswith("GLASS BROKEN by tom and ann")
        status = await house.until("the token to be revoked", lambda s: s["actions"].get("revoke-token") == "verified")
        assert not await token_is_active(house)
        assert [one["effects"] for one in await house.calls() if "token" in one["path"] and one["method"] != "GET"] == [
            1
        ]
        assert "GLASS BROKEN by tom and ann, to be reviewed" in status["headline"]
        assert [one["by"] for one in status["glass"]] == [["tom", "ann"]]
        assert any("broken glass" in one for one in status["left_before_close"])
        assert "broken glass" in await house.say("close", by="ann", reason="done")
        assert (await house.say("review", by="tom", gate=gate["id"], reason="fine")).startswith("SelfReview")
        assert "looked at the broken glass" in await house.say(
            "review", by="sue", gate=gate["id"], reason="it was right"
        )
        status = await house.query("status")
        assert not any("broken glass" in one for one in status["left_before_close"])
        await told(house, "GLASS BROKEN", {"ann", "tom", "sue", "lee"})
        incident = status_id(gate, await house.query("gates"), house)
        reviewed: list[bool] = []
        async with asyncio.timeout(30):  # the record is written a moment after it was said
            while len(reviewed) < 2:
                entries = [one for one in await house.record.entries(incident) if one.kind == "glass"]
                reviewed = [one.data.get("reviewed", False) for one in entries]
                await asyncio.sleep(0.1)
        assert reviewed == [False, True]


def status_id(gate: dict[str, Any], gates: list[dict[str, Any]], house: Any) -> str:
    """The incident's id: it stands in the line that a signature signs."""
    return str(next(one for one in gates if one["id"] == gate["id"])["to_sign"]["approve"].split(" ")[2])


async def told(house: Any, words: str, names: set[str]) -> None:
    """Wait until each of ``names`` was paged about it."""
    end = asyncio.get_running_loop().time() + 30
    while True:
        lines = [
            one["text"]
            for one in await house.query("timeline")
            if words in one["text"] and one["text"].startswith("Told ")
        ]
        reached = {one.split(" ")[1] for one in lines}
        if names <= reached:
            return
        assert asyncio.get_running_loop().time() < end, (reached, lines)
        await asyncio.sleep(0.2)


async def test_where_the_kit_has_no_glass_nobody_breaks_it(house: Any) -> None:
    """The refusal says what the gate takes instead, and is on record; the token stays."""
    async with house.worker():
        await house.misbehave()
        await house.open()
        gate = await gate_of(house)
        refused = await house.say("break-glass", by="ann", gate=gate["id"], reason="now")
        assert refused.startswith("NoGlass: ")
        assert "it takes 1 of security_lead" in refused
        assert await token_is_active(house)
        assert any("Refused break-glass" in one["text"] for one in await house.query("timeline"))
        assert (await house.say("review", by="ann", gate=gate["id"], reason="fine")).startswith("NotBroken")


async def test_breaking_the_glass_proves_as_much_as_an_approval(house: Any) -> None:
    """In a kit that is not for development a typed name breaks nothing that guards what can't be undone."""
    edit(house, "actions.yaml", TOKEN, GLASS)
    edit(house, "organisation.yaml", "development: true\n", "")
    async with house.worker():
        await house.misbehave()
        await house.open()
        gate = await gate_of(house)
        refused = await house.say("break-glass", by="ann", gate=gate["id"], reason="now")
        assert refused.startswith("NotVerified: ")
        assert f"{gate['id']} --by ann asks for your code" in refused
        assert (await gate_of(house))["answers"] == []


async def test_promise_3_each_role_that_must_agree_has_a_person_of_its_own(house: Any) -> None:
    """The security lead alone is not enough; with the privacy officer it runs."""
    edit(house, "actions.yaml", TOKEN, f"{TOKEN}      every: [security_lead, privacy_officer]\n")
    async with house.worker():
        await house.misbehave()
        await house.open()
        gate = await gate_of(house)
        assert "a privacy_officer still has to agree" in await house.say("approve", by="sue", gate=gate["id"])
        assert "a privacy_officer still has to agree" in await house.say("approve", by="lee", gate=gate["id"])
        assert await token_is_active(house)
        await house.say("approve", by="pat", gate=gate["id"])
        await house.until("the token to be revoked", lambda s: s["actions"].get("revoke-token") == "verified")
        assert not await token_is_active(house)


@pytest.mark.parametrize("kind", ["irreversible", "notice"])
async def test_gates_by_severity(house: Any, kind: str) -> None:
    """The old gate is void with the answers that it had; the new one says who must agree; and back again by a person's word."""
    role, subject = {
        "irreversible": ("security_lead", "revoke-token"),
        "notice": ("privacy_officer", "eu-gdpr-33-notification"),
    }[kind]
    by_severity(
        house,
        f"    - {{kind: {kind}, severity: [SEV1], gate: {{roles: [{role}], every: [security_lead, privacy_officer]}}}}\n",
    )
    async with house.worker():
        await house.misbehave()
        await house.open()
        if kind == "notice":
            await house.facts()
        worst = await asked_of(house, subject, ["security_lead", "privacy_officer"])
        assert (await house.query("status"))["severity"]["level"] == "SEV1"
        assert "privacy_officer" in next(one for one in worst["question"] if one.startswith("Who must agree: "))
        assert "1 more" in await house.say("approve", by="sue", gate=worst["id"]) or kind == "irreversible"
        await house.say("severity", by="ann", level="SEV3", reason="only a rehearsal")
        mild = await asked_of(house, subject, [])
        assert mild["id"] != worst["id"]
        assert next(one for one in await house.query("gates") if one["id"] == worst["id"])["status"] == "void"
        assert (await house.say("approve", by="pat", gate=worst["id"])).startswith("GateClosed")
        await house.say("severity", by="ann", level="SEV1", reason="it is none after all")
        again = await asked_of(house, subject, ["security_lead", "privacy_officer"])
        assert again["answers"] == []
        if kind == "notice":
            assert "who must agree is another by the kit now" in again["question"][0]


async def asked_of(house: Any, subject: str, every: list[str]) -> dict[str, Any]:
    """The open gate of ``subject``, once it wants just these people."""
    end = asyncio.get_running_loop().time() + 60
    while (gate := await gate_of(house, subject))["policy"]["every"] != every:
        assert asyncio.get_running_loop().time() < end, gate
        await asyncio.sleep(0.1)
    return gate
