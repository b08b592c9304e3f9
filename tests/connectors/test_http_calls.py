"""Calls over HTTP: what is reached, what is sent, and what an error says about whether it arrived."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import Any

import httpx
import pytest

from halon.connectors.errors import MissingSecret, NoAnswer, Refused, Unexpected, Unreachable
from halon.connectors.hosts import require_allowed, require_listed
from halon.connectors.http import send
from halon.drill.launch import RunningAgent
from halon.incident.orders import Call

SECRET = "THE_TOKEN"


def call(port: int, path: str = "/", **changes: Any) -> Call:
    made = Call("GET", f"http://127.0.0.1:{port}{path}", ("127.0.0.1",), timeout=2.0)
    return replace(made, **changes)


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> bytes:
    request = await reader.readuntil(b"\r\n\r\n")
    writer.write(answer)
    await writer.drain()
    writer.close()
    return request


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_call_carries_its_key_its_secret_and_its_query(agent: RunningAgent, client: httpx.AsyncClient) -> None:
    """The key goes into the header that the call names, the secret into the scheme's, parameters into the query."""
    environ = {SECRET: agent.token}
    put = Call(
        "PUT", f"{agent.url}/control/tools/refund", ("127.0.0.1",), body={"enabled": False},
        key_header="Idempotency-Key", auth="bearer", secret=SECRET,
    )  # fmt: skip
    first = await send(put, key="incident-x:1/a/apply/1", client=client, environ=environ)
    again = await send(put, key="incident-x:1/a/apply/1", client=client, environ=environ)
    look = Call("GET", f"{agent.url}/control/calls", ("127.0.0.1",), auth="bearer", secret=SECRET)
    seen = await send(look, key=None, client=client, environ=environ, params={"key": "incident-x:1/a/apply/1"})
    assert (first.json["enabled"], first.replayed, again.replayed) == (False, False, True)
    assert [(row["effects"], row["deliveries"]) for row in seen.json["calls"]] == [(1, 2)]


async def test_only_listed_hosts_are_reached_and_the_secret_is_not_even_read_for_others(
    agent: RunningAgent, client: httpx.AsyncClient
) -> None:
    """A host that the call does not name is refused before anything is looked up or sent."""
    other = Call("GET", f"{agent.url}/healthz", ("api.example",), auth="bearer", secret="NOT_SET_ANYWHERE")
    with pytest.raises(Refused, match=r"api\.example"):
        await send(other, key=None, client=client, environ={})


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "169.254.170.2", "169.254.170.23", "224.0.0.1", "0.0.0.0", "fd00:ec2::254", "fd00:ec2::23",
     "fd20:ce::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "100.100.100.200", "240.0.0.1"],
)  # fmt: skip
@pytest.mark.parametrize("near", [False, True])
def test_metadata_and_multicast_addresses_are_never_reached(address: str, near: bool) -> None:
    """Whatever a kit lists and says, these addresses are refused, also when wrapped into IPv6, also if written outright."""
    for host in ("listed.example", address):
        with pytest.raises(Refused):
            require_allowed(host, address, near=near)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "169.254.1.1", "fe80::1"])
def test_a_name_leads_to_this_machine_only_if_the_kit_says_so(address: str) -> None:
    """Loopback and link-local addresses behind a name are refused; written outright, or with near, they are meant."""
    with pytest.raises(Refused, match="near: true"):
        require_allowed("listed.example", address)
    require_allowed("listed.example", address, near=True)
    require_allowed(address, address)


def test_localhost_says_that_it_is_near() -> None:
    """``localhost`` is no name that somebody else could point anywhere."""
    require_allowed("localhost", "127.0.0.1")
    require_allowed("LOCALHOST.", "::1")
    with pytest.raises(Refused):
        require_allowed("localhost.example", "127.0.0.1")


@pytest.mark.parametrize("address", ["10.1.2.3", "fd12::1", "93.184.216.34"])
def test_listed_hosts_may_be_private(address: str) -> None:
    """Private addresses are fine for a host that is listed, and for no other."""
    require_allowed("listed.example", address)
    with pytest.raises(Refused):
        require_listed(address, 80, ("listed.example",))


async def test_a_listed_metadata_host_is_refused_after_resolution(client: httpx.AsyncClient) -> None:
    """The address counts, not the name that led there."""
    with pytest.raises(Refused, match="metadata"):
        await send(
            Call("GET", "http://169.254.169.254/latest", ("169.254.169.254",)), key=None, client=client, environ={}
        )


async def test_a_missing_secret_is_named(client: httpx.AsyncClient) -> None:
    """The error names the variable to set."""
    with pytest.raises(MissingSecret, match="THE_TOKEN"):
        await send(call(9, auth="bearer", secret=SECRET), key=None, client=client, environ={})


