"""Mail: one message for good, nothing smuggled in, and a clear answer to whether it was delivered."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from halon.connectors.errors import NoAnswer, Refused, Unexpected, Unreachable
from halon.connectors.smtp import Server, compose, deliver, message_id

SENDER = "privacy@acme.example"


class Inbox:
    """An SMTP server that keeps what it gets and refuses what it is told to."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.refuse_recipient = ""
        self.after_data = "250 taken"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address == self.refuse_recipient:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.after_data.startswith("250"):
            self.mails.append(envelope)
        return self.after_data


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, Server]]:
    """An inbox and the server in front of it."""
    handler = Inbox()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield handler, Server("127.0.0.1", controller.port, SENDER, security="none", timeout=3)
    controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_mail_arrives_under_the_message_id_of_its_effect(inbox: tuple[Inbox, Server]) -> None:
    """The same effect has the same Message-ID, another one another; the body arrives whole, leading dots too."""
    handler, server = inbox
    body = "Grüße,\n.dot\n" + "long " * 300 + "\nlast"
    mail = compose("incident-a:1/n/send/1", SENDER, ["dpa@authority.example"], "Notice", body)
    answer = await deliver(server, mail, ["dpa@authority.example"])
    raw = handler.mails[0].content.decode()
    assert "taken" in answer
    assert f"Message-ID: {message_id('incident-a:1/n/send/1', SENDER)}" in raw
    assert message_id("incident-a:1/n/send/1", SENDER) != message_id("incident-a:1/n/send/2", SENDER)
    import email
    import email.policy

    got = email.message_from_bytes(handler.mails[0].content, policy=email.policy.default)
    assert got.get_content().replace("\r\n", "\n").strip() == body.strip()


async def test_text_cannot_become_a_header(inbox: tuple[Inbox, Server]) -> None:
    """Line breaks in a subject become spaces; in an address they are refused."""
    handler, server = inbox
    mail = compose("k", SENDER, ["dpa@authority.example"], "Hi\r\nBcc: all@evil.example\r\n\r\nbody", "text")
    await deliver(server, mail, ["dpa@authority.example"])
    head = handler.mails[0].content.decode().split("\r\n\r\n")[0]
    assert not any(line.lower().startswith("bcc:") for line in head.split("\r\n"))
    assert handler.mails[0].rcpt_tos == ["dpa@authority.example"]
    for bad in ("a@b.example\r\nBcc: x@y.example", "Ann <a@b.example>", "a@b.example, c@d.example", "nobody"):
        with pytest.raises(Refused):
            compose("k", SENDER, [bad], "s", "b")


async def test_no_server_means_not_delivered() -> None:
    """A refused connection: provably not delivered."""
    server = Server("127.0.0.1", free_port(), SENDER, security="none", timeout=2)
    mail = compose("k", SENDER, ["a@b.example"], "s", "b")
    with pytest.raises(Unreachable):
        await deliver(server, mail, ["a@b.example"])


async def test_one_refused_recipient_stops_the_mail_for_all(inbox: tuple[Inbox, Server]) -> None:
    """All recipients or none: nobody gets a notice of which another part was refused."""
    handler, server = inbox
    handler.refuse_recipient = "b@b.example"
    to = ["a@b.example", "b@b.example"]
    with pytest.raises(Unexpected) as caught:
        await deliver(server, compose("k", SENDER, to, "s", "b"), to)
    assert (caught.value.status, handler.mails) == (550, [])


async def test_a_no_after_the_content_means_not_delivered(inbox: tuple[Inbox, Server]) -> None:
    """The server took responsibility only if it said 250."""
    handler, server = inbox
    handler.after_data = "554 looks like spam"
    with pytest.raises(Unexpected) as caught:
        await deliver(server, compose("k", SENDER, ["a@b.example"], "s", "b"), ["a@b.example"])
    assert caught.value.status == 554


async def test_a_connection_lost_after_the_content_is_uncertain(serve: Any) -> None:
    """The server read the whole mail and vanished before it answered: nobody knows."""
    got = bytearray()

    async def vanish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        while line := await reader.readline():
            if line.upper().startswith(b"DATA"):
                writer.write(b"354 go\r\n")
                got.extend(await reader.readuntil(b"\r\n.\r\n"))
                writer.transport.abort()
                return
            writer.write(b"250 ok\r\n")

    async with serve(vanish) as port:
        server = Server("127.0.0.1", port, SENDER, security="none", timeout=2)
        with pytest.raises(NoAnswer):
            await deliver(server, compose("k", SENDER, ["a@b.example"], "s", "b"), ["a@b.example"])
    assert b"Message-ID" in got


async def test_a_password_is_not_sent_in_the_clear(inbox: tuple[Inbox, Server]) -> None:
    """Without TLS there is no login, and a server without STARTTLS gets no mail that asks for it."""
    _, server = inbox
    mail = compose("k", SENDER, ["a@b.example"], "s", "b")
    with pytest.raises(Refused, match="TLS"):
        await deliver(Server(server.host, server.port, SENDER, "none", "user", "pass"), mail, ["a@b.example"])
    with pytest.raises(Unreachable):
        await deliver(Server(server.host, server.port, SENDER, "starttls"), mail, ["a@b.example"])
