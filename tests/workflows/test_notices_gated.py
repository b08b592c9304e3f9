"""Notices in a running incident: checked, overridden by name, preapproved, filed at a portal, followed up, and sent once."""

from __future__ import annotations

import asyncio
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from halon.incident import promised
from halon.kit.preapproved import digest_of
from halon.ports import notify
from halon.rendering import slots_of, source_of

FIRST = "customers-first"
CUSTOMER, AUTHORITY = "contract-dpa-notification", "eu-gdpr-33-notification"
PORTAL = "https://portal.authority.example/breach"


def kit_file(house: Any, name: str) -> Path:
    return Path(house.environ["HALON_KIT"]) / name


def change(house: Any, name: str, old: str, new: str) -> None:
    """One line of the kit, otherwise."""
    file = kit_file(house, name)
    text = file.read_text("utf-8")
    assert old in text, (name, old)
    file.write_text(text.replace(old, new, 1), "utf-8")


def preapprove(house: Any, until: date, digest: str = "", slots: str = "") -> None:
    """The first word to customers is preapproved by the customer lead, for the commander to send."""
    source = source_of(f"notices/{FIRST}.txt.j2")
    change(house, "regimes/contract-dpa.yaml", "template: customers", f"template: {FIRST}")
    file = kit_file(house, "communications.yaml")
    file.write_text(file.read_text("utf-8") + (
        f"preapproved:\n  - template: {FIRST}\n    digest: {digest or digest_of(source)}\n    by: cus\n"
        f"    until: {until.isoformat()}\n    slots: [{slots or ', '.join(sorted(slots_of(FIRST, source)[0]))}]\n"
    ), "utf-8")  # fmt: skip


async def gate(house: Any, subject: str, words: str = "") -> dict[str, Any]:
    """The open gate of the notice, once its question holds ``words``."""
    for _ in range(2400):
        for one in await house.open_gates():
            if one["subject"] == subject and words in "\n".join(one["question"]):
                return dict(one)
        await asyncio.sleep(0.1)
    raise AssertionError([(one["id"], one["question"]) for one in await house.query("gates")])


async def noticed(house: Any, name: str) -> dict[str, Any]:
    return next(one for one in await house.query("notices") if one["id"] == name)


def mails_to(house: Any, address: str) -> list[str]:
    return [text for to, text in house.mailbox.mails if address in to]


async def test_a_text_that_a_check_objects_to_needs_a_named_override(house: Any) -> None:
    """The question names rule and sentence; a yes is refused until somebody overrides it; then it is sent, once."""
    own = kit_file(house, "notices")
    own.mkdir(exist_ok=True)
    text = source_of("notices/customers.txt.j2").replace(
        "What comes next", "The issue is fully resolved.\n\nWhat comes next"
    )
    (own / "customers.txt.j2").write_text(text, "utf-8")
    async with house.worker():
        await house.prepare()
        await house.contained()
        asked = await gate(house, CUSTOMER, "CHECK FAILED, overpromise: “The issue is fully resolved.”")
        assert (await house.say("approve", by="cus", gate=asked["id"])).startswith("CheckFailed")
        told = await house.say(
            "override", by="ann", what="notice", notice=CUSTOMER, rule="overpromise", reason="a test"
        )
        assert "lets contract-dpa-notification go out although the check overpromise objects" in told
        await house.approve(CUSTOMER, by="cus")
        await house.filed("contract-dpa")
        assert len(mails_to(house, "security@customer.example")) == 1
        kinds = [one["text"] for one in await house.query("timeline")]
        assert any("lets contract-dpa-notification go out" in one for one in kinds)


async def test_an_override_that_nobody_said_sends_nothing(house: Any) -> None:
    """The sending activity reads the override from history: one that is only handed in is refused."""
    from dataclasses import replace

    from temporalio.testing import ActivityEnvironment

    from halon.incident.notices import Notice, Overridden
    from halon.kit import load
    from halon.record.journal import Journal
    from halon.record.store import RecordStore
    from halon_activities import checking
    from halon_activities.failures import CheckFailed, ProofMissing
    from halon_activities.hands import Hands

    async with house.worker():
        await house.prepare()
        await house.contained()
        state = await house.query("status")
        run = await house.incident.describe()
        hands = Hands(kit=load(house.settings.kit, house.environ), evidence=house.evidence, record=RecordStore(house.evidence),
                      journal=Journal(house.evidence), temporal=house.client, http=house.http, environ=house.environ,
                      home=house.settings.home)  # fmt: skip
        info = replace(ActivityEnvironment().info, workflow_id=house.incident.id, workflow_run_id=run.run_id,
                       workflow_type="Incident")  # fmt: skip
        one = Notice("n", "regulator", body="The issue is fully resolved.\n")
        request = notify.Sending(f"{house.incident.id}:{run.run_id}", one)
        with pytest.raises(CheckFailed, match="overpromise in 'The issue is fully"):
            await checking.require_checked(hands, info, request, "")
        forged = Overridden(
            "n", "overpromise", ("The issue is fully resolved.",), "ann", "r", state["severity"]["level"] or ""
        )
        with pytest.raises(ProofMissing, match="no override by ann"):
            await checking.require_checked(hands, info, replace(request, overridden=(forged,)), "")


