"""A filing that was said wrongly is corrected, or taken back: it stays visible, and the clocks go by what was really filed."""

from __future__ import annotations

from dataclasses import replace

from halon.incident.assessment import Obligation
from halon.incident.commands import near
from halon.incident.filing_checks import time_of
from halon.incident.filings import Filing
from halon.incident.saying import Refused, Saying
from halon.incident.standing import with_notice, with_obligation
from halon.incident.state import State
from halon.incident.timeline import note
from halon.incident.times import normal


def wrong(say: Saying, duty: Obligation) -> Filing:
    """The filing that is said to be wrong. Raises Refused where there is none, or where it can't be taken back."""
    if say.command["corrects"] and say.command["not_filed"]:
        raise Refused(
            "EitherOr", "Say corrects where another filing takes its place, or not_filed where there was none."
        )
    if not say.command["reason"]:
        raise Refused("NeedsReason", "Correcting a filing takes a reason: it stays on record, with your name.")
    reference, stage = say.command["corrects"] or say.command["reference"], say.command["stage"]
    made = [one for one in say.state.filings if one.obligation == duty.name and one.counts]
    found = [one for one in made if one.reference == reference]
    if not found or (say.command["not_filed"] and stage and all(one.stage != stage for one in found)):
        known = list(dict.fromkeys(one.reference for one in made))
        raise Refused(
            "UnknownFiling", f"{duty.name} has no filing with the reference {reference!r}: {near(reference, known)}"
        )
    old = _meant(say, duty, found)
    if old.sent:
        raise Refused("SentByHalon", f"Halon sent {duty.name}/{old.stage} itself at {old.at}: that stands. Say "
                      "what was wrong with it by `filed` with update, or by `note`.")  # fmt: skip
    return old


def _meant(say: Saying, duty: Obligation, found: list[Filing]) -> Filing:
    """The one of ``found``, which bear one reference: a chain of reports may have a single one. Raises Refused where it is open.

    Of the stage that is said, if one of them is of that stage; its update where that is said, else the filing itself.
    """
    stage, stages = say.command["stage"], list(dict.fromkeys(one.stage for one in found))
    if stage in stages:
        found = [one for one in found if one.stage == stage]
    elif len(stages) > 1:
        raise Refused("WhichStage", f"{' and '.join(stages)} of {duty.name} were filed under {found[0].reference!r}: say with "
                      "stage which one is wrong. To move one to another stage, take it back with not_filed, and say it anew.")  # fmt: skip
    return next((one for one in reversed(found) if one.update == bool(say.command["update"])), found[-1])


def taken_back(say: Saying, duty: Obligation, old: Filing, stage: str) -> State:
    """The state as if ``old`` had not been said; it stays visible. ``stage`` is where it belongs, empty: nowhere."""
    if not old.update and stage != old.stage:
        _nothing_on_top(say.state, duty, old)
    marked = replace(old, wrong_by=say.by, wrong_at=say.now, wrong_because=say.command["reason"])
    state = replace(say.state, filings=tuple(marked if one is old else one for one in say.state.filings))
    if old.update:
        return state
    stages = tuple(replace(one, filed_at="") if one.id == old.stage else one for one in duty.stages)
    state = with_obligation(state, replace(duty, stages=stages))
    key = f"filed:{duty.name}/{old.stage}"
    state = replace(state, ledger={step: at for step, at in state.ledger.items() if step != key})
    for one in state.notices:  # a person filed its text by hand, and now says that it was not so
        if (
            stage != old.stage
            and one.portal
            and (one.obligation, one.stage, one.status) == (duty.name, old.stage, "sent")
        ):
            told = f"{old.reference} was no filing of it, says {say.by}"
            state = with_notice(state, replace(one, status="dropped", sent_at="", receipt="", note=told))
    return state


def not_filed(say: Saying, duty: Obligation) -> State:
    """Take a filing back: nothing was filed. Its clock runs again."""
    old = wrong(say, duty)
    state = taken_back(say, duty, old, "")
    what = "The update" if old.update else "The filing"
    told = f"{what} {old.reference} of {duty.name}/{old.stage} is taken back by {say.named()}{say.because()}. {_goes_on(old)}"
    data = {"obligation": duty.name, "stage": old.stage, "at": old.at, "reference": old.reference,
            "reason": say.command["reason"], "not_filed": "yes"}  # fmt: skip
    state = note(state, say.now, "filed", "notify", told, actor=say.by, data=data)
    version = state.facts_version + 1
    return replace(state, facts_version=version, person_version=version)


def new_time(say: Saying, duty: Obligation, old: Filing, stage_id: str) -> str:
    """When the one was filed that stands in the place of ``old``: the time said, else that of ``old``."""
    stage = next(one for one in duty.stages if one.id == stage_id)
    at = time_of(say, duty, stage, say.command["at"] or old.at, update=old.update)
    for later in duty.stages:
        if not old.update and _counts_from(later.anchor, stage_id) and later.filed_at and at > normal(later.filed_at):
            raise Refused("OutOfOrder", f"{duty.name}/{later.id} counts from it and was filed before that, at "
                          f"{later.filed_at}: correct that one first.")  # fmt: skip
    return at


def _nothing_on_top(state: State, duty: Obligation, old: Filing) -> None:
    updates = [one.reference for one in state.filings
               if one.counts and one.update and (one.obligation, one.stage) == (duty.name, old.stage)]  # fmt: skip
    later = [one.id for one in duty.stages if one.filed_at and _counts_from(one.anchor, old.stage)]
    if on_top := [*(f"update {one} (say update with it)" for one in updates), *later]:
        raise Refused(
            "AddedTo", f"{', '.join(on_top)} of {duty.name} counts on the filing of {old.stage}: correct that first."
        )


def _counts_from(anchor: str, stage: str) -> bool:
    return anchor in (f"filing of {stage}", f"latest filing of {stage}")


def _goes_on(old: Filing) -> str:
    if old.update:
        return "The filing that it added to stands."
    return f"The stage is open again{f', due {old.due}' if old.due else ''}."


def in_words(one: Filing) -> str:
    """What became of a filing that counts no more; empty for one that does."""
    if one.counts:
        return ""
    return f"said wrongly: {one.wrong_because} ({one.wrong_by}, {one.wrong_at})"
