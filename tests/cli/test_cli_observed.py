"""``halon observed``: from the evidence store alone, without Temporal; in words, as JSON, into a file."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from halon.cli.entry import run
from halon.evidence.store import EvidenceStore
from halon.incident import ids, times
from halon.incident.alerts import Alert
from halon.incident.chain import Chain
from halon.incident.orders import Action, Call, GatePolicy, Order
from halon.incident.state import State
from halon.record.store import RecordStore

CALL = Call("PUT", "http://127.0.0.1:9/x", ("127.0.0.1",))
MAIL = Order("no-mail", "disable_tool", "Switch off mail", "billing-bot", "mail", True, "keyed", CALL, CALL, disruption=2,
             collateral=("no receipts",))  # fmt: skip
TOKEN = replace(MAIL, id="no-token", title="Revoke the token", reversible=False, gate=GatePolicy(("security_lead",), 2))


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of its own, and no Temporal anywhere."""
    for name in ("HALON_KIT", "HALON_EVIDENCE", "TEMPORAL_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HALON_HOME", str(tmp_path))
    return tmp_path


def kept(home: Path, number: int, *, false_alarm: bool = False, agent: str = "billing-bot") -> str:
    """An incident as a worker leaves it: its record and its last state. Returns its reference."""
    workflow = ids.workflow_id(ids.correlation_key(agent, f"g-{number}"))
    name, now = ids.incident_id(workflow, "run-1"), datetime.now(UTC)
    opened, noted, over = (times.after(times.text(now), -3600 + late) for late in (0, 4, 604))
    chain = Chain(incident_id=name)
    for order in (MAIL, TOKEN):
        data = {"action": order.id, "status": "would run"}
        chain = chain.append(noted, "action", "contain", "halon", f"Would have done: {order.title}", data)
    alert = Alert("report", agent, "g", "r", "firing", "f", opened, opened)
    state = State(
        incident_id=name, workflow_id=workflow, reference=ids.reference(name), agent=agent, group=f"g-{number}",
        opened_at=opened, alerts=(alert,), actions=(Action(MAIL, "would run"), Action(TOKEN, "would run")),
        outcome="false_alarm" if false_alarm else "resolved", false_alarm_by="ann" if false_alarm else "",
        closed_at=over,
    )  # fmt: skip

    async def write() -> None:
        store = RecordStore(EvidenceStore.open(home / "evidence"))
        receipt = await store.append(name, chain.batch())
        await store.put_checkpoint(name, receipt.seq, receipt.head, TypeAdapter(State).dump_json(state))

    asyncio.run(write())
    return ids.reference(name)


def test_nothing_seen_is_said_with_how_many_are_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """An observed agent without incidents: not enough seen yet. One in mode act is not listed."""
    assert run(["observed"]) == 0
    told = capsys.readouterr().out
    assert "Switch it on? not enough seen yet, 3 more incidents are missing" in told
    assert "No incident in these days." in told
    assert "support-bot" not in told


def test_what_would_have_run_is_told_with_its_cost(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When, how disruptive, whom it would have hit and asked; and that nobody said when the harm stopped."""
    references = [kept(home, number) for number in range(3)]
    assert run(["observed", "billing-bot"]) == 0
    told = capsys.readouterr().out
    assert all(one in told for one in references)
    assert "would have run 4 s after the alert" in told
    assert "disruption 2 of 4, and hit: no receipts" in told
    assert "it would have asked nobody" in told
    assert "it would have asked 2 of security_lead first" in told
    assert "nobody said when it stopped" in told
    assert "Switch it on? for: switch billing-bot to suggest" in told, "no gain is claimed that is not known"


def test_a_false_alarm_speaks_against_in_json_too(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One value an agent, with stand, reasons and each deed."""
    wrong = kept(home, 1, false_alarm=True)
    kept(home, 2)
    assert run(["observed", "billing-bot", "--days", "30", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["agent"], told["days"], told["argument"]["stand"]) == ("billing-bot", 30, "against")
    assert told["argument"]["reasons"][0].startswith(
        f"{wrong} was a false alarm, and it would have run: Switch off mail"
    )
    assert {one["truth"] for one in told["incidents"]} == {"false alarm", "true"}
    assert told["incidents"][0]["deeds"][0]["after"] == 4.0


def test_an_agent_that_no_file_names_is_found_by_its_incidents(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is observed because the kit does not know it."""
    kept(home, 1, agent="stranger")
    assert run(["observed", "--json"]) == 0
    assert [(one["agent"], one["listed"]) for one in json.loads(capsys.readouterr().out)] == [
        ("billing-bot", True), ("stranger", False),
    ]  # fmt: skip


def test_what_cannot_be_read_is_named(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A damaged state is missing from the counts, and said to be."""
    reference = kept(home, 1)
    (state,) = (home / "evidence" / "checkpoints").iterdir()
    state.write_text(state.read_text().replace('"body":"', '"body":"AAAA'))
    assert run(["observed", "billing-bot"]) == 0
    assert f"Not read: {reference} (CheckpointCorrupt)" in capsys.readouterr().out


def test_it_is_written_to_a_new_file_only(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is there already is not overwritten; the new one is its owner's alone."""
    to = home / "report.txt"
    assert run(["observed", "billing-bot", "--to", str(to)]) == 0
    assert "Switch it on?" in to.read_text("utf-8")
    assert to.stat().st_mode & 0o077 == 0
    assert run(["observed", "billing-bot", "--to", str(to)]) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(("agent", "why"), [("support-bot", "in mode act"), ("nobody-bot", "no agent 'nobody-bot'")])
def test_an_agent_that_is_not_observed_is_refused_with_the_next_step(
    agent: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 and a sentence."""
    assert run(["observed", agent]) == 1
    assert why in capsys.readouterr().err
