"""Controls that break, hang, lie or lead astray, in a whole incident: typed, never called done, and the next rung runs.

The far side stands between Halon and the real agent: it spoils the one call that switches the tool off, and passes on
everything else. What the agent really does is asked of the agent itself, past Halon and past the far side.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from halon_activities import contain as hands
from halon_workflows import options

TOOL, SWITCH = "/control/tools/send_email", "/control/kill-switch"
ORDER = "disable-send-email"
METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
TYPES = {"NoAnswer", "Unexpected", "NotInForce", "Refused", "TimeoutError", "Unread"}
Spoil = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(status: str, body: bytes, *head: str, length: int | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", *head, f"Content-Length: {len(body) if length is None else length}", "", ""]
    return "\r\n".join(lines).encode() + body


async def says(writer: asyncio.StreamWriter, *parts: bytes, pause: float = 0.0) -> None:
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(pause)


JSON = "Content-Type: application/json"
OFF = b'{"tool": "send_email", "enabled": false, "share": 0}'


async def breaks(writer: asyncio.StreamWriter) -> None:
    await says(writer, answer("500 Internal Server Error", b'{"error": "boom"}', JSON))


async def hangs(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def lies(writer: asyncio.StreamWriter) -> None:
    await says(writer, answer("200 OK", OFF, JSON))


async def redirects(writer: asyncio.StreamWriter) -> None:
    await says(writer, answer("307 Temporary Redirect", b"", f"Location: {METADATA}"))


async def floods(writer: asyncio.StreamWriter) -> None:
    await says(writer, answer("200 OK", b"", JSON, length=10**9), *([b" " * 100_000] * 400))


async def drips(writer: asyncio.StreamWriter) -> None:
    await says(writer, answer("200 OK", b"", JSON, length=1000), *([b" "] * 300), pause=0.1)


async def speaks_html(writer: asyncio.StreamWriter) -> None:
    await says(writer, answer("200 OK", b"<html>It is off now.</html>", "Content-Type: text/html"))


async def speaks_nonsense(writer: asyncio.StreamWriter) -> None:
    await says(writer, answer("200 OK", b'{"enabled": fal', JSON))


async def hangs_up(writer: asyncio.StreamWriter) -> None:
    await says(writer, answer("200 OK", OFF[:20], JSON, length=len(OFF)))


SPOILS: dict[str, Spoil] = {
    "answers 500": breaks, "hangs": hangs, "lies": lies, "redirects to a metadata address": redirects,
    "sends a huge body": floods, "drips": drips, "speaks HTML": speaks_html, "sends broken JSON": speaks_nonsense,
    "closes in mid-answer": hangs_up,
}  # fmt: skip
QUICK = ("lies", "redirects to a metadata address", "sends broken JSON")


@dataclass
class FarSide:
    """Passes everything on, but for ``PUT`` of the tool, which it spoils and never carries out."""

    agent: str
    spoil: Spoil | None
    url: str = ""
    spoilt: int = 0
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            found = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            body = await reader.readexactly(int(found[1]) if found else 0)
            if self.spoil is not None and head.startswith(f"PUT {TOOL} ".encode()):
                self.spoilt += 1
                await self.spoil(writer)
            else:
                await self._pass_on(head, body, writer)
        writer.close()

    async def _pass_on(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        target = urlsplit(self.agent)
        above, below = await asyncio.open_connection(target.hostname, target.port)
        below.write(re.sub(rb"(?i)\r\nconnection:[^\r]*", b"", head)[:-4] + b"\r\nConnection: close\r\n\r\n" + body)
        while data := await above.read(65_536):
            writer.write(data)
            await writer.drain()
        below.close()


@asynccontextmanager
async def far_side(house: Any, spoil: Spoil | None) -> AsyncIterator[FarSide]:
    """The far side in the agent's place, as the kit of the next worker sees it."""
    made = FarSide(house.agent.url, spoil)
    server = await asyncio.start_server(made, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    house.environ["HALON_SUPPORT_BOT_URL"] = made.url
    connector = Path(house.environ["HALON_KIT"]) / "connectors" / "sandbox-agent.yaml"
    connector.write_text(re.sub(r"(?m)^timeout: \d+", "timeout: 1", connector.read_text("utf-8")), "utf-8")
    try:
        yield made
    finally:
        server.close()
        for writer in made.writers:
            writer.close()


@pytest.fixture(autouse=True)
def shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for minutes here: how long a call is tried again, and read back, are figures of a table."""
    monkeypatch.setattr(hands, "READ_BACK_SECONDS", 1.0)
    for port, row in list(options._TABLE.items()):
        if row.heartbeat == 8:
            monkeypatch.setitem(options._TABLE, port, replace(row, all_tries=min(row.all_tries, 8.0)))


async def texts(house: Any) -> list[str]:
    return [str(line["text"]) for line in await house.query("timeline")]


async def switched_off(house: Any, path: str, field_: str) -> bool:
    """What the agent itself says, past Halon and past the far side."""
    return bool((await house.api.get(path)).json()[field_])


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.long) for name in SPOILS]
)
async def test_a_spoilt_control_fails_by_type_and_the_next_rung_stops_it(
    server: Any, make_house: Any, name: str
) -> None:
    """The order is failed with a type and words, it is never applied and verified, people are told, and rung 2 is in force."""
    house = await make_house(server.client, f"spoilt-{name.replace(' ', '-').lower()}")
    async with far_side(house, SPOILS[name]) as side, house.worker():
        await house.misbehave()
        await house.open()
        status = await house.until("the next rung", lambda s: s["actions"].get("kill-switch") == "verified")
        assert side.spoilt >= 1
        assert await switched_off(house, TOOL, "enabled") is True, "the far side carried nothing out"
        assert await switched_off(house, SWITCH, "on") is True
        assert status["actions"][ORDER] != "verified"
        shown = next(one for one in await house.query("actions") if one["order"]["id"] == ORDER)
        said = await texts(house)
        assert not [line for line in said if line.startswith("Verified by reading back: Switch off the tool")], said
        assert "Next for what is still open: Stop the agent with its kill switch." in said, said
        assert (shown["failed_as"] or "none yet") in TYPES | {"none yet"}, shown
        await house.until(
            "the harm to stop", lambda s: "the harm has not been seen to stop" not in s["left_before_close"]
        )
        failed = await house.until("it to be called failed", lambda s: s["actions"][ORDER] in ("failed", "unverified"))
        assert failed["actions"][ORDER] != "verified"
        shown = next(one for one in await house.query("actions") if one["order"]["id"] == ORDER)
        assert shown["failed_as"] in TYPES, shown
        assert shown["failure"], "and in words"
        assert METADATA not in str(shown), "where it was led to is nothing to be printed"
    keys = {call["key"] for call in await house.calls() if call["path"] == SWITCH}
    assert len(keys) == 1, "the one effect that there was has one key"


@pytest.mark.long
async def test_a_far_side_that_mends_itself_is_taken_at_its_word_only_when_read_back(house: Any) -> None:
    """It broke, and answers rightly later: while the harm goes on it is tried again, and verified by what it then says."""
    async with far_side(house, breaks) as side:
        kit = Path(house.environ["HALON_KIT"]) / "actions.yaml"
        kit.write_text(re.sub(r"(?ms)^  kill-switch:.*?(?=^  \S)", "", kit.read_text("utf-8")), "utf-8")
        async with house.worker():
            await house.misbehave()
            await house.open()
            await house.until("the failure", lambda s: s["actions"].get(ORDER) == "failed")
            side.spoil = None
            await house.until("it in force", lambda s: s["actions"][ORDER] == "verified")
            assert await switched_off(house, TOOL, "enabled") is False
    calls = [call for call in await house.calls() if call["path"] == TOOL]
    assert [(call["effects"], call["conflicts"]) for call in calls] == [(1, 0)]
