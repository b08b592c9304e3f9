"""Prove a fix: the minimal case must no longer reproduce, and no eval may fail."""

from __future__ import annotations

import json
from typing import Any

from temporalio import activity

from halon.connectors.errors import Unexpected
from halon.incident.errors import Malformed
from halon.incident.remedies import CaseResult, Rerun
from halon.ports.remediate import Prove
from halon.redaction import redact
from halon_activities.agents import ask
from halon_activities.beat import beating
from halon_activities.failures import NoConnector, in_words, typed
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
        case, detail, replayed = await self._case(request)
        details = [detail]
        raw: dict[str, Any] = {"attempt": request.attempt, "replay": replayed}
        try:
            evals = (await ask(hands, request.agent, "evals", body={})).json
        except (Unexpected, NoConnector) as error:
            if not _not_offered(error):
                raise
            evals, passed, failed = None, 0, 0
            details.append(f"The agent has no evals to run: {in_words(error)}.")
        else:
            passed, failed = _count(evals, "passed"), _count(evals, "failed")
            details += _failures(evals)
            if passed + failed == 0:
                details.append("No eval ran.")
        raw["evals"] = evals
        case_passed = case == "no longer reproduces"
        sealed = await seal(
            hands.evidence,
            request.incident_id,
            f"proof-{request.attempt}.json",
            json.dumps(raw, ensure_ascii=False, sort_keys=True).encode(),
            "application/json",
            hands.now(),
            f"proof of the fix, attempt {request.attempt}",
            hands.kit.evidence.label("other"),
        )
        if sealed.unlocked:
            details.insert(1, f"The proof is sealed and NOT LOCKED: {sealed.unlocked}.")
        return Rerun(
            at=hands.now(),
            passed=case_passed and failed == 0 and passed > 0,
            case_passed=case_passed,
            evals_passed=passed,
            evals_failed=failed,
            details=tuple(details[:_MOST_DETAILS]),
            evidence=sealed.id,
            case=case,
        )

    async def _case(self, request: Prove) -> tuple[CaseResult, str, Any]:
        """What the case shows now, a sentence about it, and the agent's raw answer. Unknown is not "fixed" (promise 9)."""
        if request.case is None:
            return "was not tried", "There is no minimal case to rerun; find one, or waive the proof by name.", None
        try:
            # With the agent as it is now: what is proved is the fix, not what a switch could do.
            again = await replay(self._hands, request.agent, await raw_of(self._hands, request.case))
        except (Unexpected, NoConnector) as error:
            if not _not_offered(error):
                raise
            return "was not tried", f"The agent can't replay the minimal case: {in_words(error)}.", None
        if again.reproduced:
            return "still reproduces", "The minimal case still reproduces.", again.raw
        if request.case.reproduced is not True:
            told = "The minimal case does not reproduce, and it never did when it was replayed: that proves nothing."
            return "never reproduced", told, again.raw
        return "no longer reproduces", "The minimal case no longer reproduces.", again.raw


def _not_offered(error: Unexpected | NoConnector) -> bool:
    """Whether the agent has no such door, so that asking again is no use."""
    return isinstance(error, NoConnector) or error.status in (404, 405, 501)


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
