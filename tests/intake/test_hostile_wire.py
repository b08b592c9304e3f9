"""Senders that hold connections, break HTTP or play with paths, on real sockets against the served front door."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from halon.client import connect
from halon.evidence.store import EvidenceStore
from halon.intake import body, wire
from halon.intake.serve import serve
from halon.kit import Source
from halon.settings import Settings

TOKEN = "token-of-the-alertmanager"
AUTH = f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
KIT = SimpleNamespace(sources={"am": Source("am", "alertmanager", "AM_TOKEN")}, digest="sha256:0", redaction={})


@pytest_asyncio.fixture(loop_scope="function")
async def port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> AsyncIterator[int]:
    """The port of a served front door without Temporal, whose patience is half a second."""
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(wire, "LINGER_SECONDS", 0.5)
    monkeypatch.setattr(body.read_body, "__defaults__", (0.5, (body.JSON,)))
    settings = replace(
        Settings.from_environ({"HALON_HOME": str(tmp_path)}), gateway_port=0, temporal_port=unused_tcp_port
    )
    client = await connect(settings, role="gateway", environ={}, lazy=True)
    stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    store = EvidenceStore.open(settings.evidence)
    door = asyncio.create_task(serve(settings, KIT, store, client, {"AM_TOKEN": TOKEN}, stop, on_ready=url.set_result))
    yield int((await asyncio.wait_for(url, 10)).rpartition(":")[2])
    stop.set()
    await asyncio.wait_for(door, 20)


async def say(port: int, *parts: bytes, pause: float = 0.0, seconds: float = 5.0) -> tuple[bytes, float]:
    """Everything that is answered until the door closes the connection, and how long that took in seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    began = time.monotonic()

    async def send() -> None:
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
        except ConnectionError:
            return

    sending = asyncio.create_task(send())
    answer = b""
    try:
        async with asyncio.timeout(seconds):
            while piece := await reader.read(65536):
                answer += piece
    except ConnectionError:
        pass
    finally:
        sending.cancel()
        writer.close()
    return answer, time.monotonic() - began


def told(answer: bytes) -> dict[str, Any]:
    """The problem in the last response."""
    head, _, content = answer.rpartition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    found: dict[str, Any] = json.loads(content)
    return found


