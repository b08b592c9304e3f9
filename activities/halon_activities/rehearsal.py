"""Replay a case against the agent's rehearsal door, where nothing takes effect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from halon.incident.errors import Malformed
from halon.incident.remedies import MinimalCase
from halon.incident.state import Sealed
from halon_activities.agents import ask
from halon_activities.hands import Hands
from halon_activities.sealed import read, seal

CASE_FILE = "minimal-case.json"
_UNGUARDED = {"isolate_untrusted": False}


@dataclass(frozen=True, slots=True)
class RawCase:
    """A case in full, as it stands in evidence. The state holds its redacted words only."""

    message: str
    documents: tuple[str, ...] = ()
    customer: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The case as the rehearsal door takes it. No documents known: the agent retrieves by itself."""
        return {"message": self.message, "documents": list(self.documents) or None, "customer": self.customer}


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay gave: did it happen again, which tools ran, which documents were retrieved, and the raw answer."""

    reproduced: bool
    tools: tuple[str, ...]
    retrieved: tuple[str, ...]
    raw: Any


async def replay(
    hands: Hands, agent: str, case: RawCase, *, without: tuple[str, ...] = (), guarded: bool = True
) -> Replayed:
    """Replay ``case`` without the documents ``without``. ``guarded``: as the agent is now, otherwise with its guardrail
    off, as it was before anybody contained it. Raises NoConnector, Malformed and what a call raises."""
    body = {"case": case.as_json(), "config": None if guarded else _UNGUARDED, "without_documents": list(without)}
    answer = (await ask(hands, agent, "replay", body=body)).json
    if not isinstance(answer, dict) or not isinstance(answer.get("reproduced"), bool):
        raise Malformed(f"the replay of {agent[:80]} answered without saying whether it reproduced")
    actions = [row for row in _rows(answer.get("actions")) if row.get("status") == "done"]
    return Replayed(
        reproduced=answer["reproduced"],
        tools=tuple(dict.fromkeys(str(row.get("tool"))[:100] for row in actions if row.get("authorised") is False)),
        retrieved=tuple(str(one)[:300] for one in answer.get("retrieved") or () if isinstance(one, str)),
        raw=answer,
    )


async def keep_raw(hands: Hands, incident_id: str, case: RawCase, trace_id: str) -> Sealed:
    """Seal the case in full."""
    content = json.dumps(case.as_json() | {"trace_id": trace_id}, ensure_ascii=False, sort_keys=True).encode()
    what = "minimal case in full"
    label = hands.kit.evidence.label("other")
    return await seal(hands.evidence, incident_id, CASE_FILE, content, "application/json", hands.now(), what, label)


async def raw_of(hands: Hands, case: MinimalCase) -> RawCase:
    """The case in full, from evidence where it is sealed there, otherwise as the state has it. Raises Tampered."""
    kept = case.extra.get("sealed")
    if not isinstance(kept, Mapping):
        return RawCase(case.message, case.documents)
    sealed = Sealed(
        id="", path=str(kept["path"]), sha256=str(kept["sha256"]), size=0, collector="", collected_at="", what=CASE_FILE
    )
    raw = json.loads(await read(hands.evidence, sealed))
    return RawCase(str(raw["message"]), tuple(raw["documents"] or ()), raw["customer"])


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
