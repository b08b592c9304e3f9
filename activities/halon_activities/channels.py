"""Send a message on a channel of the kit. What the transports raise says whether it may have arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from halon.connectors import filelog, smtp, webhook
from halon.connectors.errors import MissingSecret, NoAnswer, Refused
from halon.kit import Channel
from halon_activities.effects import header_key
from halon_activities.failures import NoChannel
from halon_activities.hands import Hands


@dataclass(frozen=True, slots=True)
class Mail:
    """What is to be sent. ``key`` makes it one message for good; ``addresses`` are used where the channel has none."""

    key: str
    subject: str
    body: str
    reference: str
    addresses: tuple[str, ...] = ()


def channel_of(hands: Hands, name: str) -> Channel:
    """The kit's channel of this name. Raises NoChannel."""
    found = hands.kit.channels.get(name)
    if found is None:
        known = ", ".join(sorted(hands.kit.channels)) or "none"
        raise NoChannel(f"the kit has no channel {name[:80]!r}; known: {known}")
    return found


async def deliver(hands: Hands, channel: Channel, mail: Mail) -> str:
    """Send on one channel; returns the receipt under which it can be found again.

    Raises NoChannel if nobody would get it, and what ``halon.connectors`` raises.
    """
    match channel.kind:
        case "smtp":
            return await _by_mail(hands, channel, mail)
        case "webhook":
            return await _by_webhook(hands, channel, mail)
        case "file":
            return await _by_file(hands, channel, mail)


async def _by_mail(hands: Hands, channel: Channel, mail: Mail) -> str:
    recipients: Sequence[str] = channel.recipients or mail.addresses
    if not recipients:
        raise NoChannel(f"the channel {channel.name} has no recipients and the message names no address")
    server = _server(hands, channel)
    written = smtp.compose(mail.key, server.sender, recipients, mail.subject, mail.body)
    answer = await smtp.deliver(server, written, recipients)
    return f"{smtp.message_id(mail.key, server.sender)} ({answer or 'the server said nothing more'})"


async def _by_webhook(hands: Hands, channel: Channel, mail: Mail) -> str:
    payload = {
        "text": f"{mail.subject}\n\n{mail.body}",
        "subject": mail.subject,
        "body": mail.body,
        "reference": mail.reference,
        "key": mail.key,
    }
    status = await webhook.post(
        channel.url_env,
        payload,
        client=hands.http,
        environ=hands.environ,
        key=header_key(mail.key),
        secret=channel.secret,
        auth=channel.auth,
    )
    return f"{channel.name}: answered {status}"


async def _by_file(hands: Hands, channel: Channel, mail: Mail) -> str:
    line = {
        "at": hands.now(),
        "channel": channel.name,
        "reference": mail.reference,
        "subject": mail.subject,
        "body": mail.body,
        "key": mail.key,
    }
    try:
        path = await filelog.append(hands.home, channel.path, line)
    except OSError as error:
        raise NoAnswer(channel.name, f"the file could not be written whole: {error.strerror or error}") from error
    return f"{channel.name}: {path.name}"


def _server(hands: Hands, channel: Channel) -> smtp.Server:
    address = _variable(hands, channel.server_env)
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise Refused("", f"the variable {channel.server_env} must hold host:port")
    return smtp.Server(
        host=host.strip("[]"),
        port=int(port),
        sender=channel.sender,
        security=channel.security,
        user=_variable(hands, channel.user_env) if channel.user_env else "",
        password=_variable(hands, channel.password_env) if channel.password_env else "",
    )


def _variable(hands: Hands, name: str) -> str:
    value = hands.environ.get(name, "")
    if not value:
        raise MissingSecret(name)
    return value
