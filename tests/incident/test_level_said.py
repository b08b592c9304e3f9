"""Containment goes by the severity that a person gave the incident, and is judged again when that changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from halon.incident import levels
from halon.incident.judged import take_in


def test_the_level_of_a_person_counts_until_the_rubric_finds_it_worse(room: Any) -> None:
    """Lowered by a person, then raised by a fact: what Halon raised is the rubric's level again."""
    state = room.assessed(room.judged("SEV2", level_said=""))
    assert (levels.said(state), levels.to_judge(state)) == ("", False)
    lowered = room.say(state, "severity", level="SEV4", reason="a test account").state
    assert (levels.said(lowered), levels.to_judge(lowered)) == ("SEV4", True)
    known = take_in(lowered, room.judged("SEV2", level_said="SEV4"), lowered.facts_version, room.at(90))
    assert (known.level, levels.said(known), levels.to_judge(known)) == ("SEV4", "SEV4", False)
    worse = take_in(known, room.judged("SEV1", level_said="SEV4"), known.facts_version, room.at(95))
    assert (worse.level, levels.said(worse), levels.to_judge(worse)) == ("SEV1", "", True)


def test_what_an_earlier_release_judged_is_not_judged_again_for_it(room: Any) -> None:
    """Its history has no such judgement; the next fact brings one."""
    state = room.assessed(room.judged("SEV2"))
    raised = room.say(state, "severity", level="SEV1", reason="the press knows").state
    assert raised.assessment is not None
    assert (levels.said(raised), levels.to_judge(raised)) == ("SEV1", False)
    assert levels.to_judge(replace(raised, assessment=replace(raised.assessment, level_said="")))
