"""Microsoft Teams: an adaptive card to a workflow's web hook.

Sources: Microsoft, "Create incoming webhooks with Workflows", Adaptive Cards schema 1.4. Text stands in text runs,
where no markdown holds; a mention would need an entity of its own, and a card of ours has none. A workflow's web hook
answers with no name of the message, so it has no threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from halon.connectors import plain
from halon.connectors.product import Dispatch, call_to, exchange, variable

SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
CARD = "application/vnd.microsoft.card.adaptive"
_LONGEST_SUBJECT, _LONGEST_BODY, _MOST_LINES = 300, 4_000, 40
_COLOURS = {"SEV1": "Attention", "SEV2": "Attention", "SEV3": "Warning"}


async def post(dispatch: Dispatch, url_env: str, *, client: httpx.AsyncClient, environ: Mapping[str, str]) -> int:
    """Post the card to the address in ``url_env``; returns the HTTP status (202: the workflow has it).

    Raises MissingSecret, Refused (not sent); Unreachable (429, or it did not arrive), NoAnswer (5xx, or no answer),
    Unexpected.
    """
    url = variable(environ, url_env)
    call = call_to(url, expect_status=(200, 202))
    # The address is a secret, and so are its path and its query: a page that says "not found" may repeat them.
    parts = (url, call.url.partition("?")[2], httpx.URL(call.url).path)
    answer = await exchange(call, client=client, environ=environ, body=message(dispatch), hidden=parts)
    return answer.status


def message(dispatch: Dispatch) -> dict[str, Any]:
    """The message with its card."""
    subject = plain.line(dispatch.subject, _LONGEST_SUBJECT) or "Incident"
    body = [one for one in plain.lines(dispatch.body, _LONGEST_BODY).split("\n") if one.strip()]
    if len(body) > _MOST_LINES:
        body = [*body[: _MOST_LINES - 1], "…"]
    colour = _COLOURS.get(dispatch.severity, "Default")
    card: dict[str, Any] = {
        "$schema": SCHEMA,
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [_run(subject, weight="Bolder", size="Medium", color=colour), *(_run(one) for one in body)],
        "msteams": {"width": "Full"},
    }
    link = plain.link(dispatch.link)
    if link:
        title = f"Open {plain.line(dispatch.reference, 40) or 'the incident'}"
        card["actions"] = [{"type": "Action.OpenUrl", "title": title, "url": link}]
    return {
        "type": "message",
        "summary": subject,
        "attachments": [{"contentType": CARD, "contentUrl": None, "content": card}],
    }


def _run(text: str, **look: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}]}
