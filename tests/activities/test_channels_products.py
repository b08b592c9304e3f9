"""The kit's channels: one thread an incident on every product, said again only when something has changed."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from aiosmtpd.controller import Controller

from halon.connectors.errors import MissingSecret, NoAnswer, Unexpected, Unreachable
from halon.connectors.http import new_client
from halon.connectors.marker import thread_key
from halon.connectors.smtp import message_id
from halon.evidence.store import EvidenceStore
from halon.kit import KitError, load, starter_path
from halon.record.journal import Journal
from halon.record.store import RecordStore
from halon_activities import threads
from halon_activities.channels import Mail, channel_of, deliver, thread_of
from halon_activities.hands import Hands

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"
KEY = "r" * 32
CHANNELS = """
  pd: {kind: pagerduty, secret: PD_KEY, url_env: PD_URL}
  og: {kind: opsgenie, secret: OG_KEY, url_env: OG_URL, region: eu}
  bot: {kind: slack, secret: BOT, room: C0123ABCD, url_env: SLACK_URL}
  hook: {kind: slack, url_env: HOOK}
  cards: {kind: teams, url_env: HOOK}
  others: {kind: apprise, url_env: TARGETS}
  post: {kind: smtp, server_env: SMTP, security: none, from: halon@acme.example}
"""


class Product:
    """A product that notes what it is sent and answers as told."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.says: list[tuple[int, dict[str, Any]]] = []
        self.slow = 0.0
        self.otherwise: tuple[int, dict[str, Any]] = (202, {})

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length"))
        self.bodies.append(json.loads(await reader.readexactly(size)))
        self.paths.append(head.split(" ")[1])
        status, answer = self.says.pop(0) if self.says else self.otherwise
        await asyncio.sleep(self.slow)
        told = json.dumps(answer).encode()
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(told)}\r\n\r\n".encode() + told)
        await writer.drain()
        writer.close()


class Inbox:
    """Keeps mails."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 taken"


@pytest.fixture
async def product() -> AsyncIterator[tuple[Product, str]]:
    made = Product()
    server = await asyncio.start_server(made, "127.0.0.1", 0)
    yield made, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with new_client() as made:
        yield made


@pytest.fixture
def hands(tmp_path: Path, product: tuple[Product, str], client: httpx.AsyncClient) -> Hands:
    """Hands with a kit that has a channel of every kind, all of them at one address."""
    folder = shutil.copytree(starter_path(), tmp_path / "kit")
    file = folder / "communications.yaml"
    file.write_text(file.read_text().replace("\nleadership:", f"{CHANNELS}\nleadership:"))
    url = product[1]
    environ = {
        "PD_KEY": KEY,
        "OG_KEY": KEY,
        "BOT": "xoxb-1",
        "PD_URL": url,
        "OG_URL": url,
        "SLACK_URL": url,
        "HOOK": url,
    }
    store = EvidenceStore.open(tmp_path / "store")
    return Hands(
        kit=load(folder, environ), evidence=store, record=RecordStore(store), journal=Journal(store),
        temporal=cast(Any, None), http=client, environ=environ, home=tmp_path / "home",
    )  # fmt: skip


def mail(number: int = 1, **changes: Any) -> Mail:
    given = {
        "key": f"{INCIDENT}/page:{number}:ann/page/1", "subject": "[INC-7F3A] SEV2: support-bot", "body": "Look.",
        "reference": "INC-7F3A", "addresses": ("ann@acme.example",), "incident": INCIDENT, "severity": "SEV2",
    }  # fmt: skip
    return Mail(**{**given, **changes})


async def test_pagerduty_hears_again_only_of_what_has_changed(hands: Hands, product: Any) -> None:
    """The same words, to whomever, are one trigger; a change is another, and so is the change back; the end resolves."""
    channel = channel_of(hands, "pd")
    first = await deliver(hands, channel, mail(1))
    again = await deliver(hands, channel, mail(2))
    await deliver(hands, channel, mail(3, severity="SEV1", subject="[INC-7F3A] SEV1: support-bot"))
    await deliver(hands, channel, mail(4))
    await deliver(hands, channel, mail(5, kind="resolve"))
    assert first == f"pd: queued as {thread_key(INCIDENT)}"
    assert "nothing has changed" in again
    assert [(one["event_action"], one.get("payload", {}).get("severity")) for one in product[0].bodies] == [
        ("trigger", "error"), ("trigger", "critical"), ("trigger", "error"), ("resolve", None),
    ]  # fmt: skip
    assert {one["dedup_key"] for one in product[0].bodies} == {thread_key(INCIDENT)}


GATE = "gate:revoke-token@20261122T100000000Z"


@pytest.mark.parametrize("name", ["pd", "og"])
async def test_a_question_is_an_alarm_of_its_own_where_a_product_rings(hands: Hands, product: Any, name: str) -> None:
    """An alarm that somebody acknowledged rings for nothing more of it; so a question is not added to the incident's."""
    channel = channel_of(hands, name)
    for one in (mail(1), mail(2, part=GATE, body="Yes or no?"), mail(3, part=GATE, kind="resolve")):
        await deliver(hands, channel, one)
    if name == "pd":
        assert [(one["dedup_key"], one["event_action"]) for one in product[0].bodies] == [
            (thread_key(INCIDENT), "trigger"), (thread_key(INCIDENT, GATE), "trigger"),
            (thread_key(INCIDENT, GATE), "resolve"),
        ]  # fmt: skip
    else:
        assert [one.get("alias") for one in product[0].bodies] == [
            thread_key(INCIDENT), thread_key(INCIDENT, GATE), None]  # fmt: skip
        assert product[0].paths[-1].startswith("/v2/alerts/halon%3A")
        assert "%2Fgate%3Arevoke-token" in product[0].paths[-1]


