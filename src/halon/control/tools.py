"""The callables that are under control."""

from __future__ import annotations

import hashlib
import inspect
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from halon.control.shapes import tool_path
from halon.control.store import LOG, UNUSABLE, Store, add_row, set_row
from halon.control.values import Json, dumped


class Tool:
    """A callable under control, and how its arguments are named."""

    def __init__(self, name: str, fn: Callable[..., Any], writes: bool, asks: Mapping[str, Any], browses: bool) -> None:
        self.name, self.fn, self.writes, self.asks, self.path = name, fn, writes, asks, tool_path(name)
        self.browses = browses
        self.quoted, self.signature = self.path[6:], inspect.signature(fn)
        says = f"{name}{self.signature}\n{inspect.getdoc(fn) or ''}"
        self.digest = hashlib.sha256(says.encode("utf-8", "replace")).hexdigest()

    def arguments(self, args: tuple[Any, ...], kwargs: Json) -> Json:
        """The arguments of a call by name, without ``self``. Raises TypeError where the call itself would."""
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        values = dict(bound.arguments)
        values.pop("self", None)
        return values

    def asked(self, what: str, values: Json, wanted: type) -> Any:
        """What the tool's own function says of these arguments; None if it has none, fails, or says something else."""
        if (ask := self.asks.get(what)) is None:
            return None
        try:
            said = ask(values)
        except Exception as error:  # what judges a call must not break it
            LOG.warning("%s of the tool %s failed: %s", what, self.name, type(error).__name__)
            return None
        return bool(said) if wanted is bool and said is not None else said if type(said) is wanted else None


class Toolbox:
    """The tools of this process, ``here``; their names lie in the state file too, where each process finds all."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.here: dict[str, Tool] = {}

    def add(self, tool: Tool) -> None:
        """Register a tool."""
        self.here[tool.name] = tool
        about = {"digest": tool.digest} | ({"browses": True} if tool.browses else {})
        try:
            found = self.store.rows("tool", "AND key = ?", tool.name)
            if not found or found[0][3] != dumped(about):
                with self.store.changing() as db:
                    if found:
                        set_row(db, found[0][0], time.time(), about)
                    else:
                        add_row(db, "tool", tool.name, time.time(), dumped(about))
        except UNUSABLE as error:
            LOG.error("the tool %s is not listed in the control state: %s", tool.name, error)

    def known(self) -> list[str]:
        """The names of the tools that any process of this agent has registered."""
        return sorted({row[1] for row in self.store.rows("tool")} | set(self.here))

    def browsing(self) -> list[str]:
        """The names of the tools that browse."""
        there = {row[1] for row in self.store.rows("tool") if json.loads(row[3] or "{}").get("browses")}
        return sorted(there | {name for name, tool in self.here.items() if tool.browses})

    def described(self) -> Json:
        """Names and one hash of the tools here; of those in the state file if none is, as in a door beside the agent."""
        digests = {name: tool.digest for name, tool in self.here.items()} or {
            row[1]: json.loads(row[3] or "{}").get("digest", "") for row in self.store.rows("tool")
        }
        whole = "\n".join(sorted(digests.values()))
        return {"tools": list(digests), "toolset_hash": hashlib.sha256(whole.encode()).hexdigest()}
