"""One thread an incident and channel, kept in the effect journal: where it began, and what was said in it last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from halon.record.errors import JournalConflict
from halon.record.journal import Journal

MOST = 500
"""Changes of one thread that are compared. After them every message goes out, changed or not."""
WAIT = 5.0
"""Seconds that the second message of a thread waits for the first to come into being."""
_LOOK_EVERY = 0.25

Receipt = dict[str, Any]


async def when_changed(
    journal: Journal, thread: str, content: str, send: Callable[[bool], Awaitable[Receipt]]
) -> tuple[Receipt, bool]:
    """Send unless ``content`` (a digest) is what the thread said last; returns the receipt, and whether it went out.

    ``send`` is told whether the thread is new. A try whose outcome is unknown is sent again: the receiver knows the
    thread by its key. Raises what ``send`` raises, JournalCorrupt.
    """
    for number in range(1, MOST + 1):
        key = f"{thread}/said/{number}"
        try:
            intent = await journal.intend(key, {"content": content})
        except JournalConflict:
            continue  # something else was said here
        if intent.receipt is None:
            return await journal.settle(key, await send(number == 1)), True
        if number == MOST or (await journal.look(f"{thread}/said/{number + 1}")).state == "unknown":
            return intent.receipt, False
    return await send(False), True


async def in_thread(
    journal: Journal, thread: str, message: str, send: Callable[[Receipt | None], Awaitable[Receipt]]
) -> Receipt:
    """Send ``message`` (its key) into the thread; the first message is its root. Returns the message's receipt.

    ``send`` gets the root's receipt, or None where the message is the root. Where two messages begin a thread at once,
    one waits for the other; a root that does not come into being is not waited for longer: better twice than never.
    Raises what ``send`` raises, JournalCorrupt.
    """
    key = f"{thread}/root"
    try:
        intent = await journal.intend(key, {"message": message})
        mine, root = True, intent.receipt
    except JournalConflict:
        mine, root = False, await _root(journal, key)
    if mine and root is not None:
        return root  # this very message has begun the thread
    receipt = await send(root)
    if root is None:
        await journal.settle(key, receipt)
    return receipt


async def _root(journal: Journal, key: str) -> Receipt | None:
    for _ in range(int(WAIT / _LOOK_EVERY)):
        standing = await journal.look(key)
        if standing.receipt is not None:
            return standing.receipt
        await asyncio.sleep(_LOOK_EVERY)
    return None
