"""Slack: an incoming web hook, or a bot that keeps one thread an incident.

Sources: Slack developer documentation, "chat.postMessage", "Formatting message text", "Block Kit". Text stands in
``plain_text`` objects, where no markup holds, and ``&``, ``<`` and ``>`` are escaped besides: in Slack, ``<!channel>``
is a shout and ``<https://…|word>`` a link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from halon.connectors import plain
from halon.connectors.errors import NoAnswer, Unexpected, Unreachable
from halon.connectors.pointers import lookup
from halon.connectors.product import Dispatch, base, call_to, exchange, variable

API = "https://slack.com/api"
_LONGEST_HEADER, _LONGEST_SECTION, _LONGEST_TEXT = 150, 2_900, 3_500
_LATER = frozenset({"ratelimited", "rate_limited"})
_BROKEN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})


@dataclass(frozen=True, slots=True)
class Posted:
    """Where a bot's message stands: the channel's id and the message's time stamp, which is its name there."""

    channel: str
    ts: str


async def post_hook(dispatch: Dispatch, url_env: str, *, client: httpx.AsyncClient, environ: Mapping[str, str]) -> None:
    """Post to the incoming web hook in ``url_env``: it answers with no name of the message, so it has no threads.

    Raises MissingSecret, Refused (not sent); Unreachable (429, or it did not arrive), NoAnswer (5xx, or no answer),
    Unexpected.
    """
    url = variable(environ, url_env)
    await exchange(call_to(url), client=client, environ=environ, body=message(dispatch), hidden=(url, _path(url)))


async def post_bot(
    dispatch: Dispatch,
    token_env: str,
    room: str,
    *,
    root: Posted | None,
    client: httpx.AsyncClient,
    environ: Mapping[str, str],
    url_env: str = "",
) -> Posted:
    """Post as the bot whose token ``token_env`` holds: as a new message in ``room``, or as an answer to ``root``.

    An answer that is a page is shown in the channel as well. Raises as ``post_hook`` does.
    """
    body = {**message(dispatch), "channel": root.channel if root else room}
    if root is not None:
        body |= {"thread_ts": root.ts, "reply_broadcast": dispatch.kind == "page"}
    url = f"{base(environ, url_env, 'us', {'us': API})}/chat.postMessage"
    call = call_to(url, auth="bearer", secret=token_env, headers={"Content-Type": "application/json; charset=utf-8"})
    answer = await exchange(call, client=client, environ=environ, body=body)
    _require_ok(answer.status, answer.json, call.hosts[0])
    channel, ts = lookup(answer.json, "/channel"), lookup(answer.json, "/ts")
    if not isinstance(channel, str) or not isinstance(ts, str):
        raise Unexpected(answer.status, "an answer without channel and ts")
    return Posted(channel, ts)


def message(dispatch: Dispatch) -> dict[str, Any]:
    """The message as blocks, and as text for notifications and readers that show no blocks."""
    subject = plain.line(dispatch.subject, _LONGEST_HEADER)
    body = plain.lines(dispatch.body, _LONGEST_TEXT)
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(subject or "Incident", _LONGEST_HEADER)}]
    if body:
        blocks.append({"type": "section", "text": _plain(body, _LONGEST_SECTION)})
    link = plain.link(dispatch.link)
    if link:
        words = escaped(f"Open {plain.line(dispatch.reference, 40) or 'the incident'}")
        target = escaped(link)
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": f"<{target}|{words}>"}]})
    return {
        "text": escaped(f"{subject}\n{body}".strip()),
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": blocks,
    }


def escaped(text: str) -> str:
    """``text`` as Slack shows it letter by letter."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str, longest: int) -> dict[str, Any]:
    """A plain text object. Escaping lengthens, and Slack refuses a text over its bound: it is cut before it is escaped."""
    room = longest
    while len(escaped(plain.cut(text, room))) > longest:
        room -= max(1, (len(escaped(plain.cut(text, room))) - longest) // 5)
    return {"type": "plain_text", "text": escaped(plain.cut(text, room)), "emoji": False}


def _require_ok(status: int, answer: Any, host: str) -> None:
    """Slack says no with status 200 and ``ok: false``."""
    if lookup(answer, "/ok") is True:
        return
    said = lookup(answer, "/error")
    code = said if isinstance(said, str) else "no ok in its answer"
    if code in _LATER:
        raise Unreachable(host, "it said that there were too many requests, and took none")
    if code in _BROKEN:
        raise NoAnswer(host, f"it said {code}")
    raise Unexpected(status, f"Slack said no: {plain.line(code, 100)}")


def _path(url: str) -> str:
    try:
        return httpx.URL(url).path
    except httpx.InvalidURL:
        return ""
