"""What an agent's own code asks its controls, one line for each: may I, and what may it be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, overload

from halon.control.agent import Agent
from halon.control.egress import may_reach
from halon.control.outgoing import may_leave
from halon.control.pins import Pins
from halon.control.sources import Sources
from halon.control.store import Store
from halon.control.turns import current_turn

Document = TypeVar("Document", bound=Mapping[str, Any])


class Asking(Agent):
    """The questions. Each costs microseconds, and is answered by the switches of this moment."""

    _store: Store
    _pins: Pins
    _sources: Sources

    def may_recall(self) -> bool:
        """May memory be read? Not while it is disabled or quarantined."""
        return self._store.switches().recalls

    def may_remember(self) -> bool:
        """May memory be written? Not while it is disabled, nor while the control state can't be read."""
        now = self._store.switches()
        return now.remembers and now.readable

    def may_use(self, source: str) -> bool:
        """May this source be retrieved from? Not while it is quarantined; a rehearsal may."""
        turn = current_turn(self)
        return (turn is not None and turn.rehearsal) or bool(self._sources.usable([{"source": source}]))

    def retrieved(self, documents: Iterable[Document]) -> list[Document]:
        """Say what was retrieved, each with ``id`` and ``source``. Gives those that may be put into the context.

        Outside a turn nothing is kept. In a rehearsal quarantine does not matter: it tries out what happened before.
        """
        found, turn = list(documents), current_turn(self)
        usable = self._sources.usable(found)
        if turn is not None and turn.rehearsal:
            usable = found
        if turn is not None:
            turn.documents += [{key: str(one.get(key, ""))[:300] for key in ("id", "source")} for one in usable]
            del turn.documents[100:]
        return usable

    def may_reach(self, address: str) -> bool:
        """May this URL, mail address or host be reached? Not if its domain is blocked, or not on the list of those allowed."""
        return may_reach(self._store.switches(), address)

    def may_browse(self) -> bool:
        """May pages be fetched from the web?"""
        return not self._store.switches().no_browsing

    def outgoing(self, text: str) -> str:
        """``text`` as it may leave: links and images are defused while they are blocked.

        Raises:
            GuardrailHit: a rule holds it back.
        """
        now = self._store.switches()
        return may_leave(now, text) if now.asks_answer else text

    def pinned(self, what: str, own: str, known: Iterable[str] | None = None) -> str:
        """The version of ``agent``, ``prompt``, ``model`` or anything else to use: ``own``, unless another one is pinned.

        Args:
            what: what it is a version of.
            own: the one to use while nothing is pinned. Those used before are what a roll back goes to.
            known: all that the agent has; then nothing else can be pinned.

        Raises:
            VersionNotHere: ``known`` does not hold what is pinned.
        """
        return self._pins.version(what, own, known)

    @overload
    def temperature(self, wanted: float) -> float:
        """As below."""

    @overload
    def temperature(self, wanted: None = None) -> float | None:
        """As below."""

    def temperature(self, wanted: float | None = None) -> float | None:
        """The temperature to ask the model for: ``wanted``, or the most that is allowed. None: whatever is usual."""
        most: float | None = self._store.switches().of("generation")["max_temperature"]
        return most if wanted is None else wanted if most is None else min(wanted, most)

    @overload
    def context_tokens(self, wanted: int) -> int:
        """As below."""

    @overload
    def context_tokens(self, wanted: None = None) -> int | None:
        """As below."""

    def context_tokens(self, wanted: int | None = None) -> int | None:
        """How many tokens of context to use: ``wanted``, or the most that is allowed. None: whatever is usual."""
        most: int | None = self._store.switches().of("generation")["max_context_tokens"]
        return most if wanted is None else wanted if most is None else min(wanted, most)
