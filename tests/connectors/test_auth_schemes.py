"""How secrets get into a request, and that they get nowhere else."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from halon.connectors.errors import MissingSecret, Refused, Unexpected, Unreachable
from halon.connectors.http import send
from halon.incident.orders import Call

CERTIFICATES = Path(__file__).parent / "certificates"
IDENTITY = {"CLIENT_ID": "halon", "CLIENT_SECRET": "s3cr3t of the client"}


@dataclass
class Far:
    """A service with a token endpoint. ``tokens`` are those that it takes; ``says`` replaces the endpoint's answers."""

    url: str = ""
    issued: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    says: tuple[int, Any] | None = None
    expires_in: Any = 3600

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *rest = head.strip().split("\r\n")
        headers = {name.lower(): text.strip() for name, _, text in (one.partition(":") for one in rest)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        path = first.split(" ")[1]
        self.asked.append((path, headers, content))
        status, told = self._token() if path == "/token" else self._api(headers)
        body = json.dumps(told).encode()
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    def _token(self) -> tuple[int, Any]:
        if self.says is not None:
            return self.says
        self.issued.append(f"token-{len(self.issued) + 1}")
        self.taken.add(self.issued[-1])
        return 200, {"access_token": self.issued[-1], "token_type": "Bearer", "expires_in": self.expires_in}

    def _api(self, headers: dict[str, str]) -> tuple[int, Any]:
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        return (200, {"ok": True}) if bearer in self.taken else (401, {"why": f"no such token: {bearer}"})

    def call(self, **options: str) -> Call:
        """A call of the service's API."""
        return Call(
            "POST", f"{self.url}/api", ("127.0.0.1",), body={"on": False}, auth="oauth2", timeout=3,
            auth_with={"token_url": f"{self.url}/token", **options},
            secrets={"client_id": "CLIENT_ID", "client_secret": "CLIENT_SECRET"},
        )  # fmt: skip

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for path, _, _ in self.asked]


@pytest.fixture
async def far(serve: Callable[..., Any]) -> Any:
    """That service, served."""
    made = Far()
    async with serve(made) as port:
        made.url = f"http://127.0.0.1:{port}"
        yield made


async def once(call: Call, client: httpx.AsyncClient, environ: dict[str, str] = IDENTITY) -> Any:
    return (await send(call, key=None, client=client, environ=environ)).json


async def test_a_token_is_got_once_and_kept(far: Far, client: httpx.AsyncClient) -> None:
    """Ten calls at once ask for one token; the client's secret goes to the token endpoint alone."""
    call = far.call(scope="contain")
    assert await asyncio.gather(*(once(call, client) for _ in range(10))) == [{"ok": True}] * 10
    assert far.issued == ["token-1"]
    assert far.paths.count("/token") == 1
    _, headers, content = far.asked[0]
    assert headers["authorization"].startswith("Basic ")
    assert parse_qs(content.decode()) == {"grant_type": ["client_credentials"], "scope": ["contain"]}
    assert {one["authorization"] for path, one, _ in far.asked if path == "/api"} == {"Bearer token-1"}


async def test_the_clients_secret_may_stand_in_the_body(far: Far, client: httpx.AsyncClient) -> None:
    """Some endpoints want it there."""
    await once(far.call(client_auth="body"), client)
    _, headers, content = far.asked[0]
    assert "authorization" not in headers
    assert parse_qs(content.decode())["client_secret"] == [IDENTITY["CLIENT_SECRET"]]


async def test_a_refused_token_is_got_anew_one_time(far: Far, client: httpx.AsyncClient) -> None:
    """A token that was taken back is replaced; if the new one is refused too, that is the answer."""
    await once(far.call(), client)
    far.taken.clear()
    assert await once(far.call(), client) == {"ok": True}
    assert far.issued == ["token-1", "token-2"]

    far.taken, far.says = set(), (200, {"access_token": "never-taken", "expires_in": 60})
    before = len(far.asked)
    with pytest.raises(Unexpected) as caught:
        await once(far.call(), client)
    assert caught.value.status == 401
    assert far.paths[before:] == ["/api", "/token", "/api"]
    assert "never-taken" not in str(caught.value)


