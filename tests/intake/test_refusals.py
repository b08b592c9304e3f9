"""What the door refuses, and how it says so: problem+json that names what is wrong, where, and what to do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from temporalio.client import Client

from halon.settings import Limits

pytestmark = pytest.mark.asyncio(loop_scope="session")

JSON = {"Content-Type": "application/json"}
REPORT = {"reporter": "ann", "agent": "bot", "summary": "It sent a mail to a customer.", "what": "data_leak"}


def require_problem(answer: Any, status: int, name: str) -> dict[str, Any]:
    """The answer is problem+json of this status and name."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert (told["status"], told["type"]) == (status, f"urn:halon:problem:{name}")
    assert told["title"]
    assert told["detail"]
    return told


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer wrong", "Basic token-of-the-alertmanager", "token-of-the-alertmanager",
     "Bearer token-of-the-alertmanage", "Bearer token-of-the-alertmanagerr", b"Bearer t\xf6ken"],
)  # fmt: skip
async def test_without_the_token_nothing_comes_in(
    gateway: Any, alert: Any, delivery: Any, agent: str, header: Any
) -> None:
    """No token, another scheme, a token that is a little off: 401, which tells neither the token nor its variable."""
    headers = {**JSON, "Authorization": header} if header else JSON
    body = json.dumps(delivery(alert(agent)))
    told = require_problem(await gateway.http.post("/v1/alerts/am", content=body, headers=headers), 401, "unauthorised")
    assert "Authorization: Bearer" in told["detail"] or "compare it" in told["detail"]
    assert "AM_TOKEN" not in told["detail"]
    assert "token-of-the" not in told["detail"]


async def test_an_unknown_source_is_told_the_known_ones(gateway: Any, alert: Any, delivery: Any, agent: str) -> None:
    """A typo in the path: 404 with the names that exist, for this machine; the metrics do not grow by what was typed."""
    told = require_problem(await gateway.deliver(delivery(alert(agent)), source="ma"), 404, "unknown-source")
    assert told["known"] == ["am"]
    assert told["detail"].endswith("known: am")
    assert await gateway.counted('halon_intake_refused_total{reason="unknown-source",source="unknown"} 1.0')


@pytest.mark.parametrize(
    ("headers", "named"),
    [({}, "application/json"), ({"Content-Type": "text/plain"}, "text/plain"),
     ({"Content-Type": "application/x-www-form-urlencoded"}, "urlencoded"),
     ({"Content-Type": "application/json; charset=latin-1"}, "latin-1"), ({**JSON, "Content-Encoding": "gzip"}, "gzip")],
)  # fmt: skip
async def test_what_is_not_plain_json_is_415(gateway: Any, headers: dict[str, str], named: str) -> None:
    """Another media type, charset or compression is refused by its name."""
    sent = {"Authorization": "Bearer token-of-the-alertmanager", **headers}
    told = require_problem(
        await gateway.http.post("/v1/alerts/am", content=b"{}", headers=sent), 415, "wrong-media-type"
    )
    assert named in told["detail"]


async def test_a_large_delivery_is_refused_before_it_is_read(temporal: Client, make_gateway: Any) -> None:
    """413 comes from the header alone, or after the limit is passed; never after all of it was read."""
    gateway = make_gateway(temporal, limits=Limits(body=10_000))
    headers = {**JSON, "Authorization": "Bearer token-of-the-alertmanager"}
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10_000_000:
            sent += 1000
            yield b" " * 1000

    claimed = await gateway.http.post("/v1/alerts/am", content=b" " * 10_001, headers=headers)
    require_problem(claimed, 413, "too-large")
    streamed = await gateway.http.post("/v1/alerts/am", content=endless(), headers=headers)
    assert require_problem(streamed, 413, "too-large")["limit"] == 10_000
    assert sent < 30_000
    await gateway.stop()


