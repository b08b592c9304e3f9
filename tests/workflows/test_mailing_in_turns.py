"""Many people are written to one by one, for longer than one try: nobody reads that it is not out, and it can be stopped."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from halon.ports import notify
from halon_workflows import options

HALON = str(Path(sys.executable).parent / "halon")
CUSTOMER = "contract-dpa-notification"
HELD = {"until": "2099-01-01T00:00:00Z", "by_whom": "law_enforcement", "reason": "the police asked"}
MANY = 16


class Slow:
    """A mail server that takes its time for each of the people."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if envelope.rcpt_tos[0].endswith("@mail.example"):
            await asyncio.sleep(0.5)
            self.taken += envelope.rcpt_tos
        return "250 ok"


@pytest.fixture
def post(house: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    """Each turn begins mails for some seconds; all first tries together have less time than all people take."""
    chosen = options.Options(one_try=5, all_tries=1800, heartbeat=4, longest_pause=1)
    monkeypatch.setitem(options._TABLE, notify.send, chosen)
    monkeypatch.setattr(options, "FIRST_TRIES", 6.0)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    handler = Slow()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    house.environ["HALON_SMTP"] = f"127.0.0.1:{port}"
    yield handler
    controller.stop()


def to_each(house: Any) -> None:
    """The contract's notice goes to each affected person by itself."""
    kit = Path(house.environ["HALON_KIT"])
    file = kit / "communications.yaml"
    text = file.read_text("utf-8")
    channel = "  people-mail: {kind: smtp, server_env: HALON_SMTP, security: none, from: trust@acme.example, each_affected: true}\n"
    file.write_text(text.replace("  customer-mail:", f"{channel}  customer-mail:", 1), "utf-8")
    regime = kit / "regimes" / "contract-dpa.yaml"
    regime.write_text(regime.read_text("utf-8").replace("channel: customer-mail", "channel: people-mail"), "utf-8")


async def named(house: Any, file: Path) -> None:
    """A list of ``MANY`` people, reviewed, that agrees with the fact."""
    file.write_text("email,place\n" + "".join(f"p{number:02}@mail.example,DE\n" for number in range(MANY)), "utf-8")
    reference = (await house.query("status"))["reference"]
    around = {name: value for name, value in os.environ.items() if not name.startswith(("HALON_", "TEMPORAL_"))}
    given = {**around, **house.environ, "TEMPORAL_ADDRESS": house.client.service_client.config.target_host}
    words = ("affected", reference, "--csv", str(file), "--by", "pat", "--reason", "from the log", "--json")
    done = await asyncio.to_thread(
        subprocess.run, [HALON, *words], env=given, capture_output=True, text=True, timeout=90
    )
    assert json.loads(done.stdout)["count"] == MANY, done.stderr
    await house.say("fact", by="pat", name="affected_individuals", value=MANY, reason="counted by the list")
    await house.say("affected", by="cus", reviewed=True, reason="looked through it")


async def asked(house: Any) -> dict[str, Any]:
    """The gate of the notice, once no check objects to it."""
    for _ in range(600):
        for one in await house.open_gates():
            if one["subject"] == CUSTOMER and "CHECK FAILED" not in "\n".join(one["question"]):
                return dict(one)
        await asyncio.sleep(0.1)
    raise AssertionError([(one["id"], one["question"]) for one in await house.open_gates()])


async def noticed(house: Any, *statuses: str) -> dict[str, Any]:
    for _ in range(900):
        one = next(each for each in await house.query("notices") if each["id"] == CUSTOMER)
        if one["status"] in statuses:
            return dict(one)
        await asyncio.sleep(0.1)
    raise AssertionError((one, [line["text"] for line in await house.query("timeline")][-8:]))


async def under_way(house: Any, post: Slow, tmp_path: Path) -> str:
    """Approved, and some have it; the name of its gate."""
    await house.prepare()
    await house.contained()
    await named(house, tmp_path / "people.csv")
    name = str((await asked(house))["id"])
    await house.say("approve", by="cus", gate=name, reason="r")
    for _ in range(600):
        if len(post.taken) >= 2:
            return name
        await asyncio.sleep(0.05)
    raise AssertionError(post.taken)


async def test_a_long_mailing_is_not_called_not_out_and_stops_for_a_hold_and_a_withdrawal(
    house: Any, post: Slow, tmp_path: Path
) -> None:
    """Taken back while it runs, agreed to again, held, lifted: it stops each time, and everybody has it once in the end."""
    to_each(house)
    async with house.worker():
        name = await under_way(house, post, tmp_path)
        assert "took the answer" in await house.say("withdraw", by="cus", gate=name, reason="wait")
        await noticed(house, "waiting")
        stopped = len(post.taken)
        assert stopped < MANY
        await house.say("approve", by="cus", gate=(await asked(house))["id"], reason="go on")
        for _ in range(200):
            if len(post.taken) > stopped:
                break
            await asyncio.sleep(0.05)
        told = await house.say("hold", by="pat", obligation="contract-dpa", **HELD)
        assert f"Some may have {CUSTOMER} already" in told
        await noticed(house, "planned", "drafted")
        await asyncio.sleep(2)
        stopped = len(post.taken)
        assert stopped < MANY
        await asyncio.sleep(2)
        assert len(post.taken) == stopped
        await house.say("hold", by="pat", obligation="contract-dpa", off=True, reason="they are done")
        await house.say("approve", by="cus", gate=(await asked(house))["id"], reason="the rest")
        one = await noticed(house, "sent")
        assert one["receipt"].startswith(f"{MANY} sent, 0 refused, 0 uncertain")
        assert sorted(post.taken) == [f"p{number:02}@mail.example" for number in range(MANY)]
        lines = [line["text"] for line in await house.query("timeline")]
        assert not [line for line in lines if f"{CUSTOMER} is approved and is not out" in line]
        assert not [line for line in lines if "may have arrived" in line]
        assert sum(f"{CUSTOMER} is sent no further (" in line for line in lines) == 2


async def test_a_mailing_that_takes_longer_than_its_first_tries_goes_out_without_a_page(
    house: Any, post: Slow, tmp_path: Path
) -> None:
    """It goes on turn by turn; nobody is asked to tell them in another way."""
    to_each(house)
    async with house.worker():
        await under_way(house, post, tmp_path)
        one = await noticed(house, "sent", "put_off", "uncertain", "failed")
        assert (one["status"], len(post.taken)) == ("sent", MANY)
        assert one["receipt"].startswith(f"{MANY} sent")
        assert "approved, and not out" not in (house.settings.home / "pages.log").read_text("utf-8")
