"""What a new judgement changes of a clock, in words: which stage moves from when to when, and because of what."""

from __future__ import annotations

from halon.incident.assessment import Obligation, Stage

_MOST = 3


def changed(old: Obligation, new: Obligation) -> str:
    """The difference between two judgements of one duty, as a sentence; empty if neither its status nor a due time moved."""
    before = {stage.id: stage for stage in old.stages}
    moved = [told for stage in new.stages if (told := _moved(before.pop(stage.id, None), stage))]
    moved += [f"{stage.id} is dropped (it was due {stage.due or 'at no set time'})" for stage in before.values()]
    status = f"{old.status} -> {new.status}" if old.status != new.status else ""
    told = "; ".join(one for one in (status, *moved) if one)
    if not told:
        return ""
    news = [one for one in new.because if one not in old.because] or list(new.because)
    why = f", because {'; '.join(news[:_MOST])}" if news else ""
    return f"{new.name}: {told}{why}"


def _moved(before: Stage | None, stage: Stage) -> str:
    if before is None:
        return f"{stage.id} is due {stage.due}" if stage.due else f"{stage.id} is added, without a due time yet"
    if before.due == stage.due:
        return ""
    anchor = f", counted from {stage.anchor}" if stage.anchor and stage.anchor != before.anchor else ""
    settled = ", no longer provisional" if before.provisional and not stage.provisional else ""
    was, now = before.due or "no time yet", stage.due or "no time any more"
    return f"{stage.id}: due moves from {was} to {now}{anchor}{settled}"