async def answered(port: int, request: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
    """Status and problem of one request that asks for the connection to be closed."""
    head = f"{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{AUTH}Content-Length: {len(body)}\r\n\r\n"
    answer, _ = await say(port, head.encode("latin-1") + body)
    return int(answer.split(b" ", 2)[1]), told(answer)


@pytest.mark.asyncio(loop_scope="function")
async def test_a_head_that_comes_drop_by_drop_is_cut_off(port: int) -> None:
    """Slow headers hold a connection for the patience of the door and no longer, first request or second."""
    drops = [b"GET /healthz HTTP/1.1\r\nHost: x\r\n", *[b"X-Drop: 1\r\n"] * 60]
    answer, took = await say(port, *drops, pause=0.05)
    assert (answer, 0.4 < took < 2.5) == (b"", True)
    again = [b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /he", *[b"a"] * 60]
    answer, took = await say(port, *again, pause=0.05)
    assert answer.count(b"HTTP/1.1") == 1
    assert took < 3


@pytest.mark.asyncio(loop_scope="function")
async def test_a_connection_on_which_nothing_is_said_is_closed(port: int) -> None:
    """An idle connection costs little, and ends."""
    answer, took = await say(port)
    assert (answer, took < 2.5) == (b"", True)


@pytest.mark.asyncio(loop_scope="function")
async def test_a_body_that_comes_drop_by_drop_is_408(port: int) -> None:
    """Slow bodies, with a length or in chunks without end, are refused, and the connection is closed."""
    head = f"POST /v1/alerts/am HTTP/1.1\r\nHost: x\r\n{AUTH}"
    length = (head + "Content-Length: 500\r\n\r\n").encode()
    answer, took = await say(port, length, *[b" "] * 60, pause=0.05)
    assert (told(answer)["status"], took < 3) == (408, True)
    chunks = (head + "Transfer-Encoding: chunked\r\n\r\n").encode()
    answer, took = await say(port, chunks, *[b"1\r\n \r\n"] * 60, pause=0.05)
    assert (told(answer)["status"], took < 3) == (408, True)


@pytest.mark.asyncio(loop_scope="function")
async def test_chunks_without_end_are_413(port: int) -> None:
    """A body whose size nobody announced is cut off at the limit."""
    head = f"POST /v1/alerts/am HTTP/1.1\r\nHost: x\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n".encode()
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    answer, _ = await say(port, head, *[chunk] * 40)
    assert told(answer)["type"] == "urn:halon:problem:too-large"


@pytest.mark.asyncio(loop_scope="function")
async def test_a_body_that_nobody_asked_for_ends_with_the_connection(port: int) -> None:
    """A refusal does not wait for the body, and the rest of the body does not hold the connection."""
    head = b"POST /v1/alerts/am HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
    answer, took = await say(port, head, *[b" "] * 60, pause=0.05)
    assert (told(answer)["status"], took < 3) == (401, True)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Huge: " + b"h" * 100_000, 431),
        (b"GET /" + b"p" * 100_000, 431),
        (b"HELLO\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Header: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", 400),
        (b"GET /\x80 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, 400),
    ],
)
@pytest.mark.asyncio(loop_scope="function")
async def test_what_is_no_http_is_told_so_in_problem_json(port: int, sent: bytes, status: int) -> None:
    """Huge heads, two lengths, TLS on a plain port: one short answer, and the connection ends."""
    answer, took = await say(port, sent)
    assert (told(answer)["status"], answer.split(b" ", 2)[1]) == (status, str(status).encode())
    assert took < 3


@pytest.mark.asyncio(loop_scope="function")
async def test_pipelined_requests_are_answered_in_order(port: int) -> None:
    """Three requests in one packet get three answers; rubbish behind them ends the connection and no other."""
    one = b"GET /v9 HTTP/1.1\r\nHost: x\r\n\r\n"
    answer, _ = await say(port, one + one.replace(b"/v9", b"/metrics") + one + b"RUBBISH\r\n\r\n")
    found = re.findall(rb"HTTP/1\.1 (\d+) ", answer)
    assert found == [b"404", b"200", b"404", b"400"]
    broken = f"POST /v1/alerts/am HTTP/1.1\r\nHost: x\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\nZZ\r\n".encode()
    answer, _ = await say(port, broken)
    assert told(answer)["status"] == 400


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "PATCH", "CONNECT", "FOO"])
@pytest.mark.asyncio(loop_scope="function")
async def test_other_methods_are_405(port: int, method: str) -> None:
    """Only what the API page offers is done."""
    for path in ("/v1/alerts/am", "/v1/reports", "/v1/incidents", "/metrics", "/healthz"):
        answer, _ = await say(port, f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert answer.split(b" ", 2)[1] == b"405"
        assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    "path",
    ["/v1/alerts/am%0A", "/v1/reports%0a", "//v1/reports", "/v1//alerts/am", "/v1/alerts/../reports", "/v1/alerts/am/",
     "/v1/alerts/%2e%2e/reports", "/v1/alerts/am%00", "/v1/alerts/am%2Fx", "/v1/alerts/AM", "/v1/alerts/am;x=1",
     "/v1/alerts/%F0%9F%94%A5", "/v1/alerts/%ff", "/V1/reports", "/v1/reports/", "http://evil.example/v1/x", "*"],
)  # fmt: skip
@pytest.mark.asyncio(loop_scope="function")
async def test_paths_that_play_tricks_are_404(port: int, path: str) -> None:
    """Line ends, dots, doubled or trailing slashes lead nowhere; none redirects to a host that the sender names."""
    status, problem = await answered(port, f"POST {path}", b"{}")
    assert (status, problem["status"]) == (404, 404)
    assert "evil" not in json.dumps(problem)


@pytest.mark.asyncio(loop_scope="function")
async def test_a_compressed_body_is_not_unpacked(port: int) -> None:
    """Any Content-Encoding but identity is 415, also as the second one, and before the body is read."""
    for encoding in ("gzip", "br", "identity, gzip", "zstd", "x" * 500):
        head = f"POST /v1/alerts/am HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{AUTH}"
        sent = f"{head}Content-Encoding: identity\r\nContent-Encoding: {encoding}\r\nContent-Length: 9\r\n\r\n"
        answer, _ = await say(port, sent.encode())
        assert told(answer)["type"] == "urn:halon:problem:wrong-media-type"
        assert b"xxxxx" not in answer


@pytest.mark.asyncio(loop_scope="function")
async def test_connections_beyond_the_bound_are_turned_away(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds a connection keeps it; one too many hears 503 at once."""
    monkeypatch.setattr(wire, "MOST_CONNECTIONS", 2)
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    await asyncio.sleep(0.1)
    answer, _ = await say(port)
    assert (told(answer)["type"], answer.split(b" ", 2)[1]) == ("urn:halon:problem:busy", b"503")
    reader, writer = held[0]
    writer.write(b"GET /v9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 404")
    for _, writer in held:
        writer.close()
