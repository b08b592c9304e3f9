"""Whether a stage can have been filed when somebody says so: not ahead, not before anything had happened, not out of order."""

from __future__ import annotations

from halon.incident.assessment import Obligation, Stage
from halon.incident.commands import near
from halon.incident.saying import Refused, Saying
from halon.incident.standing import chained, decided_here, open_stages
from halon.incident.state import State
from halon.incident.times import after, normal, parse, text

_EARLIEST_DAY = -14 * 3600
"""Seconds from midnight UTC to where on Earth a date begins first."""


def stage_meant(say: Saying, duty: Obligation) -> str:
    """The stage that is said or meant: the only open one; with update, the last one that was filed. May be empty."""
    if wanted := say.command["stage"]:
        return str(wanted)
    if say.command["update"]:
        return next((one.id for one in reversed(duty.stages) if one.filed_at), "")
    left = open_stages(say.state, duty)
    if len(left) > 1:
        named = " and ".join(f"{one.id} ({f'due {one.due}' if one.due else 'due at once'})" for one in left)
        raise Refused("WhichStage", f"{duty.name} has {len(left)} stages that can be filed now: {named}. Say which one with "
                      "stage.")  # fmt: skip
    return left[0].id if left else ""


def stage_named(duty: Obligation, wanted: str, *, open_only: bool = True) -> Stage:
    """The stage of this id. Raises Refused, with the names that there are."""
    found = next((one for one in duty.stages if one.id == wanted), None)
    if found is None:
        known = [one.id for one in duty.stages if not (open_only and one.filed_at)]
        raise Refused("UnknownStage", f"{duty.name} has no open stage {wanted!r}: {near(wanted, known)}")
    return found


def time_of(say: Saying, duty: Obligation, stage: Stage, given: str, *, update: bool = False) -> str:
    """When ``stage`` was filed (ISO 8601 UTC): ``given``, or now where that is empty. Raises Refused where it can't be."""
    at = text(parse(given)) if given else say.now
    if parse(at) > parse(say.now):
        raise Refused("InTheFuture", f"{at} is in the future; a filing is recorded after it was made.")
    if not decided_here(say.state):
        return at
    if chained(stage) and not update:
        raise Refused("OutOfOrder", f"{duty.name}/{stage.id} counts from the {stage.anchor}, which is not said yet: say that "
                      "one first, with its own time.")  # fmt: skip
    began = begun(say.state)
    if at < began:
        raise Refused("BeforeTheIncident", f"{at} is before anything of {say.state.reference} is known to have happened "
                      f"({began}). Is the year right? If it began earlier, say that first: halon fact "
                      f"{say.state.reference} occurred_at TIME")  # fmt: skip
    before = normal(stage.started) if " of " in stage.anchor else ""
    if at < before:
        raise Refused("OutOfOrder", f"{duty.name}/{stage.id} counts from the {stage.anchor}, made at {before}: it can't have "
                      f"been filed at {at}. Say the right time; if that of the other is wrong, correct that one.")  # fmt: skip
    return at


def early(stage: Stage, at: str) -> str:
    """That it was filed before its clock began, as a sentence; empty if it was not."""
    if not stage.started or at >= normal(stage.started):
        return ""
    return f" That is before its clock began, at {normal(stage.started)}."


def begun(state: State) -> str:
    """The first moment (ISO 8601 UTC) at which anything of this incident happened, as far as anybody or anything said."""
    told = [
        fact.value
        for fact in state.facts
        if not fact.claim and (fact.name.endswith("_at") or fact.name == "window_from")
    ]
    told += [alert.started_at for alert in state.alerts]
    return min((at for at in map(_moment, told) if at), default=state.opened_at) if told else normal(state.opened_at)


def _moment(value: object) -> str:
    if not isinstance(value, str) or not value:
        return ""
    try:
        return normal(value) if "T" in value else after(f"{value}T00:00:00Z", _EARLIEST_DAY)
    except ValueError:
        return ""
