"""One effect: written down before it leaves, its receipt afterwards, and never twice where twice would be harm.

The journal knows one entry for each try that may have reached the receiver. A try that provably did not arrive is
settled as such, and the next one gets an entry of its own (``key#1``, ``key#2``, …).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from halon.connectors.errors import MissingSecret, NoAnswer, Refused, Unexpected, Unreachable
from halon.incident.orders import Effect
from halon.record.journal import Journal
from halon_activities.failures import NotDelivered, Uncertain

MOST_TRIES = 1000
"""Tries of one effect that provably did not arrive: more than a day of them, some minutes apart."""
_LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Done:
    """The receipt of an effect. ``replayed``: it had taken effect before this call, and nothing was sent now."""

    receipt: dict[str, Any]
    replayed: bool


def header_key(key: str) -> str:
    """``key`` as receivers accept it in a header: printable ASCII, at most 255 characters."""
    if len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable():
        return key
    return f"halon-{hashlib.sha256(key.encode()).hexdigest()}"


async def carry_out(
    journal: Journal, key: str, what: dict[str, Any], effect: Effect, send: Callable[[], Awaitable[dict[str, Any]]]
) -> Done:
    """Carry out the effect ``key`` by ``send``, which returns the receipt. ``what`` is the same on every try.

    A ``keyed`` or ``repeatable`` effect whose outcome is unknown is sent again (under the same key). A ``once`` effect
    is not: raises Uncertain. Raises what ``send`` raises, JournalConflict and JournalCorrupt; NotDelivered after
    ``MOST_TRIES`` that all provably did not arrive: so many make nothing uncertain.
    """
    for number in range(MOST_TRIES):
        entry = key if number == 0 else f"{key}#{number}"
        intent = await journal.intend(entry, what)
        if intent.receipt is not None:
            if intent.receipt.get("arrived") is False:
                continue
            return Done(intent.receipt, replayed=True)
        if effect == "once" and not intent.first:
            raise Uncertain(
                f"an earlier try of {key!r} (begun {intent.at}) may have arrived. Look at the receiver: if it did, "
                "record it as done; if not, ask for it anew"
            )
        return Done(await _try(journal, entry, key, effect, send), replayed=False)
    raise NotDelivered(f"{MOST_TRIES} tries of {key!r} did not arrive; find out why before it is asked for anew")


async def settled(journal: Journal, key: str) -> dict[str, Any] | None:
    """The receipt of the effect if it has taken effect, without asking for it."""
    for number in range(MOST_TRIES):
        standing = await journal.look(key if number == 0 else f"{key}#{number}")
        if standing.receipt is None:
            return None
        if standing.receipt.get("arrived") is not False:
            return standing.receipt
    return None


async def unanswered(journal: Journal, key: str) -> bool:
    """Whether a try of the effect was begun, and nobody knows what became of it: it may have arrived."""
    for number in range(MOST_TRIES):
        standing = await journal.look(key if number == 0 else f"{key}#{number}")
        if standing.receipt is None:
            return standing.state == "intended"
        if standing.receipt.get("arrived") is not False:
            return False
    return False


async def unanswered_since(journal: Journal, key: str, what: dict[str, Any]) -> str:
    """When the try began of which nobody knows what became (ISO 8601 UTC); empty where there is none."""
    for number in range(MOST_TRIES):
        entry = key if number == 0 else f"{key}#{number}"
        standing = await journal.look(entry)
        if standing.receipt is None:
            return (await journal.intend(entry, what)).at if standing.state == "intended" else ""
        if standing.receipt.get("arrived") is not False:
            return ""
    return ""


async def _try(
    journal: Journal, entry: str, key: str, effect: Effect, send: Callable[[], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    try:
        receipt = await send()
    except (Refused, MissingSecret, Unreachable) as error:
        await _not_arrived(journal, entry, effect, error)
        raise
    except Unexpected as error:
        # A refusal is an answer: it did not take effect. A server that broke may have broken afterwards.
        if _refuses(error):
            await _not_arrived(journal, entry, effect, error)
            raise
        if effect == "once":
            raise Uncertain(f"{key!r} was {error}; it may have taken effect. Look at the receiver") from error
        raise
    except NoAnswer as error:
        if effect == "once":
            raise Uncertain(f"{key!r}: {error}. Look at the receiver before it is sent again") from error
        raise
    return await journal.settle(entry, receipt)


def _refuses(error: Unexpected) -> bool:
    """Whether the answer proves that it did not arrive: HTTP 3xx and 4xx, and each 4yz and 5yz of SMTP (RFC 5321, 4.2.1)."""
    return error.status >= 400 if error.protocol == "smtp" else 300 <= error.status < 500


async def _not_arrived(journal: Journal, entry: str, effect: Effect, error: Exception) -> None:
    if effect == "once":
        await journal.settle(entry, {"arrived": False, "why": str(error)[:500]})