async def test_a_token_is_replaced_before_its_end(
    far: Far, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute before the end a new one is asked for, so that none ends on its way."""
    await once(far.call(), client)
    now = time.monotonic()
    monkeypatch.setattr("halon.connectors.auth_oauth2.time.monotonic", lambda: now + 3600 - 61)
    await once(far.call(), client)
    assert far.issued == ["token-1"]
    monkeypatch.setattr("halon.connectors.auth_oauth2.time.monotonic", lambda: now + 3600 - 59)
    await once(far.call(), client)
    assert far.issued == ["token-1", "token-2"]


@pytest.mark.parametrize(
    ("status", "told", "error"),
    [
        (401, {"error": "invalid_client", "seen": "s3cr3t of the client"}, Refused),
        (400, {"error": "invalid_scope"}, Refused),
        (500, {"error": "s3cr3t+of+the+client"}, Unreachable),
        (200, {"token": "no access_token"}, Refused),
        (200, {"access_token": "two\r\nlines"}, Refused),
        (200, ["no object"], Refused),
        (302, {"go": "elsewhere"}, Refused),
    ],
)
async def test_a_token_endpoint_that_says_no_is_told_without_the_secret(
    far: Far, client: httpx.AsyncClient, status: int, told: Any, error: type[Exception]
) -> None:
    """The call itself was not sent, and the error says so by its type; the secret is in no error."""
    far.says = (status, told)
    with pytest.raises(error) as caught:
        await once(far.call(), client)
    assert "s3cr3t" not in str(caught.value)
    assert "/api" not in far.paths


async def test_a_token_endpoint_elsewhere_must_be_listed(far: Far, client: httpx.AsyncClient) -> None:
    """The client's secret goes to no host that the call does not name."""
    call = far.call()
    call.auth_with["token_url"] = "https://login.example/token"
    with pytest.raises(Refused, match=r"login\.example"):
        await once(call, client)
    assert far.asked == []


async def test_every_missing_variable_is_named(far: Far, client: httpx.AsyncClient) -> None:
    """Nothing is sent before all are there."""
    with pytest.raises(MissingSecret, match="CLIENT_SECRET"):
        await once(far.call(), client, {"CLIENT_ID": "halon"})
    assert far.asked == []


async def test_hmac_signs_method_path_time_and_body(client: httpx.AsyncClient, product: Callable[..., Any]) -> None:
    """A receiver that holds the key computes the same signature from what arrived."""
    async with product() as served:
        call = Call(
            "PUT", f"{served.url}/control/kill-switch?tenant=7", ("127.0.0.1",), body={"on": True}, auth="hmac",
            secret="HMAC_KEY", auth_with={"header": "X-Signature"},
        )  # fmt: skip
        await send(call, key="k", client=client, environ={"HMAC_KEY": "shared"})
    [one] = served.seen
    stamp = one.headers["x-halon-timestamp"]
    assert abs(int(stamp) - time.time()) < 30
    body = hashlib.sha256(json.dumps({"on": True}).encode()).hexdigest()
    expected = hmac.new(
        b"shared", f"PUT\n/control/kill-switch?tenant=7\n{stamp}\n{body}".encode(), "sha256"
    ).hexdigest()
    assert one.headers["x-signature"] == f"sha256={expected}"
    assert "shared" not in json.dumps(one.headers)


@pytest.fixture
async def tls() -> Any:
    """A TLS server called gateway.example that asks for a client certificate; gives the port and the names it saw."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")
    made.load_verify_locations(CERTIFICATES / "ca.pem")
    made.verify_mode = ssl.CERT_OPTIONAL
    seen: list[str] = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        certificate = writer.get_extra_info("peercert") or {}
        seen.append(dict(one[0] for one in certificate.get("subject", ((("commonName", ""),),)))["commonName"])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(handler, "127.0.0.1", 0, ssl=made)
    yield server.sockets[0].getsockname()[1], seen
    server.close()


FILES = {
    "CA": str(CERTIFICATES / "ca.pem"),
    "CERT": str(CERTIFICATES / "client.pem"),
    "KEY": str(CERTIFICATES / "client.key"),
}


async def test_mtls_shows_the_clients_certificate(client: httpx.AsyncClient, tls: tuple[int, list[str]]) -> None:
    """The far side sees who calls; its own certificate is checked against the authority that the kit names."""
    port, seen = tls
    call = Call(
        "GET", f"https://127.0.0.1:{port}/", ("127.0.0.1",), auth="mtls",
        secrets={"certificate": "CERT", "key": "KEY", "ca": "CA"},
    )  # fmt: skip
    await send(call, key=None, client=client, environ=FILES)
    assert seen == ["client"]


async def test_an_authority_that_nobody_named_is_not_trusted(
    client: httpx.AsyncClient, tls: tuple[int, list[str]]
) -> None:
    """Without ca the public authorities count, and this one is none of them: provably nothing arrived."""
    port, seen = tls
    with pytest.raises(Unreachable, match=r"(?i)certificate"):
        await send(Call("GET", f"https://127.0.0.1:{port}/", ("127.0.0.1",)), key=None, client=client, environ={})
    assert seen == []


async def test_a_certificate_of_another_name_is_refused(
    client: httpx.AsyncClient, tls: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right authority and the wrong name: nothing is sent. The right name is."""
    port, seen = tls

    async def here(*_: object, **__: object) -> list[Any]:
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    def call(name: str) -> Call:
        return Call("GET", f"https://{name}:{port}/", (name,), secrets={"ca": "CA"}, near=True)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", here)
    with pytest.raises(Unreachable, match=r"other\.example"):
        await send(call("other.example"), key=None, client=client, environ=FILES)
    assert seen == []
    await send(call("gateway.example"), key=None, client=client, environ=FILES)
    assert seen == [""]


@pytest.mark.parametrize(("variable", "value"), [("CERT", "/nowhere/client.pem"), ("CA", str(Path(__file__)))])
async def test_a_file_that_can_not_be_used_is_named_by_its_variable(
    client: httpx.AsyncClient, variable: str, value: str
) -> None:
    """The error names the variable, not the path."""
    call = Call(
        "GET", "https://127.0.0.1:9/", ("127.0.0.1",), auth="mtls",
        secrets={"certificate": "CERT", "key": "KEY", "ca": "CA"},
    )  # fmt: skip
    with pytest.raises(Refused, match=variable) as caught:
        await send(call, key=None, client=client, environ=FILES | {variable: value})
    assert value not in str(caught.value)
