"""Send a message on a channel of the kit. What the transports raise says whether it may have arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, replace

from halon.connectors import apprise, filelog, opsgenie, pagerduty, slack, smtp, teams, webhook
from halon.connectors.errors import ConnectorError, MissingSecret, NoAnswer, Refused
from halon.connectors.marker import thread_key
from halon.connectors.product import Dispatch, Kind
from halon.incident.canonical import digest
from halon.kit import Channel
from halon.redaction import redact
from halon_activities import threads
from halon_activities.effects import header_key
from halon_activities.failures import NoChannel
from halon_activities.hands import Hands


@dataclass(frozen=True, slots=True)
class Mail:
    """What is to be sent. ``key`` makes it one message for good; ``addresses`` are used where the channel has none.

    With ``incident`` it belongs to the one thread of that incident (or to ``thread``, where another is named); without,
    it stands alone. Products that ring know it as the alarm ``part`` of the incident, if it is one. ``kind`` says whether
    somebody is asked, told, or the thread ends; ``severity`` is SEV1 to SEV4 or empty; ``link`` leads to the incident's page.
    """

    key: str
    subject: str
    body: str
    reference: str
    addresses: tuple[str, ...] = ()
    incident: str = ""
    thread: str = ""
    kind: Kind = "page"
    severity: str = ""
    link: str = ""
    part: str = ""


def alarm_of(mail: Mail) -> str:
    """The key under which a product that rings knows the message: one that is acknowledged rings for nothing more of it."""
    return thread_key(mail.incident, mail.part) if mail.incident and mail.part and not mail.thread else thread_of(mail)


def thread_of(mail: Mail) -> str:
    """The key under which other products know the message: of its incident's thread, or of the message alone."""
    if mail.thread:
        return mail.thread
    if mail.incident:
        return thread_key(mail.incident)
    incident, _, part = mail.key.partition("/")
    return thread_key(incident, part or mail.key)


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
        case "pagerduty":
            return await _by_pagerduty(hands, channel, mail)
        case "opsgenie":
            return await _by_opsgenie(hands, channel, mail)
        case "slack":
            return await _by_slack(hands, channel, mail)
        case "teams":
            status = await teams.post(_dispatch(mail), channel.url_env, client=hands.http, environ=hands.environ)
            return f"{channel.name}: answered {status}"
        case "portal":
            raise NoChannel(f"{channel.name} is a portal: a person files it at {channel.link}, nothing is sent there")
        case "apprise":
            return await _by_apprise(hands, channel, mail)


async def _by_mail(hands: Hands, channel: Channel, mail: Mail) -> str:
    recipients: Sequence[str] = channel.recipients or mail.addresses
    if not recipients:
        raise NoChannel(f"the channel {channel.name} has no recipients and the message names no address")
    server = _server(hands, channel)
    # A notice to an authority stands alone; what the people of an incident get is one conversation.
    thread = thread_of(mail) if mail.incident or mail.thread else ""
    written = smtp.compose(mail.key, server.sender, recipients, mail.subject, mail.body, thread)
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
    answer = await webhook.asked(
        channel.url_env,
        payload,
        client=hands.http,
        environ=hands.environ,
        key=header_key(mail.key),
        secret=channel.secret,
        auth=channel.auth,
    )
    said = redact(answer.text_excerpt[:300]).text
    return f"{channel.name}: answered {answer.status}{f': {said}' if said else ''}"


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


async def _by_pagerduty(hands: Hands, channel: Channel, mail: Mail) -> str:
    async def send(_first: bool) -> threads.Receipt:
        answer = await pagerduty.enqueue(
            _alarm(mail),
            channel.secret,
            client=hands.http,
            environ=hands.environ,
            url_env=channel.url_env,
            region=channel.region,
        )
        return {"receipt": f"{channel.name}: {answer}"}

    return await _if_changed(hands, channel, mail, send)


async def _by_opsgenie(hands: Hands, channel: Channel, mail: Mail) -> str:
    async def send(first: bool) -> threads.Receipt:
        answer = await opsgenie.tell(
            _alarm(mail),
            channel.secret,
            first=first,
            client=hands.http,
            environ=hands.environ,
            url_env=channel.url_env,
            region=channel.region,
        )
        return {"receipt": f"{channel.name}: {answer}"}

    return await _if_changed(hands, channel, mail, send)


async def _if_changed(
    hands: Hands, channel: Channel, mail: Mail, send: Callable[[bool], Awaitable[threads.Receipt]]
) -> str:
    """Once for each change of what the alarm says: these products ask again by themselves until somebody answers."""
    said = digest({**asdict(_alarm(mail)), "link": ""})
    receipt, went = await threads.when_changed(hands.journal, f"{alarm_of(mail)}@{channel.name}", said, send)
    return str(receipt["receipt"]) if went else f"{receipt['receipt']} before; nothing has changed since"


async def _by_slack(hands: Hands, channel: Channel, mail: Mail) -> str:
    if not channel.room:
        await slack.post_hook(_dispatch(mail), channel.url_env, client=hands.http, environ=hands.environ)
        return f"{channel.name}: posted"

    async def send(root: threads.Receipt | None) -> threads.Receipt:
        posted = await slack.post_bot(
            _dispatch(mail),
            channel.secret,
            channel.room,
            root=slack.Posted(str(root["channel"]), str(root["ts"])) if root else None,
            client=hands.http,
            environ=hands.environ,
            url_env=channel.url_env,
        )
        return {"channel": posted.channel, "ts": posted.ts}

    receipt = await threads.in_thread(hands.journal, f"{thread_of(mail)}@{channel.name}", mail.key, send)
    return f"{channel.name}: {receipt['channel']}/{receipt['ts']}"


async def _by_apprise(hands: Hands, channel: Channel, mail: Mail) -> str:
    """Every target by itself: one that took the message is not sent it again when another one is tried again."""
    apprise.library()
    urls = apprise.targets(channel.url_env, hands.environ)

    async def to(number: int, url: str) -> str:
        name = f"target {number} of {channel.name} ({url.partition(':')[0][:20]})"
        key = f"{mail.key}@{channel.name}/{number}"
        if (await hands.journal.look(key)).receipt is not None:
            return ""
        try:
            await apprise.notify(_dispatch(mail), url, name)
        except ConnectorError as error:
            return str(error)
        await hands.journal.settle(key, {"at": hands.now()})
        return ""

    told = await asyncio.gather(*(to(number, url) for number, url in enumerate(urls, start=1)))
    failed = [one for one in told if one]
    if failed:
        raise NoAnswer(channel.name, f"{len(urls) - len(failed)} of {len(urls)} targets took it; {'; '.join(failed)}")
    return f"{channel.name}: {len(urls)} of {len(urls)} targets took it"


def _dispatch(mail: Mail) -> Dispatch:
    return Dispatch(thread_of(mail), mail.subject, mail.body, mail.reference, mail.kind, mail.severity, mail.link)


def _alarm(mail: Mail) -> Dispatch:
    return replace(_dispatch(mail), thread=alarm_of(mail))


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
