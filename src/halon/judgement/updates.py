"""Filings that the law wants once more: what was filed is updated after a moment that came later, and somebody is reminded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from halon.incident import times
from halon.incident.tasks import Step
from halon.judgement import deadlines
from halon.judgement.between_duties import Judged
from halon.judgement.obligations import LATEST, filings

_BINDS = ("applies", "undetermined", "review_required")


def steps(judged: Sequence[Judged], filed: Mapping[str, str]) -> tuple[Step, ...]:
    """A step for each filing that is to be updated: open until the update is recorded, then met.

    ``filed`` is as for ``obligations.oblige``. What was filed at the moment or after it needs no update.
    """
    return tuple(step for one in judged if one.duty.status in _BINDS for step in _steps(one, filed))


def _steps(one: Judged, filed: Mapping[str, str]) -> Iterator[Step]:
    zone = ZoneInfo(one.regime.zone)
    mine = filings(one.regime, filed, own=not one.duty.key)
    for rule in one.regime.stages:
        if rule.again is None or rule.id not in mine:
            continue
        since, first = deadlines.moment(one.facts.get(rule.again.on), zone), deadlines.moment(mine[rule.id], zone)
        if since is None or first is None or first >= since:
            continue
        latest = deadlines.moment(mine.get(f"{rule.id}{LATEST}"), zone) or first
        yield Step(
            id=f"notify/update-{one.duty.name}-{rule.id}",
            phase="notify",
            words=f"{rule.again.words}: file {one.duty.name} {rule.id} again, as an update",
            owner=one.duty.decider,
            runbook="duties",
            automated=True,
            met=latest >= since,
            due_at=times.after(times.text(since), rule.again.remind_seconds),
        )