async def test_redirects_are_not_followed(client: httpx.AsyncClient, serve: Any) -> None:
    """A redirect is an unexpected answer, and nothing is asked of the place that it points to."""
    requests = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(
            await answering(reader, writer, b"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n")
        )

    async with serve(handler) as port:
        with pytest.raises(Unexpected, match="redirect") as caught:
            await send(call(port), key=None, client=client, environ={})
    assert (caught.value.status, len(requests)) == (302, 1)


async def test_a_closed_port_is_provably_not_reached(client: httpx.AsyncClient) -> None:
    """No connection: nothing arrived."""
    with pytest.raises(Unreachable):
        await send(call(free_port(), method="POST", body={}), key=None, client=client, environ={})


async def test_a_name_that_does_not_resolve_is_provably_not_reached(client: httpx.AsyncClient) -> None:
    """No address: nothing arrived."""
    nowhere = Call("POST", "http://nowhere.invalid/", ("nowhere.invalid",), timeout=3)
    with pytest.raises(Unreachable):
        await send(nowhere, key=None, client=client, environ={})


async def test_silence_after_sending_may_have_arrived(client: httpx.AsyncClient, serve: Any) -> None:
    """The request was written and no answer came within the call's time."""
    arrived = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        await asyncio.sleep(2)

    async with serve(handler) as port:
        with pytest.raises(NoAnswer):
            await send(call(port, method="POST", timeout=0.3), key=None, client=client, environ={})
    assert arrived.is_set()


async def test_a_connection_lost_after_sending_may_have_arrived(client: httpx.AsyncClient, serve: Any) -> None:
    """The far side read the request and hung up."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    async with serve(handler) as port:
        with pytest.raises(NoAnswer):
            await send(call(port, method="POST"), key=None, client=client, environ={})


async def test_a_drip_of_bytes_does_not_outlast_the_call(client: httpx.AsyncClient, serve: Any) -> None:
    """The timeout bounds the whole exchange, not each byte."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(30):
            writer.write(b"x")
            await asyncio.sleep(0.1)

    async with serve(handler) as port:
        started = asyncio.get_running_loop().time()
        with pytest.raises(NoAnswer):
            await send(call(port, timeout=0.5), key=None, client=client, environ={})
    assert asyncio.get_running_loop().time() - started < 1.5


async def test_answers_are_bounded(client: httpx.AsyncClient, serve: Any) -> None:
    """A larger answer is an error, not a cut one."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(reader, writer, b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000)

    async with serve(handler) as port:
        with pytest.raises(Unexpected, match="more than 1000 bytes"):
            await send(call(port), key=None, client=client, environ={}, largest=1000)


async def test_an_echoed_secret_does_not_reach_the_error(client: httpx.AsyncClient, serve: Any) -> None:
    """What a far side repeats of our secret is masked, and control characters are gone."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b"bad token s3cr3t-value\x1b[31m\nnext"
        await answering(reader, writer, b"HTTP/1.1 401 No\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    async with serve(handler) as port:
        secret = {SECRET: "s3cr3t-value"}
        with pytest.raises(Unexpected) as caught:
            await send(call(port, auth="bearer", secret=SECRET), key=None, client=client, environ=secret)
    assert "s3cr3t" not in str(caught.value)
    assert "bad token [secret]" in str(caught.value)
    assert str(caught.value).isprintable()


async def test_a_header_cannot_be_smuggled_in(client: httpx.AsyncClient) -> None:
    """A line break in a header value is refused, and nothing is sent."""
    with pytest.raises(Refused, match="X-Note"):
        await send(call(9, headers={"X-Note": "a\r\nX-Evil: 1"}), key=None, client=client, environ={})


async def test_a_secret_does_not_cross_the_internet_in_the_clear(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain HTTP with a secret is for near addresses only."""

    async def public(*_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 80))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", public)
    far = Call("GET", "http://api.example/", ("api.example",), auth="bearer", secret=SECRET)
    with pytest.raises(Refused, match="https"):
        await send(far, key=None, client=client, environ={SECRET: "x"})


async def test_the_connection_goes_to_the_address_that_was_checked(
    client: httpx.AsyncClient, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is resolved once; a second answer of the name server can't lead the call elsewhere."""
    lookups: list[Any] = []
    heads: list[bytes] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await answering(reader, writer, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))

    async with serve(handler) as port:

        async def changing(host: str, *_: object, **__: object) -> list[Any]:
            lookups.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", changing)
        named = Call("GET", f"http://crm.example:{port}/x", ("crm.example",), timeout=2, near=True)
        answer = await send(named, key=None, client=client, environ={})
    names = [host for host in lookups if str(host).endswith("crm.example")]
    assert (answer.json, names) == ({}, ["crm.example"])
    assert f"Host: crm.example:{port}".encode() in heads[0]
