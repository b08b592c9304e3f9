"""What people say of a filing: that it was made, and why it comes late. The clock of the next stage counts from it."""

from __future__ import annotations

from dataclasses import replace

from halon.incident import filing_corrected, promised
from halon.incident.assessment import Obligation, Stage
from halon.incident.commands import near
from halon.incident.filing_checks import early, stage_meant, stage_named, time_of
from halon.incident.filings import Filing, LateReason
from halon.incident.saying import Refused, Saying, unknown_obligation
from halon.incident.standing import decided_here, obligation, with_obligation
from halon.incident.state import State
from halon.incident.timeline import mark, note
from halon.incident.times import normal, seconds_between, span

MOST_FILINGS = 200
MOST_REASONS = 100


def filed(say: Saying) -> State:
    """Record an actual filing: later stages chain on the first one. A late one needs its reason; a wrong one is corrected."""
    duty = _duty(say)
    if say.command["not_filed"]:
        return filing_corrected.not_filed(say, duty)
    if say.command["corrects"]:
        return _corrected(say, duty)
    wanted = stage_meant(say, duty)
    if wanted == promised.STAGE and all(one.id != wanted for one in duty.stages):
        return promised.kept_by_hand(say)
    stage = stage_named(duty, wanted)
    update = bool(say.command["update"])
    if stage.filed_at and not update:
        raise Refused("AlreadyFiled", f"{duty.name}/{stage.id} was filed at {stage.filed_at}. Say update with it if this "
                      "adds to that filing; corrects, with its reference, if that one was said wrongly.")  # fmt: skip
    if update and not stage.filed_at:
        raise Refused("NotFiledYet", f"{duty.name}/{stage.id} is not filed yet: say the first filing without update.")
    at = time_of(say, duty, stage, say.command["at"], update=update)
    because = _late_because(say, duty, stage, at) if not update else say.command["reason"]
    return _recorded(say, say.state, duty, Filing(
        duty.name, stage.id, at, say.by, say.now, say.command["reference"], say.command["receipt"], stage.due, because, update,
    ), early(stage, at))  # fmt: skip


def _corrected(say: Saying, duty: Obligation) -> State:
    """One filing takes the place of another that was said wrongly: of another stage, another time, or another reference."""
    old = filing_corrected.wrong(say, duty)
    stage = stage_named(duty, say.command["stage"] or old.stage)
    if stage.filed_at and stage.id != old.stage:
        raise Refused(
            "AlreadyFiled", f"{duty.name}/{stage.id} was filed at {stage.filed_at} already: correct that one first."
        )
    if old.update and stage.id != old.stage:
        raise Refused(
            "NotFiledYet", f"{old.reference} adds to {old.stage}; take it back with not_filed, and say the other one."
        )
    at = filing_corrected.new_time(say, duty, old, stage.id)
    because = old.late_because if stage.id == old.stage else ""
    if not old.update and stage.due and normal(at) > normal(stage.due) and not stage.provisional:
        because = why_late(say.state, duty.name, stage.id) or because
        if not because:
            raise Refused("NeedsReason", f"{duty.name}/{stage.id} was due {stage.due}, so this makes it a late one: say why it "
                          f"is late first, halon late-reason {say.state.reference} {duty.name} --stage {stage.id}")  # fmt: skip
    else:
        because = because if old.update else ""
    state = filing_corrected.taken_back(say, duty, old, stage.id)
    kept = obligation(state, duty.name) or duty
    return _recorded(say, state, kept, Filing(
        duty.name, stage.id, at, say.by, say.now, say.command["reference"], say.command["receipt"] or old.receipt, stage.due,
        because, old.update, instead_of=old.reference,
    ), early(stage, at), old)  # fmt: skip


