"""A tool under control: each call asks the switches at the moment it is to run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from halon.control.agent import Agent
from halon.control.limits import refusal_of
from halon.control.log import Log
from halon.control.tools import Tool
from halon.control.turns import Attempt, current_turn, stray
from halon.control.values import Json


def guard(agent: Agent, log: Log, tool: Tool, rehearsal: Callable[..., Any] | None, raises: bool) -> Any:
    """The tool's callable, sync or async, that asks first. A refusal is raised, or its sentence returned.

    Raises TypeError if it is a generator, whose effects can't be told from its call.
    """
    fn = tool.fn
    inner = fn if inspect.isroutine(fn) or isinstance(fn, functools.partial) else type(fn).__call__
    if inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner):
        raise TypeError(f"{fn!r} is a generator; a tool returns its result")

    def begin(args: tuple[Any, ...], kwargs: Json) -> tuple[Attempt, Callable[..., Any] | None]:
        attempt = Attempt(log.keep, agent.content, tool, current_turn(agent), tool.arguments(args, kwargs))
        if attempt.turn is not None and attempt.turn.rehearsal:
            attempt.end("done")
            return attempt, rehearsal or (lambda *_, **__: f"This is a rehearsal: {tool.name} was not called.")
        if (refusal := stray(tool.name) or refusal_of(log.store, attempt)) is None:
            return attempt, None
        attempt.end("refused", str(refusal), refusal.code)
        if raises:
            raise refusal
        sentence = str(refusal)
        return attempt, lambda *_, **__: sentence

    @functools.wraps(fn)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        attempt, instead = begin(args, kwargs)
        if instead is not None:
            return instead(*args, **kwargs)
        with attempt:
            return fn(*args, **kwargs)

    @functools.wraps(fn)
    async def guarded_async(*args: Any, **kwargs: Any) -> Any:
        attempt, instead = begin(args, kwargs)
        if instead is not None:
            result = instead(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result
        with attempt:
            return await fn(*args, **kwargs)

    return guarded_async if inspect.iscoroutinefunction(inner) else guarded
