"""Who is on call now, as PagerDuty or Opsgenie says; where it does not answer, the kit's own rules count, aloud."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

import httpx

from halon.connectors import opsgenie, pagerduty, plain
from halon.connectors.errors import ConnectorError, MissingSecret, NoAnswer, Refused
from halon.incident.assessment import Assessment, Roster
from halon.kit.rota import RotaSource
from halon_activities.failures import in_words
from halon_activities.hands import Hands

SECONDS = 5.0
"""Time that the product has to answer; an incident is judged without it after that."""
FRESH = timedelta(seconds=60)
"""How long an answer counts, and how long a product that did not answer is left alone."""
NAMES = {"pagerduty": "PagerDuty", "opsgenie": "Opsgenie"}
_ROLES = {"commander": "commander", "technical_lead": "technical lead"}

Found = dict[str, tuple[dict[str, str], ...]]


@dataclass(frozen=True, slots=True)
class WhoIsOnCall:
    """The roster, and what people should know about how it came to be: sentences, none where all went well."""

    roster: Roster
    reasons: tuple[str, ...] = ()


@dataclass(slots=True)
class _Remembered:
    """What a product said last, or why it said nothing (``problem``), and when it was asked."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: RotaSource | None = None
    at: datetime | None = None
    found: Found = field(default_factory=dict)
    problem: str = ""


# By client, because that lives as long as the worker: two workers of one process share nothing.
_REMEMBERED: WeakKeyDictionary[httpx.AsyncClient, _Remembered] = WeakKeyDictionary()


async def who_is_on_call(hands: Hands, agent: str, now: str) -> WhoIsOnCall:
    """Who is on call for ``agent`` at ``now`` (ISO 8601 UTC); the product of the kit's ``from`` knows only the present.

    Never raises for a product that can't be asked: the kit's rules count then, and a reason says so.
    """
    roster, source = hands.kit.on_call(agent, now), hands.kit.rota
    if source is None:
        return WhoIsOnCall(roster)
    product = NAMES[source.kind]
    held = await _look_up(hands, source)
    if held.problem:
        return WhoIsOnCall(roster, (f"on call by oncall.yaml: {product} {held.problem}",))
    reasons: list[str] = []
    chosen: dict[str, str] = {}
    for role, schedule in source.schedules.items():
        people = held.found.get(schedule, ())
        known = next((name for one in people if (name := _known(source, one)) and name in hands.kit.people), "")
        if known:
            chosen[role] = known
            continue
        asked = _named(people)
        why = (
            f"{product} says {asked}, whom the kit does not know; map them under from: people: in oncall.yaml"
            if asked
            else f"nobody is on call in {product}'s schedule {schedule}"
        )
        reasons.append(f"{_ROLES[role]} by oncall.yaml: {why}")
    return WhoIsOnCall(_with(roster, chosen), tuple(reasons))


async def with_on_call(hands: Hands, judged: Assessment, agent: str, now: str) -> Assessment:
    """``judged`` with the roster as the kit's product says, and with the reasons where it could not."""
    if hands.kit.rota is None:
        return judged
    found = await who_is_on_call(hands, agent, now)
    return replace(judged, roster=found.roster, reasons=(*judged.reasons, *found.reasons))


async def _look_up(hands: Hands, source: RotaSource) -> _Remembered:
    held = _REMEMBERED.setdefault(hands.http, _Remembered())
    async with held.lock:  # those who come at once ask once
        at = hands.clock()
        if held.asked == source and held.at is not None and timedelta(0) <= at - held.at < FRESH:
            return held
        held.asked, held.at = source, at
        try:
            async with asyncio.timeout(SECONDS):
                held.found, held.problem = await _ask(hands, source), ""
        except TimeoutError:
            held.found, held.problem = {}, f"did not answer within {SECONDS:g} s"
        except MissingSecret as error:
            held.found, held.problem = {}, f"was not asked ({in_words(error)})"
        except NoAnswer as error:
            held.found, held.problem = {}, f"did not answer ({plain.line(in_words(error), 200)})"
        except Refused as error:
            held.found, held.problem = {}, f"was not asked ({plain.line(in_words(error), 200)})"
        except ConnectorError as error:
            held.found, held.problem = {}, f"could not be asked ({plain.line(in_words(error), 200)})"
        return held


async def _ask(hands: Hands, source: RotaSource) -> Found:
    schedules = tuple(dict.fromkeys(source.schedules.values()))
    ask = pagerduty.on_calls if source.kind == "pagerduty" else opsgenie.on_calls
    return await ask(
        schedules,
        source.token_env,
        client=hands.http,
        environ=hands.environ,
        url_env=source.url_env,
        region=source.region,
        seconds=SECONDS,
    )


def _known(source: RotaSource, person: dict[str, str]) -> str:
    """The kit's name of somebody whom the product calls by id and mail address, or ""."""
    return next((source.people[key] for name in ("id", "email") if (key := person[name].lower()) in source.people), "")


def _named(people: tuple[dict[str, str], ...]) -> str:
    """Those whom the product names, as text of at most three of them."""
    said = [f"{one['name']} ({one['id']})" if one["name"] != one["id"] else one["id"] for one in people]
    return plain.line(", ".join(said[:3]), 200)


def _with(roster: Roster, chosen: dict[str, str]) -> Roster:
    commander = chosen.get("commander", roster.commander)
    first = (commander,) if commander else ()
    return replace(
        roster,
        commander=commander,
        technical_lead=chosen.get("technical_lead", roster.technical_lead),
        escalation=tuple(dict.fromkeys((*first, *roster.escalation))),
    )