async def test_a_question_stays_in_the_incidents_thread_where_nothing_rings(hands: Hands, product: Any) -> None:
    """In chat the incident is one conversation, whatever a message is about."""
    product[0].otherwise = (200, {"ok": True, "channel": "C0123ABCD", "ts": "17.1"})
    for one in (mail(1), mail(2, part=GATE), mail(3, part="clock:x/y@20261122T100000000Z")):
        await deliver(hands, channel_of(hands, "bot"), one)
    assert [one.get("thread_ts") for one in product[0].bodies] == [None, "17.1", "17.1"]
    assert thread_of(mail(1, part=GATE)) == thread_of(mail(2))


async def test_a_try_that_failed_is_made_again(hands: Hands, product: Any) -> None:
    """What PagerDuty did not take was not said; the next try says it, and the one after that does not."""
    product[0].says = [(503, {}), (429, {})]
    for error in (NoAnswer, Unreachable):
        with pytest.raises(error):
            await deliver(hands, channel_of(hands, "pd"), mail())
    await deliver(hands, channel_of(hands, "pd"), mail())
    await deliver(hands, channel_of(hands, "pd"), mail())
    assert len(product[0].bodies) == 3


async def test_a_message_without_an_incident_still_leads_to_one(hands: Hands, product: Any) -> None:
    """Its key tells which incident it is of, so that an acknowledgement finds it; it is a thread of its own."""
    alone, other = mail(1, incident=""), mail(2, incident="")
    assert thread_of(alone) != thread_of(other) != thread_of(mail())
    assert thread_of(alone).startswith(f"halon:{INCIDENT}/")
    await deliver(hands, channel_of(hands, "pd"), alone)
    await deliver(hands, channel_of(hands, "pd"), other)
    assert [one["dedup_key"] for one in product[0].bodies] == [thread_of(alone), thread_of(other)]


async def test_opsgenie_gets_one_alert_and_then_notes(hands: Hands, product: Any) -> None:
    """The first message creates; a change adds a note and the priority."""
    for one in (mail(1), mail(2), mail(3, body="It goes on.")):
        await deliver(hands, channel_of(hands, "og"), one)
    assert [path.rpartition("/")[2] for path in product[0].paths] == [
        "alerts", "alerts", "notes?identifierType=alias", "priority?identifierType=alias",
    ]  # fmt: skip


async def test_slack_keeps_one_thread_through_restarts(hands: Hands, product: Any) -> None:
    """The root's time stamp lies in the effect journal; a message that is tried again after it went out is not posted
    twice where it is the root; another incident has another root."""
    product[0].otherwise = (200, {"ok": True, "channel": "C0123ABCD", "ts": "17.1"})
    for one in (mail(1), mail(1), mail(2), mail(3)):
        await deliver(hands, channel_of(hands, "bot"), one)
    await deliver(hands, channel_of(hands, "bot"), mail(4, incident="incident-b.x:run-1"))
    assert [one.get("thread_ts") for one in product[0].bodies] == [None, "17.1", "17.1", None]


async def test_two_first_pages_at_once_make_one_thread(hands: Hands, product: Any) -> None:
    """Pages go out side by side: the second waits for the first, and answers it."""
    product[0].otherwise, product[0].slow = (200, {"ok": True, "channel": "C0123ABCD", "ts": "17.1"}), 0.3
    await asyncio.gather(*(deliver(hands, channel_of(hands, "bot"), mail(number)) for number in (1, 2, 3)))
    assert sorted(one.get("thread_ts", "") for one in product[0].bodies) == ["", "17.1", "17.1"]


