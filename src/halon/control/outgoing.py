"""What leaves in an answer: held to the guardrail rules, and its links defused while they are blocked."""

from __future__ import annotations

import codecs
import json
import re
import zlib

from halon.control.frames import Frame, Said, Way, frames_of, join_links, together
from halon.control.guardrails import hold_to_rules
from halon.control.links import defused
from halon.control.refusals import GuardrailHit
from halon.control.switches import Switches

MOST_ANSWER = 1_000_000
"""Bytes of an answer that can be looked at; a larger one is held back."""
WINDOW = 4_000
"""Characters of each field of a websocket's messages that are looked at together with the next one."""
_MOST_FIELDS = 200
_STREAMS = re.compile(rb"event-stream|ndjson|jsonl|json-?lines|json-seq|stream\+json|json-stream")
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w.:-]{1,40})")
Headers = list[tuple[bytes, bytes]]


def may_leave(now: Switches, text: str) -> str:
    """``text`` as it may leave. Raises GuardrailHit."""
    hold_to_rules(now, text, "this answer")
    return defused(text) if now.no_links else text


def body_that_may_leave(now: Switches, headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    """An answer's headers and body as they may leave.

    JSON is read, and its texts are looked at one by one. Of a stream, lines of ``data:`` or of JSON, the pieces of one
    field are looked at as the one text that they make.

    Raises GuardrailHit, also if the body can't be read.
    """
    kind = next((value for name, value in headers if name.lower() == b"content-type"), b"").lower()
    text = text_of(headers, kind, body)
    streamed = _STREAMS.search(kind) is not None
    if frames := frames_of(text, streamed):
        _hold_frames(now, text, frames)
        if now.no_links:
            join_links(frames, defused)
        left = "".join(frame.text() for frame in frames)
        if now.no_links and not streamed and b"json" not in kind:
            left = defused(left)
    else:
        left = may_leave(now, text)
    said = left.encode("utf-8", "replace")
    drop = (b"content-length", b"content-encoding", b"etag", b"content-md5", b"digest", b"content-digest")
    kept = [(name, _in_utf8(one) if name.lower() == b"content-type" else one) for name, one in headers
            if name.lower() not in drop]  # fmt: skip
    return [*kept, (b"content-length", str(len(said)).encode())], said


class Talk:
    """What a websocket has said of late, field by field: so a text is found that comes in pieces."""

    def __init__(self) -> None:
        self._lately: dict[Way, str] = {}

    def may_go_on(self, now: Switches, text: str) -> str:
        """A message as it may leave after those before it. Raises GuardrailHit: what has left can't be taken back."""
        frames = frames_of(text, streamed=False) or [Frame(text, is_json=False, way=(0,))]
        _hold_frames(now, text, frames)
        if now.no_links:
            join_links(frames, defused)
        everything = [one for frame in frames for one in frame.said]
        for pieces in [*together(everything, apart=True), *together(everything, apart=False)]:
            self._join(now, pieces)
        for apart in (True, False):
            for pieces in together(everything, apart):
                self._keep(pieces, apart)
        left = "".join(frame.text() for frame in frames)
        mixed = len(frames) > 1 and any(not frame.is_json and frame.text().strip(" ,\r\n\t\x1e") for frame in frames)
        return defused(left) if now.no_links and mixed else left

    def _join(self, now: Switches, pieces: list[Said]) -> None:
        """Look at the pieces of a field together with what was said in it before."""
        for way in (pieces[0].apart, pieces[0].way):
            before, whole = self._lately.get(way, ""), "".join(one.text for one in pieces)
            before = defused(before) if now.no_links else before
            if not before or not whole:
                continue
            hold_to_rules(now, before + whole, "this message")
            if not now.no_links:
                continue
            for between in ("", " "):
                if (left := defused(before + between + whole)).startswith(before):
                    break
            else:
                raise GuardrailHit("A link in pieces can't be taken apart here, and links are blocked.")
            if left != before + whole:
                pieces[0].text = left[len(before) :]
                for one in pieces[1:]:
                    one.text = ""

    def _keep(self, pieces: list[Said], apart: bool) -> None:
        way = pieces[0].apart if apart else pieces[0].way
        if apart and way == pieces[0].way:
            return
        said = self._lately.pop(way, "") + "".join(one.text for one in pieces)
        self._lately[way] = said[-WINDOW:]
        while len(self._lately) > _MOST_FIELDS:
            self._lately.pop(next(iter(self._lately)))


def _hold_frames(now: Switches, text: str, frames: list[Frame]) -> None:
    """Raises GuardrailHit if a text of the frames breaks a rule, or the pieces of a field do, or all in a row."""
    if not now.rules:
        return
    everything = [one for frame in frames for one in frame.said]
    hold_to_rules(now, text, "this answer")
    hold_to_rules(now, " ".join(one.text for one in everything), "this answer")
    for apart in (True, False):
        for pieces in together(everything, apart):
            hold_to_rules(now, "".join(one.text for one in pieces), "this answer")


def text_of(headers: Headers, kind: bytes, body: bytes) -> str:
    """A body as text. Raises GuardrailHit if it can't be read."""
    coding = next((value for name, value in headers if name.lower() == b"content-encoding"), b"identity").lower()
    if coding == b"gzip":
        unpack = zlib.decompressobj(wbits=31)
        try:
            body = unpack.decompress(body, MOST_ANSWER)
        except zlib.error:
            raise GuardrailHit("This answer can't be read, and a rule is set.") from None
        if unpack.unconsumed_tail or not unpack.eof:
            raise GuardrailHit("This answer is too large to be looked at, and a rule is set.")
    elif coding != b"identity":
        raise GuardrailHit("This answer is packed in a way that can't be looked at, and a rule is set.")
    charset = found[1].decode() if (found := _CHARSET.search(kind)) else ""
    if not charset or b"\0" in body[:4] or body[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        charset = json.detect_encoding(body)
    try:
        return str(body.decode(charset.removesuffix("-sig"), "replace")).removeprefix("\ufeff")
    except (LookupError, ValueError):
        raise GuardrailHit("This answer is in letters that can't be read here, and a rule is set.") from None


def _in_utf8(kind: bytes) -> bytes:
    """A content type as it is once the body is written anew."""
    return re.sub(rb"(charset\s*=\s*)[\"']?[\w.:-]{1,40}[\"']?", rb"\1utf-8", kind, flags=re.IGNORECASE)
