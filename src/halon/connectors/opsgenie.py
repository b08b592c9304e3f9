"""Opsgenie: alerts by its alert API, and who is on call by its schedule API.

Source: Opsgenie documentation, "Alert API" and "Who is On Call API". The alias makes one alert an incident: a second
create only counts up while the alert is open, so what changed goes into a note and the priority. 202 means that the
request will be processed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from halon.connectors import plain
from halon.connectors.errors import Unexpected
from halon.connectors.marker import SIGNED
from halon.connectors.pointers import lookup
from halon.connectors.product import Dispatch, Region, base, call_to, exchange

API: Mapping[Region, str] = {"us": "https://api.opsgenie.com", "eu": "https://api.eu.opsgenie.com"}
PRIORITIES = {"SEV1": "P1", "SEV2": "P2", "SEV3": "P3", "SEV4": "P4"}
UNRATED = "P2"
_WHO = "Halon"
_LONGEST_MESSAGE = 130
_LONGEST_DESCRIPTION = 15_000
_TAKEN = (202,)


async def tell(
    dispatch: Dispatch,
    key_env: str,
    *,
    first: bool,
    client: httpx.AsyncClient,
    environ: Mapping[str, str],
    url_env: str = "",
    region: Region = "us",
) -> str:
    """Open, add to, or close the alert of the dispatch's thread; returns what was done, with the alias.

    ``first``: nothing was said in this thread yet. Raises MissingSecret, Refused (not sent); Unreachable (429, or it
    did not arrive), NoAnswer (5xx, or no answer), Unexpected.
    """
    root = base(environ, url_env, region, API)
    alert = f"{root}/v2/alerts/{quote(dispatch.thread, safe='')}"

    async def say(method: str, url: str, body: dict[str, Any]) -> None:
        call = call_to(url, method=method, expect_status=_TAKEN, auth="geniekey", secret=key_env)
        await exchange(call, client=client, environ=environ, body=body)

    if dispatch.kind == "resolve":
        await say("POST", f"{alert}/close?identifierType=alias", _remark(dispatch))
        return f"closing {dispatch.thread}"
    # Created again even where it is there: somebody may have closed it, and a page must not end in a closed alert.
    await say("POST", f"{root}/v2/alerts", created(dispatch))
    if not first:
        await say("POST", f"{alert}/notes?identifierType=alias", _remark(dispatch))
        if dispatch.severity:
            body = {"priority": PRIORITIES.get(dispatch.severity, UNRATED)}
            await say("PUT", f"{alert}/priority?identifierType=alias", body)
    return f"taken as {dispatch.thread}"


def created(dispatch: Dispatch) -> dict[str, Any]:
    """The alert as Opsgenie wants it."""
    room = _LONGEST_MESSAGE - len(SIGNED) - 1
    link = plain.link(dispatch.link)
    return {
        "message": f"{plain.line(dispatch.subject, room) or 'Incident'} {SIGNED}",
        "alias": dispatch.thread,
        "description": plain.lines(dispatch.body + (f"\n\n{link}" if link else ""), _LONGEST_DESCRIPTION),
        "priority": PRIORITIES.get(dispatch.severity, UNRATED),
        "source": _WHO,
        "user": _WHO,
        "entity": plain.line(dispatch.reference, 200),
        "tags": ["halon"],
        "details": {
            "reference": plain.line(dispatch.reference, 200),
            "severity": dispatch.severity or "not judged yet",
            **({"link": link} if link else {}),
        },
    }


async def on_calls(
    schedules: Sequence[str],
    key_env: str,
    *,
    client: httpx.AsyncClient,
    environ: Mapping[str, str],
    url_env: str = "",
    region: Region = "us",
    seconds: float = 5.0,
) -> dict[str, tuple[dict[str, str], ...]]:
    """Who is on call now, by schedule id: Opsgenie knows people by their mail address. Raises as ``tell`` does.

    ``seconds`` bound each of the exchanges, one a schedule.
    """
    root = base(environ, url_env, region, API)
    found: dict[str, tuple[dict[str, str], ...]] = {}
    for schedule in schedules:
        url = f"{root}/v2/schedules/{quote(schedule, safe='')}/on-calls?scheduleIdentifierType=id&flat=true"
        call = call_to(url, method="GET", seconds=seconds, auth="geniekey", secret=key_env)
        answer = await exchange(call, client=client, environ=environ)
        listed = lookup(answer.json, "/data/onCallRecipients")
        if not isinstance(listed, list):
            raise Unexpected(answer.status, f"an answer without onCallRecipients for the schedule {schedule[:60]}")
        names = [str(one) for one in listed]
        found[schedule] = tuple({"id": one, "email": one if "@" in one else "", "name": one} for one in names)
    return found


def _remark(dispatch: Dispatch) -> dict[str, str]:
    text = f"{plain.line(dispatch.subject, 500)}\n{dispatch.body}"
    return {"note": plain.lines(text, _LONGEST_DESCRIPTION), "source": _WHO, "user": _WHO}
