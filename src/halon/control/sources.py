"""Sources that the agent retrieves from: what is quarantined is not put into the context."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from halon.control.shapes import switch_path
from halon.control.store import HURRY, LOG, UNUSABLE, Store, add_row
from halon.control.switches import Switches
from halon.control.values import Json

D = TypeVar("D", bound=Mapping[str, Any])
_MOST_SOURCES = 1_000
"""Sources that are listed."""


class Sources:
    """What was retrieved from, as far as this process knows."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._told: set[str] = set()

    def usable(self, documents: Iterable[D]) -> list[D]:
        """The documents whose source, or own id, is not quarantined. Their sources are listed in the control state."""
        found, away = list(documents), self.store.switches().sources
        for name in {str(one.get("source", ""))[:200] for one in found} - self._told - {""}:
            self._tell(name)
        return [one for one in found if not away or not {str(one.get(key, "")) for key in ("source", "id")} & away]

    def _tell(self, name: str) -> None:
        if len(self._told) >= _MOST_SOURCES:
            return
        self._told.add(name)
        try:
            rows = self.store.rows("source")
            if len(rows) < _MOST_SOURCES and all(row[1] != name for row in rows):
                with self.store.changing(durable=False, patience=HURRY) as db:
                    add_row(db, "source", name, time.time(), "")
        except UNUSABLE as error:
            LOG.error("the source %s is not listed in the control state: %s", name[:80], error)


def show_source(store: Store, now: Switches, source: str) -> Json:
    """One source: whether it is quarantined, and whether the agent has ever said that it uses it."""
    known = bool(store.rows("source", "AND key = ?", source))
    return now.shown(switch_path("sources", source)) | {"known": known}
