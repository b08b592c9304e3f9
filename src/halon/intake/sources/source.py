"""Whose alert it is, and which alerts belong together: what every reader asks of its source."""

from __future__ import annotations

from halon.intake.sources import fields
from halon.kit.source import Source

__all__ = ["UNKNOWN_AGENT", "Source", "agent_of", "group_of"]
UNKNOWN_AGENT = "unknown"


def group_of(source: Source, named: str, rule: str) -> str:
    """The group of an alert: as it is named, or else as the kit's detections say of its rule, or else the rule."""
    return named or source.groups.get(rule, rule)


def agent_of(source: Source, named: str, *services: str) -> str:
    """The agent that an alert is of: as it is named, or as the kit maps one of the sender's ``services`` (names, ids),
    or the one agent that the source is for, or else the service's own name."""
    if known := fields.clean(named, fields.LONGEST_NAME):
        return known
    if mapped := next((source.agents[one.lower()] for one in services if one.lower() in source.agents), ""):
        return mapped
    own = (name for one in services if (name := fields.clean(one, fields.LONGEST_NAME)))
    return source.agent or next(own, UNKNOWN_AGENT)
