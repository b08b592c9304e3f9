"""The routes that try things out without any effect: replay of one case, and the built-in eval suite."""

from dataclasses import asdict

from fastapi import APIRouter

from halon.drill.behaviour import Case
from halon.drill.conversation import Attempt, converse_in_isolation, reproduces
from halon.drill.documents import KNOWN_DOCUMENTS
from halon.drill.evals import run_suite
from halon.drill.problems import NotUnderstood
from halon.drill.sandbox import SandboxAgent
from halon.drill.shapes import EvalsBody, ReplayBody
from halon.drill.traces import Json


def rehearsal_routes(agent: SandboxAgent) -> APIRouter:
    """Routes for replay and evals. They change nothing, so an idempotency key is only listed, never answered from."""
    router = APIRouter(prefix="/control")

    @router.post("/replay")
    async def replay(body: ReplayBody) -> Json:
        asked = body.case
        for name in [*(asked.documents or ()), *body.without_documents]:
            if name not in KNOWN_DOCUMENTS:
                raise NotUnderstood(f"there is no document {name!r}; known: {', '.join(KNOWN_DOCUMENTS)}")
        case = Case(
            message=asked.message,
            customer=asked.customer,
            documents=None if asked.documents is None else tuple(KNOWN_DOCUMENTS[d] for d in asked.documents),
            without_documents=frozenset(body.without_documents),
        )
        current = agent.state.controls.isolates
        isolate = current if body.config is None else body.config.isolate_untrusted
        turn = await converse_in_isolation(case, isolate_untrusted=isolate)
        return {
            "reproduced": reproduces(turn),
            "actions": [_action(attempt) for attempt in turn.attempts],
            "retrieved": [document.id for document in turn.plan.retrieved],
            "reply": turn.reply,
            "config": {"isolate_untrusted": isolate},
        }

    @router.post("/evals")
    async def evals(body: EvalsBody | None = None) -> Json:
        results = await run_suite(isolate_untrusted=agent.state.controls.isolates)
        return {
            "passed": sum(result.passed for result in results),
            "failed": sum(not result.passed for result in results),
            "cases": [asdict(result) for result in results],
        }

    return router


def _action(attempt: Attempt) -> Json:
    row: Json = {
        "id": attempt.id,
        "tool": attempt.step.tool,
        "arguments": attempt.step.arguments,
        "status": attempt.status,
        "reason": attempt.reason,
        "authorised": attempt.authorised,
    }
    if attempt.recipient_domain is not None:
        row["recipient_domain"] = attempt.recipient_domain
    return row
