"""A notice that a person files at an authority's portal: the text is approved and sealed, and a step says where it goes."""

from __future__ import annotations

from dataclasses import replace

from halon.incident import promised
from halon.incident.assessment import Obligation, Stage
from halon.incident.checklist import find, with_task
from halon.incident.notices import Notice
from halon.incident.standing import with_notice
from halon.incident.state import State
from halon.incident.tasks import Step, Task
from halon.incident.timeline import note, people_with, tell
from halon.incident.times import normal


def step_of(one: Notice) -> str:
    """The id of the step that asks for it."""
    return f"notify/file-{one.id}"


def handed_over(state: State, one: Notice, duty: Obligation, stage: Stage, now: str) -> State:
    """``state`` with the step that asks the decider to file ``one`` by hand; nothing of Halon sends it."""
    what = f"the update of {duty.title}" if stage.id == promised.STAGE else duty.title
    words = f"File {what} by hand at {one.portal}: paste the text of {one.id}"
    step = Step(step_of(one), "notify", words, duty.decider)
    state = with_task(state, Task(step, due=normal(stage.due) if stage.due else ""))
    state = with_notice(state, replace(one, status="by_hand", note=f"to be filed by hand at {one.portal}"))
    sealed = {"evidence": [one.version]} if one.version else {}
    told = f"{one.id} is approved, to be filed by hand at {one.portal}."
    state = note(state, now, "notice", "notify", told, data={"notice": one.id, "portal": one.portal, **sealed})
    names = tuple(each.name for each in people_with(state, duty.decider)) or (state.commander,)
    body = (
        f"{one.portal}\nThe text to paste: halon notices {state.reference} {one.id}\n"
        f"Then: halon filed {state.reference} {duty.name} RECEIPT --stage {stage.id} --reason WHY --by YOUR NAME"
    )
    return tell(
        state, now, f"portal:{one.id}:{one.attempt}", f"[{state.reference}] file by hand: {what}", body, names=names,
        asked=f"File {what} at the portal, then say its receipt", until=stage.due,
        command=f"halon notices {state.reference} {one.id}",
    )  # fmt: skip


def settled(state: State, one: Notice, filed_at: str, now: str, reference: str = "") -> State:
    """``state`` once somebody said that it was filed, with the authority's reference as receipt; or that nobody owes it.

    ``reference`` is that of an update, which is no filing.
    """
    said = next(
        (each for each in reversed(state.filings) if (each.obligation, each.stage) == (one.obligation, one.stage)), None
    )
    if filed_at:
        receipt = said.reference if said else reference
        state = with_notice(state, replace(one, status="sent", sent_at=filed_at, receipt=receipt, note=""))
    else:
        state = with_notice(state, replace(one, status="dropped", note="it is no longer owed"))
    task = find(state, step_of(one))
    if task is None or task.status != "open":
        return state
    status = "done" if filed_at else "skipped"
    return with_task(state, replace(task, status=status, by=said.by if said else "halon", at=now, reason="it was filed" if filed_at else "it is no longer owed"))  # type: ignore[arg-type]  # fmt: skip
