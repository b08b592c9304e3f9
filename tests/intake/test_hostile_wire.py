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
    monkeypatch.setattr(wire, "QUIET_SECONDS", 0.5)
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
        (b"FOO / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"get / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"\r\n" * 50_000, 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 20_000, 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, 400),
    ],
)
@pytest.mark.asyncio(loop_scope="function")
async def test_what_is_no_http_is_told_so_in_problem_json(port: int, sent: bytes, status: int) -> None:
    """Huge heads, two lengths, TLS on a plain port: one short answer, and the connection ends."""
    answer, took = await say(port, sent)
    assert (told(answer)["status"], answer.split(b" ", 2)[1]) == (status, str(status).encode())
    assert took < 3


TWO_READINGS = {
    "a length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: 5\r\n\r\nabcde",
    "the same length twice": b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "a list of lengths": b"Content-Length: 0, 5\r\n\r\n",
    "a length with a sign": b"Content-Length: +0\r\n\r\n",
    "a length in another base": b"Content-Length: 0x0\r\n\r\n",
    "a length without digits": b"Content-Length:\r\n\r\n",
    "a length that overflows": b"Content-Length: 18446744073709551616\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and more": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "nearly chunked": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked behind a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "identity": b"Transfer-Encoding: identity\r\n\r\n",
    "a folded line": b"X: a\r\n b\r\n\r\n",
    "a folded framing": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a line end without CR": b"X: a\nContent-Length: 0\r\n\r\n",
    "a head's end without CR": b"X: a\r\n\n",
    "a CR within a line": b"X: a\rContent-Length: 0\r\n\r\n",
    "a space before the colon": b"Content-Length : 0\r\n\r\n",
    "a tab before the colon": b"Content-Length\t: 0\r\n\r\n",
    "a name that is none": b": 0\r\n\r\n",
    "NUL in a name": b"X\x00: 0\r\n\r\n",
    "NUL in a value": b"X: a\x00b\r\n\r\n",
    "two hosts": b"Host: y\r\n\r\n",
    "a chunk's size in another base": b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
    "a chunk's size with a space": b"Transfer-Encoding: chunked\r\n\r\n0 \r\n\r\n",
    "a chunk's line end without CR": b"Transfer-Encoding: chunked\r\n\r\n0;x\n\r\n",
    "a chunk that overflows": b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n",
    "a length among the trailers": b"Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n",
}


@pytest.mark.parametrize("named", TWO_READINGS)
@pytest.mark.asyncio(loop_scope="function")
async def test_what_can_be_read_in_two_ways_is_refused(port: int, named: str) -> None:
    """A request whose end two parsers see at two places is answered with 400, and nothing behind it is read."""
    behind = b"GET /v1/alerts/am HTTP/1.1\r\nHost: x\r\n\r\n"
    answer, took = await say(
        port, f"POST /v1/alerts/am HTTP/1.1\r\nHost: x\r\n{AUTH}".encode() + TWO_READINGS[named] + behind
    )
    assert (re.findall(rb"HTTP/1\.1 (\d+) ", answer), told(answer)["status"]) == ([b"400"], 400)
    assert took < 3


@pytest.mark.asyncio(loop_scope="function")
async def test_chunks_of_an_older_http_are_refused(port: int) -> None:
    """HTTP/1.0 knows no chunks: a proxy of that time would take them for the next request."""
    sent = f"POST /v1/alerts/am HTTP/1.0\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
    answer, _ = await say(port, sent.encode())
    assert told(answer)["status"] == 400


@pytest.mark.asyncio(loop_scope="function")
async def test_what_frames_a_body_is_bounded(port: int) -> None:
    """Extensions of chunks and trailers without end are refused while they come, long before the time of a body is over."""
    head = f"POST /v1/alerts/am HTTP/1.1\r\nHost: x\r\n{AUTH}Transfer-Encoding: chunked\r\n\r\n".encode()
    for framing in (head + b"2;" + b"e" * 200_000, head + b"2\r\n{}\r\n0\r\n" + b"X-Trailer: 1\r\n" * 20_000):
        answer, took = await say(port, framing)
        assert (told(answer)["status"], took < 0.45) == (400, True)


@pytest.mark.asyncio(loop_scope="function")
async def test_trailers_are_no_headers(port: int) -> None:
    """What comes behind a body can't say who sent it."""
    head = (
        "POST /v1/alerts/am HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    sent = f"{head}2\r\n{{}}\r\n0\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    answer, _ = await say(port, sent)
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answer) == [b"401"]


@pytest.mark.asyncio(loop_scope="function")
async def test_a_wish_for_another_protocol_is_passed_over(port: int) -> None:
    """The request is served as HTTP/1.1, and its body is its body: not the next request."""
    wish = "Connection: keep-alive, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n"
    body = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 1000
    sent = f"POST /v1/alerts/am HTTP/1.1\r\nHost: x\r\n{AUTH}{wish}Content-Length: {len(body)}\r\n\r\n{body}"
    answer, _ = await say(port, sent.encode(), b"GET /v9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", pause=0.2)
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answer) == [b"422", b"404"]


@pytest.mark.asyncio(loop_scope="function")
async def test_where_packets_end_makes_no_difference(port: int) -> None:
    """Requests that come byte by byte are the same requests."""
    wish = "Connection: Upgrade\r\nUpgrade: h2c\r\n"
    length = f"POST /v1/alerts/am HTTP/1.1\r\nHost: x\r\nX-Empty:\r\n{AUTH}{wish}Content-Length: 2\r\n\r\n{{}}"
    chunks = (
        f"POST /v1/alerts/%61m HTTP/1.1\r\nHost: x\r\n{AUTH}Transfer-Encoding: Chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
    )
    last = "GET /v9?a=b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for sent in (length + last, chunks + last):
        answer, _ = await say(port, *(bytes([one]) for one in sent.encode()))
        assert re.findall(rb"HTTP/1\.1 (\d+) ", answer) == [b"422", b"404"]


@pytest.mark.asyncio(loop_scope="function")
async def test_a_row_of_requests_is_bounded(port: int) -> None:
    """A sender that does not wait for answers gets those of a few requests; large ones wait unread, all are answered."""
    one = b"GET /v9 HTTP/1.1\r\nHost: x\r\n\r\n"
    answer, _ = await say(port, one * 400)
    found = re.findall(rb"HTTP/1\.1 (\d+) ", answer)
    assert (found[:-1], found[-1]) == ([b"404"] * (wire.MOST_IN_A_ROW + 1), b"400")
    large = one.replace(b"\r\n\r\n", b"\r\nX-Pad: " + b"p" * 5_000 + b"\r\n\r\n")
    answer, _ = await say(port, large * 100 + one.replace(b"Host", b"Connection: close\r\nHost"))
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answer) == [b"404"] * 101


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


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "PATCH"])
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
