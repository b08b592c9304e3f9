"""From an action log and traces to facts. What is not seen stays unknown; what an agent says of itself is a claim."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from halon.incident import times
from halon.incident.canonical import plain
from halon.incident.facts import Fact
from halon.redaction import redact, redact_tree
from halon_activities.telemetry import Deed, Span, deeds_in, deeds_of, reply_of, spans_in

RECENT = timedelta(minutes=10)
"""An unauthorised action as young as this, with none stopped since, counts as going on."""
_IRREVERSIBLE = re.compile(
    r"(?i)(?:^|[_\W])(?:e?mail|send|post|publish|delete|remove|drop|erase|purge|pay|payment|refund|transfer|wire|buy|order)"
)
_PEOPLE_KEYS = (
    "customer",
    "customers",
    "customer_id",
    "customer_ids",
    "user_id",
    "user_ids",
    "patient_id",
    "patient_ids",
)
_RECIPIENT_KEYS = ("to", "cc", "bcc", "recipient", "recipients")
_CATEGORY_OF = {
    "email": "basic_contact",
    "phone": "basic_contact",
    "card": "financial_account",
    "iban": "financial_account",
    "ssn": "government_id",
    "secret": "credentials",
    "token": "credentials",
    "api-key": "credentials",
    "private-key": "credentials",
}
_LONGEST_CLAIM = 300


def facts_from(
    deeds: Sequence[Deed], spans: Sequence[Span], described: Mapping[str, object], *, source: str, now: str
) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """The facts that ``deeds`` (``source``: action-log or trace) and ``spans`` show, and the traces that show them.

    ``described`` is what the agent says of itself: claims only. Nothing is said about what can't be seen here.
    """
    bad = [deed for deed in deeds if deed.harmful]
    found: dict[str, Any] = {}
    if bad:
        found |= {"confirmed": True, "unauthorised_tool_actions": _once(deed.tool for deed in bad)}
        found |= {"window_from": bad[0].at, "affected_sessions": len({deed.session for deed in bad if deed.session})}
        found |= _ongoing(deeds, bad, now) | _reach(deeds, bad) | _people(bad) | _data(bad)
        if any(_IRREVERSIBLE.search(deed.tool) for deed in bad) or found.get("external_recipient"):
            found["irreversible_tool_action"] = True
        if found.get("external_recipient") and found.get("personal_data_involved"):
            found["acquired_vs_accessed"] = "disclosed"
    elif deeds and all(deed.authorised is not None for deed in deeds):
        found["unauthorised_tool_actions"] = []
    facts = [_fact(name, value, source, now) for name, value in found.items() if type(value) is not int or value > 0]
    traced = _traced(spans, bad)
    facts += [_fact(name, value, "trace", now) for name, value in traced.items()]
    traces = tuple(_once(deed.trace_id for deed in bad if deed.trace_id)[:50])
    if traces:
        facts.append(_fact("trace_ids", list(traces), source, now))
    return (*facts, *_claims(described, spans, traces, now)), traces


def irreversible(tool: str) -> bool:
    """Does the tool's name say that what it does can't be taken back?"""
    return _IRREVERSIBLE.search(tool) is not None


def _ongoing(deeds: Sequence[Deed], bad: Sequence[Deed], now: str) -> dict[str, Any]:
    last = bad[-1]
    stopped = [deed for deed in deeds if deed.authorised is False and not deed.harmful and deed.after(last.at)]
    if stopped:
        return {"ongoing": False, "window_to": last.at}
    if times.parse(now) - times.parse(last.at) <= RECENT:
        return {"ongoing": True}
    # Quiet for a while, and nothing seen that stops it: it may be over or it may be waiting. Nobody knows.
    return {}


def _reach(deeds: Sequence[Deed], bad: Sequence[Deed]) -> dict[str, Any]:
    own = {deed.recipient_domain for deed in deeds if deed.authorised and deed.recipient_domain}
    outside = {deed.recipient_domain for deed in bad if deed.recipient_domain} - own
    return {"external_recipient": True} if outside else {}


def _people(bad: Sequence[Deed]) -> dict[str, Any]:
    """People are counted only where the log names them; a call that names nobody leaves the upper end open."""
    named = [_named(deed.arguments) for deed in bad]
    people = {name for names in named for name in names}
    if not people:
        return {}
    known: dict[str, Any] = {"low": len(people)}
    if all(named):
        known["high"] = len(people)
    return {"affected_individuals": known, "personal_data_involved": True}


def people_in(content: bytes) -> list[str]:
    """Everybody whom the calls of a sealed action log or trace export name that were made without permission, sorted.

    Empty for content that is neither, and where no such call says whom it concerns.
    """
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return []
    deeds = deeds_in(value)
    if deeds is None:
        deeds = deeds_of(spans_in(value) or [])
    return sorted({name for deed in deeds if deed.harmful for name in _named(deed.arguments)})


def _named(arguments: Mapping[str, Any]) -> set[str]:
    names: set[str] = set()
    for key in _PEOPLE_KEYS:
        value = arguments.get(key)
        names |= {value} if isinstance(value, str) and value else set()
        names |= {item for item in value if isinstance(item, str)} if isinstance(value, list) else set()
    return names


def _data(bad: Sequence[Deed]) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for deed in bad:
        carried = {key: value for key, value in deed.arguments.items() if key.lower() not in _RECIPIENT_KEYS}
        for label, count in redact_tree(plain(carried)).counts.items():
            counts[label] = counts.get(label, 0) + count
    categories = _once(_CATEGORY_OF[label] for label in counts if label in _CATEGORY_OF)
    found: dict[str, Any] = {}
    if categories:
        found["data_categories"] = sorted(categories)
    if set(categories) - {"credentials"}:
        found["personal_data_involved"] = True
    return found


def _traced(spans: Sequence[Span], bad: Sequence[Deed]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    traces = {deed.trace_id for deed in bad if deed.trace_id}
    own = [span for span in spans if span.trace_id in traces] if traces else list(spans)
    if bad and any(span.own("untrusted_instruction") is True for span in own):
        found["untrusted_instruction"] = True
    versions = _once(
        version for span in own if (version := str(span.attributes.get("gen_ai.agent.version", "")).strip())
    )
    if versions:
        found["agent_version"] = redact(versions[-1][:100]).text
    counted = [
        records
        for span in own
        if span.operation == "execute_tool" and span.own("authorised") is False and span.own("status") in (None, "done")
        if type(records := span.own("records")) is int
    ]
    if bad and sum(counted) > 0:
        found["records_count"] = sum(counted)
    return found


def _claims(described: Mapping[str, object], spans: Sequence[Span], traces: Sequence[str], now: str) -> list[Fact]:
    claims = []
    if isinstance(config := described.get("config_hash"), str) and config.strip():
        claims.append(_fact("config_hash", redact(config[:200]).text, "agent", now, claim=True))
    if isinstance(tools := described.get("tools"), list):
        names = [redact(tool[:100]).text for tool in tools[:100] if isinstance(tool, str) and tool.strip()]
        claims.append(_fact("toolset", names, "agent", now, claim=True))
    if isinstance(version := described.get("version"), str) and version.strip():
        claims.append(_fact("agent_version", redact(version[:100]).text, "agent", now, claim=True))
    replies = [reply_of(span) for span in spans if span.trace_id in traces and span.operation == "invoke_agent"]
    if replies and replies[0]:
        claims.append(_fact("agent_reply", redact(replies[0]).text[:_LONGEST_CLAIM], "agent", now, claim=True))
    return claims


def _fact(name: str, value: Any, source: str, now: str, *, claim: bool = False) -> Fact:
    clean = redact_tree(plain(value)).value if isinstance(value, list | dict) else value
    return Fact(name, clean, source, now, by="halon", claim=claim)


def _once(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
