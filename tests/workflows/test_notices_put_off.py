"""An approved notice whose channel takes nothing, or of which nobody knows whether it arrived: one yes, one mail, said aloud."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from halon.incident import times
from halon.ports import notify
from halon_workflows import options, sending

CUSTOMER, AUTHORITY = "contract-dpa-notification", "eu-gdpr-33-notification"
CUSTOMERS, REGULATOR = "security@customer.example", "breach-notices@authority.example"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def quick(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    """Tries that end within seconds."""
    chosen = {"one_try": 5, "all_tries": 3, "heartbeat": 3, "longest_pause": 1} | seconds
    monkeypatch.setitem(options._TABLE, notify.send, options.Options(**chosen))  # type: ignore[arg-type]
    monkeypatch.setattr(sending, "PAUSES", (1,))


def down(house: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """The mail server is not there, and tries end soon; its port."""
    quick(monkeypatch)
    port = free_port()
    house.environ["HALON_SMTP"] = f"127.0.0.1:{port}"
    return port


@contextmanager
def up_again(house: Any, port: int) -> Iterator[None]:
    """The mail server is there as long as the block runs."""
    controller = Controller(house.mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


async def seen(house: Any, words: str) -> list[str]:
    """The lines of the log that hold ``words``, once there is one."""
    for _ in range(2400):
        lines = [one["text"] for one in await house.query("timeline") if words in one["text"]]
        if lines:
            return lines
        await asyncio.sleep(0.1)
    raise AssertionError([one["text"] for one in await house.query("timeline")])


async def noticed(house: Any, name: str, *statuses: str) -> dict[str, Any]:
    for _ in range(2400):
        one = next(each for each in await house.query("notices") if each["id"] == name)
        if one["status"] in statuses:
            return dict(one)
        await asyncio.sleep(0.1)
    raise AssertionError(one)


def mails_to(house: Any, address: str) -> list[str]:
    return [text for to, text in house.mailbox.mails if address in to]


async def gates_of(house: Any, subject: str) -> list[dict[str, Any]]:
    return [one for one in await house.query("gates") if one["subject"] == subject]


async def test_while_the_mail_server_is_down_the_yes_is_kept_and_it_is_said(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decider and the owner hear of it once; up again, it goes out under the same yes, once."""
    port = down(house, monkeypatch)
    async with house.worker():
        await house.prepare()
        await house.contained()
        await house.approve(AUTHORITY)
        asked = len(await gates_of(house, AUTHORITY))
        (said,) = await seen(house, f"{AUTHORITY} is approved and is not out")
        assert "Unreachable" in said
        waiting = await noticed(house, AUTHORITY, "put_off")
        assert waiting["note"].startswith("its channel regulator-mail does not take it")
        await asyncio.sleep(3)
        assert len(await seen(house, f"{AUTHORITY} is approved and is not out")) == 1
        await seen(house, "Told pat by")
        pages = (house.settings.home / "pages.log").read_text("utf-8")
        assert "approved, and not out" in pages
        with up_again(house, port):
            await house.filed("eu-gdpr-33")
        assert len(mails_to(house, REGULATOR)) == 1
        after = await noticed(house, AUTHORITY, "sent")
        assert (len(await gates_of(house, AUTHORITY)), after["attempt"]) == (asked, waiting["attempt"])


