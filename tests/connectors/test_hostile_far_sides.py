"""Far sides that break, hang, lie or lead astray: what Halon makes of each, from the order to the last read-back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from halon.connectors.errors import NoAnswer, Refused, Unexpected
from halon.connectors.http import send
from halon.connectors.proving import Proved, prove
from halon.incident.orders import Call, Order

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Switch:
    """A switch behind HTTP. ``does`` replaces the answer to PUT: it may be text, or a coroutine that gets the writer."""

    def __init__(self, does: Any = None) -> None:
        self.on = True
        self.lies = False
        self.does = does
        self.puts: list[bool] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            (int(one.split(":")[1]) for one in head.lower().split("\r\n") if one.startswith("content-length")), 0
        )
        content = await reader.readexactly(length)
        if head.startswith("PUT"):
            wanted = bool(json.loads(content)["on"])
            self.puts.append(wanted)
            if not wanted and self.does is not None:
                await self.does(writer)
                return
            if not self.lies:
                self.on = wanted
            await told(writer, {"on": wanted})
            return
        await told(writer, {"on": self.on})


async def told(writer: asyncio.StreamWriter, document: Any, status: int = 200, head: str = "") -> None:
    body = json.dumps(document).encode()
    writer.write(f"HTTP/1.1 {status} X\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()


def order(port: int, **changes: Any) -> Order:
    def call(method: str, on: bool, body: bool) -> Call:
        return Call(
            method, f"http://127.0.0.1:{port}/switch", ("127.0.0.1",), body={"on": on} if body else None,
            expect_json={"/on": on}, timeout=0.5, **changes,
        )  # fmt: skip

    return Order(
        id="switch", action="switch", title="", agent="", target="the switch", reversible=True, effect="repeatable",
        apply=call("PUT", False, True), verify=call("GET", False, False), undo=call("PUT", True, True),
        undo_verify=call("GET", True, False),
    )  # fmt: skip


async def proof(switch: Switch, client: httpx.AsyncClient, serve: Callable[..., Any]) -> list[Proved]:
    async with serve(switch) as port:
        return [one async for one in prove(order(port), key="t", client=client, environ={}, seconds=0.6)]


async def test_an_honest_switch_is_proved(client: httpx.AsyncClient, serve: Callable[..., Any]) -> None:
    """Look, apply, verify, undo, verify undo: all five, and it stands as before."""
    switch = Switch()
    steps = await proof(switch, client, serve)
    assert [(one.step, one.ok) for one in steps] == [
        ("look", True), ("apply", True), ("verify", True), ("undo", True), ("verify undo", True),
    ]  # fmt: skip
    assert (switch.on, switch.puts, steps[-1].changed) == (True, [False, True], False)


async def test_a_lie_is_found_by_reading_back(client: httpx.AsyncClient, serve: Callable[..., Any]) -> None:
    """200 and the right words, and nothing has changed: apply looks well, verify does not."""
    switch = Switch()
    switch.lies = True
    steps = {one.step: one for one in await proof(switch, client, serve)}
    assert steps["apply"].ok
    assert not steps["verify"].ok
    assert "/on is true; false was expected" in steps["verify"].note


async def test_a_switch_that_is_off_already_is_left_alone(client: httpx.AsyncClient, serve: Callable[..., Any]) -> None:
    """Somebody has switched it off for a reason: nothing is sent that would switch it on."""
    switch = Switch()
    switch.on = False
    steps = await proof(switch, client, serve)
    assert [(one.step, one.ok) for one in steps] == [("look", False)]
    assert switch.puts == []


async def test_a_server_that_breaks_is_undone_all_the_same(
    client: httpx.AsyncClient, serve: Callable[..., Any]
) -> None:
    """500 after it did what was asked: the undo is tried and seen."""
    switch = Switch()

    async def breaks(writer: asyncio.StreamWriter) -> None:
        switch.on = False
        await told(writer, {"error": "boom"}, 500)

    switch.does = breaks
    steps = {one.step: one for one in await proof(switch, client, serve)}
    assert (steps["apply"].ok, steps["apply"].status) == (False, 500)
    assert (steps["verify undo"].ok, switch.on, switch.puts) == (True, True, [False, True])


async def test_a_server_that_hangs_is_undone_all_the_same(client: httpx.AsyncClient, serve: Callable[..., Any]) -> None:
    """No answer within the call's time: it may have arrived, so it is undone, and seen to be."""
    switch = Switch()

    async def hangs(writer: asyncio.StreamWriter) -> None:
        switch.on = False
        await asyncio.sleep(5)

    switch.does = hangs
    steps = {one.step: one for one in await proof(switch, client, serve)}
    assert "did not answer" in steps["apply"].note
    assert (steps["verify undo"].ok, switch.on) == (True, True)