Break = Callable[[dict[str, Any]], Any]
BROKEN: dict[str, tuple[Break, str]] = {
    "no alerts": (lambda body: body | {"alerts": []}, "alerts"),
    "alerts missing": (lambda body: {"version": "4"}, "alerts"),
    "another version": (lambda body: body | {"version": "3"}, "version"),
    "a status that is none": (lambda body: _set(body, "status", "firng"), "alerts[0].status"),
    "a start that is no time": (lambda body: _set(body, "startsAt", "yesterday"), "alerts[0].startsAt"),
    "a start beyond time": (lambda body: _set(body, "startsAt", "9999-12-31T23:59:59-23:00"), "alerts[0].startsAt"),
    "a label that is no text": (lambda body: _set(body, "labels", {"agent": 1}), "alerts[0].labels.agent"),
    "labels that are no object": (lambda body: _set(body, "labels", "x"), "alerts[0].labels"),
    "not an object": (lambda body: [], "body"),
    "a number": (lambda body: 1, "body"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_delivery_that_is_broken_is_told_the_place(
    gateway: Any, alert: Any, delivery: Any, agent: str, name: str
) -> None:
    """422 names the place in the JSON; nothing of a broken delivery is admitted, and no input is repeated."""
    broken, place = BROKEN[name]
    told = require_problem(await gateway.deliver(broken(delivery(alert(agent)))), 422, "bad-payload")
    assert place in [error["where"] for error in told["errors"]]
    assert "yesterday" not in json.dumps(told)


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"", "not JSON"), (b"{", "line 1 column"), (b'{"a": "\xff"}', "not JSON"), (b"[" * 50_000, "not JSON"),
     (b"[" * 40 + b"]" * 40, "deeper than 32"), (b'{"a":' * 33 + b"1" + b"}" * 33, "deeper than 32"),
     (b'{"version": NaN}', "not JSON"), (b'{"a": "\\ud800"}', "not JSON"), (b"9" * 100_000, "")],
)  # fmt: skip
async def test_a_body_that_is_no_json_or_too_deep_is_422(gateway: Any, content: bytes, told: str) -> None:
    """Broken JSON, invalid text and hostile nesting are refused with the place, and nothing falls over."""
    headers = {**JSON, "Authorization": "Bearer token-of-the-alertmanager"}
    answer = await gateway.http.post("/v1/alerts/am", content=content, headers=headers)
    assert told in require_problem(answer, 422, "bad-payload")["detail"]


@pytest.mark.parametrize(
    ("change", "place"),
    [({"what": "leak"}, "what"), ({"reporter": ""}, "reporter"), ({"reporter": "   "}, "reporter"),
     ({"summary": "x" * 4001}, "summary"), ({"seen": "now"}, "seen"), ({"seen_at": "soon"}, "seen_at"),
     ({"seen_at": "2999-01-01T00:00:00Z"}, "seen_at"), ({"trace_id": "<b>"}, "trace_id"), ({"agent": None}, "agent")],
)  # fmt: skip
async def test_a_report_that_is_broken_is_told_the_field(gateway: Any, change: dict[str, Any], place: str) -> None:
    """A person's report is checked field by field; an unknown field is named, not dropped."""
    answer = await gateway.http.post("/v1/reports", json=REPORT | change)
    told = require_problem(answer, 422, "bad-payload")
    assert [error["where"] for error in told["errors"]] == [place]


async def test_the_known_kinds_of_harm_are_listed_for_a_typo(gateway: Any) -> None:
    """A misspelt kind of harm is answered with those that exist."""
    told = (await gateway.http.post("/v1/reports", json=REPORT | {"what": "leak"})).json()
    assert "unauthorised_tool_action" in told["detail"]


@pytest.mark.parametrize(
    ("peer", "host", "headers"),
    [("10.0.0.9", "127.0.0.1", {}), ("127.0.0.1", "halon.example.com", {}),
     ("127.0.0.1", "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}), ("127.0.0.1", "127.0.0.1", {"Forwarded": "for=x"})],
)  # fmt: skip
async def test_without_a_token_only_this_machine_reports_and_reads(
    temporal: Client, make_gateway: Any, peer: str, host: str, headers: dict[str, str]
) -> None:
    """Another machine, a host name that was pointed here, and a proxy on this machine are not this machine."""
    gateway = make_gateway(temporal, peer=peer, host=host, environ={"AM_TOKEN": "token-of-the-alertmanager"})
    report = await gateway.http.post("/v1/reports", json=REPORT, headers=headers)
    listing = await gateway.http.get("/v1/incidents", headers=headers)
    assert "HALON_TOKEN_REPORT" in require_problem(report, 403, "not-from-here")["detail"]
    assert "HALON_TOKEN_READ" in require_problem(listing, 403, "not-from-here")["detail"]
    await gateway.stop()


async def test_unknown_paths_and_methods_are_problems_too(gateway: Any) -> None:
    """What the framework refuses itself looks like every other refusal."""
    require_problem(await gateway.http.get("/v2/alerts"), 404, "not-found")
    require_problem(await gateway.http.get("/v1/alerts/am"), 405, "method-not-allowed")
    headers = {"Authorization": "Bearer token-for-reading-incidents"}
    answer = await gateway.http.get("/v1/incidents?limit=0", headers=headers)
    assert "limit" in require_problem(answer, 422, "bad-payload")["detail"]


async def test_a_bug_is_told_without_its_inside(
    gateway: Any, alert: Any, delivery: Any, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure of the door itself is a 500 that senders retry, with no stack trace in it."""

    async def broken(alerts: object) -> None:
        raise KeyError("inside")

    monkeypatch.setattr(gateway.door, "admit", broken)
    told = require_problem(await gateway.deliver(delivery(alert(agent))), 500, "internal")
    assert "inside" not in json.dumps(told)


def _set(body: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    return body | {"alerts": [body["alerts"][0] | {name: value}]}
