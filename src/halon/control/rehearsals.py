"""The agent's own functions for replays and evaluations; while they run, tools are recorded and not called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from halon.control.agent import Agent
from halon.control.http import json_of
from halon.control.pool import Pool
from halon.control.problems import Problem, not_understood
from halon.control.store import LOG
from halon.control.turns import Turn, rehearse
from halon.control.values import Json, bounded


class Rehearsals:
    """What was registered by ``control.replays`` and ``control.evals``."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.hooks: dict[str, Callable[..., Any]] = {}
        self.pool = Pool("halon-rehearsal", 4)

    async def replay(self, raw: bytes) -> Json:
        """The answer to POST /control/replay. Raises Problem."""
        body = json_of(raw)
        case, without = body.get("case"), body.get("without_documents", [])
        known = set(body) <= {"case", "without_documents", "config"}
        if not (known and isinstance(case, dict) and isinstance(without, list)):
            raise not_understood('send {"case": {…}, "without_documents": […]}')
        said, turn = await self._run("replay", case | {"without_documents": without, "config": body.get("config")})
        found = {
            "reproduced": any(one.status == "done" and one.authorised is False for one in turn.attempts),
            "actions": turn.actions, "retrieved": [one["id"] for one in turn.documents], "reply": turn.said,
        }  # fmt: skip
        found |= bounded(said) if isinstance(said, dict) else {"reply": str(said)}
        if found.get("reproduced") is not True:
            _none_astray(turn)
        return found

    async def evaluate(self) -> Json:
        """The answer to POST /control/evals. Raises Problem."""
        said, turn = await self._run("evals")
        _none_astray(turn)
        cases = said.get("cases") if isinstance(said, dict) else said
        if not isinstance(cases, (list, tuple)) or not all(
            isinstance(one, Mapping) and "passed" in one for one in cases
        ):
            raise Problem(422, "failed", "the evals function must return a list of {id, passed, why}")
        passed = sum(one["passed"] is True for one in cases)
        return {"passed": passed, "failed": len(cases) - passed, "cases": [bounded(dict(one)) for one in cases[:1000]]}

    async def _run(self, name: str, *given: Json) -> tuple[Any, Turn]:
        if (fn := self.hooks.get(name)) is None:
            hook = "replays" if name == "replay" else "evals"
            raise Problem(501, "not-offered", f"this agent has no {name}; register a function with control.{hook}")
        turn = rehearsal_of(self.agent)

        def call() -> Any:
            with rehearse(turn):  # until the function returns, also if nobody waits for it any more
                return fn(*given)

        with rehearse(turn):
            try:
                result = await self.pool.run(call)
                return (await result if inspect.isawaitable(result) else result), turn
            except Exception as error:
                LOG.exception("the function behind /control/%s failed", name)
                why = f"the agent's {name} function failed: {type(error).__name__}: {error}"[:500]
                raise Problem(422, "failed", why) from error


def _none_astray(turn: Turn) -> None:
    """Raises Problem if calls were refused that may have been the rehearsal's: then it has shown nothing."""
    if turn.strays:
        why = (
            f"while it ran, calls outside every turn were refused, which may have been its own: "
            f"{', '.join(sorted(turn.strays))}. Start its threads within contextvars.copy_context().run; send "
            "control.rehearsal_headers() with requests to the agent itself"
        )
        raise Problem(422, "unclear", why[:1000])


def rehearsal_of(agent: Agent) -> Turn:
    """A turn in which tools are recorded and not called."""
    return Turn(agent, "rehearsal", "", "", rehearsal=True)
