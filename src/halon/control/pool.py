"""Threads of the control's own: the agent's, which may all be busy or stuck, keep no control waiting."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


class Pool:
    """At most ``most`` threads, made when they are needed, and anew on the other side of a fork."""

    def __init__(self, name: str, most: int) -> None:
        self.name, self.most = name, most
        self._made: tuple[int, ThreadPoolExecutor] | None = None

    async def run(self, fn: Callable[..., Any], *args: Any) -> Any:
        """What ``fn`` gives, called in one of the threads within the context of here."""
        if self._made is None or self._made[0] != os.getpid():
            self._made = os.getpid(), ThreadPoolExecutor(self.most, thread_name_prefix=self.name)
        inside = functools.partial(contextvars.copy_context().run, fn, *args)
        return await asyncio.get_running_loop().run_in_executor(self._made[1], inside)
