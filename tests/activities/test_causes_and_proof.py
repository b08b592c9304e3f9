"""Root causes from sealed evidence, the minimal case by replay, and a fix that is proved or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.exceptions import ApplicationError

from halon.drill.documents import POISONED_DOCUMENT, POISONED_QUESTION
from halon.drill.launch import RunningAgent
from halon.incident import times
from halon.ports.evidence import Collect
from halon.ports.rca import Investigate
from halon.ports.remediate import Prove
from halon_activities.evidence import Evidence
from halon_activities.hands import Hands
from halon_activities.rca import RootCause
from halon_activities.remediate import Remediate

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"


async def collected(hands: Hands, as_incident: Any) -> Investigate:
    since = times.text(datetime.now(UTC) - timedelta(hours=1))
    got = await as_incident(Evidence(hands).collect, Collect(INCIDENT, "support-bot", since))
    return Investigate(INCIDENT, "support-bot", got.sealed, hands.now())


async def guardrail(agent: RunningAgent, on: bool) -> None:
    async with httpx.AsyncClient(base_url=agent.url, headers=agent.headers, trust_env=False) as client:
        (await client.put("/control/guardrails", json={"isolate_untrusted": on})).raise_for_status()


async def test_the_culprit_is_shown_by_leaving_it_out(hands: Hands, as_incident: Any, attacked: RunningAgent) -> None:
    """It happens with the poisoned page and not without it; findings name their layer and their evidence."""
    request = await collected(hands, as_incident)
    causes = await as_incident(RootCause(hands).investigate, request)
    assert causes.case is not None
    assert (causes.case.message, causes.case.culprit) == (POISONED_QUESTION, POISONED_DOCUMENT)
    assert (causes.case.reproduced, causes.case.reproduced_without_culprit) == (True, False)
    assert causes.case.tools == ("send_email",)
    by_layer = {found.layer: found for found in causes.findings}
    assert set(by_layer) == {"retrieval", "model", "tools", "orchestration"}
    assert by_layer["retrieval"].certainty == "shown"
    assert POISONED_DOCUMENT in by_layer["retrieval"].text
    assert by_layer["retrieval"].evidence == (request.evidence[0].id,)
    assert len(causes.whys) == 5
    assert any("allowed" in one for one in causes.proposals)


async def test_causes_come_from_the_sealed_traces_not_from_the_agent_of_today(
    hands: Hands, as_incident: Any, attacked: RunningAgent
) -> None:
    """A guardrail switched on meanwhile does not hide what happened: the case is tried as it was before."""
    request = await collected(hands, as_incident)
    await guardrail(attacked, on=True)
    causes = await as_incident(RootCause(hands).investigate, request)
    assert causes.case is not None
    assert (causes.case.reproduced, causes.case.extra["guardrail_as_now"]) == (True, False)


async def test_an_agent_that_is_away_leaves_likely_causes(
    hands: Hands, make_hands: Any, as_incident: Any, attacked: RunningAgent
) -> None:
    """Nothing is shown without a replay, and the note says that there was none."""
    request = await collected(hands, as_incident)
    causes = await as_incident(RootCause(make_hands()).investigate, request)
    assert {found.certainty for found in causes.findings} == {"likely"}
    assert causes.case is not None
    assert (causes.case.reproduced, causes.case.reproduced_without_culprit) == (None, None), "unknown is not false"
    assert causes.note.startswith("The case was not replayed: 127.0.0.1 can't be reached")


async def test_altered_evidence_is_no_evidence(hands: Hands, as_incident: Any, attacked: RunningAgent) -> None:
    """The hash on record decides."""
    request = await collected(hands, as_incident)
    await hands.evidence.replace(request.evidence[0].path, b"{}")
    with pytest.raises(ApplicationError) as caught:
        await as_incident(RootCause(hands).investigate, request)
    assert (caught.value.type, caught.value.non_retryable) == ("Tampered", True)


async def test_without_traces_nothing_is_concluded(hands: Hands, as_incident: Any, attacked: RunningAgent) -> None:
    """An empty answer says so."""
    request = await collected(hands, as_incident)
    causes = await as_incident(RootCause(hands).investigate, replace(request, evidence=request.evidence[2:]))
    assert (causes.findings, causes.case) == ((), None)
    assert "No traces are sealed" in causes.note


async def test_a_fix_is_proved_only_when_case_and_evals_pass(
    hands: Hands, as_incident: Any, attacked: RunningAgent
) -> None:
    """Unfixed: the case reproduces and evals fail. Fixed: neither. The raw answers are sealed."""
    causes = await as_incident(RootCause(hands).investigate, await collected(hands, as_incident))
    before = await as_incident(Remediate(hands).prove, Prove(INCIDENT, "support-bot", causes.case, 1))
    await guardrail(attacked, on=True)
    after = await as_incident(Remediate(hands).prove, Prove(INCIDENT, "support-bot", causes.case, 2))
    assert (before.passed, before.case_passed) == (False, False)
    assert before.evals_failed == 3
    assert any("poisoned-page" in detail for detail in before.details)
    assert (after.passed, after.case_passed, after.evals_failed) == (True, True, 0)
    assert after.evidence.startswith("ev-")
    assert before.evidence != after.evidence


async def test_without_a_case_nothing_is_proved(hands: Hands, as_incident: Any, attacked: RunningAgent) -> None:
    """Green evals alone don't show that this incident can't come back."""
    await guardrail(attacked, on=True)
    rerun = await as_incident(Remediate(hands).prove, Prove(INCIDENT, "support-bot", None))
    assert (rerun.passed, rerun.evals_failed) == (False, 0)
    assert "no minimal case" in rerun.details[0]


async def test_promise_9_a_case_that_never_reproduced_proves_nothing(
    hands: Hands, as_incident: Any, attacked: RunningAgent
) -> None:
    """Fixed or not, it would not reproduce; nobody knows. Once it was seen to, its absence counts."""
    causes = await as_incident(RootCause(hands).investigate, await collected(hands, as_incident))
    await guardrail(attacked, on=True)
    for before, told in ((None, "never reproduced"), (False, "never reproduced"), (True, "no longer reproduces")):
        case = replace(causes.case, reproduced=before)
        rerun = await as_incident(Remediate(hands).prove, Prove(INCIDENT, "support-bot", case))
        assert (rerun.case, rerun.case_passed, rerun.passed) == (told, before is True, before is True)
        assert (rerun.undecided, rerun.evals_failed) == (before is not True, 0)
    await guardrail(attacked, on=False)
    rerun = await as_incident(
        Remediate(hands).prove, Prove(INCIDENT, "support-bot", replace(causes.case, reproduced=None))
    )
    assert (rerun.case, rerun.undecided) == ("still reproduces", False)


async def test_an_agent_without_replay_and_evals_comes_to_a_truthful_answer(
    hands: Hands, make_hands: Any, as_incident: Any, attacked: RunningAgent
) -> None:
    """No such doors: not tried, by the case and by the evals, and the answer says so at once."""
    causes = await as_incident(RootCause(hands).investigate, await collected(hands, as_incident))
    less = make_hands(attacked.url)
    calls = dict(less.kit.calls("support-bot"))
    calls |= {name: replace(calls[name], url=f"{calls[name].url}-there-is-none") for name in ("replay", "evals")}
    less = replace(less, kit=replace(less.kit, observe={**less.kit.observe, "support-bot": calls}))
    tried = await as_incident(RootCause(less).investigate, await collected(hands, as_incident))
    assert (tried.case.reproduced, tried.note[:26]) == (None, "The case was not replayed:")
    rerun = await as_incident(Remediate(less).prove, Prove(INCIDENT, "support-bot", causes.case))
    assert (rerun.case, rerun.passed, rerun.undecided) == ("was not tried", False, True)
    assert [detail[:40] for detail in rerun.details] == [
        "The agent can't replay the minimal case:", "The agent has no evals to run: POST /con",
    ]  # fmt: skip


async def test_an_agent_that_is_away_is_asked_again(
    make_hands: Any, hands: Hands, as_incident: Any, attacked: RunningAgent
) -> None:
    """Unreachable is no failed proof: it is tried again."""
    causes = await as_incident(RootCause(hands).investigate, await collected(hands, as_incident))
    with pytest.raises(ApplicationError) as caught:
        await as_incident(Remediate(make_hands()).prove, Prove(INCIDENT, "support-bot", causes.case))
    assert (caught.value.type, caught.value.non_retryable) == ("Unreachable", False)
