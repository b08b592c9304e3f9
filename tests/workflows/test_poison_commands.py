"""Promise 13: a misspelt, malformed or hostile command is answered or recorded, and never wedges the incident."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.update.v1 import Input, Meta, Request, WaitPolicy
from temporalio.api.workflowservice.v1 import SignalWorkflowExecutionRequest, UpdateWorkflowExecutionRequest

PROMPTLY = 5.0
"""Seconds in which a good command is answered, whatever came before it."""
HUGE_NUMBER = "9" * 5000
"""More digits than Python turns into text."""


def payload(data: bytes, encoding: bytes = b"json/plain") -> Payload:
    return Payload(metadata={"encoding": encoding}, data=data)


def plainly(value: Any) -> Payload:
    return payload(json.dumps(value).encode())


GOOD = plainly({"by": "ann", "gate": "none", "reason": "x"})
DEEP = "[" * 20_000 + "]" * 20_000
NESTED = "[" * 150 + "]" * 150
POISON: dict[str, list[Payload]] = {
    "no argument": [],
    "two arguments": [GOOD, GOOD],
    "text": [plainly("approve")],
    "a list": [plainly([1, 2])],
    "null": [payload(b"", b"binary/null")],
    "a number for a name": [plainly({"by": 7, "gate": "g"})],
    "a missing field": [plainly({"by": "ann"})],
    "an unknown field": [plainly({"by": "ann", "gaet": "g"})],
    "an empty name": [plainly({"by": "  ", "gate": "g"})],
    "raw bytes": [payload(b"\x00\x01\xff", b"binary/plain")],
    "bytes that are no UTF-8": [payload(b'{"by": "\xff\xfe"}')],
    "half a surrogate": [payload(b'{"by": "ann", "gate": "\\ud800"}')],
    "broken JSON": [payload(b'{"by": "ann",')],
    "no encoding": [Payload(data=b"{}")],
    "an unknown encoding": [payload(b"\x80\x04", b"binary/pickle")],
    "an encrypted one": [payload(b"\x01" * 40, b"binary/encrypted")],
    "too large": [plainly({"by": "ann", "gate": "x" * 200_000})],
    "deep nesting": [payload(DEEP.encode())],
    "a marker typed by hand": [plainly({"halon_undecodable": {"why": "me"}})],
}
FACTS: dict[str, Payload] = {
    "no number": payload(b'{"by": "ann", "name": "spend_eur", "value": NaN}'),
    "infinity": payload(b'{"by": "ann", "name": "spend_eur", "value": Infinity}'),
    "too many digits": payload(f'{{"by": "ann", "name": "spend_eur", "value": {HUGE_NUMBER}}}'.encode()),
    "nested": payload(f'{{"by": "ann", "name": "spend_eur", "value": {NESTED}}}'.encode()),
    "the wrong type": plainly({"by": "ann", "name": "spend_eur", "value": {"much": True}}),
    "an unknown fact": plainly({"by": "ann", "name": "spend_euro", "value": 1}),
}


async def signal(house: Any, name: str, arguments: list[Payload]) -> None:
    await house.client.workflow_service.signal_workflow_execution(
        SignalWorkflowExecutionRequest(
            namespace=house.client.namespace, workflow_execution=WorkflowExecution(workflow_id=house.incident.id),
            signal_name=name, input=Payloads(payloads=arguments), identity="somebody",
        )
    )  # fmt: skip


async def update(house: Any, name: str, arguments: list[Payload], update_id: str) -> tuple[str, str]:
    """The refusal's type and text; both empty if it was not refused."""
    call = house.client.workflow_service.update_workflow_execution(
        UpdateWorkflowExecutionRequest(
            namespace=house.client.namespace, workflow_execution=WorkflowExecution(workflow_id=house.incident.id),
            request=Request(meta=Meta(update_id=update_id, identity="somebody"),
                            input=Input(name=name, args=Payloads(payloads=arguments))),
            wait_policy=WaitPolicy(lifecycle_stage=Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED),
        )
    )  # fmt: skip
    failure = (await asyncio.wait_for(call, 15)).outcome.failure
    return failure.application_failure_info.type, failure.message


