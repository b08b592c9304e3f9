"""Read what observed agents' incidents say, from their mirrored states and their records. Needs no Temporal."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError

from halon.evidence.errors import EvidenceError
from halon.incident import times
from halon.incident.assessment import Mode
from halon.incident.ids import PREFIX, reference, slug
from halon.incident.state import State
from halon.judgement.observed import ARGUED_DAYS, Report, report, watched
from halon.judgement.observing import Deed, Watched, words
from halon.kit import Kit
from halon.record.errors import RecordError
from halon.record.store import RecordStore
from halon.rendering import render

MOST_SHOWN = 40
"""Incidents that a report lists one by one."""
MOST_AGENTS = 200
_STATE = TypeAdapter(State)


async def names(record: RecordStore, kit: Kit, now: str, days: int) -> list[str]:
    """Agents in mode observe or suggest: those of the kit, and those whose incidents name no agent of the kit."""
    found = {name for name, agent in kit.policy.agents.items() if agent.mode != "act"}
    listed = tuple(_prefix(name) for name in kit.policy.agents)
    horizon = times.after(now, -max(days, ARGUED_DAYS) * 86_400)
    for incident_id in await record.incidents():
        if incident_id.startswith(listed):
            continue
        try:
            head = await _head(record, incident_id)
        except (RecordError, EvidenceError, ValueError):
            continue  # whose it is can't be read, so it is in nobody's report; `halon verify` finds it
        agent = str(head.get("agent", ""))
        if agent and agent not in kit.policy.agents and _moved(head) >= horizon:
            found.add(agent)
    return sorted(found)[:MOST_AGENTS]


async def looked_at(record: RecordStore, kit: Kit, agent: str, now: str, days: int) -> Report:
    """The report of one agent. Raises RecordError, EvidenceError and OSError only where the store itself is the trouble."""
    known = kit.policy.agents.get(agent)
    mode: Mode = known.mode if known is not None else "observe"
    horizon = times.after(now, -max(days, ARGUED_DAYS) * 86_400)
    found: list[Watched] = []
    unread: list[str] = []
    async for incident_id in _of(record, agent):
        try:
            head = await _head(record, incident_id)
            if head.get("agent") != agent or _moved(head) < horizon:
                continue
            kept = await record.get_checkpoint(incident_id)
            if kept is None:
                continue
            one = watched(_STATE.validate_json(kept.body), await record.entries(incident_id), kit.policy.ask)
        except (RecordError, EvidenceError, ValidationError, ValueError) as error:
            unread.append(f"{reference(incident_id)} ({type(error).__name__})")
        else:
            found += [one] if one is not None else []
    title = known.title if known is not None else ""
    return report(agent, title, mode, found, now, days, listed=known is not None, unread=tuple(unread))


def told(made: Report) -> str:
    """The report as text; its first line is ``Subject: …``. Raises TemplateFailed."""
    return render("weekly/observed.txt.j2", shown(made))


def shown(made: Report) -> dict[str, Any]:
    """The report as plain values with words for a reader, for the template and for ``--json``."""
    told = asdict(made)
    told["more"] = max(0, len(made.incidents) - MOST_SHOWN)
    told["incidents"] = [_incident(one) for one in made.incidents[:MOST_SHOWN]]
    told["argument"]["heading"] = _heading(made)
    return told


def _heading(made: Report) -> str:
    argument = made.argument
    if argument.stand == "for":
        return f"for: switch {made.agent} to {argument.to}"
    if argument.stand == "against":
        return f"against switching {made.agent} to {argument.to} now"
    return f"not enough seen yet, {argument.missing} more {'incident is' if argument.missing == 1 else 'incidents are'} missing"


def _incident(one: Watched) -> dict[str, Any]:
    lasted = words(one.lasted) if one.lasted is not None else "not known how long"
    sooner = "not known"
    if one.sooner is not None:
        sooner = f"{words(one.sooner)} sooner" if one.sooner > 0 else f"{words(-one.sooner)} later than people did"
    return {
        **asdict(one),
        "lasted_words": f"{lasted} ({one.lasted_because})",
        "sooner_words": sooner,
        "deeds": [{**asdict(deed), "told": _deed(deed, one)} for deed in one.deeds],
    }


def _deed(deed: Deed, one: Watched) -> list[str]:
    lines = [f"{'would have run' if one.mode == 'observe' else 'asked for'} "
             + (f"{words(deed.after)} after the alert" if deed.after is not None else "at a time that is not known")]  # fmt: skip
    hit = f", and hit: {'; '.join(deed.collateral)}" if deed.collateral else ""
    final = "" if deed.reversible else "; it can't be undone"
    lines.append(f"disruption {deed.disruption} of 4{hit}{final}")
    if one.mode == "observe":
        who = f"{deed.quorum} of " if deed.quorum > 1 else ""
        why = f": {'; '.join(deed.asks_because)}" if deed.asks_because else ""
        asked = f"it would have asked {who}{', '.join(deed.asks)} first{why}"
        lines.append(asked if deed.asks else "it would have asked nobody")
    elif deed.answer in ("yes", "no"):
        took = f", after {words(deed.answered_after)}" if deed.answered_after is not None else ""
        lines.append(f"people said {deed.answer}{took}")
    else:
        lines.append("nobody answered in time" if deed.answer == "none" else "not answered")
    if one.truth == "false alarm":
        vain = one.mode == "observe" and bool(deed.asks)
        wrong = "people would have been asked for nothing" if vain else "it would have been wrong"
        lines.append(f"{wrong}: this was a false alarm")
    return lines


async def _of(record: RecordStore, agent: str) -> AsyncIterator[str]:
    prefix = _prefix(agent)
    for incident_id in await record.incidents():
        if incident_id.startswith(prefix):
            yield incident_id


def _prefix(agent: str) -> str:
    return f"{PREFIX}{slug(agent)}."


async def _head(record: RecordStore, incident_id: str) -> dict[str, Any]:
    """The mirrored state as it lies there, not checked; empty if there is none. Raises RecordError, ValueError."""
    kept = await record.get_checkpoint(incident_id)
    value = json.loads(kept.body) if kept is not None else {}
    return value if isinstance(value, dict) else {}


def _moved(head: dict[str, Any]) -> str:
    """When it was opened or closed, whichever is later."""
    return max(str(head.get("opened_at", "")), str(head.get("closed_at", "")))
