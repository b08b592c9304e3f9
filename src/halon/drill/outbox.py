"""Where the agent's mail goes: to a real SMTP server if one is named, else into a list that can be read back."""

import asyncio
import smtplib
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage

SENDER = "support-bot@example.com"
_SMTP_SECONDS = 5.0
_KEPT = 500


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. ``call_id`` is the tool call that sent it and becomes the Message-ID."""

    to: str
    subject: str
    body: str
    call_id: str


@dataclass(frozen=True, slots=True)
class SentMail:
    """A mail that left the agent, and when (UTC)."""

    at: datetime
    mail: Mail


class DeliveryFailed(Exception):
    """The mail did not leave: the recipient is not a reserved address, or the SMTP server did not take it."""


class Outbox:
    """Delivers mail and remembers the last 500 that left.

    Args:
        smtp: host and port of an SMTP server without login, or None to keep mail in memory only.
    """

    def __init__(self, smtp: tuple[str, int] | None = None) -> None:
        self._smtp = smtp
        self.sent: deque[SentMail] = deque(maxlen=_KEPT)

    async def deliver(self, mail: Mail) -> None:
        """Send one mail; returns when the server took it. SMTP runs in a thread of its own.

        Raises:
            DeliveryFailed: nothing was sent, with the reason.
        """
        domain = mail.to.rpartition("@")[2].lower()
        # A sandbox must not be able to reach a real mailbox whatever its documents say (RFC 2606 names).
        if domain != "example.com" and not domain.endswith(".example"):
            raise DeliveryFailed(f"{domain!r} is not a reserved domain; the sandbox writes to example.com and .example")
        if self._smtp is not None:
            try:
                await asyncio.to_thread(_send, self._smtp, mail)
            except (OSError, smtplib.SMTPException) as error:
                host, port = self._smtp
                raise DeliveryFailed(f"SMTP server {host}:{port} did not take the mail: {error!r}") from error
        self.sent.append(SentMail(datetime.now(UTC), mail))


def _send(smtp: tuple[str, int], mail: Mail) -> None:
    message = EmailMessage()
    message["From"] = SENDER
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Message-ID"] = f"<{mail.call_id}@sandbox.example>"
    message.set_content(mail.body)
    host, port = smtp
    with smtplib.SMTP(host, port, timeout=_SMTP_SECONDS) as client:
        client.send_message(message)
