"""The switches: their fields, what these must be, and what they are while nobody has touched them."""

from __future__ import annotations

import dataclasses
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

from halon.control.values import Json, utc

Shape = dict[str, tuple[tuple[str, Callable[[Any], bool]], Any]]
BOOL = ("true or false", lambda v: isinstance(v, bool))
WHO = (
    "a name of 1 to 200 printable characters",
    lambda v: isinstance(v, str) and 0 < len(v) <= 200 and v.isprintable(),
)
EPOCH = ("a whole number from 1", lambda v: type(v) is int and v >= 1)
_COUNT = ("a whole number from 0 to 1000000, or null", lambda v: v is None or (type(v) is int and 0 <= v <= 1_000_000))
_EUR = ("a number from 0 to 1e9, or null", lambda v: v is None or (type(v) in (int, float) and 0 <= v <= 1e9))
_SHARE = ("a whole number from 0 to 100", lambda v: type(v) is int and 0 <= v <= 100)
_TIME = ("a time in seconds", lambda v: type(v) in (int, float))
_OF_AGENT: dict[str, Shape] = {
    "kill-switch": {"on": (BOOL, False)},
    "read-only": {"on": (BOOL, False)},
    "rate-limit": {"per_minute": (_COUNT, None)},
    "spend-cap": {"eur_per_hour": (_EUR, None)},
    "token-epoch": {"epoch": (EPOCH, 1), "advanced": (_TIME, 0)},
}
_OF_TOOL: dict[str, Shape] = {
    "": {"enabled": (BOOL, True), "share": (_SHARE, 100)},
    "/approval": {"required": (BOOL, False)},
    "/rate-limit": {"per_minute": (_COUNT, None)},
}
OF_AGENT, OF_TOOL = tuple(_OF_AGENT), tuple(_OF_TOOL)
"""The paths of switches: of the agent, and of a tool, behind ``tools/{tool}``."""


def tool_path(name: str, switch: str = "") -> str:
    """The path of a tool's switch below /control."""
    return f"tools/{urllib.parse.quote(name, safe='')}{switch}"


def shape_of(path: str) -> Shape:
    """The fields of the switch at this path. Raises KeyError if there is none."""
    first, *rest = path.split("/")
    return _OF_TOOL["/".join(("", *rest[1:]))] if first == "tools" else _OF_AGENT[path]


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


@dataclasses.dataclass
class Switches:
    """All switches at one moment: what was set by path below /control, and what is asked for on each call."""

    kept: dict[str, Json] = dataclasses.field(default_factory=dict)
    readable: bool = True

    def __post_init__(self) -> None:
        self.stopped: bool = self.of("kill-switch")["on"]
        self.read_only: bool = self.of("read-only")["on"]
        self.turns: int | None = self.of("rate-limit")["per_minute"]
        self.cap: float | None = self.of("spend-cap")["eur_per_hour"]
        self.epoch: int = self.of("token-epoch")["epoch"]
        self.tools = {path.split("/")[1] for path in self.kept if path.startswith("tools/")}

    def of(self, path: str) -> Json:
        """The switch at this path, as it was set."""
        return self.kept.get(path) or {field: default for field, (_, default) in shape_of(path).items()}

    def shown(self, path: str) -> Json:
        """The switch at this path, as its route shows it."""
        switch = dict(self.of(path))
        if path == "token-epoch":
            moment = switch.pop("advanced")
            switch |= {"advanced_at": utc(moment) if moment else None, "advanced_lately": time.time() - moment < 3600}
        return {"tool": urllib.parse.unquote(path.split("/")[1])} | switch if path.startswith("tools/") else switch

    def of_tool(self, name: str) -> Json:
        """All switches of a tool."""
        approval, limit = self.of(tool_path(name, "/approval")), self.of(tool_path(name, "/rate-limit"))
        return self.of(tool_path(name)) | {"approval": approval, "rate_limit": limit}
