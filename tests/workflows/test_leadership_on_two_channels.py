"""The status for leadership goes to every channel that leadership reads; what one can't take keeps nothing from others."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any


def statuses(house: Any, name: str) -> list[dict[str, Any]]:
    """What was written to one of leadership's files."""
    log = house.settings.home / name
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
    return [line for line in lines if line["subject"]]


async def test_every_channel_of_leadership_gets_the_status_and_a_broken_one_is_told(house: Any) -> None:
    """Two files and a mail server that is not there: both files hold it once, and whoever owns it hears of the third."""
    file = Path(house.environ["HALON_KIT"]) / "communications.yaml"
    text = file.read_text("utf-8")
    assert "\nleadership: [leadership]" in text
    more = "  board: {kind: file, path: board.log}\n  gone: {kind: webhook, url_env: GONE_URL}\n"
    text = text.replace("\nleadership: [leadership]", f"\n{more}\nleadership: [leadership, gone, board]")
    file.write_text(text, "utf-8")
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        for _ in range(2400):
            if statuses(house, "board.log") and statuses(house, "leadership.log"):
                break
            await asyncio.sleep(0.1)
        first, other = statuses(house, "leadership.log")[0], statuses(house, "board.log")[0]
        assert (first["subject"], first["body"]) == (other["subject"], other["body"])
        assert first["key"] != other["key"]
        for _ in range(2400):
            if any(line["text"].startswith("Leadership was told") for line in await house.query("timeline")):
                break
            await asyncio.sleep(0.1)
        lines = [line["text"] for line in await house.query("timeline")]
        assert any(line.startswith("Not all of leadership was told: ") for line in lines)
        assert any(line.startswith("Leadership was told") for line in lines)
