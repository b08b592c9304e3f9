"""Collect what the agent shows and seal it: all kinds at once, each bounded, nothing fetched again that was sealed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from temporalio import activity

from halon.connectors.errors import ConnectorError
from halon.evidence import seal as sealing
from halon.evidence.errors import EvidenceError, NotLocked
from halon.evidence.parts import is_part, object_of
from halon.incident.state import Sealed
from halon.kit import UnknownAgent
from halon.ports.evidence import Collect, Collected
from halon.record.errors import RecordError
from halon.record.verify import references
from halon_activities.agents import MOST, ask
from halon_activities.beat import beating
from halon_activities.collecting import KINDS, MOST_PAGES, Kind, file_name, next_since
from halon_activities.failures import NoConnector, in_words, typed
from halon_activities.guard import require_incident
from halon_activities.hands import Hands
from halon_activities.sealed import read, reference, sealed_before

WITHIN = 22.0
"""Seconds for all pages of one kind; one try of the activity has 30."""
Before = Mapping[str, sealing.Sealed]


class Evidence:
    """The activities of ``halon.ports.evidence``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    @activity.defn(name="evidence.collect")
    async def collect(self, request: Collect) -> Collected:
        """Collect and seal; what was sealed under this label before is not fetched again."""
        with typed():
            require_incident(request.incident_id)
            async with beating():
                before = await sealed_before(self._hands.evidence, request.incident_id)
                asked, left_out = self._asked(request.agent)
                until = self._hands.now()
                each = await asyncio.gather(
                    *(self._kind(request, kind, until, before) for kind in asked), return_exceptions=True
                )
                found: list[Sealed] = []
                lacking: dict[str, list[str]] = {}
                for kind, one in zip(asked, each, strict=True):
                    if isinstance(one, BaseException):
                        raise one  # the store is away: the next try goes on from what is sealed by now
                    found += one[0]
                    if one[1]:
                        lacking.setdefault(one[1], []).append(kind.words)
                missing = [f"{', '.join(words)}: {why}" for why, words in lacking.items()]
                unlocked, why_not = await self._lock(request.incident_id, found)
                told = tuple(replace(one, unlocked=unlocked.get(one.path, "")) for one in found)
            return Collected(told, (*missing, *left_out, *why_not))

    def _asked(self, agent: str) -> tuple[list[Kind], list[str]]:
        """The kinds that are asked for, and in words those that the kit gives no way to ask for."""
        try:
            offered = set(self._hands.kit.calls(agent))
        except UnknownAgent:
            offered = set()
        asked = [kind for kind in KINDS if kind.expected or kind.name in offered]
        rest = [kind for kind in KINDS if kind not in asked]
        if not rest or not offered:
            return asked, []
        names = ", ".join(kind.name for kind in rest)
        return asked, [f"{names}: the agent's connector has no such call under observe"]

    async def _kind(self, request: Collect, kind: Kind, until: str, before: Before) -> tuple[list[Sealed], str]:
        """All pages of one kind, and in words what is missing of it. Raises OSError of the store."""
        found: list[Sealed] = []
        if (
            kind.windowed
        ):  # what happened stays as it is; the rest is what the first calls change, so it is asked for now
            await self._hands.first.let_go()
        try:
            async with asyncio.timeout(WITHIN) as limit:
                why = await self._pages(request, kind, until, before, found)
        except TimeoutError:
            if not limit.expired():
                raise
            why = f"not all of it came within {WITHIN:g} seconds"
        except (ConnectorError, NoConnector, EvidenceError) as error:
            why = in_words(error)
        return found, why

    async def _pages(self, request: Collect, kind: Kind, until: str, before: Before, found: list[Sealed]) -> str:
        """Seal page after page into ``found``; why there are more that were not asked for, or nothing."""
        since = request.since
        for page in range(1, MOST_PAGES + 1):
            name = file_name(request.label, kind, page)
            params = {"since": since, "until": until, "limit": MOST} if kind.windowed else None
            sealed, answer = await self._page(request, kind, page, name, params, before)
            found.append(sealed)
            following = next_since(kind.name, answer, int(MOST)) if kind.windowed else ""
            if not following:
                return ""
            if following <= since:
                return f"more than {MOST} at {since}; those beyond were not asked for"
            since = following
        return f"more than {MOST_PAGES} pages of {MOST}; those after {since} were not asked for"

    async def _page(
        self, request: Collect, kind: Kind, page: int, name: str, params: Mapping[str, str] | None, before: Before
    ) -> tuple[Sealed, Any]:
        """One page: what a try that died sealed of it, or else what the agent answers now, sealed as it came."""
        hands = self._hands
        words = f"{kind.words}, {request.label}" + (f", page {page}" if page > 1 else "")
        earlier = before.get(sealing.safe_name(name))
        if earlier is not None:
            again = reference(earlier, words)
            return again, _json(await read(hands.evidence, again)) if kind.windowed else None
        answer = await ask(hands, request.agent, kind.name, params=params, largest=kind.largest)
        read_at = hands.now()
        if not kind.windowed:  # read before the first calls change it; the disk is theirs for a moment
            await hands.first.let_go()
        media_type = "application/json" if answer.json is not None else "application/octet-stream"
        label = hands.kit.evidence.label(kind.name)
        done = await sealing.seal(
            hands.evidence, request.incident_id, name, answer.content, media_type, "halon", read_at, label=label
        )
        return reference(done, words), answer.json

    async def _lock(self, incident_id: str, found: list[Sealed]) -> tuple[dict[str, str], list[str]]:
        """Lock what was sealed, and the raw payloads that the record names, where the store does.

        Why it did not: of what was sealed by path, of the rest in words.
        """
        hands = self._hands
        if not hands.evidence.locks:
            return {}, []
        whose = {path: one.path for one in found for path in (one.path, one.path + sealing.SIDECAR)}
        wanted = {path: one.retain_until for one in found for path in (one.path, one.path + sealing.SIDECAR)}
        hold = hands.kit.evidence.legal_hold
        until = str(hands.kit.evidence.label("raw_alert").fields(hands.now())["retain_until"])
        rest: list[str] = []
        try:
            for entry in await hands.record.entries(incident_id):
                raw = [path for path, _ in references(entry.data) if path.startswith(f"{sealing.INTAKE}/")]
                wanted |= {name: until for path in raw for name in _objects(path)}
        except RecordError as error:
            rest.append(f"the lock of the raw payloads: {in_words(error)}")

        async def one(path: str, end: str) -> str:
            try:
                await hands.evidence.lock(path, end, hold=hold)
            except (NotLocked, OSError) as error:
                return in_words(error)
            return ""

        told = await asyncio.gather(*(one(path, end) for path, end in wanted.items()))
        unlocked: dict[str, str] = {}
        for path, why in ((path, why) for path, why in zip(wanted, told, strict=True) if why):
            if path in whose:
                unlocked.setdefault(whose[path], why)
            else:
                rest.append(f"the lock of {path.rpartition('/')[2]}: {why}")
        return unlocked, rest


def _objects(path: str) -> tuple[str, ...]:
    """Where a raw payload lies: among others in one object, or alone with its sidecar, as an earlier release sealed it."""
    return (object_of(path),) if is_part(path) else (path, path + sealing.SIDECAR)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
