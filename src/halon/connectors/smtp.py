"""Send one mail over SMTP so that afterwards it is known whether it was delivered, was not, or may have been."""

from __future__ import annotations

import asyncio
import hashlib
import re
import smtplib
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal

from halon.connectors.errors import NoAnswer, Refused, Unexpected, Unreachable

Security = Literal["none", "starttls", "tls"]
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_LONGEST_SUBJECT = 200
_GAP = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Server:
    """An SMTP server and who writes. ``timeout`` is in seconds for each step of the conversation."""

    host: str
    port: int
    sender: str
    security: Security = "starttls"
    user: str = ""
    password: str = ""
    timeout: float = 15.0

    def __repr__(self) -> str:
        return f"Server({self.host}:{self.port}, {self.security})"


def message_id(key: str, sender: str) -> str:
    """The Message-ID of the effect ``key``: always the same, so a mail that came twice is seen to be one."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{sender.rpartition('@')[2]}>"


def compose(
    key: str, sender: str, recipients: Sequence[str], subject: str, body: str, thread: str = ""
) -> EmailMessage:
    """The mail of the effect ``key``: plain text, to plain addresses. Nothing in subject or body can make a header.

    All mails of a ``thread`` answer to one Message-ID that is made from its name alone. No mail bears it, and none
    needs to: mail programs gather what refers to one id (RFC 5256, THREAD=REFERENCES), whichever of the mails came first.
    Raises Refused for an address that is none, or for no recipient at all.
    """
    for address in (sender, *recipients):
        require_address(address)
    if not recipients:
        raise Refused("the mail", "it has no recipient; name one in the kit's channel")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = _one_line(subject)[:_LONGEST_SUBJECT]
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = message_id(key, sender)
    if thread:
        root = message_id(thread, sender)
        mail["In-Reply-To"] = root
        mail["References"] = root
    mail["Auto-Submitted"] = "auto-generated"
    text = body.replace("\r\n", "\n").replace("\r", "\n")
    mail.set_content("".join(c for c in text if c.isprintable() or c in "\n\t"))
    return mail


def require_address(address: str) -> None:
    """Raises Refused unless ``address`` is one plain mail address: no name, no list, no line break."""
    if not _ADDRESS.fullmatch(address):
        raise Refused(
            address[:80].encode("unicode_escape").decode(), "it is not a mail address such as name@example.com"
        )


async def deliver(server: Server, mail: EmailMessage, recipients: Sequence[str]) -> str:
    """Send ``mail`` to all ``recipients`` or to none of them; returns the server's last line.

    Raises Unreachable or Unexpected (provably not delivered: no connection, or the server said no) and NoAnswer (the
    content was on its way and no answer came: it may have been delivered).
    """
    return await asyncio.to_thread(_deliver, server, mail, tuple(recipients))


def _deliver(server: Server, mail: EmailMessage, recipients: tuple[str, ...]) -> str:
    content = _dotted(mail.as_bytes())
    where = f"{server.host}:{server.port}"
    try:
        client = _connect(server)
    except (OSError, smtplib.SMTPException) as error:
        raise _not_delivered(where, error) from error
    try:
        try:
            _log_in(client, server)
            _require(client.mail(server.sender), "the sender was refused")
            for recipient in recipients:
                _require(client.rcpt(recipient), "a recipient was refused")
            _require(client.docmd("DATA"), "the mail was refused", wanted=354)
        except (OSError, smtplib.SMTPException) as error:
            raise _not_delivered(where, error) from error
        try:
            client.send(content)
            code, line = client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            # Whether the last dot got through can't be known from this side.
            raise NoAnswer(
                where, f"the connection ended while the mail was on its way: {type(error).__name__}"
            ) from error
        _require((code, line), "the mail was refused")
        return _one_line(line.decode("utf-8", "replace"))[:200]
    finally:
        client.close()


def _connect(server: Server) -> smtplib.SMTP:
    # Whom to trust is read from files each time, so that a renewed one counts: not where nothing is encrypted.
    context = None if server.security == "none" else ssl.create_default_context()
    client: smtplib.SMTP
    if server.security == "tls":
        client = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout, context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
    try:
        client.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            # Raises if the server does not offer it: a mail is never sent in the clear because somebody cut the offer.
            client.starttls(context=context)
            client.ehlo()
    except BaseException:
        client.close()
        raise
    return client


def _log_in(client: smtplib.SMTP, server: Server) -> None:
    if not server.user:
        return
    if server.security == "none":
        raise Refused(server.host, "a password is not sent without TLS; set the channel's security to starttls or tls")
    client.login(server.user, server.password)


def _require(reply: tuple[int, bytes], what: str, wanted: int = 250) -> None:
    code, line = reply
    if code == wanted or (wanted == 250 and code == 251):
        return
    if code == -1:
        raise smtplib.SMTPServerDisconnected("the server closed the connection")
    raise Unexpected(code, f"{what}: {_one_line(line.decode('utf-8', 'replace'))[:200]}", "smtp")


def _not_delivered(where: str, error: Exception) -> Unreachable | Unexpected:
    match error:
        case smtplib.SMTPResponseException():
            line = error.smtp_error
            text = line.decode("utf-8", "replace") if isinstance(line, bytes) else str(line)
            # The answer to a login may repeat what was sent: only its code is passed on.
            shown = (
                "the login was refused" if isinstance(error, smtplib.SMTPAuthenticationError) else _one_line(text)[:200]
            )
            return Unexpected(int(error.smtp_code), shown, "smtp")
        case socket.gaierror():
            return Unreachable(where, "its name can't be resolved")
        case _:
            return Unreachable(where, f"{type(error).__name__}: {_one_line(str(error))[:200]}")


def _dotted(content: bytes) -> bytes:
    """``content`` as DATA wants it: CRLF lines, leading dots doubled, and the final dot."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n").split(b"\n")
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines) + b".\r\n"


def _one_line(text: str) -> str:
    return _GAP.sub(" ", "".join(c if c.isprintable() else " " for c in text)).strip()