async def test_a_root_that_never_came_holds_nobody_up(
    hands: Hands, product: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a short wait the next message begins the thread."""
    monkeypatch.setattr(threads, "WAIT", 0.5)
    product[0].says = [(500, {})]
    product[0].otherwise = (200, {"ok": True, "channel": "C0123ABCD", "ts": "18.1"})
    with pytest.raises(NoAnswer):
        await deliver(hands, channel_of(hands, "bot"), mail(1))
    for number in (2, 3):
        await deliver(hands, channel_of(hands, "bot"), mail(number))
    assert [one.get("thread_ts") for one in product[0].bodies] == [None, None, "18.1"]


async def test_hooks_get_every_message(hands: Hands, product: Any) -> None:
    """A Slack web hook and Teams have no threads; each message is posted."""
    product[0].otherwise = (200, {})
    for name in ("hook", "cards"):
        assert (await deliver(hands, channel_of(hands, name), mail())).startswith(name)
    product[0].says = [(410, {})]
    with pytest.raises(Unexpected):
        await deliver(hands, channel_of(hands, "cards"), mail())
    assert ["blocks" in product[0].bodies[0], product[0].bodies[1]["type"]] == [True, "message"]


async def test_pages_by_mail_are_one_conversation_and_notices_are_not(hands: Hands, unused_port: int) -> None:
    """Pages of an incident refer to its root; a notice, which names no incident, refers to nothing."""
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=unused_port)
    controller.start()
    try:
        hands.environ["SMTP"] = f"127.0.0.1:{unused_port}"  # type: ignore[index]
        for one in (mail(1), mail(2), mail(3, incident="")):
            await deliver(hands, channel_of(hands, "post"), one)
    finally:
        controller.stop()
    root = message_id(thread_key(INCIDENT), "halon@acme.example").encode()
    assert [b"References: " + root in one for one in inbox.mails] == [True, True, False]
    assert [b"In-Reply-To: " in one for one in inbox.mails] == [True, True, False]


async def test_apprise_sends_each_target_once(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """One target fails: it is named, those that took it are not sent it again, and at the next try all have it."""
    sent: list[str] = []

    class Stand:
        def add(self, url: str) -> bool:
            self.url = url
            return True

        async def async_notify(self, **given: Any) -> bool:
            sent.append(self.url)
            return self.url != "b://x" or sent.count("b://x") > 1

    monkeypatch.setitem(
        sys.modules, "apprise",
        SimpleNamespace(Apprise=Stand, NotifyFormat=SimpleNamespace(TEXT="text"), NotifyType=str),
    )  # fmt: skip
    hands.environ["TARGETS"] = "a://secret b://x c://x"  # type: ignore[index]
    with pytest.raises(NoAnswer, match="2 of 3 targets took it") as caught:
        await deliver(hands, channel_of(hands, "others"), mail())
    assert "target 2 of others (b)" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert await deliver(hands, channel_of(hands, "others"), mail()) == "others: 3 of 3 targets took it"
    assert sorted(sent) == ["a://secret", "b://x", "b://x", "c://x"]


async def test_a_missing_variable_is_named(hands: Hands) -> None:
    """Whatever the kind."""
    hands.environ.clear()  # type: ignore[attr-defined]
    for name, variable in (
        ("pd", "PD_KEY"),
        ("og", "OG_URL"),
        ("bot", "SLACK_URL"),
        ("hook", "HOOK"),
        ("cards", "HOOK"),
    ):
        with pytest.raises(MissingSecret, match=variable):
            await deliver(hands, channel_of(hands, name), mail())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("x: {kind: pagerduty}", "the pagerduty channel 'x' has no secret"),
        ("x: {kind: opsgenie, url_env: A}", "the opsgenie channel 'x' has no secret"),
        ("x: {kind: slack}", "the slack channel 'x' has no url_env"),
        ("x: {kind: slack, secret: A}", "has a bot's token and no room"),
        ("x: {kind: slack, room: C012}", "the slack channel 'x' has no secret"),
        ("x: {kind: teams}", "the teams channel 'x' has no url_env"),
        ("x: {kind: apprise}", "the apprise channel 'x' has no url_env"),
        ("x: {kind: teams, url_env: A, auth: bearer, secret: B}", "teams has its own way to sign in"),
        ("x: {kind: slack, secret: A, room: general}", "does not have the form that is needed"),
    ],
)
def test_a_channel_that_lacks_something_is_refused(tmp_path: Path, line: str, told: str) -> None:
    """With the file, the line and what to add."""
    folder = shutil.copytree(starter_path(), tmp_path / "kit")
    file = folder / "communications.yaml"
    file.write_text(file.read_text().replace("\nleadership:", f"\n  {line}\n\nleadership:"))
    with pytest.raises(KitError) as caught:
        load(folder, {})
    assert told in str(caught.value)
    assert "communications.yaml:" in str(caught.value)


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