async def test_a_refusal_needs_no_undo(client: httpx.AsyncClient, serve: Callable[..., Any]) -> None:
    """403 changed nothing: the test ends there."""
    switch = Switch(lambda writer: told(writer, {"error": "not you"}, 403))
    steps = await proof(switch, client, serve)
    assert [(one.step, one.ok, one.changed) for one in steps][1:] == [("apply", False, False)]
    assert switch.puts == [False]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:{trap}/"])
async def test_a_redirect_is_not_followed(
    client: httpx.AsyncClient, serve: Callable[..., Any], status: int, target: str
) -> None:
    """Neither to a metadata service nor to another port of this machine: it is an answer, and a wrong one."""
    trapped: list[bytes] = []

    async def trap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        trapped.append(await reader.readuntil(b"\r\n\r\n"))
        await told(writer, {"on": False})

    async with serve(trap) as trap_port:
        head = f"Location: {target.format(trap=trap_port)}\r\n"
        async with serve(Switch(lambda writer: told(writer, {"on": False}, status, head))) as port:
            with pytest.raises(Unexpected, match="redirect"):
                await send(order(port).apply, key=None, client=client, environ={})
    assert trapped == []


async def test_a_huge_answer_is_not_read_to_its_end(client: httpx.AsyncClient, serve: Callable[..., Any]) -> None:
    """Reading stops at the limit, and the answer counts as none of those that are expected."""
    written = 0

    async def floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            for _ in range(10_000):
                writer.write(b" " * 100_000)
                written += 100_000
                await writer.drain()
        except ConnectionError:
            return

    async with serve(floods) as port:
        with pytest.raises(Unexpected, match="more than"):
            await send(Call("GET", f"http://127.0.0.1:{port}/", ("127.0.0.1",)), key=None, client=client, environ={})
    assert written < 20_000_000


async def test_a_trickle_ends_with_the_calls_time(client: httpx.AsyncClient, serve: Callable[..., Any]) -> None:
    """A byte now and then keeps no worker for ever."""

    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.1)

    began = asyncio.get_running_loop().time()
    async with serve(drips) as port:
        with pytest.raises(NoAnswer):
            await send(order(port).apply, key=None, client=client, environ={})
    assert asyncio.get_running_loop().time() - began < 3


@pytest.mark.parametrize(
    ("address", "why"),
    [("127.0.0.1", "this machine itself"), ("::1", "this machine itself"), ("169.254.7.7", "link-local"),
     ("169.254.169.254", "metadata"), ("fd00:ec2::254", "metadata"), ("::ffff:169.254.169.254", "metadata")],
)  # fmt: skip
@pytest.mark.parametrize("among", [False, True])
async def test_a_name_that_leads_inside_is_refused(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, address: str, why: str, among: bool
) -> None:
    """A listed name whose name server answers with such an address, alone or beside a good one, is not called."""
    found = [address, *(["93.184.216.34"] if among else [])]

    async def answers(*_: object, **__: object) -> list[Any]:
        return [(10 if ":" in one else 2, 1, 6, "", (one, 443)) for one in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", answers)
    call = Call("PUT", "https://gateway.example/switch", ("gateway.example",), body={"on": False})
    with pytest.raises(Refused, match=why):
        await send(call, key=None, client=client, environ={})
