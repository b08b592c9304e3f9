"""Alerts that wait to go to another incident: the first ones whole, the rest in sheaves, so that a storm stays small.

A sheaf is many alerts of one rule, source and status in one ``Alert``. Of each it holds what the other incident counts and
knows it by (16 characters); where even these grow too many, only how many more there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from halon.incident.alerts import Alert, mark_of
from halon.incident.joining import COUNTED_RULES, OTHER_RULES

WHOLE = 400
"""Alerts that wait whole, the first 20 of them with all their words."""
WORDED = 20
SUMMARY = 200
LARGEST_WHOLE = 300_000
"""Characters of those that wait whole."""
IN_ONE = 2000
"""Alerts by their marks in one sheaf: 32,000 characters, half of what a Signal may hold."""
LARGEST_MARKS = 262_144
"""Characters of marks that wait in all: those of 16,384 alerts. Of what comes beyond, the number is kept."""
MARK = 16
_TEXTS = ("rule", "fingerprint", "summary", "raw", "trace_id", "reporter", "agent", "group", "source", "severity_hint")


def is_sheaf(alert: Alert) -> bool:
    """Whether ``alert`` stands for many."""
    return bool(alert.marks or alert.more)


def number(alerts: Iterable[Alert]) -> int:
    """How many ``alerts`` are, those in sheaves counted each."""
    return sum(len(one.marks) // MARK + one.more if is_sheaf(one) else 1 for one in alerts)


def pairs(sheaf: Alert) -> Iterable[tuple[str, str]]:
    """Of each alert in ``sheaf`` that is held one by one, its mark and that of its fingerprint."""
    half = MARK // 2
    for place in range(0, len(sheaf.marks), MARK):
        yield sheaf.marks[place : place + half], sheaf.marks[place + half : place + MARK]


def unique(sheaf: Alert) -> str:
    """A mark of ``sheaf`` as it is, by which its number of those without marks is counted once."""
    text = f"{sheaf.identity}|{sheaf.received_at}|{sheaf.rule}|{sheaf.source}|{sheaf.marks}|{sheaf.more}"
    return mark_of(text)


def put_by(
    waiting: tuple[Alert, ...], come: Iterable[Alert], *, sent: int = 0, apart: frozenset[str] = frozenset()
) -> tuple[Alert, ...]:
    """``waiting`` with ``come``. The first ``sent`` of those that wait are on their way: they don't change any more.

    Alerts of the rules and fingerprints in ``apart`` go elsewhere than the rest: none of them shares a sheaf with others.
    """
    held = list(waiting)
    whole = [one for one in held if not is_sheaf(one)]
    count, size, marks = len(whole), sum(map(size_of, whole)), sum(len(one.marks) for one in held)
    open_ = {_key(one, apart): place for place, one in enumerate(held) if place >= sent and is_sheaf(one)}
    for alert in come:
        if not is_sheaf(alert) and count < WHOLE and size < LARGEST_WHOLE and not open_:
            held.append(_slim(alert, count))
            count, size = count + 1, size + size_of(held[-1])
            continue
        added = alert.marks if is_sheaf(alert) else alert.mark + mark_of(alert.fingerprint)
        more = alert.more
        if marks + len(added) > LARGEST_MARKS:
            more, added = more + len(added) // MARK, ""
        if _key(alert, apart) not in open_ and not {alert.rule, alert.fingerprint} & apart:
            crowded = len(open_) >= COUNTED_RULES or len(alert.rule) > SUMMARY
            alert = replace(alert, rule=OTHER_RULES) if crowded else alert
        key = _key(alert, apart)
        place = open_.get(key)
        if place is None or len(held[place].marks) + len(added) > IN_ONE * MARK:
            place = open_[key] = len(held)
            held.append(_begun(alert, place, apart))
        sheaf, marks = held[place], marks + len(added)
        held[place] = replace(
            sheaf, marks=sheaf.marks + added, more=sheaf.more + more,
            started_at=max(sheaf.started_at, alert.started_at), received_at=max(sheaf.received_at, alert.received_at),
            ended_at=max(sheaf.ended_at, alert.ended_at),
        )  # fmt: skip
    return tuple(held)


def size_of(alert: Alert) -> int:
    """About how many characters it is as JSON, at most six for each that is no plain one."""
    texts = "".join((*(getattr(alert, name) for name in _TEXTS), *alert.labels, *alert.labels.values()))
    plain = texts.isascii() and texts.isprintable() and '"' not in texts and "\\" not in texts
    return len(texts) * (1 if plain else 6) + len(alert.marks) + 600 + 8 * len(alert.labels)


def fitting(alerts: tuple[Alert, ...], largest: int) -> tuple[Alert, ...]:
    """The first of ``alerts`` that fit into ``largest`` characters of JSON, one at least."""
    size = 0
    for place, one in enumerate(alerts):
        size += size_of(one)
        if place and size > largest:
            return alerts[:place]
    return alerts


def _slim(alert: Alert, place: int) -> Alert:
    if place < WORDED:
        return replace(alert, labels={})
    return replace(alert, labels={}, summary=alert.summary[:SUMMARY], reporter=alert.reporter[:SUMMARY])


def _begun(alert: Alert, place: int, apart: frozenset[str]) -> Alert:
    """The first, empty form of the sheaf that ``alert`` goes into."""
    digest = hashlib.sha256(f"{alert.identity}|{place}".encode("utf-8", "surrogatepass")).hexdigest()
    name = alert.fingerprint if alert.fingerprint in apart else f"sheaf-{digest[:16]}"
    return replace(
        alert, fingerprint=name, labels={}, summary="", trace_id="", reporter="", raw="", raw_sha256="",
        severity_hint="", marks="", more=0,
    )  # fmt: skip


def _key(alert: Alert, apart: frozenset[str]) -> tuple[str, ...]:
    """What all alerts of a sheaf share. A moment, which no ``resolved`` ends, is not with what lasts."""
    name = alert.fingerprint if alert.fingerprint in apart else ""
    return (alert.agent, alert.group, alert.rule, alert.source, alert.status, str(alert.lasts), name)
