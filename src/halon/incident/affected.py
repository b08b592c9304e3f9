"""Whom to tell: the sealed list of affected people, how many they are, and who has reviewed it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from halon.incident import delivery
from halon.incident.affected_people import AffectedList
from halon.incident.assessment import DECIDED
from halon.incident.facts import PERSON, Fact
from halon.incident.learning import learn
from halon.incident.restriction import sees
from halon.incident.saying import Refused, Saying
from halon.incident.state import State
from halon.incident.timeline import note

COMMAND = "affected"


def say_list(say: Saying) -> State:
    """Name the list that counts, or say that it is reviewed. That it is sealed and holds so many was read back before."""
    if say.command["reviewed"]:
        return _reviewed(say)
    sha256, count = str(say.command["evidence"]).lower(), say.command["count"]
    if not sha256 or not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise Refused("Incomplete", "Name the sealed list: evidence (its SHA-256) and count, a number; `halon affected ID --csv "
                      "FILE` seals a file and says both. Or say reviewed.")  # fmt: skip
    places = say.command["places"] or {}
    if not _are_places(places):
        raise Refused("Incomplete", "places maps a place such as DE or US-CA to a number of people.")
    old = say.state.affected
    if old is not None and old.sha256 == sha256:
        raise Refused("NothingNew", f"That list of {old.count} people counts already since {old.at}.")
    new = AffectedList(sha256, count, say.by, say.now, say.command["reason"], dict(say.places or places))
    state = replace(say.state, affected=new)
    was = f" It takes the place of one of {old.count}." if old else ""
    told = (
        f"{say.named()} names {count} affected people (list {sha256[:12]}…){say.because()}.{was} It is to be reviewed."
    )
    state = note(state, say.now, "affected", "notify", told, actor=say.by, data={"sha256": sha256, "count": count})
    for one in state.notices:
        if one.status == "sent":
            state = delivery.not_on_its_list(state, say.now, one)
    if places:
        fact = Fact("affected_by_jurisdiction", dict(places), PERSON, say.now, by=say.by, reason=say.command["reason"])
        state = learn(state, [fact], say.now)
    return state


def told(state: State) -> dict[str, Any] | None:
    """What templates and checks may know of the list: never who stands on it."""
    one = state.affected
    if one is None:
        return None
    return {"sha256": one.sha256, "count": one.count, "places": dict(one.places), "reviewed_by": one.reviewed_by}


def _reviewed(say: Saying) -> State:
    one = say.state.affected
    if one is None:
        raise Refused("NothingToReview", "No list of affected people is named yet: halon affected ID --csv FILE")
    if one.reviewed_by:
        raise Refused("NothingNew", f"{one.reviewed_by} has reviewed it at {one.reviewed_at} already.")
    if one.by == say.by and (others := _who_else(say)):
        raise Refused("SelfReview", f"You named this list yourself: {' or '.join(others)} must look through it.")
    state = replace(say.state, affected=replace(one, reviewed_by=say.by, reviewed_at=say.now))
    told_of = f"{say.named()} has reviewed the list of {one.count} affected people{say.because()}"
    state = note(
        state, say.now, "affected", "notify", told_of, actor=say.by, data={"sha256": one.sha256, "reviewed": "yes"}
    )
    version = state.facts_version + 1  # a notice that waits for it is drafted again
    return replace(state, facts_version=version, person_version=version)


def _who_else(say: Saying) -> tuple[str, ...]:
    """Who else may review the list: the role lets them, and they may see the incident. Where there is nobody, one suffices."""
    if say.state.assessment is None or say.state.assessment.form < DECIDED:
        return ()
    return tuple(name for name in say.others if name != say.by and sees(say.state, name))


def _are_places(places: Any) -> bool:
    return isinstance(places, dict) and len(places) <= 300 and all(
        isinstance(name, str) and 1 < len(name) <= 8 and isinstance(number, int) and not isinstance(number, bool) and number >= 0
        for name, number in places.items()
    )  # fmt: skip