async def refused_lines(house: Any) -> list[str]:
    return [line["text"] for line in await house.query("timeline") if line["text"].startswith("Refused ")]


async def answered_promptly(house: Any, word: str) -> None:
    answer = await asyncio.wait_for(house.say("note", by="ann", text=word), PROMPTLY)
    assert answer == word


async def begun(house: Any) -> None:
    await house.open()
    await house.until("the first assessment", lambda s: s.get("category") is not None)


async def test_promise_13_no_silent_typo_in_a_signal(house: Any) -> None:
    """Every malformed Signal is one line in the log that says what is wrong; the next good command is answered."""
    async with house.worker():
        await begun(house)
        for number, (what, arguments) in enumerate(POISON.items(), 1):
            await signal(house, "approve", arguments)
            await answered_promptly(house, f"still here after {what}")
            lines = await refused_lines(house)
            assert len(lines) == number, (what, lines[-2:])
            assert lines[-1].startswith("Refused approve: "), lines[-1]
        missing = next(line for line in lines if "'gaet'" in line)
        assert "did you mean 'gate'" in missing


async def test_promise_13_no_silent_typo_in_an_update(house: Any) -> None:
    """Every malformed Update is refused with its reason at once; none is accepted, none wedges."""
    async with house.worker():
        await begun(house)
        for what, arguments in POISON.items():
            kind, text = await update(house, "approve", arguments, f"poison {what}")
            assert text, f"{what} was not refused"
            assert kind == "Malformed", (what, kind, text)
            if not arguments:
                assert text.startswith("approve takes one JSON object, not an empty input: by (your name"), text
                assert text.endswith('For example: {"by": "ann", "gate": "revoke-token-1a2b3c4d"}'), text
        kind, text = await update(house, "approve", [GOOD], "unknown gate")
        assert kind == "UnknownGate"
        assert "There is no gate 'none'" in text
        kind, text = await update(house, "aprove", [GOOD], "typo")
        assert "aprove" in text
        assert "approve" in text
        await answered_promptly(house, "still here")


async def test_promise_13_no_silent_typo_in_the_name_of_a_signal(house: Any) -> None:
    """A Signal of no known name is recorded with the nearest and all known names, whatever it carries."""
    async with house.worker():
        await begun(house)
        for arguments in ([GOOD], [], [GOOD, GOOD], [payload(b"\xff", b"binary/plain")]):
            await signal(house, "aprove", arguments)
            await signal(house, "<b>close</b>" * 50, arguments)
        await answered_promptly(house, "still here")
        lines = await refused_lines(house)
        assert len(lines) == 8
        assert "did you mean 'approve'? Known: ack, assign, handover" in lines[0]


async def test_promise_13_no_hostile_value_wedges(house: Any) -> None:
    """A value that no fact may have is refused by Update and by Signal, and is not among the facts."""
    async with house.worker():
        await begun(house)
        for what, value in FACTS.items():
            kind, text = await update(house, "fact", [value], f"hostile {what}")
            wanted = {"an unknown fact": "UnknownFact", "too many digits": "Malformed"}.get(what, "WrongValue")
            assert kind == wanted, (what, kind, text)
            before = len(await refused_lines(house))
            await signal(house, "fact", [value])
            await answered_promptly(house, f"still here after {what}")
            lines = await refused_lines(house)
            assert len(lines) == before + 1, (what, lines)
            assert lines[-1].startswith("Refused fact: "), (what, lines[-1])
        assert "spend_eur" not in {fact["name"] for fact in (await house.query("report"))["facts"]}


