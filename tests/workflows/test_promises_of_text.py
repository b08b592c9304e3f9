"""Promises 10 and 11: text is data, and nothing sensitive leaves the evidence store."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import UTC, datetime, timedelta
from email import message_from_string, policy
from typing import Any

import pytest
from temporalio.client import WorkflowQueryFailedError

from halon.drill.customers import CUSTOMERS, FAKE_SECRET_PREFIX
from halon.drill.documents import COLLECTOR_ADDRESS
from halon.incident import times
from halon.incident.alerts import Alert
from halon.intake.sources.alertmanager import read
from halon.intake.sources.reader import Arrived
from halon.kit import load

CANARY_SECRET = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
CANARY_MAIL = "canary.person@private-mail.example"
CANARIES = (
    CANARY_SECRET, CANARY_MAIL, FAKE_SECRET_PREFIX, COLLECTOR_ADDRESS,
    *(text for one in CUSTOMERS for text in (one.email, one.card, one.secret, one.phone)),
)  # fmt: skip


def delivered(house: Any, **words: str) -> list[Alert]:
    """The alerts that the front door makes of an Alertmanager delivery."""
    started = words.pop("started_at")
    status = words.pop("status", "firing")
    body = {"version": "4", "alerts": [{
        "status": status, "startsAt": started, "endsAt": started if status == "resolved" else "0001-01-01T00:00:00Z",
        "fingerprint": "fp-canary", "annotations": words,
        "labels": {"alertname": "AgentUnauthorisedToolAction", "agent": "support-bot", "group": house.settings.task_queue,
                   "note": words["summary"]},
    }]}  # fmt: skip
    return read(Arrived(body, started, 10), load(house.settings.kit, house.environ).sources["alertmanager"])


def mails(house: Any) -> list[str]:
    """What the mail server received, headers and decoded text."""
    found = []
    for _, raw in house.mailbox.mails:
        mail = message_from_string(raw, policy=policy.default)
        found.append(f"{mail.items()}\n{mail.get_body(('plain',)).get_content()}")
        assert not mail.is_multipart(), "plain text only"
    return found


async def details(house: Any) -> str:
    """What the Temporal UI renders as markdown."""
    for _ in range(900):
        try:
            metadata = await house.incident.query("__temporal_workflow_metadata")
            return str(metadata.current_details)
        except WorkflowQueryFailedError:  # the state is just being rebuilt
            await asyncio.sleep(0.25)
    raise AssertionError("no details")


async def whole_history(house: Any) -> bytes:
    """Every byte of every run's history."""
    found = b""
    async for run in house.client.list_workflows(f"WorkflowId = '{house.incident.id}'"):
        handle = house.client.get_workflow_handle(run.id, run_id=run.run_id)
        async for event in handle.fetch_history_events():
            found += event.SerializeToString()
    return found


async def evidence_text(house: Any) -> str:
    """All that the agent showed before containment, as it was sealed."""
    sealed = [one["path"] for one in (await house.query("carry"))["evidence"] if "before" in one["path"]]
    assert sealed
    return "".join([(await house.evidence.get(path)).decode() for path in sealed])


async def test_promise_10_text_is_data(house: Any, tmp_path: Any) -> None:
    """Template, markup, link and shell in an alert: shown as plain words to people, executed and evaluated nowhere."""
    touched = tmp_path / "touched"
    hostile = (
        f"{{{{ 7919 * 7907 }}}} {{% for x in range(9) %}}boom{{% endfor %}} <script>alert(1)</script> <b>Approved</b> "
        f"[click here](https://evil.example/x) `touch {touched}` $(touch {touched}) ; touch {touched}\n# Heading\n"
        "![pixel](https://evil.example/p.png)\r\nBcc: everybody@evil.example"
    )
    async with house.worker():
        await house.misbehave()
        house.first_started = times.text(datetime.now(UTC) - timedelta(hours=1))
        alert = delivered(house, started_at=house.first_started, summary=hostile)[0]
        await house.open(summary=alert.summary, labels=alert.labels, started_at=house.first_started)
        await house.contained()
        for _ in range(5):  # only the last lines are shown, and the incident goes on speaking
            await house.say("note", by="ann", text=hostile)
            shown = await details(house)
            told = shown.split("#### Last lines")[1]
            if "7907" in told:
                break
        assert "7919 7907" in told.replace("*", " ").replace("  ", " "), "it is shown"
        for markup in ("<script", "<b>", "](", "`", "![", "{{ 62615533", "boomboom"):
            assert markup not in told, markup
        assert not re.search(r"^# Heading", shown, re.M)
        assert "62615533" not in shown
        await house.facts()
        await house.close_story()
    assert not touched.exists()
    outside = mails(house)
    assert outside
    files = [(house.settings.home / name).read_text() for name in ("pages.log", "leadership.log")]
    for text in (*outside, *files):
        for markup in ("<script", "<b>Approved", "](https://evil", "62615533", "boomboom"):
            assert markup not in text, markup
    assert not [to for receivers, _ in house.mailbox.mails for to in receivers if "evil" in to]


async def test_promise_11_nothing_sensitive_where_it_does_not_belong(
    house: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """After a whole story the canaries stand in sealed evidence and nowhere else."""
    caplog.set_level(logging.INFO)
    async with house.worker():
        await house.misbehave()
        house.first_started = times.text(datetime.now(UTC) - timedelta(hours=1))
        summary = f"support-bot mailed {CANARY_MAIL} the key {CANARY_SECRET}"
        alert = delivered(house, started_at=house.first_started, summary=summary)[0]
        await house.open(summary=alert.summary, labels=alert.labels, started_at=house.first_started)
        await house.contained()
        assert "support-bot mailed" in str(await house.query("timeline")), "the rest of the text is there"
        await house.facts()
        await house.close_story()
        sealed = await evidence_text(house)
        state = str(await house.query("carry"))
    described = await house.incident.describe()
    entries = await house.record.entries((await house.record.incidents())[0])
    places = {
        "history": (await whole_history(house)).decode("utf-8", "replace"),
        "search attributes": str(described.typed_search_attributes),
        "memo": str(await described.memo()),
        "record": "\n".join(str(entry.as_json()) for entry in entries),
        "logs": caplog.text,
        "pages": (house.settings.home / "pages.log").read_text(),
        "leadership": (house.settings.home / "leadership.log").read_text(),
        "mails": "\n".join(mails(house)),
        "state": state,
    }
    assert all(text for name, text in places.items() if name not in ("memo", "logs"))
    leaks = [(name, canary) for name, text in places.items() for canary in CANARIES if canary in text]
    assert leaks == []
    assert FAKE_SECRET_PREFIX in sealed or CUSTOMERS[0].email in sealed or COLLECTOR_ADDRESS in sealed
