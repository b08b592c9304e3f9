"""PagerDuty: pages by Events API v2, and who is on call by the REST API.

Sources: PagerDuty developer documentation, "Send an Alert Event" and "List all of the on-calls". 202 means queued: an
alert comes about a moment later. A resolve of a key that PagerDuty does not know is dropped there without a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import httpx

from halon.connectors import plain
from halon.connectors.errors import Unexpected
from halon.connectors.marker import LONGEST, SIGNED
from halon.connectors.pointers import MISSING, lookup
from halon.connectors.product import Dispatch, Region, base, call_to, exchange, variable

EVENTS: Mapping[Region, str] = {
    "us": "https://events.pagerduty.com/v2/enqueue",
    "eu": "https://events.eu.pagerduty.com/v2/enqueue",
}
REST: Mapping[Region, str] = {"us": "https://api.pagerduty.com", "eu": "https://api.eu.pagerduty.com"}
SEVERITIES = {"SEV1": "critical", "SEV2": "error", "SEV3": "warning", "SEV4": "info"}
UNRATED = "error"
"""What an incident counts as before it is judged: a page that waits for a judgement comes too late."""
_LONGEST_SUMMARY = 1024
_LONGEST_TEXT = 4000
_MOST = 100


async def enqueue(
    dispatch: Dispatch,
    routing_key_env: str,
    *,
    client: httpx.AsyncClient,
    environ: Mapping[str, str],
    url_env: str = "",
    region: Region = "us",
) -> str:
    """Trigger or resolve the alert of the dispatch's thread; returns what PagerDuty answered, with the key.

    Raises MissingSecret, Refused (not sent); Unreachable (429, or it did not arrive), NoAnswer (5xx, or no answer),
    Unexpected.
    """
    key = variable(environ, routing_key_env)
    call = call_to(base(environ, url_env, region, EVENTS), expect_status=(202,))
    answer = await exchange(call, client=client, environ=environ, body=event(dispatch, key), hidden=(key,))
    given = lookup(answer.json, "/dedup_key")
    if given is not MISSING and given != dispatch.thread:
        raise Unexpected(answer.status, "PagerDuty took it under another dedup_key than was sent")
    return f"queued as {dispatch.thread}"


def event(dispatch: Dispatch, routing_key: str) -> dict[str, Any]:
    """The event as PagerDuty wants it."""
    head = {"routing_key": routing_key, "dedup_key": dispatch.thread[:LONGEST]}
    if dispatch.kind == "resolve":
        return {**head, "event_action": "resolve"}
    room = _LONGEST_SUMMARY - len(SIGNED) - 1
    link = plain.link(dispatch.link)
    told: dict[str, Any] = {
        **head,
        "event_action": "trigger",
        "client": "Halon",
        "payload": {
            "summary": f"{plain.line(dispatch.subject, room) or 'Incident'} {SIGNED}",
            "source": plain.line(dispatch.reference, 200) or "halon",
            "severity": SEVERITIES.get(dispatch.severity, UNRATED),
            "class": "ai-agent-incident",
            "custom_details": {
                "text": plain.lines(dispatch.body, _LONGEST_TEXT),
                "reference": plain.line(dispatch.reference, 200),
                "severity": dispatch.severity or "not judged yet",
            },
        },
    }
    if link:
        told |= {"client_url": link, "links": [{"href": link, "text": f"Open {dispatch.reference or 'the incident'}"}]}
    return told


async def on_calls(
    schedules: Sequence[str],
    token_env: str,
    *,
    client: httpx.AsyncClient,
    environ: Mapping[str, str],
    url_env: str = "",
    region: Region = "us",
    seconds: float = 5.0,
) -> dict[str, tuple[dict[str, str], ...]]:
    """Who is on call now, by schedule id, those of the lowest escalation level first: id, email and name.

    Raises as ``enqueue`` does. ``seconds`` bound the exchange.
    """
    query = [("schedule_ids[]", one) for one in schedules]
    query += [("include[]", "users"), ("earliest", "true"), ("time_zone", "UTC"), ("limit", str(_MOST))]
    call = call_to(
        f"{base(environ, url_env, region, REST)}/oncalls?{urlencode(query)}",
        method="GET",
        seconds=seconds,
        headers={"Accept": "application/vnd.pagerduty+json;version=2"},
        auth="token",
        secret=token_env,
    )
    answer = await exchange(call, client=client, environ=environ)
    listed = lookup(answer.json, "/oncalls")
    if not isinstance(listed, list):
        raise Unexpected(answer.status, "an answer without a list of oncalls")
    entries = [one for one in listed if isinstance(one, dict) and isinstance(one.get("user"), dict)]
    entries.sort(key=lambda one: one["escalation_level"] if isinstance(one.get("escalation_level"), int) else 99)
    found: dict[str, tuple[dict[str, str], ...]] = {}
    for wanted in schedules:
        people: dict[str, dict[str, str]] = {}
        for one in entries:
            if lookup(one, "/schedule/id") == wanted:
                person = _person(one["user"])
                people.setdefault(person["id"], person)
        found[wanted] = tuple(people.values())
    return found


def _person(user: Mapping[str, Any]) -> dict[str, str]:
    named = user.get("name") or user.get("summary") or ""
    return {"id": str(user.get("id", "")), "email": str(user.get("email") or ""), "name": str(named)}