HOSTILE_ALERTS: dict[str, Any] = {
    "no list": {"alerts": 7},
    "a time that is none": {"started_at": "yesterday"},
    "a received time that is none": {"received_at": "2026-13-45T99:99:99Z"},
    "an end that is none": {"status": "resolved", "ended_at": "soon"},
    "another agent": {"agent": "billing-bot"},
    "an unknown status": {"status": "burning"},
    "labels that are none": {"labels": [1]},
}


async def test_promise_13_no_hostile_alert_wedges(house: Any) -> None:
    """A batch that the front door would never send is recorded as refused; the incident's alerts stay as they were."""
    async with house.worker():
        await begun(house)
        before = (await house.query("status"))["alerts"]
        alert = {"source": "x", "agent": "support-bot", "group": house.settings.task_queue, "rule": "r", "status": "firing",
                 "fingerprint": "f9", "started_at": "2026-11-22T08:00:00Z", "received_at": "2026-11-22T08:00:00Z"}  # fmt: skip
        for number, (what, changed) in enumerate(HOSTILE_ALERTS.items(), 1):
            batch = changed if "alerts" in changed else {"alerts": [{**alert, **changed}]}
            await signal(house, "alerts", [plainly(batch)])
            await answered_promptly(house, f"still here after {what}")
            lines = await refused_lines(house)
            assert len(lines) == number, (what, lines[-1:])
            assert lines[-1].startswith("Refused alerts: "), (what, lines[-1])
        huge = json.dumps({"alerts": [{**alert, "labels": {"a": "HUGE"}}]}).replace('"HUGE"', HUGE_NUMBER)
        await signal(house, "alerts", [payload(huge.encode())])
        await answered_promptly(house, "still here after a huge number")
        assert (await house.query("status"))["alerts"] == before


async def cli(house: Any, *words: str) -> tuple[int | None, str]:
    """``temporal workflow …`` as a person types it. Returns the exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("temporal")), "workflow", *words, "--workflow-id", house.incident.id,
        "--address", house.client.service_client.config.target_host,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()


async def test_promise_13_no_silent_typo_at_the_command_line(house: Any) -> None:
    """Temporal's own CLI says that any Signal succeeded; the log says what was wrong with it. An Update is refused there."""
    typed = {
        ("approve",): "approve takes one JSON object, not an empty input: by (",
        ("approve", "--input", '"rubbish"'): "takes one JSON object, not text",
        ("approve", "--input", '{"by": "sue", "gaet": "g"}'): "did you mean 'gate'",
        ("aprove", "--input", '{"by": "sue", "gate": "g"}'): "did you mean 'approve'",
    }
    async with house.worker():
        await begun(house)
        for (name, *rest), reason in typed.items():
            code, printed = await cli(house, "signal", "--name", name, *rest)
            assert (code, "succeeded" in printed) == (0, True)
            await answered_promptly(house, f"still here after {name} {rest}")
            assert reason in (await refused_lines(house))[-1]
        for (name, *rest), reason in list(typed.items())[1:]:
            code, printed = await cli(house, "update", "execute", "--name", name, *rest)
            assert code == 1
            assert reason in printed or "known updates" in printed
        code, printed = await cli(
            house, "update", "execute", "--name", "note", "--input", '{"by": "ann", "text": "by hand"}'
        )
        assert (code, "by hand" in printed) == (0, True)


async def test_after_twenty_refusals_a_name_is_turned_away_at_the_door(house: Any) -> None:
    """The record can't be flooded from one name; everybody else is heard as before."""
    async with house.worker():
        await begun(house)
        for number in range(20):
            kind, _ = await update(house, "close", [plainly({"by": "mallory"})], f"flood {number}")
            assert kind == "UnknownPerson"
        kind, text = await update(house, "close", [plainly({"by": "mallory"})], "one too many")
        assert kind == "RefusedTooOften"
        assert "ask the commander" in text
        assert len([line for line in await refused_lines(house) if line.startswith("Refused close")]) == 20
        await answered_promptly(house, "still here")
