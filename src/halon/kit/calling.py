"""A call of a connector with an agent's values filled in: what is approved is what runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from halon.connectors.answers import HAS
from halon.connectors.pointers import ABSENT, part
from halon.incident.orders import Call
from halon.kit.files.connectors import CallShape
from halon.kit.places import Problems
from halon.kit.reading import Path

_BLANK = re.compile(r"\{([a-z][a-z0-9_-]*)\}")


@dataclass(frozen=True, slots=True)
class Reach:
    """How one agent is reached: address without trailing slash, host, auth scheme, the secret's variable, seconds.

    ``also`` are further hosts, such as that of the token endpoint; the rest is as in ``halon.incident.orders.Call``.
    """

    base_url: str
    host: str
    auth: str
    secret: str
    timeout: float
    also: tuple[str, ...] = ()
    auth_with: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    near: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that have to be set."""
        return tuple(name for name in (self.secret, *self.secrets.values()) if name)


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
    rest: list[Any] = [shape.path, shape.query, shape.headers, shape.body, shape.expect.values]
    rest += [shape.expect.text, shape.expect.absent]
    while rest:
        value = rest.pop()
        if isinstance(value, str):
            found.update(_BLANK.findall(value))
        elif isinstance(value, Mapping):
            rest.extend((*value, *value.values()))
        elif isinstance(value, list):
            rest.extend(value)
    return frozenset(found)


def filled_in(text: str, values: Mapping[str, Any]) -> str | None:
    """``text`` with ``values`` in its blanks; None where one is missing, or is no plain value."""
    names = _BLANK.findall(text)
    if any(not isinstance(values.get(name), str | int | float) for name in names):
        return None
    return _BLANK.sub(lambda found: str(values[found[1]]), text)


@dataclass(frozen=True, slots=True)
class Filler:
    """Fills blanks such as ``{tool}`` with inventory values. Problems are noted at ``file`` and ``path``."""

    values: Mapping[str, Any]
    file: str
    path: Path
    problems: Problems

    def call(self, shape: CallShape, reach: Reach) -> Call:
        """``shape`` resolved for ``reach``: values percent-encoded in path and query, whole in headers and body."""
        expect = shape.expect
        expected = {self._pointer(pointer): self._filled(value) for pointer, value in expect.values.items()}
        expected |= {f"{ABSENT}{self._pointer(pointer)}": None for pointer in expect.absent}
        expected |= {f"/{HAS}/{part(str(self._filled(text)))}": True for text in expect.text}
        return Call(
            method=shape.method,
            url=reach.base_url + _BLANK.sub(lambda found: self._segment(found[1]), shape.path) + self._query(shape),
            hosts=(reach.host, *reach.also),
            headers=self._headers(shape),
            body=self._filled(shape.body),
            expect_status=tuple(expect.status),
            expect_json=expected,
            key_header=shape.key_header or "",
            auth="" if reach.auth == "none" else reach.auth,
            secret="" if reach.auth == "none" else reach.secret,
            timeout=reach.timeout,
            auth_with=dict(reach.auth_with),
            secrets=dict(reach.secrets),
            encoding="form" if shape.content_type == "form" else "",
            answer="text" if expect.text else "" if expect.read == "json" else expect.read,
            near=reach.near,
        )

    def _headers(self, shape: CallShape) -> dict[str, str]:
        headers = {name: self._header(text) for name, text in shape.headers.items()}
        if shape.content_type not in (None, "form"):
            headers["Content-Type"] = shape.content_type
        return headers

    def _query(self, shape: CallShape) -> str:
        """The query with every name and value encoded; ``true``, not ``True``."""
        pairs = [(str(self._filled(name)), self._plain(value)) for name, value in shape.query.items()]
        told = [(name, str(value).lower() if isinstance(value, bool) else str(value)) for name, value in pairs]
        return (
            "?" + "&".join(f"{quote(name, safe='$')}={quote(value, safe='')}" for name, value in told) if told else ""
        )

    def _pointer(self, pointer: str) -> str:
        return _BLANK.sub(lambda found: part(self._text(found[1])), pointer)

    def _value(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        self.problems.add(
            self.file, self.path, f"the call needs a value for {{{name}}}", tuple(self.values), "give it in with:"
        )
        return ""

    def _plain(self, value: Any) -> Any:
        whole = _BLANK.fullmatch(value) if isinstance(value, str) else None
        return self._filled(value) if whole is None or isinstance(self._value(whole[1]), bool) else self._text(whole[1])

    def _text(self, name: str) -> str:
        value = self._value(name)
        if isinstance(value, list | dict):
            what = f"{name} is a list, and it can't stand in an address, a header or a text"
            self.problems.add(self.file, (*self.path, name), what, (), "give it one value in with:")
            return ""
        return str(value)

    def _segment(self, name: str) -> str:
        text = self._text(name)
        if text in (".", "..") or (name in self.values and not text):
            what = f"{name} is {text!r}, which can't stand in a path"
            self.problems.add(self.file, self.path, what, (), "give it another value in with:")
        return quote(text, safe="")

    def _header(self, text: str) -> str:
        filled = _BLANK.sub(lambda found: self._text(found[1]), text)
        if not (filled.isascii() and filled.isprintable()):
            what = "a header would hold characters that headers can't hold"
            self.problems.add(self.file, self.path, what, (), "use printable ASCII only")
        return filled

    def _filled(self, value: Any) -> Any:
        if isinstance(value, str):
            if whole := _BLANK.fullmatch(value):
                return self._value(whole[1])
            return _BLANK.sub(lambda found: self._text(found[1]), value)
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, dict):
            return {key: self._filled(item) for key, item in value.items()}
        return value
