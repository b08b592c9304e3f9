"""A person's severity decides at once what may run unasked, not only at the next fact."""

from __future__ import annotations

from typing import Any

from halon.incident import levels


async def test_what_a_person_raises_runs_and_its_question_is_void(house: Any) -> None:
    """Below SEV1 the kit lets nothing run unasked; the commander calls it SEV1, and what waited is carried out."""
    severity = house.settings.kit / "severity.yaml"
    kept = [line for line in severity.read_text().splitlines() if not line.startswith("allowed_disruption:")]
    severity.write_text("\n".join([*kept, "allowed_disruption: {SEV1: 4, SEV2: 0, SEV3: 0, SEV4: 0}"]) + "\n")
    await house.open()
    async with house.worker():
        await house.until("a question", lambda s: "waiting" in s["actions"].values())
        asked = {one["subject"] for one in await house.open_gates() if "asks first: disruption" in str(one)}
        assert asked
        await house.say("severity", by="ann", level="SEV1", reason="the press has it")
        await house.until("them to run", lambda s: all(s["actions"].get(one) == "verified" for one in asked))
        assert not [one for one in await house.open_gates() if one["subject"] in asked]
        told = [str(line["text"]) for line in await house.query("timeline")]
        assert any("raised from" in one and "the press has it" in one for one in told)
        assert levels.HALON not in [
            line["actor"] for line in await house.query("timeline") if "raised from" in line["text"]
        ]