def _recorded(say: Saying, state: State, duty: Obligation, one: Filing, more: str, old: Filing | None = None) -> State:
    """``state`` with ``one`` filed. ``more`` is said behind it; ``old`` is the one in whose place it stands."""
    if len(state.filings) >= MOST_FILINGS:
        raise Refused("TooMany", f"There are {MOST_FILINGS} filings already; write the rest into the log with `note`.")
    state = replace(state, filings=(*state.filings, one))
    if not one.update:
        changed = tuple(replace(each, filed_at=one.at) if each.id == one.stage else each for each in duty.stages)
        state = with_obligation(state, replace(duty, stages=changed))
    word = "was updated" if one.update else "was filed"
    receipt = f", receipt {one.receipt}" if one.receipt else ""
    because = one.late_because
    late = f" Late because: {because}." if because and not one.update else ""
    instead = f", in place of {old.reference} of {old.stage} at {old.at}" if old is not None else ""
    reason = "" if late and old is None else say.because()
    end = "." if (late or more) and not reason.endswith(".") else ""
    told = f"{duty.name}/{one.stage} {word} at {one.at}, reference {one.reference}{receipt}{instead}{reason}{end}{late}{more}"
    data = {"obligation": duty.name, "stage": one.stage, "at": one.at, "reference": one.reference}
    data |= {
        name: said
        for name, said in (("receipt", one.receipt), ("late_because", because), ("reason", say.command["reason"]),
                           ("instead_of", one.instead_of))
        if said
    }  # fmt: skip
    data |= {"update": "yes"} if one.update else {}
    state = note(state, say.now, "filed", "notify", told, actor=say.by, data=data)
    version = state.facts_version + 1
    state = state if one.update else mark(state, f"filed:{duty.name}/{one.stage}", one.at)
    return replace(state, facts_version=version, person_version=version)


def sent(state: State, duty: Obligation, stage_id: str, at: str, by: str, receipt: str) -> State:
    """``state`` with the filing of a notice that Halon sent, approved ``by`` these people."""
    stage = next((one for one in duty.stages if one.id == stage_id), None)
    due = stage.due if stage is not None else ""
    late = bool(due) and normal(at) > normal(due)
    because = why_late(state, duty.name, stage_id) if late else ""
    one = Filing(duty.name, stage_id, at, by, at, receipt or "sent by Halon", "", due, because, sent=True)
    return replace(state, filings=(*state.filings, one)[-MOST_FILINGS:])


def late_reason(say: Saying) -> State:
    """Say why a stage comes late. It is judged and drafted anew, so that the notice says so; the last word counts."""
    duty = _duty(say)
    wanted = say.command["stage"] or next(
        (one.id for one in duty.stages if not one.filed_at and _over(one, say.now)), ""
    )
    stage = next((one for one in duty.stages if one.id == wanted), None)
    if stage is None and say.command["stage"]:
        raise Refused(
            "UnknownStage", f"{duty.name} has no stage {wanted!r}: {near(wanted, [one.id for one in duty.stages])}"
        )
    if stage is None or not _over(stage, say.now):
        due = f"due {stage.due}" if stage is not None and stage.due else "not late"
        raise Refused(
            "NotLate", f"{duty.name}{f'/{stage.id}' if stage else ''} is {due}: a reason is asked for once it is late."
        )
    if why_late(say.state, duty.name, stage.id) == say.command["reason"]:
        raise Refused("NothingNew", f"That is the reason already, said for {duty.name}/{stage.id}.")
    if len(say.state.late_reasons) >= MOST_REASONS:
        raise Refused("TooMany", f"There are {MOST_REASONS} reasons already; write the rest into the log with `note`.")
    one = LateReason(duty.name, stage.id, say.command["reason"], say.by, say.now)
    told = f"{say.named()} says why {duty.name}/{stage.id} is late{say.because()}"
    state = note(replace(say.state, late_reasons=(*say.state.late_reasons, one)), say.now, "late", "notify", told,
                 actor=say.by, data={"obligation": duty.name, "stage": stage.id})  # fmt: skip
    version = state.facts_version + 1  # judged again, so that a draft which waits is made anew with the reason
    return replace(state, facts_version=version, person_version=version)


def why_late(state: State, name: str, stage: str) -> str:
    """Why this stage is late, as somebody said it last; empty where nobody did."""
    said = (one.reason for one in reversed(state.late_reasons) if (one.obligation, one.stage) == (name, stage))
    return next(said, "")


def _duty(say: Saying) -> Obligation:
    found = obligation(say.state, say.command["obligation"])
    if found is None:
        raise unknown_obligation(say)
    return found


def _late_because(say: Saying, duty: Obligation, stage: Stage, at: str) -> str:
    """Why it is late; empty where it is not. Raises Refused where nobody has said why."""
    if not stage.due or normal(at) <= normal(stage.due):
        return ""
    # Each filing has a reason; the one that was said for the delay is the better one, where there is one.
    because: str = why_late(say.state, duty.name, stage.id) or say.command["reason"]
    if not because and decided_here(say.state) and not stage.provisional:
        late = span(max(60, int(seconds_between(stage.due, at)) // 60 * 60))
        raise Refused("NeedsReason", f"{duty.name}/{stage.id} was due {stage.due} and is filed {late} late: say why with "
                      "reason. Whoever is told late must be told why.")  # fmt: skip
    return because


def _over(stage: Stage, now: str) -> bool:
    return bool(stage.due) and normal(stage.due) < normal(now)
