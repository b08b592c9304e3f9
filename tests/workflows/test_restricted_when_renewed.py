"""A restriction where Temporal began the incident again at the top: the run that goes on shows nothing, before it or after."""

from __future__ import annotations

import asyncio
from typing import Any

from halon.incident.restricting import EARLIER_RUNS, RESTRICTED
from halon_workflows.surface import AGENT, COMMANDER, SEVERITY


async def renewed(house: Any) -> str:
    """Write into the log until the incident goes on in another run; that run's id."""
    first = (await house.incident.describe()).run_id
    for number in range(60):
        await house.say("note", by="ann", text=f"line {number}")
        if (now := (await house.incident.describe()).run_id) != first:
            return str(now)
        await asyncio.sleep(0.1)
    raise AssertionError("it was never continued as new")


async def bare(house: Any) -> None:
    """Wait until the current run's attributes and memo say nothing but that it is restricted."""
    for _ in range(900):
        described = await house.incident.describe()
        shown = described.typed_search_attributes
        held = (
            shown.get(AGENT),
            shown.get(SEVERITY),
            shown.get(COMMANDER),
            "support-bot" in str(await described.memo()),
        )
        if held == (RESTRICTED, None, None, False):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"still shown: {held}")


async def test_the_run_that_goes_on_shows_nothing_and_the_answer_says_what_earlier_ones_do(
    renewing_server: Any, make_house: Any
) -> None:
    """What a run showed that is over can't be changed any more: ``restrict`` says so; the runs after it show nothing."""
    house = await make_house(renewing_server.client, "kept-renewed")
    async with house.worker():
        await house.open()
        await house.until("the first judgement", lambda s: bool(s.get("severity", {}).get("level")))
        await renewed(house)
        told = await house.say("restrict", by="ann", people=["ann", "lee"], reason="one of ours")
        assert EARLIER_RUNS in told
        await bare(house)
        await renewed(house)
        await bare(house)
