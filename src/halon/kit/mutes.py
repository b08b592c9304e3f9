"""mutes.yaml as judgement knows it: every mute ends, covers what the kit knows, and has somebody who answers for it."""

from __future__ import annotations

from halon.incident import times
from halon.judgement.mutes import Mute
from halon.kit.bundle import Bundle
from halon.kit.counterparties import check_zone
from halon.kit.files.mutes import MuteShape
from halon.kit.places import Problems
from halon.kit.reading import Path

MUTES = "mutes.yaml"
LONGEST_DAYS = 92
"""Days that a mute may last: what is muted for longer is no maintenance, and belongs out of the monitoring."""


def mutes(bundle: Bundle, problems: Problems) -> tuple[Mute, ...]:
    """Every mute. Its agents, groups, rules and person must be known, and it must have an end."""
    detections = bundle.detections.detections.values()
    groups = {name for one in detections for name in (one.group, *one.also)}
    rules = {name for one in detections for name in one.alerts}
    found = []
    for name, one in bundle.mutes.mutes.items():
        path: Path = ("mutes", name)
        for kind, key, named, known in (
            ("agent", "agents", one.agents, bundle.agents),
            ("group", "groups", one.groups, groups),
            ("alert rule", "rules", one.rules, rules),
        ):
            for index, each in enumerate(named):
                problems.refers(MUTES, (*path, key, index), kind, each, known)
        problems.refers(MUTES, (*path, "by"), "person", one.by, bundle.oncall.people)
        if _times(one, path, problems):
            weekly = one.weekly
            found.append(
                Mute(
                    name=name, reason=one.reason, by=one.by, agents=tuple(one.agents), rules=tuple(one.rules),
                    groups=tuple(one.groups), start=one.start or "", end=one.end or "",
                    days=tuple(weekly.days) if weekly else (), between=(weekly.start, weekly.end) if weekly else None,
                    zone=weekly.zone if weekly else "UTC", wakes_at=one.wakes_at,
                )
            )  # fmt: skip
    return tuple(found)


def _times(one: MuteShape, path: Path, problems: Problems) -> bool:
    """Whether it is said in one way when it holds, and that has an end."""
    if one.weekly is not None:
        if one.start or one.end:
            problems.add(MUTES, path, "it has from and until, and weekly as well", (), "keep one of the two")
            return False
        if one.weekly.start == one.weekly.end:
            problems.add(MUTES, (*path, "weekly"), "it ends when it begins", (), "give another from or to")
            return False
        return check_zone(one.weekly.zone, MUTES, (*path, "weekly", "zone"), problems)
    if not one.start or not one.end:
        step = "give from: and until: such as 2026-12-24T18:00+01:00, or weekly:"
        problems.add(MUTES, path, "it is not said when it begins and ends: a mute has an end", (), step)
        return False
    try:
        lasts = times.seconds_between(one.start, one.end)
    except ValueError:
        problems.add(MUTES, path, f"{one.start} or {one.end} is no time of the calendar", (), "correct it")
        return False
    if not 0 < lasts <= LONGEST_DAYS * 86_400:
        what = "it ends before it begins" if lasts <= 0 else f"it lasts longer than {LONGEST_DAYS} days"
        problems.add(MUTES, path, what, (), "shorten it; what should never page belongs out of the monitoring")
        return False
    return True
