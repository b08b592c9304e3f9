"""Mutes of the kit that leave out more than a day's work: everything of an agent, for longer than a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from halon.incident import times
from halon.judgement.policy import Policy
from halon.kit.tonight.finding import Finding

A_DAY = 86_400


def about_mutes(policy: Policy, now: datetime) -> Iterator[Finding]:
    """Each mute in force at ``now`` that names no rules and lasts longer than a day: nobody is paged about the agent."""
    for one in policy.mutes:
        at = times.text(now)
        if (
            one.rules
            or one.between is not None
            or not one.until(at)
            or times.seconds_between(one.start, one.end) <= A_DAY
        ):
            continue
        whose = ", ".join(one.agents) or "all agents"
        some = f" in the groups {', '.join(one.groups)}" if one.groups else ""
        what = f"the mute {one.name} silences every rule of {whose}{some} until {one.end}, for more than a day"
        yield Finding("weak", "on-call and commander's playbook", what, "name its rules in mutes.yaml, or shorten it")