async def test_a_preapproved_first_word_goes_out_with_one_yes_before_anything_is_contained(house: Any) -> None:
    """The commander alone, within the first moments, while the full gate would ask the customer lead."""
    preapprove(house, date.today() + timedelta(days=30))
    async with house.worker():
        await house.prepare()
        asked = await gate(house, CUSTOMER, "Preapproved by cus until")
        assert (asked["policy"]["roles"], asked["policy"]["quorum"]) == (["commander"], 1)
        assert (await house.say("approve", by="cus", gate=asked["id"])).startswith("NotAuthorised")
        await house.approve(CUSTOMER, by="ann")
        await house.filed("contract-dpa")
        (mail,) = mails_to(house, "security@customer.example")
        assert "First information from" in mail
        assert (await noticed(house, CUSTOMER))["status"] == "sent"


@pytest.mark.parametrize(("entry", "why"), [
    ({"until": date(2026, 1, 1)}, "the approval of cus ended on 2026-01-01"),
    ({"digest": "0" * 64}, "the template was changed since cus approved it"),
    ({"slots": "reference, now"}, "the template prints what was not approved: drill, entity"),
], ids=["day", "digest", "slots"])  # fmt: skip
async def test_full_gate_says_why(house: Any, entry: dict[str, Any], why: str) -> None:
    """Past its day, another text, more than was agreed to: the customer lead is asked, and reads the reason."""
    preapprove(house, **({"until": date.today() + timedelta(days=9)} | entry))
    async with house.worker():
        await house.prepare()
        asked = await gate(house, CUSTOMER, why)
        assert asked["policy"]["roles"] == ["customer_lead"]


async def test_a_notice_for_a_portal_is_approved_and_filed_by_a_person(house: Any) -> None:
    """Nothing is sent; the step names the portal, the text can be read word for word, and the receipt settles it."""
    change(
        house,
        "communications.yaml",
        "  customer-mail:",
        f"  authority-portal: {{kind: portal, link: '{PORTAL}'}}\n  customer-mail:",
    )
    change(house, "regimes/eu-gdpr-33.yaml", "channel: regulator-mail", "channel: authority-portal")
    async with house.worker():
        await house.prepare()
        await house.contained()
        await gate(house, AUTHORITY, f"a person files the text at {PORTAL}")
        await house.approve(AUTHORITY)
        step = f"notify/file-{AUTHORITY}"
        status = await house.until("the step", lambda s: step in [one["id"] for one in s["tasks"]])
        assert PORTAL in str(status["tasks"])
        one = await noticed(house, AUTHORITY)
        assert (one["status"], one["portal"]) == ("by_hand", PORTAL)
        sealed = await house.evidence.get(one["version"]["path"])
        assert one["body"].encode() in sealed
        assert mails_to(house, "breach-notices@authority.example") == []
        await house.say("filed", by="pat", obligation="eu-gdpr-33", reference="BfDI 4711", reason="on the portal")
        for _ in range(900):
            if (one := await noticed(house, AUTHORITY))["status"] == "sent":
                break
            await asyncio.sleep(0.1)
        assert (one["status"], one["receipt"]) == ("sent", "BfDI 4711")
        tasks = {task["id"]: task for task in (await house.query("status"))["tasks"]}
        assert tasks[step]["status"] == "done"


async def test_customers_hear_by_the_time_that_they_were_promised(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first message names the time; the next is drafted ahead of it, asked about, sent once, and promises another."""
    monkeypatch.setattr(promised, "every", lambda state, audience: 40 if audience == "customers" else 3600)
    async with house.worker():
        await house.prepare()
        await house.contained()
        await house.approve(CUSTOMER, by="cus")
        await house.filed("contract-dpa")
        first = await noticed(house, CUSTOMER)
        assert first["promise"][:16].replace("T", " ") in mails_to(house, "security@customer.example")[0]
        update = "contract-dpa-update-1"
        asked = await gate(house, update)
        await house.say("approve", by="cus", gate=asked["id"])
        for _ in range(2400):
            if (
                len(mails_to(house, "security@customer.example")) == 2
                and (await noticed(house, update))["status"] == "sent"
            ):
                break
            await asyncio.sleep(0.1)
        mails = mails_to(house, "security@customer.example")
        assert len(mails) == 2
        assert "We promised to tell you more." in re.sub(r"=\r?\n", "", mails[1])
        assert (await noticed(house, update))["promise"] > first["promise"]
