"""Gates from the first page to the auditor's question: who is asked while people are away, reminders, two answers in one
call, and what is read of it once the incident is closed. On a real server; a minute is a second here."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from halon.cli import answering, asking, auditing, finding, proving, screen
from halon.cli.waiting import asked_of, who_am_i
from halon.incident import gate_pages
from halon.incident.orders import GatePolicy
from halon.kit import load
from halon.kit.files.shapes import GateShape

AWAY = "away: [{{from: 2026-01-01T00:00Z, to: 2036-01-01T00:00Z{}}}], "


def prepare(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mode suggest, two orders on one target, reminders each 'minute'; tom is away for sue, lee for nobody."""
    kit = house.settings.kit
    changes = {
        "agents/support-bot.yaml": (("mode: act", "mode: suggest"),),
        "actions.yaml": (("target: token support-bot-token", "target: tool send_email"), ("      quorum: 1\n", "      quorum: 1\n      remind_minutes: 3\n")),
        "authority.yaml": (("    deadline_minutes: 60\n", "    deadline_minutes: 60\n    remind_minutes: 3\n"),),
        "oncall.yaml": (
            ("name: Tom Tanner, roles: [technical_lead]", f"name: Tom Tanner, {AWAY.format(', instead: sue')}roles: [technical_lead]"),
            ("name: Sue Sutter, roles: [security_lead]", "name: Sue Sutter, roles: [security_lead, technical_lead]"),
            ("name: Lee Larsen, roles:", f"name: Lee Larsen, {AWAY.format('')}roles:"),
        ),
    }  # fmt: skip
    for name, pairs in changes.items():
        text = (kit / name).read_text()
        for old, new in pairs:
            assert old in text, (name, old)
            text = text.replace(old, new)
        (kit / name).write_text(text)
    whole = GateShape.policy

    def in_seconds(self: GateShape) -> GatePolicy:
        policy = whole(self)
        return replace(policy, remind_every=policy.remind_every // 60)

    monkeypatch.setattr(GateShape, "policy", in_seconds)
    monkeypatch.setattr(gate_pages, "LEAST_BETWEEN", 1)


def paged(house: Any, step: str) -> set[str]:
    """To whom pages of this step went."""
    file = house.settings.home / "pages.log"
    keys = [json.loads(line)["key"] for line in file.read_text().splitlines()] if file.exists() else []
    return {key.rsplit("/", 2)[-3].rpartition(":")[2] for key in keys if f"/{step}" in key}


async def waits_for(house: Any, *subjects: str) -> list[dict[str, Any]]:
    end = asyncio.get_running_loop().time() + 60
    while True:
        found = [one for one in await house.open_gates() if one["subject"] in subjects]
        if len(found) == len(subjects):
            return found
        assert asyncio.get_running_loop().time() < end, [one["subject"] for one in found]
        await asyncio.sleep(0.2)


async def test_gates_ask_whom_they_can_reach_and_leave_a_whole_record(
    house: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever is away is not paged, the stand-in is, again and again until the answer; both are answered by one call; after
    the close each question, answer, refusal, reminder and result is printed from the record."""
    prepare(house, monkeypatch)
    subjects = ("disable-send-email", "revoke-token")
    async with house.worker():
        await house.misbehave()
        await house.open()
        await house.say("ack", by="ann")
        gates = await waits_for(house, *subjects)
        assert {one["about"][0] for one in gates} == {"tool send_email"}
        end = asyncio.get_running_loop().time() + 30
        while not all(one["reminders"] >= 2 for one in await waits_for(house, *subjects)):
            assert asyncio.get_running_loop().time() < end, "no reminders"
            await asyncio.sleep(0.5)
        assert paged(house, "gate:revoke-token") == paged(house, "gate-remind:revoke-token") == {"sue"}
        assert paged(house, "gate-remind:disable-send-email") == {"ann", "sue"}
        mine = asked_of(
            who_am_i("sue", load(house.settings.kit, house.environ), "2026-11-22T10:00:00.000Z"),
            "INC-1",
            await house.query("status"),
        )
        assert {f"halon approve INC-1 {one['id']}   (or: halon reject)" for one in gates} <= {
            one["command"] for one in mine
        }
        refused = await house.say("approve", by="pat", gate=gates[0]["id"])
        assert "NotAuthorised" in refused
        found = SimpleNamespace(workflow_id=house.incident.id, reference="", row=object(), incident_id="")
        chosen = await answering._chosen(house.client, found, "approve", (), "tool send_email")  # type: ignore[arg-type]
        assert sorted(chosen) == sorted(one["id"] for one in gates)
        results = await answering._answer(
            house.client, found, "approve", chosen, {"by": "sue"}, proving.Proofs(), person=False
        )  # type: ignore[arg-type]
        assert [one["ok"] for one in results] == [True, True], results
        again = await answering._answer(
            house.client, found, "approve", chosen, {"by": "sue"}, proving.Proofs(), person=False
        )  # type: ignore[arg-type]
        assert {one["type"] for one in again} == {"GateClosed"}
        await house.until("both to run", lambda s: all(s["actions"].get(one) == "verified" for one in subjects))
        await house.say("false-alarm", by="ann", reason="a rehearsal")
        await house.approve("restore-disable-send-email", by="sue")
        await house.until("everything settled", lambda s: not s["left_before_close"])
        assert "Closed" in await house.say("close", by="ann", reason="over")
        await asyncio.wait_for(house.incident.result(), 240)
    reminders = len(
        [one for one in await house.record.entries((await house.record.incidents())[0]) if "reminder" in one.data]
    )
    assert reminders >= 4
    # Nothing answers any more: what is printed comes from the record and the state that is mirrored beside it.
    gone = finding.Found("INC-1", house.incident.id, False, None, (await house.record.incidents())[0])
    shown = await asking.standing(None, gone, house.settings)
    capsys.readouterr()
    printed: list[Any] = []
    monkeypatch.setattr(screen, "value", printed.append)
    await auditing.show(None, gone, house.settings, shown, as_json=True)
    told = {one["subject"]: one for one in printed[0]["gates"]}
    revoked = told["revoke-token"]
    assert (revoked["status"], revoked["runs"]["result"], bool(revoked["runs"]["read_back_at"])) == (
        "spent",
        "verified",
        True,
    )
    assert revoked["answers"][0]["proof"]["update_id"]
    assert any(one["kind"] == "NotAuthorised" and one["by"] == "pat" for gate in told.values() for one in gate["tried"])
    opened = revoked["log"][0]["data"]
    assert (opened["digest"], list(opened["question"])) == (revoked["digest"], list(revoked["question"]))
    assert any("reminder" in one["data"] for one in revoked["log"])
    monkeypatch.undo()
    await auditing.show(None, gone, house.settings, shown, as_json=False)
    words = " ".join(capsys.readouterr().out.split())
    for part in ("Question, as it was shown:", revoked["digest"], "sue (name unverified) said yes", "Refused:", "NotAuthorised",
                 "Reminders:", "Ran:", "read back", "On record:"):  # fmt: skip
        assert part in words, part
