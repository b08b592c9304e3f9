"""The shapes of the switches: their paths, their fields, what these must be, and what they are while nobody touched them."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable
from typing import Any

from halon.control.values import Json

Check = tuple[str, Callable[[Any], bool]]
"""What a value must be, in words, and whether it is."""
Shape = dict[str, tuple[Check, Any]]
"""The fields of a switch: what each must be, and its value while nobody has touched it."""


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200 and value.isprintable()


def _is_domain(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 253 and _DOMAIN.fullmatch(value) is not None


def _is_rule(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 200 and len(value.replace("*", "").strip()) >= 2


_DOMAIN = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
BOOL: Check = ("true or false", lambda v: isinstance(v, bool))
WHO: Check = ("a name of 1 to 200 printable characters", _is_name)
EPOCH: Check = ("a whole number from 1", lambda v: type(v) is int and v >= 1)
_COUNT: Check = (
    "a whole number from 0 to 1000000, or null", lambda v: v is None or (type(v) is int and 0 <= v <= 1_000_000),
)  # fmt: skip
_MANY: Check = ("a whole number from 0 to 1e12, or null", lambda v: v is None or (type(v) is int and 0 <= v <= 10**12))
_EUR: Check = ("a number from 0 to 1e9, or null", lambda v: v is None or (type(v) in (int, float) and 0 <= v <= 1e9))
_HEAT: Check = ("a number from 0 to 10, or null", lambda v: v is None or (type(v) in (int, float) and 0 <= v <= 10))
_SHARE: Check = ("a whole number from 0 to 100", lambda v: type(v) is int and 0 <= v <= 100)
_TIME: Check = ("a time in seconds", lambda v: type(v) in (int, float))
_TEXT: Check = ("a text of 1 to 200 printable characters, or null", lambda v: v is None or _is_name(v))
_HOST: Check = ("a domain in lower-case ASCII, such as evil.example", _is_domain)
_HOSTS: Check = (
    "a list of at most 500 domains in lower-case ASCII, or null",
    lambda v: v is None or (isinstance(v, list) and len(v) <= 500 and all(map(_is_domain, v))),
)
_RULE: Check = (
    "a text of at most 200 characters, two of them other than * and blanks, or null",
    lambda v: v is None or _is_rule(v),
)
_OF_AGENT: dict[str, Shape] = {
    "kill-switch": {"on": (BOOL, False)},
    "hard-stop": {"on": (BOOL, False)},
    "drain": {"on": (BOOL, False), "since": (_TIME, 0)},
    "sessions": {"all_ended": (_TIME, 0), "ended": (_MANY, 0)},
    "read-only": {"on": (BOOL, False)},
    "rate-limit": {"per_minute": (_COUNT, None)},
    "spend-cap": {"eur_per_hour": (_EUR, None)},
    "token-cap": {"tokens_per_hour": (_MANY, None)},
    "concurrency-cap": {"turns": (_COUNT, None)},
    "generation": {"max_temperature": (_HEAT, None), "max_context_tokens": (_MANY, None)},
    "memory": {"enabled": (BOOL, True)},
    "memory-quarantine": {"on": (BOOL, False)},
    "memory-cleared": {"cleared": (_TIME, 0), "entries": (_MANY, 0), "sha256": (_TEXT, None)},
    "egress": {"only": (_HOSTS, None)},
    "browsing": {"blocked": (BOOL, False)},
    "links": {"blocked": (BOOL, False)},
    "token-epoch": {"epoch": (EPOCH, 1), "advanced": (_TIME, 0)},
}
_OF_TOOL: dict[str, Shape] = {
    "": {"enabled": (BOOL, True), "share": (_SHARE, 100)},
    "/approval": {"required": (BOOL, False)},
    "/rate-limit": {"per_minute": (_COUNT, None)},
}
NAMED: dict[str, tuple[str, Check]] = {
    "tenants": ("tenant", WHO), "sources": ("source", WHO), "egress": ("domain", _HOST), "guardrails": ("rule", WHO),
    "pins": ("what", WHO), "tools": ("tool", WHO),
}  # fmt: skip
"""Families of switches behind a name, as in ``tenants/{tenant}``: the field that shows it, and what it must be."""
_OF_NAMED: dict[str, Shape] = {
    "tenants": {"isolated": (BOOL, False)},
    "sources": {"quarantined": (BOOL, False)},
    "egress": {"blocked": (BOOL, False)},
    "guardrails": {"blocks": (_RULE, None)},
    "pins": {"value": (_TEXT, None), "rolled_back": (BOOL, False)},
}
OF_AGENT, OF_TOOL = tuple(_OF_AGENT), tuple(_OF_TOOL)
"""The paths of switches: of the agent, and of a tool, behind ``tools/{tool}``."""
SET_OTHERWISE = ("token-epoch", "sessions", "memory-cleared")
"""What no PUT sets: it goes one way only."""
OUR_OWN = ("since", "rolled_back")
"""Fields that are kept with a switch and that no caller sets."""


def switch_path(family: str, name: str, switch: str = "") -> str:
    """The path of a switch behind a name, below /control."""
    return f"{family}/{urllib.parse.quote(name, safe='')}{switch}"


def tool_path(name: str, switch: str = "") -> str:
    """The path of a tool's switch below /control."""
    return switch_path("tools", name, switch)


def name_in(path: str) -> str:
    """The name in the path of a switch behind a name."""
    return urllib.parse.unquote(path.split("/")[1])


def shape_of(path: str) -> Shape:
    """The fields of the switch at this path. Raises KeyError if there is none."""
    family, *rest = path.split("/")
    if not rest:
        return _OF_AGENT[path]
    return _OF_TOOL["/".join(("", *rest[1:]))] if family == "tools" else _OF_NAMED[family]


def untouched(path: str) -> Json:
    """The switch at this path while nobody has touched it."""
    return {field: default for field, (_, default) in shape_of(path).items()}


def checked(value: Any, shape: Shape, optional: tuple[str, ...] = ()) -> Json:
    """``value`` if it has the fields of ``shape``. Raises ValueError with what is wrong."""
    if not isinstance(value, dict):
        raise ValueError("an object is wanted")
    for name in [*shape, *value]:
        if name not in shape:
            raise ValueError(f"there is no field {name[:80]!r}; known: {', '.join(shape)}")
        (words, fits), _ = shape[name]
        if not (fits(value[name]) if name in value else name in optional):
            raise ValueError(f"{name} must be {words}")
    return value
