"""Prove a fix: the minimal case must no longer reproduce, and no eval may fail."""

from __future__ import annotations

import json
from typing import Any

from temporalio import activity

from halon.incident.errors import Malformed
from halon.incident.remedies import Rerun
from halon.ports.remediate import Prove
from halon.redaction import redact
from halon_activities.agents import ask
from halon_activities.beat import beating
from halon_activities.failures import typed
from halon_activities.guard import require_incident
from halon_activities.hands import Hands
from halon_activities.rehearsal import raw_of, replay
from halon_activities.sealed import seal

_MOST_DETAILS = 30


class Remediate:
    """The activities of ``halon.ports.remediate``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    @activity.defn(name="remediate.prove")
    async def prove(self, request: Prove) -> Rerun:
        """Rerun the case and the evals; passed only if the case no longer reproduces and no eval fails."""
        with typed():
            require_incident(request.incident_id)
            async with beating():
                return await self._prove(request)

    async def _prove(self, request: Prove) -> Rerun:
        hands = self._hands
        raw: dict[str, Any] = {"attempt": request.attempt, "replay": None}
        if request.case is None:
            case_passed, details = False, ["There is no minimal case to rerun; find one, or waive the proof by name."]
        else:
            # With the agent as it is now: what is proved is the fix, not what a switch could do.
            again = await replay(hands, request.agent, await raw_of(hands, request.case))
            raw["replay"] = again.raw
            case_passed = not again.reproduced
            details = [
                "The minimal case no longer reproduces." if case_passed else "The minimal case still reproduces."
            ]
        evals = (await ask(hands, request.agent, "evals", body={})).json
        raw["evals"] = evals
        passed, failed = _count(evals, "passed"), _count(evals, "failed")
        details += _failures(evals)
        if passed + failed == 0:
            details.append("No eval ran.")
        sealed = await seal(
            hands.evidence,
            request.incident_id,
            f"proof-{request.attempt}.json",
            json.dumps(raw, ensure_ascii=False, sort_keys=True).encode(),
            "application/json",
            hands.now(),
            f"proof of the fix, attempt {request.attempt}",
        )
        return Rerun(
            at=hands.now(),
            passed=case_passed and failed == 0 and passed > 0,
            case_passed=case_passed,
            evals_passed=passed,
            evals_failed=failed,
            details=tuple(details[:_MOST_DETAILS]),
            evidence=sealed.id,
        )


def _count(evals: Any, name: str) -> int:
    value = evals.get(name) if isinstance(evals, dict) else None
    if type(value) is not int or value < 0:
        raise Malformed(f"the evals answered without a number of cases {name}")
    return value


def _failures(evals: dict[str, Any]) -> list[str]:
    cases = evals.get("cases")
    rows = [row for row in cases if isinstance(row, dict)] if isinstance(cases, list) else []
    return [
        f"Eval {redact(str(row.get('id'))[:80]).text} failed: {redact(str(row.get('why'))[:200]).text}"
        for row in rows
        if row.get("passed") is False
    ]
