"""The status for leadership goes to every channel that leadership reads; what one can't take keeps nothing from others."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from halon.rendering import source_of


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


async def test_what_is_let_pass_by_name_reaches_every_channel(house: Any) -> None:
    """A check objects to the kit's own text; one override of the one notice, and no channel is left behind."""
    kit = Path(house.environ["HALON_KIT"])
    file = kit / "communications.yaml"
    text = file.read_text("utf-8").replace(
        "\nleadership: [leadership]", "\n  board: {kind: file, path: board.log}\n\nleadership: [leadership, board]"
    )
    file.write_text(text, "utf-8")
    source = source_of("notices/leadership.txt.j2")
    (kit / "notices").mkdir(exist_ok=True)
    (kit / "notices" / "leadership.txt.j2").write_text(f"{source}\nThis will never happen again.\n", "utf-8")
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        one: dict[str, Any] = {}
        for _ in range(300):
            one = next((each for each in await house.query("notices") if each["id"] == "leadership"), {})
            if one.get("objections"):
                break
            await asyncio.sleep(0.1)
        rules = {each["rule"] for each in one["objections"]}
        assert rules
        for rule in sorted(rules):
            await house.say(
                "override", by="ann", what="notice", notice="leadership", rule=rule, reason="they asked for it"
            )
        for _ in range(300):
            if statuses(house, "board.log") and statuses(house, "leadership.log"):
                break
            await asyncio.sleep(0.1)
        lines = [line["text"] for line in await house.query("timeline")]
        assert statuses(house, "leadership.log"), lines
        assert statuses(house, "board.log"), lines
        assert not [line for line in lines if "Not all of leadership was told" in line]
