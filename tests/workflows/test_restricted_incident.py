"""A restricted incident, end to end: a planted word is nowhere that somebody reads who is not named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowUpdateFailedError

from halon.incident.state import State
from halon.intake import reading
from halon.intake.signatures import READING, Keys

AGENT, WORD = "canary-agent-5b", "canary-word-5b"
QUERIES = (
    "status",
    "timeline",
    "gates",
    "obligations",
    "actions",
    "rca",
    "notices",
    "report",
    "carry",
    "__temporal_workflow_metadata",
)
TOKEN = "reading-token-of-this-test"


async def eventually(what: str, look: Callable[[], Awaitable[Any]], seconds: float = 240) -> Any:
    """What ``look`` gives once it is truthy."""
    for _ in range(int(seconds * 5)):
        if found := await look():
            return found
        await asyncio.sleep(0.2)
    raise AssertionError(f"not seen: {what}")


def pages(house: Any) -> list[dict[str, Any]]:
    """What went out on the channel that writes into a file."""
    log = house.settings.home / "pages.log"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


async def halon(house: Any, *words: str) -> tuple[int, str]:
    """A command as people type it: its exit code, and all that it says."""
    done = await house.typed(*words)
    return done.code, done.out + done.err


async def over_http(house: Any, path: str) -> str:
    """What the front door answers to whoever may read."""
    app = FastAPI()
    app.include_router(reading.router(house.client, Keys({READING: TOKEN})))
    door = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=door, base_url="http://door", headers={"Authorization": f"Bearer {TOKEN}"}
    ) as client:
        answer = await client.get(path)
        answer.raise_for_status()
        return answer.text


async def outside(house: Any) -> str:
    """Everything that anybody reads who may ask Temporal: attributes, memo, every query."""
    described = await house.incident.describe()
    found = [str(described.typed_search_attributes), str(await described.memo())]
    found += [json.dumps(await house.query(name), default=str) for name in QUERIES]
    return "\n".join(found)


async def listed_as_restricted(house: Any) -> bool:
    """Whether the list says it: what Temporal lists comes a moment after what it knows."""
    rows = json.loads(await over_http(house, "/v1/incidents"))["incidents"]
    return any(one["phase"] == "restricted" for one in rows)


async def refusal(house: Any, name: str, **fields: Any) -> tuple[str, str]:
    """Type and words with which an Update is refused."""
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await house.incident.execute_update(name, fields)
    cause = caught.value.cause
    return str(getattr(cause, "type", "")), str(getattr(cause, "message", ""))


async def test_a_planted_word_is_nowhere_outside_once_it_is_restricted(house: Any) -> None:
    """Not in search attributes, memo, current details, any query, page, list or other incident; those named see all."""
    async with house.worker():
        await house.open(agent=AGENT, summary=f"it is {WORD}", labels={"who": WORD})
        await house.until("the first judgement", lambda s: bool(s.get("severity", {}).get("level")))
        assert await house.say("note", by="tom", text=f"I saw {WORD}") == f"I saw {WORD}"
        await house.say("fact", by="ann", name="trace_ids", value=[WORD])
        assert WORD in await outside(house)
        assert AGENT in str(await (await house.incident.describe()).memo())
        reference = (await house.query("status"))["reference"]

        told = await house.say("restrict", by="lee", people=["ann", "lee"], reason=f"{WORD} is one of ours")
        assert told.startswith("lee (name unverified) restricts")
        sent, mailed = len(pages(house)), len(house.mailbox.mails)
        await eventually("the list", lambda: listed_as_restricted(house))

        # What Temporal shows.
        seen = await outside(house)
        assert (WORD in seen, AGENT in seen) == (False, False), seen
        status = await house.query("status")
        assert (status["reference"], status["restricted"]) == (reference, True)
        assert f"halon status {reference} --by NAME" in status["headline"]

        # Who is not named: refused by type, on record, with whom to ask and nothing else; a Signal likewise.
        words = f"{reference} is restricted to named people. Ask one of them: commander or leadership or security_lead."
        for name, fields in (
            ("note", {"text": "x"}),
            ("look", {}),
            ("ack", {}),
            ("restrict", {"people": ["tom"], "reason": "r"}),
        ):
            assert await refusal(house, name, by="tom", **fields) == ("Restricted", words)
        await house.incident.signal("severity", {"by": "sue", "level": "SEV4", "reason": "down"})

        # Who is named looks and goes on.
        view = await house.incident.execute_update("look", {"by": "ann"})
        assert AGENT in view["headline"]
        assert view["restriction"]["people"] == ["ann", "lee"]
        told = json.dumps(await house.incident.execute_update("look", {"by": "lee", "what": "everything"}))
        assert f"I saw {WORD}" in told
        assert "Refused severity" in told
        assert await house.say("severity", by="ann", level="SEV1", reason=f"{WORD} again") != ""
        assert await house.say("handover", by="ann", to="lee", reason=WORD) != ""

        # Pages since then: to those named, the reference and the command.
        async def paged() -> list[dict[str, Any]]:
            return [one for one in pages(house)[sent:] if "--by lee" in one["body"]]

        await eventually("a page to lee", paged)
        after = pages(house)[sent:]
        assert all(one["reference"] == reference for one in after)
        told = json.dumps([one | {"key": ""} for one in after])
        assert (WORD in told, AGENT in told, "SEV" in told, "--by tom" in told) == (False, False, False, False), told
        mails = str(house.mailbox.mails[mailed:])
        assert (WORD in mails, AGENT in mails) == (False, False), mails

        # Lists, and the front door.
        for path in ("/v1/incidents", f"/v1/incidents/{reference}"):
            told = await over_http(house, path)
            assert (reference in told, WORD in told, AGENT in told) == (True, False, False), told
        for typed in (("incidents",), ("incidents", "--json"), ("status", reference), ("show", reference),
                      ("timeline", reference), ("clocks",), ("show", reference, "--report", "postmortem")):  # fmt: skip
            code, told = await halon(house, *typed)
            assert (WORD in told, AGENT in told) == (False, False), (typed, told)
            assert code == (0 if typed[0] in ("incidents", "clocks") else 1), (typed, told)

        # What asks people, what runs, and the record: for those named, by a look.
        code, told = await halon(house, "incidents", "--waiting-on", "me", "--by", "tom")
        assert (code, f"halon status {reference} --by tom" in told) == (0, True), told
        assert (WORD in told, AGENT in told) == (False, False), told
        code, told = await halon(house, "clocks")
        assert (code, f"halon status {reference} --by NAME" in told) == (0, True), told
        for number, whose in enumerate(((), ("--by", "tom"))):
            into = house.settings.home / f"record-{number}"
            code, told = await halon(house, "export", reference, "--to", str(into), *whose)
            assert (code, into.exists(), WORD in told, AGENT in told) == (1, False, False, False), told
        code, told = await halon(house, "export", reference, "--to", str(into), "--by", "lee")
        assert (code, (into / "verify.py").exists()) == (0, True), told
        assert any("lee (name unverified) looks at status." in one["text"] for one in (
            await house.incident.execute_update("look", {"by": "ann", "what": "log"}))["timeline"])  # fmt: skip

        # Another incident of the same agent.
        first = house.incident
        await house.open(agent=AGENT, group="another-group", fingerprint="fp-2")
        other = await house.until("the other to be listed", lambda s: bool(s.get("others")))
        assert [one["text"] for one in other["others"]] == [f"{reference} (restricted)"]
        assert first.id not in json.dumps(await house.query("report"))


async def test_those_named_look_with_the_commands_they_know_and_others_are_refused(house: Any) -> None:
    """``status``, ``show`` and ``timeline`` look by themselves, each look on record; ``restrict`` keeps and lifts."""
    async with house.worker():
        await house.open(summary=WORD)
        await house.until("the first judgement", lambda s: bool(s.get("severity", {}).get("level")))
        reference = (await house.query("status"))["reference"]
        await house.say("note", by="ann", text=WORD)
        code, told = await halon(house, "restrict", reference, "--by", "ann", "--reason", "one of ours")
        assert (code, "--person NAME" in told) == (2, True)
        code, told = await halon(house, "restrict", reference, "--person", "ann", "--person", "sue", "--person", "lee",
                                 "--by", "ann", "--reason", "one of ours")  # fmt: skip
        assert code == 0, told
        for typed in (("status", reference, "--by", "sue"), ("show", reference, "--by", "sue")):
            code, told = await halon(house, *typed)
            assert (code, "support-bot" in told) == (0, True), told
        code, told = await halon(house, "timeline", reference, "--by", "sue")
        assert (code, WORD in told, "sue (name unverified) looks at timeline." in told) == (0, True, True), told
        code, told = await halon(house, "status", reference, "--by", "tom")
        assert (code, "restricted to named people" in told, "support-bot" in told) == (1, True, False), told
        code, told = await halon(
            house, "restrict", reference, "--person", "none", "--by", "sue", "--reason", "nobody of ours"
        )
        assert (code, "lifts the restriction" in told) == (0, True), told
        assert "support-bot" in (await house.query("status"))["headline"]
        await eventually("the memo to be back", lambda: memo_has(house, "support-bot"))


async def memo_has(house: Any, word: str) -> bool:
    """Whether the memo holds ``word``."""
    return word in str(await (await house.incident.describe()).memo())


async def test_the_kit_restricts_named_people_answer_the_gates_and_the_reports_are_privileged(house: Any) -> None:
    """From the fact on: who is not named answers nothing; who is decides; what is sealed at the close is for few."""
    rules = Path(house.environ["HALON_KIT"]) / "authority.yaml"
    rules.write_text(rules.read_text() + "\nrestricted: {when: {fact: insider_suspected, is: true}, words: An insider is "
                     "suspected, people: [ann, pat, cus, tom], roles: [security_lead]}\n")  # fmt: skip
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.contained()
        await house.say("fact", by="pat", name="insider_suspected", value=True)

        async def kept() -> bool:
            return "restricted" in await house.query("status")

        await eventually("the restriction", kept)

        async def open_gate() -> dict[str, Any] | None:
            gates = await house.incident.execute_update("look", {"by": "sue", "what": "gates"})
            return next((one for one in gates if one["subject"] == "revoke-token" and one["status"] == "open"), None)

        gate = await eventually("the gate", open_gate)
        assert (await refusal(house, "look", by="nobody-of-ours"))[0] == "UnknownPerson"
        assert (await house.say("approve", by="sue", gate=gate["id"], reason="yes")).startswith(
            "sue (name unverified) approved"
        )

        async def revoked() -> bool:
            found = await house.incident.execute_update("look", {"by": "lee", "what": "actions"})
            return any(one["order"]["id"] == "revoke-token" and one["status"] == "verified" for one in found)

        await eventually("the token to be revoked", revoked)
        status = await house.incident.execute_update("look", {"by": "ann"})
        assert status["restriction"]["by"] == "halon"

        # Halon itself finds the state again after a Reset or Terminate; nobody without the record does.
        incident_id = (await house.record.incidents())[0]
        head = (await house.record.entries(incident_id))[-1].hash

        async def carried() -> State | None:
            found = (await house.record.entries(incident_id))[-1].hash
            answer = await house.incident.query("carry", found, result_type=State)
            return answer if isinstance(answer, State) else None

        assert (await eventually("the whole state", carried)).restriction is not None
        assert await house.incident.query("carry") is None
        assert await house.incident.query("carry", head[::-1]) is None

        # Reset to the very start: the restriction is as little undone as anything else that was said.
        run = (await house.incident.describe()).run_id
        await house.client.workflow_service.reset_workflow_execution(ResetWorkflowExecutionRequest(
            namespace=house.client.namespace, reason="pressed", request_id="reset", workflow_task_finish_event_id=4,
            workflow_execution=WorkflowExecution(workflow_id=house.incident.id, run_id=run),
        ))  # fmt: skip
        await eventually("the restriction after the reset", kept)
        assert await eventually("the reset to be told", lambda: told_of(house, "Somebody reset this incident"))

        await house.say("ack", by="ann")
        assert (await house.say("false-alarm", by="ann", reason="an exercise")).startswith(
            "ann (name unverified) calls it"
        )

        async def closed() -> bool:
            gates = await house.incident.execute_update("look", {"by": "ann", "what": "gates"})
            for one in gates:
                if one["status"] == "open":
                    await house.say("approve", by="tom", gate=one["id"], reason="give it back")
            told: str = await house.say("close", by="ann", reason="an exercise")
            return told.startswith("Closed by ann")

        await eventually("the close", closed)
        await asyncio.wait_for(house.incident.result(), 240)
        entries = await house.record.entries(incident_id)
        state = await house.incident.query("carry", entries[-1].hash, result_type=State)
        # Drafts that were under way before stay as they were sealed.
        reports = [one for one in state.evidence if one.kind == "report" and "draft" not in one.path + one.what]
        assert any("postmortem" in one.path for one in reports)
        assert {one.access for one in reports} == {"privileged"}
        assert "closed, and restricted" in (await house.query("status"))["headline"]


async def told_of(house: Any, words: str) -> bool:
    """Whether a line of the log that those named see says so."""
    lines = await house.incident.execute_update("look", {"by": "ann", "what": "timeline"})
    return any(words in one["text"] for one in lines)
