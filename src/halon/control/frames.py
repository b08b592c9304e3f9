"""An answer in frames: lines of server-sent events and NDJSON, JSON values in a row, and what each field says over all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from halon.control.refusals import GuardrailHit

DEEPEST = 100
Way = tuple[Any, ...]
"""Where a text stands in a frame: the names of the fields above it. A list adds nothing. Empty for the name of a field."""
_LINE = re.compile(r"([A-Za-z0-9_]{0,40}:)?([ \t\x1e]*)")
_FIELD = re.compile(r"(?:data|event|id|retry)?:")
_TELLS_APART = ("index", "output_index", "content_index", "item_id", "id", "role")
"""Fields beside a text that tell two interleaved texts apart."""
_DECODER = json.JSONDecoder()


class Said:
    """One text within a frame. ``text`` may be changed before the frame is written again."""

    __slots__ = ("apart", "text", "way")

    def __init__(self, text: str, way: Way, apart: Way) -> None:
        self.text, self.way, self.apart = text, way, apart


class Frame:
    """A piece of an answer: a JSON value, or text as it is. ``said`` are its texts, in their order."""

    def __init__(self, value: Any, is_json: bool, way: Way = ()) -> None:
        self.is_json, self.said = is_json, list[Said]()
        self._value = self._held(value, way or (0,), (), 0) if is_json or way else value

    def text(self) -> str:
        """The frame as it is now."""
        value = _plain_again(self._value)
        return _json_text(value) if self.is_json else str(value)

    def change(self, changed: Callable[[str], str]) -> None:
        """Change each text by itself."""
        for one in self.said:
            one.text = changed(one.text)
        if not self.is_json and not self.said:
            self._value = changed(self._value)

    def _held(self, value: Any, way: Way, apart: Way, depth: int) -> Any:
        if depth > DEEPEST:
            raise GuardrailHit("This answer is nested too deeply to be looked at, and a rule is set.")
        if isinstance(value, str):
            self.said.append(Said(value, way, (*way, *apart) if way else ()))
            return self.said[-1]
        if isinstance(value, dict):
            apart = (*apart, *(str(value[name]) for name in _TELLS_APART if isinstance(value.get(name), (str, int))))
            return _Fields(
                (self._held(key, (), (), depth), self._held(one, (*way, key), apart, depth + 1))
                for key, one in value.items()
            )
        return [self._held(one, way, apart, depth + 1) for one in value] if isinstance(value, list) else value


class _Fields(tuple[Any, ...]):
    """The fields of an object, in pairs."""

    __slots__ = ()


def frames_of(text: str, streamed: bool) -> list[Frame]:
    """The frames of an answer; none if it has none. ``streamed``: it says of itself that it is a stream."""
    if row := _in_a_row(text):
        return row
    streamed = streamed or _FIELD.match(text) is not None
    found = list(_events(text)) if streamed else [frame for line in _lines(text) for frame in _in_line(line)]
    return found if any(frame.is_json or frame.said for frame in found) else []


def join_links(frames: list[Frame], changed: Callable[[str], str]) -> None:
    """Change each text; and a text that is in pieces, where that changes it as a whole: then the first holds all."""
    for frame in frames:
        frame.change(changed)
    everything = [one for frame in frames for one in frame.said]
    for apart in (True, False):
        for pieces in together(everything, apart):
            whole = "".join(one.text for one in pieces)
            if len(pieces) > 1 and (left := changed(whole)) != whole:
                pieces[0].text = left
                for one in pieces[1:]:
                    one.text = ""


def together(everything: list[Said], apart: bool) -> list[list[Said]]:
    """The texts of the same field over all frames; with ``apart``, those of two interleaved answers by themselves."""
    by_way: dict[Way, list[Said]] = {}
    for one in (one for one in everything if one.way):
        by_way.setdefault(one.apart if apart else one.way, []).append(one)
    return list(by_way.values())


def _in_a_row(text: str) -> list[Frame]:
    """JSON values one after the other and nothing else, or nothing."""
    found, at = list[Frame](), 0
    try:
        while at < len(text):
            if text[at] in " \t\r\n\x1e,":
                between = at
                while at < len(text) and text[at] in " \t\r\n\x1e,":
                    at += 1
                found.append(Frame(text[between:at], is_json=False))
            else:
                value, at = _DECODER.raw_decode(text, at)
                found.append(Frame(value, is_json=True))
    except RecursionError:
        raise GuardrailHit("This answer is nested too deeply to be looked at, and a rule is set.") from None
    except ValueError:
        return []
    return found if any(frame.is_json for frame in found) else []


def _lines(text: str) -> list[str]:
    return re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)


def _events(text: str) -> Iterator[Frame]:
    """The frames of a stream. An event whose data stands on several lines is one."""
    data = list[str]()
    for line in [*_lines(text), ""]:
        if line.startswith("data:"):
            data.append(line)
            continue
        if data:
            value = "\n".join(one[5:].removeprefix(" ").rstrip("\r\n") for one in data)
            if len(data) > 1 and (parsed := _in_a_row(value)) and any(frame.said for frame in parsed):
                yield Frame("data: ", is_json=False)
                yield from parsed
                yield Frame("\n", is_json=False)
            else:
                for one in data:
                    yield from _in_line(one, raw="data")
            data = []
        if line:
            yield from _in_line(line, raw="" if _FIELD.match(line) else "line")


def _in_line(line: str, raw: str = "") -> Iterator[Frame]:
    """The frames of a line: what stands before, JSON values in a row, and the rest. ``raw``: text that is no JSON counts
    as one text with that of other such lines."""
    start = _LINE.match(line)
    at = start.end() if start else 0
    found = list[Frame]()
    while at < len(line) and line[at] in '{["':
        try:
            value, end = _DECODER.raw_decode(line, at)
        except (ValueError, RecursionError):
            break
        found.append(Frame(value, is_json=True))
        at = end
        while at < len(line) and line[at] in " \t,\x1e":
            at += 1
    if not found and raw == "data":
        at = 6 if line.startswith("data: ") else 5
    elif not found:
        at = 0
    if found or at:
        yield Frame(line[: (start.end() if start else 0) if found else at], is_json=False)
        yield from found
    body = line[at:].rstrip("\r\n")
    if body:
        yield Frame(body, is_json=False, way=(0, raw)) if raw else Frame(body, is_json=False)
    if line[at + len(body) :]:
        yield Frame(line[at + len(body) :], is_json=False)


def _plain_again(value: Any) -> Any:
    if isinstance(value, Said):
        return value.text
    if isinstance(value, _Fields):
        return {key.text: _plain_again(one) for key, one in value}
    return [_plain_again(one) for one in value] if isinstance(value, list) else value


def _json_text(value: Any) -> str:
    """JSON of a value. Half of a character, as a stream may cut it, stays as an escape."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text
