"""More disruption follows harm that is seen or said to go on: never a person's no, and never a control that failed."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any


def kit_file(house: Any, name: str) -> Path:
    """A file of the kit of this house."""
    return Path(house.environ["HALON_KIT"]) / name


def blind(house: Any) -> None:
    """Nobody can look whether the harm goes on."""
    page = kit_file(house, "connectors/sandbox-agent.yaml")
    page.write_text(page.read_text().replace("  actions: {method: GET, path: /v1/actions}\n", ""))


def tool_switch_broken(house: Any) -> None:
    """Switching a tool off fails, and read-only is planned for the same tool."""
    page = kit_file(house, "connectors/sandbox-agent.yaml")
    switch = "      method: PUT\n      path: /control/{}/{{tool}}\n      body: {{enabled: false}}"
    told = page.read_text()
    assert switch.format("tools") in told
    page.write_text(told.replace(switch.format("tools"), switch.format("nothing"), 1))
    actions = kit_file(house, "actions.yaml")
    refund = "        - {fact: unauthorised_tool_actions, contains: refund}\n"
    assert refund in actions.read_text()
    mail = refund.replace("contains: refund", "contains: send_email")
    actions.write_text(actions.read_text().replace(refund, refund + mail))


def told(house_timeline: list[dict[str, Any]]) -> str:
    """Everything that the incident says about containment."""
    return "\n".join(line["text"] for line in house_timeline if line["phase"] == "contain")


async def asked(house: Any, name: str) -> dict[str, Any]:
    """The open gate of an action."""
    for _ in range(2400):
        for gate in await house.open_gates():
            if gate["subject"] == name:
                return dict(gate)
        await asyncio.sleep(0.1)
    raise AssertionError(f"nobody was asked about {name}")


async def test_a_no_to_what_is_mild_sets_off_nothing_blunter_until_a_person_says_that_it_goes_on(house: Any) -> None:
    """No harm was seen: people are told what would be next, and it runs once one of them says that the harm goes on."""
    page = kit_file(house, "severity.yaml")
    none = "allowed_disruption: {SEV1: 0, SEV2: 0, SEV3: 0, SEV4: 0}"
    page.write_text(re.sub(r"^allowed_disruption:.*$", none, page.read_text(), flags=re.M))
    await house.misbehave()
    async with house.worker():
        await house.open()
        gate = await asked(house, "disable-send-email")
        said = await house.say("reject", by="ann", gate=gate["id"], reason="month end, looks like a false alarm")
        assert "rejected disable-send-email" in said
        for _ in range(2400):
            timeline = await house.query("timeline")
            if "Not seen to have stopped" in told(timeline):
                break
            for other in await house.open_gates():
                if other["kind"] == "contain":
                    await house.say("reject", by="ann", gate=other["id"], reason="month end, leave it")
            await asyncio.sleep(0.1)
        status = await house.query("status")
        assert status["actions"]["kill-switch"] == "planned"
        assert "Not seen to have stopped" in told(timeline)
        assert "Next rung" not in told(timeline)
        await house.say("fact", by="ann", name="ongoing", value=True)
        await house.until("stopped", lambda status: status["actions"]["kill-switch"] == "verified")
        assert "a person says that the harm goes on" in told(await house.query("timeline"))


async def test_a_control_that_fails_is_replaced_though_nobody_can_see_the_harm(house: Any) -> None:
    """The next action for the same way begins at once, as nothing that the kit puts on a later rung does."""
    blind(house)
    tool_switch_broken(house)
    await house.misbehave()
    async with house.worker():
        await house.open()
        await house.say("fact", by="ann", name="unauthorised_tool_actions", value=["send_email"])
        status = await house.until("instead", lambda status: status["actions"].get("read-only") == "verified")
        assert status["actions"]["disable-send-email"] in ("failed", "planned", "applying")
        assert status["actions"]["kill-switch"] == "planned"
