"""``temporal activity execute`` of each of Halon's activities, as anybody who reaches the server may type it."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import json
import pkgutil
import sys
import types
import typing
from importlib import import_module
from pathlib import Path
from typing import Any

from temporalio import activity

import halon.ports

TEMPORAL = Path(sys.executable).with_name("temporal")
READS = frozenset(
    {"triage.assess", "triage.authority", "detect.corroborate", "contain.harm", "notify.draft", "halt.seen"}
)
"""What answers whoever calls it: it judges, reads back and renders, and changes nothing anywhere."""
SAME_NAME = {"gate": "gates.Gate", "evidence": "tuple[str"}
"""Names that fields of another type have too: of which type the real one is."""
GRANTED = {"by": "sue", "approve": True, "reason": "", "roles": ["security_lead"], "verified": True, "how": "principal"}


def ports() -> dict[str, Any]:
    """Each activity that workflows know, with the type of its argument."""
    found: dict[str, Any] = {}
    for module in pkgutil.iter_modules(halon.ports.__path__):
        made = import_module(f"halon.ports.{module.name}")
        for value in vars(made).values():
            if inspect.isfunction(value) and value.__module__ == made.__name__:
                definition = activity._Definition.from_callable(value)
                assert definition is not None
                assert definition.name
                assert definition.arg_types is not None
                (found[definition.name],) = definition.arg_types
    return found


def forged(kind: Any, real: dict[str, Any], name: str = "") -> Any:
    """An argument of this type that is well formed: what ``real`` knows by the field's name, else something small."""
    if name in real and SAME_NAME.get(name, "") in str(kind):
        return real[name]
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        needed = [one for one in dataclasses.fields(kind)
                  if one.name in real or one.default is one.default_factory is dataclasses.MISSING]  # fmt: skip
        return {one.name: forged(hints[one.name], real, one.name) for one in needed}
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        return typing.get_args(kind)[0]
    if origin in (typing.Union, types.UnionType):
        return None
    plain: dict[Any, Any] = {tuple: [], list: [], dict: {}, int: 1, float: 1.0, bool: False, str: "x"}
    return plain.get(origin or kind)


async def execute(house: Any, kind: str, argument: Any) -> tuple[int, str]:
    """Type ``temporal activity execute``: its exit code, and all that it prints."""
    process = await asyncio.create_subprocess_exec(
        str(TEMPORAL), "activity", "execute", "--address", house.client.service_client.config.target_host,
        "--activity-id", f"forged-{kind}-{len(json.dumps(argument))}", "--type", kind,
        "--task-queue", house.settings.task_queue, "--start-to-close-timeout", "20s",
        "--schedule-to-close-timeout", "25s", "--retry-maximum-attempts", "1", "--output", "json", "--input", json.dumps(argument),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def outside(house: Any) -> dict[str, Any]:
    """All that stands outside: what the agent was told to do, its token, mails, and every object in the store."""
    calls = [call for call in await house.calls() if call["key"]]
    token = (await house.api.get("/control/tokens/support-bot-token")).json()["active"]
    kept = house.settings.home / "evidence"
    stored = sorted(str(file.relative_to(kept)) for file in kept.rglob("*") if file.is_file())
    assert stored
    return {"calls": calls, "token": token, "mails": len(house.mailbox.mails), "stored": stored}


async def settled(house: Any) -> dict[str, Any]:
    """``outside`` once the incident itself changes nothing there any more."""
    before = await outside(house)
    for _ in range(60):
        await asyncio.sleep(1)
        now = await outside(house)
        if now == before:
            return now
        before = now
    raise AssertionError("the incident never came to rest")


async def forger(house: Any) -> dict[str, Any]:
    """What a forger reads off a real incident that waits for a yes: its ids, its order, its gate, made a granted one."""
    await house.misbehave()
    await house.open()
    await house.contained()
    await house.asked("revoke-token", "")
    state = await house.query("carry")
    order = next(one["order"] for one in state["actions"] if one["order"]["id"] == "revoke-token")
    gate = next(one for one in state["gates"] if one["subject"] == "revoke-token")
    run = (await house.incident.describe()).run_id
    yes = {**GRANTED, "at": gate["opened_at"], "proof": {"run_id": run, "kind": "update", "update_id": "u"}}
    return {
        "incident_id": state["incident_id"], "workflow_id": state["workflow_id"], "predecessor": state["workflow_id"],
        "agent": "support-bot", "order": order, "gate": {**gate, "status": "granted", "answers": [yes]},
        "evidence": [one["path"] for one in state["evidence"]], "at": state["opened_at"], "since": state["opened_at"],
        "now": state["opened_at"], "asked_by": "sue", "evidence_overridden_by": "sue",
    }  # fmt: skip


async def test_no_activity_acts_for_whoever_calls_it_by_hand(house: Any) -> None:
    """Each one of the ports is typed in with the ids of a real incident and a gate that says granted, verified, by
    principal: refused, or one of those that only read."""
    async with house.worker():
        real = await forger(house)
        before = await settled(house)
        answered: dict[str, str] = {}
        for name, kind in sorted(ports().items()):
            code, said = await execute(house, name, forged(kind, real))
            if (code, "NotAnIncident" in said) != (1, True):
                answered[name] = f"exit {code}: {said[-400:]}"
        assert set(answered) == READS, "\n".join(f"{one}: {said}" for one, said in answered.items())
        assert await settled(house) == before
        assert before["token"], "the token that the forged yes was about still counts"


async def test_whatever_incident_a_forged_call_names_it_is_refused(house: Any) -> None:
    """That of the real one, of one that is none, of none at all."""
    async with house.worker():
        real, kinds = await forger(house), ports()
        before = await settled(house)
        for kind in ("contain.apply", "contain.undo", "notify.send", "notify.page"):
            for incident_id in (real["incident_id"], real["workflow_id"], "incident-x:1", ":", ""):
                code, said = await execute(house, kind, forged(kinds[kind], {**real, "incident_id": incident_id}))
                assert (code, "NotAnIncident" in said) == (1, True), (kind, incident_id, said)
        assert await settled(house) == before