async def test_what_was_filed_in_another_way_meanwhile_is_not_sent_too(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by telephone while the mail server was down: up again, nothing goes out."""
    port = down(house, monkeypatch)
    async with house.worker():
        await house.prepare()
        await house.contained()
        await house.approve(AUTHORITY)
        await noticed(house, AUTHORITY, "put_off")
        await house.say(
            "filed", by="pat", obligation="eu-gdpr-33", reference="by telephone, Ms K.", reason="mail is down"
        )
        assert (await noticed(house, AUTHORITY, "dropped"))["note"] == "it was filed or declined"
        with up_again(house, port):
            await asyncio.sleep(3)
        assert mails_to(house, REGULATOR) == []


async def test_what_was_corrected_while_its_channel_was_down_does_not_go_out_as_it_was(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other categories of data than the text says that was agreed to: its yes is void, and the new text takes a new one."""
    port = down(house, monkeypatch)
    async with house.worker():
        await house.prepare()
        await house.contained()
        await house.approve(AUTHORITY)
        before = await noticed(house, AUTHORITY, "put_off")
        said = {"name": "data_categories", "value": ["health", "government_id"], "reason": "found in the log"}
        await house.say("fact", by="pat", **said)
        await seen(house, f"{AUTHORITY} is not sent: what was said since then changes it")
        with up_again(house, port):
            await asyncio.sleep(3)
            assert mails_to(house, REGULATOR) == []
            after = await noticed(house, AUTHORITY, "waiting")
            assert after["attempt"] > before["attempt"]
            await house.approve(AUTHORITY)
            await house.filed("eu-gdpr-33")
        (mail,) = mails_to(house, REGULATOR)
        assert "government" in mail


async def test_a_yes_is_taken_back_while_the_channel_is_down(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops before the next try, and the same gate asks again."""
    port = down(house, monkeypatch)
    async with house.worker():
        await house.prepare()
        await house.contained()
        await house.approve(AUTHORITY)
        await noticed(house, AUTHORITY, "put_off")
        name = next(one["id"] for one in await gates_of(house, AUTHORITY) if one["status"] == "granted")
        for _ in range(100):
            told = await house.say("withdraw", by="pat", gate=name, reason="I must read it again")
            if not told.startswith("GateClosed"):  # a try is under way
                break
            await asyncio.sleep(0.1)
        await seen(house, f"{AUTHORITY} is not sent: its yes was taken back")
        with up_again(house, port):
            await asyncio.sleep(3)
            assert mails_to(house, REGULATOR) == []
            await house.approve(AUTHORITY)
            await house.filed("eu-gdpr-33")
        assert len(mails_to(house, REGULATOR)) == 1


async def test_a_hold_reaches_what_waits_for_its_channel(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held while it was put off: its yes is void, and it is asked about again when the hold is lifted."""
    port = down(house, monkeypatch)
    async with house.worker():
        await house.prepare()
        await house.contained()
        await house.approve(AUTHORITY)
        await noticed(house, AUTHORITY, "put_off")
        for _ in range(100):
            told = await house.say("hold", by="pat", obligation="eu-gdpr-33", until="2099-01-01T00:00:00Z",
                                   by_whom="law_enforcement", reason="the police asked")  # fmt: skip
            if not told.startswith("NothingToHold"):  # a try is under way
                break
            await asyncio.sleep(0.1)
        await seen(house, f"{AUTHORITY} is not sent: it is held back by law enforcement")
        with up_again(house, port):
            await asyncio.sleep(3)
            assert mails_to(house, REGULATOR) == []
            await house.say("hold", by="pat", obligation="eu-gdpr-33", off=True, reason="they are done")
            await house.approve(AUTHORITY)
            await house.filed("eu-gdpr-33")
        assert len(mails_to(house, REGULATOR)) == 1


class Slow:
    """Takes the mail, and says so late."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.slow = True

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if CUSTOMERS in envelope.rcpt_tos:
            self.mails.append(envelope.content)
            if self.slow:
                await asyncio.sleep(12)
        return "250 ok"


async def test_a_worker_that_died_while_it_sent_leaves_it_uncertain(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Away for longer than all tries take: nobody is told that it was not sent; a person looks, and it is there once."""
    from halon_activities import mailing

    monkeypatch.setattr(mailing, "letting_end", lambda work: work)  # as if killed: it writes nothing down any more
    quick(monkeypatch, all_tries=6)
    handler, port = Slow(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    house.environ["HALON_SMTP"] = f"127.0.0.1:{port}"
    try:
        async with house.worker():
            await house.prepare()
            await house.contained()
            await house.approve(CUSTOMER, by="cus")
            for _ in range(2400):
                if handler.mails:
                    break
                await asyncio.sleep(0.05)
        await asyncio.sleep(8)
        handler.slow = False
        async with house.worker():
            one = await noticed(house, CUSTOMER, "uncertain", "failed", "sent")
            assert one["status"] == "uncertain"
            lines = [line["text"] for line in await house.query("timeline") if CUSTOMER in line["text"]]
            assert not [line for line in lines if "was not sent" in line]
            assert any("may have arrived or not" in line for line in lines)
            await house.say("filed", by="cus", obligation="contract-dpa", reference="they have it", reason="asked them")
            await house.filed("contract-dpa")
            assert len(handler.mails) == 1
    finally:
        controller.stop()


def test_an_unknown_failure_is_never_called_not_sent() -> None:
    """Only errors that the activity raises before, or instead of, sending prove that nothing went out."""
    from halon.record.errors import RecordError
    from halon_activities.failures import as_failure

    assert as_failure(RecordError("the receipt could not be written")).type not in sending.NOT_SENT
    assert not sending.NOT_SENT & {"Uncertain", "TimeoutError", "NoAnswer", "Disk", "EvidenceStore", "CancelledError"}


def test_how_long_a_yes_is_kept() -> None:
    """Until it is due; half an hour at least, and a day and two hours at most, also where no time is set."""
    from halon.incident.delivery import kept_until

    def kept(due: str) -> str:
        return kept_until("2026-11-23T00:00:00Z", due, sending.KEPT_AT_LEAST, sending.KEPT_AT_MOST)

    assert [times.normal(kept(due)) for due in ("2026-11-23T00:10:00Z", "2026-11-23T20:00:00Z", "2026-12-01T00:00:00Z", "")] == [
        times.normal(at) for at in ("2026-11-23T00:30:00Z", "2026-11-23T20:00:00Z", "2026-11-24T02:00:00Z", "2026-11-24T02:00:00Z")
    ]  # fmt: skip
