"""Whoever reaches Temporal may claim any name. Under the name of somebody who proves who they are, that shuts nobody out."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from halon.identity import totp
from halon.identity.devices import Devices
from halon.identity.seeds import seed
from halon.identity.spent import MOST_WRONG
from halon.incident.patience import MOST_TRIES, PATIENCE

KEY = "the identity key of the tests of being shut out"


def codes(*aways: int) -> str:
    step = totp.step_of(datetime.now(UTC).timestamp())
    return " ".join(totp.code(seed(KEY.encode(), "sue", 1), step + away) for away in aways)


def wrong() -> str:
    at = datetime.now(UTC).timestamp()
    return next(
        one for one in ("000000", "111111", "222222") if totp.offset(seed(KEY.encode(), "sue", 1), one, at) is None
    )


@pytest.fixture
async def strict(house: Any) -> Any:
    """A house whose kit is not for development; sue has a device."""
    file = house.settings.kit / "organisation.yaml"
    text = file.read_text()
    assert "development: true\n" in text
    file.write_text(text.replace("development: true\n", ""))
    house.environ["HALON_IDENTITY_KEY"] = KEY
    devices = Devices(house.evidence)
    await devices.confirm(await devices.begin("sue", "lee", "", "2026-01-01T00:00:00Z"), "2026-01-01T00:00:00Z")
    return house


async def updates_on_record(house: Any) -> int:
    """How many Updates stand in the history of the run."""
    return len([1 async for event in house.incident.fetch_history_events()
                if event.HasField("workflow_execution_update_accepted_event_attributes")])  # fmt: skip


async def told_in_the_log(house: Any, begins: str, ends: str) -> None:
    for _ in range(2400):
        if any(one["text"].startswith(begins) and one["text"].endswith(ends) for one in await house.query("timeline")):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the log never said {begins} … {ends}")


async def test_twenty_refusals_under_a_name_do_not_shut_out_whom_a_code_proves(strict: Any) -> None:
    """An impostor is turned away at the door at last; sue comes in with her code, and the bare name is free again."""
    async with strict.worker():
        await strict.misbehave()
        await strict.open()
        await strict.asked("revoke-token", "")
        (gate,) = [one for one in await strict.open_gates() if one["subject"] == "revoke-token"]
        for _ in range(PATIENCE):
            assert (await strict.say("approve", by="sue", gate=gate["id"])).startswith("NotVerified: ")
        before = await updates_on_record(strict)
        told = await strict.say("approve", by="sue", gate=gate["id"])
        assert told.startswith("RefusedTooOften: ")
        assert f"{gate['id']} --by sue --sign KEYFILE, or --code CODE" in told
        assert await updates_on_record(strict) == before, "turned away at the door, not written into the history"
        assert "sue (totp) approved" in await strict.say("approve", by="sue", gate=gate["id"], code=codes(0))
        assert "RefusedTooOften" not in await strict.say("note", by="sue", text="a name alone is heard again")
        await strict.until("the token to be revoked", lambda s: s["actions"].get("revoke-token") == "verified")


async def test_guessed_codes_are_bounded_and_shut_nobody_out(strict: Any) -> None:
    """Ten guesses end single codes; of sixty people are told; an Update with two codes in a row is heard even then."""
    async with strict.worker():
        await strict.misbehave()
        await strict.open()
        await strict.asked("revoke-token", "")
        (gate,) = [one for one in await strict.open_gates() if one["subject"] == "revoke-token"]
        kinds = [
            (await strict.say("approve", by="sue", gate=gate["id"], code=wrong())).split(":")[0]
            for _ in range(MOST_TRIES)
        ]
        assert kinds == ["NotVerified"] * MOST_WRONG + ["TooManyCodes"] * (MOST_TRIES - MOST_WRONG)
        assert "NotVerified" in await strict.say("approve", by="sue", gate=gate["id"]), "the bare name was not counted"
        log = [one["text"] for one in await strict.query("timeline")]
        assert sum("under the name sue were refused since" in one for one in log) == 1
        for who in ("sue", "ann"):
            await told_in_the_log(strict, f"Told {who} by pages-file: [", "refused again and again under the name sue")
        told = await strict.say("approve", by="sue", gate=gate["id"], code=codes(-1, 0))
        assert "sue (totp) approved" in told, "no flood under her name shuts her out"
        await strict.until("the token to be revoked", lambda s: s["actions"].get("revoke-token") == "verified")
        (answer,) = next(one for one in await strict.query("gates") if one["id"] == gate["id"])["answers"]
        assert (answer["by"], answer["how"]) == ("sue", "totp")
