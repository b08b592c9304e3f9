"""Two stages of one duty that wait for none of each other, in a running incident: each has its own notice, gate and clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from halon.incident import times
from halon.incident.state import State


async def state_when(house: Any, true: Callable[[State], bool]) -> State:
    """The state once it holds."""
    for _ in range(2400):
        state = TypeAdapter(State).validate_python(await house.query("carry"))
        if state.assessed_version == state.facts_version and true(state):
            return state
        await asyncio.sleep(0.2)
    raise AssertionError(([(one.subject, one.status) for one in state.gates], [line.text for line in state.tail][-12:]))


def gates(state: State, status: str = "open") -> list[str]:
    return sorted(one.subject for one in state.gates if one.subject.startswith("us-tx") and one.status == status)


def filed(state: State) -> dict[str, str]:
    return {one.id: one.filed_at for duty in state.obligations if duty.id == "us-tx" for one in duty.stages}


async def test_the_attorney_general_is_asked_about_first_and_a_wrong_filing_is_put_right(house: Any) -> None:
    """Texas: both notices are drafted and asked about; a bare filed is refused; what was said of the wrong one is corrected."""
    page = house.settings.kit / "organisation.yaml"
    page.write_text(page.read_text().replace("packs: []", "packs: [us-states]"))
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        determined = times.text(datetime.now(UTC) - timedelta(days=40))  # 30 days, and no weekend reaches that far
        facts = {"personal_data_involved": True, "acquired_vs_accessed": "acquired", "data_encrypted": False,
                 "occurred_at": determined, "affected_by_jurisdiction": {"US-TX": 900}, "determined_breach_at": determined}  # fmt: skip
        for name, value in facts.items():
            await house.say("fact", by="pat", name=name, value=value, reason="found out")
        state = await state_when(house, lambda state: len(gates(state)) == 2)
        assert gates(state) == ["us-tx-attorney_general", "us-tx-individuals"]
        assert "us-tx/attorney_general" in state.missed
        readers = {one.stage: (one.audience, one.recipient) for one in state.notices if one.obligation == "us-tx"}
        assert {stage: audience for stage, (audience, _) in readers.items()} == {
            "attorney_general": "regulator", "individuals": "customers"}  # fmt: skip

        bare = await house.say(
            "filed", by="pat", obligation="us-tx", reference="AG-1", reason="told the Attorney General"
        )
        assert bare.startswith("WhichStage"), bare

        # Said of the wrong one: its gate is void. Put right: that of the other is, and the first is asked about again.
        await house.say(
            "filed", by="pat", obligation="us-tx", stage="individuals", reference="AG-1", reason="told them"
        )
        state = await state_when(house, lambda state: gates(state) == ["us-tx-attorney_general"])
        assert filed(state)["individuals"]
        await house.say(
            "late-reason", by="pat", obligation="us-tx", stage="attorney_general", reason="counted from the wrong day"
        )
        await house.say("filed", by="pat", obligation="us-tx", stage="attorney_general", reference="AG-1", corrects="AG-1",
                        reason="it was the Attorney General whom we told")  # fmt: skip
        state = await state_when(house, lambda state: gates(state) == ["us-tx-individuals"])
        assert filed(state)["individuals"] == ""
        assert [(one.stage, one.counts) for one in state.filings] == [
            ("individuals", False),
            ("attorney_general", True),
        ]
