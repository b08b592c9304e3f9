"""A call of a connector with an agent's values filled in: what is approved is what runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from halon.incident.orders import Call
from halon.kit.files.connectors import CallShape
from halon.kit.places import Problems
from halon.kit.reading import Path

_BLANK = re.compile(r"\{([a-z][a-z0-9_-]*)\}")


@dataclass(frozen=True, slots=True)
class Reach:
    """How one agent is reached: address without trailing slash, host, auth scheme, the secret's variable, seconds."""

    base_url: str
    host: str
    auth: str
    secret: str
    timeout: float


def host_of(url: str) -> str | None:
    """The host of a plain http or https base address; None for anything else (user names, queries, fragments)."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    bare = not (parts.username or parts.password or parts.query or parts.fragment)
    tidy = url.isascii() and url.isprintable() and not set(url) & set(' \\{}"<>')
    return parts.hostname if parts.scheme in ("http", "https") and bare and tidy else None


def blanks(shape: CallShape) -> frozenset[str]:
    """The names that stand in ``{…}`` anywhere in a call."""
    found: set[str] = set()
    rest: list[Any] = [shape.path, shape.headers, shape.body, shape.expect.values]
    while rest:
        value = rest.pop()
        if isinstance(value, str):
            found.update(_BLANK.findall(value))
        elif isinstance(value, Mapping):
            rest.extend(value.values())
        elif isinstance(value, list):
            rest.extend(value)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Filler:
    """Fills blanks such as ``{tool}`` with inventory values. Problems are noted at ``file`` and ``path``."""

    values: Mapping[str, Any]
    file: str
    path: Path
    problems: Problems

    def call(self, shape: CallShape, reach: Reach) -> Call:
        """``shape`` resolved for ``reach``: values percent-encoded in the path, whole in headers and body."""
        return Call(
            method=shape.method,
            url=reach.base_url + _BLANK.sub(lambda found: self._segment(found[1]), shape.path),
            hosts=(reach.host,),
            headers={name: self._header(text) for name, text in shape.headers.items()},
            body=self._filled(shape.body),
            expect_status=tuple(shape.expect.status),
            expect_json={pointer: self._filled(value) for pointer, value in shape.expect.values.items()},
            key_header=shape.key_header or "",
            auth="" if reach.auth == "none" else reach.auth,
            secret="" if reach.auth == "none" else reach.secret,
            timeout=reach.timeout,
        )

    def _value(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        self.problems.add(
            self.file, self.path, f"the call needs a value for {{{name}}}", tuple(self.values), "give it in with:"
        )
        return ""

    def _segment(self, name: str) -> str:
        text = str(self._value(name))
        if text in (".", "..") or (name in self.values and not text):
            what = f"{name} is {text!r}, which can't stand in a path"
            self.problems.add(self.file, self.path, what, (), "give it another value in with:")
        return quote(text, safe="")

    def _header(self, text: str) -> str:
        filled = _BLANK.sub(lambda found: str(self._value(found[1])), text)
        if not (filled.isascii() and filled.isprintable()):
            what = "a header would hold characters that headers can't hold"
            self.problems.add(self.file, self.path, what, (), "use printable ASCII only")
        return filled

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            if whole := _BLANK.fullmatch(value):
                return self._value(whole[1])
            return _BLANK.sub(lambda found: str(self._value(found[1])), value)
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        return value
