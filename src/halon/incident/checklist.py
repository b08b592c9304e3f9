"""The checklist of an incident: steps come with a judgement, are ticked when they are met, and told of when late."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from halon.incident import duties_to_decide
from halon.incident.assessment import DECIDED, Assessment
from halon.incident.phases import PHASES
from halon.incident.quiet import muted
from halon.incident.replacing import replace
from halon.incident.state import State
from halon.incident.tasks import DECIDE, Step, Task
from halon.incident.timeline import mark, note, people_with, tell
from halon.incident.times import after, normal

ENGINE = "halon"
EARLY = ("privacy_officer", "legal_counsel")
"""Roles that hear of duties that may apply as soon as there are any, beside those who decide them."""
TOLD = "early:"
"""In the ledger before the name of a duty that nobody has decided: who decides and those in ``EARLY`` were told of it."""
GRACE = 900
"""Seconds after which a step that is late and still open is told to the commander."""
BEFORE_CLOSE = ("notify", "remediate")
"""Phases whose steps are done, or skipped with a reason, before an incident is closed."""
_QUOTED = 90


@dataclass(frozen=True, slots=True)
class Due:
    """A step that somebody is to be told of at ``at``: its owner, or when that did not help the commander."""

    at: str
    task: Task
    escalates: bool

    @property
    def key(self) -> str:
        """The ledger's name of it."""
        return f"task-{'escalate' if self.escalates else 'late'}:{_timed(self.task)}"


def find(state: State, step: str) -> Task | None:
    """The task of this step id."""
    return next((one for one in state.tasks if one.step.id == step), None)


def with_task(state: State, changed: Task) -> State:
    """``state`` with this task added or put in place of the one with its step's id; in the order of the phases."""
    others = [one for one in state.tasks if one.step.id != changed.step.id]
    place = next((index for index, one in enumerate(state.tasks) if one.step.id == changed.step.id), len(others))
    tasks = [*others[:place], changed, *others[place:]]
    return replace(state, tasks=tuple(sorted(tasks, key=lambda one: PHASES.index(one.step.phase))))


def merge(state: State, judged: Assessment, now: str) -> State:
    """``state`` with the steps of ``judged``: new ones are added, none is dropped, what is met is ticked."""
    for book in dict.fromkeys(step.runbook for step in judged.steps):
        if f"runbook:{book}" not in state.ledger:
            state = note(mark(state, f"runbook:{book}", now), now, "task", "triage", f"The checklist of {book} counts.")
    for step in judged.steps:
        state = _merge_step(state, step, now)
    return ask_to_decide(state, now)


def ask_to_decide(state: State, now: str) -> State:
    """``state`` with the steps that ask to decide about duties as these stand now.

    A step is ticked once nobody has to decide any of its duties any more, and open again as soon as one comes to it,
    whoever ticked or skipped it before. What an earlier release judged has no such steps.
    """
    if state.assessment is None or state.assessment.form < DECIDED:
        return state
    waiting = duties_to_decide.undecided(state)
    asked = {step.id: step for step in duties_to_decide.steps(waiting)}
    for task in state.tasks:
        if task.step.id.startswith(DECIDE) and task.step.id not in asked:
            state = _merge_step(state, replace(task.step, met=True, duties=()), now)
    for step in asked.values():
        state = _merge_decision(state, step, now)
    names = {f"{TOLD}{duty.name}" for duty in waiting}
    if any(key.startswith(TOLD) and key not in names for key in state.ledger):  # should it open again, it is told again
        kept = {key: at for key, at in state.ledger.items() if not key.startswith(TOLD) or key in names}
        state = replace(state, ledger=kept)
    return state


def tell_early(state: State, now: str) -> State:
    """``state`` with those who decide on duties told which are open, each duty once, while there is time for the answers.

    A mute of the kit keeps it back until the incident wakes, which judges it anew.
    """
    if state.assessment is None or state.assessment.form < DECIDED or muted(state):
        return state
    fresh = [duty for duty in duties_to_decide.undecided(state) if f"{TOLD}{duty.name}" not in state.ledger]
    if not fresh:
        return state
    asked = duties_to_decide.steps(fresh)
    roles = tuple(dict.fromkeys((*(step.owner for step in asked), *EARLY)))
    step = min(asked, key=lambda one: one.due_at or "9")
    body = " ".join(f"{one.words}." for one in asked)
    asked_for = f"{_cut(step.words)} Answers needed: {', '.join(step.answers[:3]) or 'none'}."
    names = tuple(dict.fromkeys(one.name for one in people_with(state, *roles)))
    for duty in fresh:
        state = mark(state, f"{TOLD}{duty.name}", now)
    return tell(
        state, now, f"decide-early:{now}", f"[{state.reference}] duties to notify may apply", body, names=names,
        asked=asked_for, until=step.due_at, command=f"halon decide {state.reference}",
    )  # fmt: skip


def _merge_decision(state: State, step: Step, now: str) -> State:
    """``state`` with a step that asks to decide. Its deadline is that of the duties that are left, later or earlier."""
    old = find(state, step.id)
    if old is None:
        return with_task(state, Task(step, due=step.due_at))
    task = replace(old, step=step, due=step.due_at)
    new = [name for name in step.duties if name not in old.step.duties]
    if old.status == "open" or not new:
        return with_task(state, task)
    state = with_task(state, replace(task, status="open", by=ENGINE, at=now, reason=""))
    told = f"Step {step.id} is open again, to decide {_cut(', '.join(new))}; it was {in_words(old)}."
    return note(state, now, "task", step.phase, told)


def _merge_step(state: State, step: Step, now: str) -> State:
    old = find(state, step.id)
    due = after(state.opened_at, step.due_seconds) if step.due_seconds else step.due_at
    if old is None:
        task = Task(step, due=due)
    else:  # a deadline never moves later by itself
        task = replace(old, step=step, due=min((one for one in (old.due, due) if one), key=normal, default=""))
    if not _newly_met(old, step):
        return with_task(state, task)
    was = " It had been skipped." if task.status == "skipped" else ""
    state = with_task(state, replace(task, status="done", by=ENGINE, at=now))
    return note(state, now, "task", step.phase, f"Step {step.id} is done: {_cut(step.words)}{was}")


def _newly_met(old: Task | None, step: Step) -> bool:
    """Whether ``step`` is to be ticked now. What a person opened again stays open until it is met anew."""
    if not step.met or (old is not None and old.status == "done"):
        return False
    return old is None or not old.step.met or (old.status == "open" and not old.by)


def whose(state: State, task: Task) -> tuple[str, ...]:
    """Whose it is: who was named, the incident's own commander or technical lead, else all with the owner's role."""
    if task.person:
        return (task.person,)
    mine = {"commander": state.commander, "technical_lead": state.technical_lead}.get(task.step.owner, "")
    return (mine,) if mine else tuple(one.name for one in people_with(state, task.step.owner))


def owner(state: State, task: Task) -> str:
    """Whose it is, in words: the role and the names, or the person alone."""
    if task.person:
        return task.person
    names = ", ".join(whose(state, task))
    return f"{task.step.owner} ({names})" if names else f"{task.step.owner} (nobody holds it)"


def told_late(state: State, task: Task) -> bool:
    """Whether the step is open, and its owner was told that it is late."""
    return task.status == "open" and Due(task.due, task, escalates=False).key in state.ledger


def flagged(state: State, task: Task) -> bool:
    """Whether nobody did it although its phase is done, or somebody skipped it."""
    phase = state.phases.get(task.step.phase)
    over = bool(state.closed_at) or (phase is not None and phase.status == "done")
    return task.status == "skipped" or (task.status == "open" and over)


def in_words(task: Task) -> str:
    """How far one step has come, in words."""
    if task.status == "open":
        return "open"
    if task.status == "skipped":
        return f"skipped by {task.by}: {task.reason}" if task.reason else f"skipped by {task.by}"
    if task.by != ENGINE:
        return f"done by {task.by}"
    return "done" if task.step.met else "done (was known then; it is not known now)"


def left(state: State) -> list[str]:
    """The steps that are to be done or skipped before an incident is closed, in words."""
    return [
        f"step {one.step.id} is open ({owner(state, one)})"
        for one in state.tasks
        if one.status == "open" and one.step.phase in BEFORE_CLOSE
    ]


def not_done(state: State) -> str:
    """The steps that were never done, as the tail of a sentence; empty if there are none."""
    told = [f"{one.step.id} ({in_words(one)})" for one in state.tasks if one.status != "done"]
    return f" Not done: {'; '.join(told)}." if told else ""


def dues(state: State) -> Iterator[Due]:
    """When somebody is to be told of which open step."""
    if state.false_alarm_by or state.close_requested_by or state.merged_into is not None or muted(state):
        return
    for one in state.tasks:
        if one.status == "open" and one.due:
            yield Due(one.due, one, escalates=False)
            yield Due(after(one.due, GRACE), one, escalates=True)


def tell_late(state: State, now: str, *, escalates: bool) -> State:
    """``state`` with every owner told once of all their steps that are late at ``now``, or with the commander told."""
    late = [one for one in dues(state)
            if one.escalates is escalates and normal(one.at) <= now and one.key not in state.ledger]  # fmt: skip
    for one in late:
        state = mark(state, one.key, now)
    people: dict[str, list[Task]] = {}
    for one in late:
        names = (state.commander,) if escalates else whose(state, one.task) or (state.commander,)
        for name in names:
            # Who was told as the owner is not told the same again as the commander.
            if not (escalates and whose(state, one.task) == (state.commander,)):
                people.setdefault(name, []).append(one.task)
    if late and not escalates:
        state = note(state, now, "late", "triage", f"Late: {', '.join(one.task.step.id for one in late)}.")
    for name, tasks in people.items():
        state = _tell_of(state, now, name, tasks, escalates=escalates)
    return state


def _tell_of(state: State, now: str, name: str, tasks: list[Task], *, escalates: bool) -> State:
    first = tasks[0].step
    count = "1 step is late" if len(tasks) == 1 else f"{len(tasks)} steps are late"
    whose_it_is = f" (asked of {owner(state, tasks[0])})" if escalates else ""
    asked = f"{count}{whose_it_is}: {_cut(' '.join(one.step.words for one in tasks))}"
    step = f"{'escalate' if escalates else 'late'}-steps:{_timed(tasks[0])}"
    return tell(
        state, now, step, f"[{state.reference}] {count}", asked, names=(name,), asked=asked,
        command=f"halon task {state.reference} done {first.id}",
    )  # fmt: skip


def _timed(task: Task) -> str:
    """The step's id; with its deadline where that follows the duties that are open, so that each is told late once."""
    return f"{task.step.id}@{task.due}" if task.step.id.startswith(DECIDE) else task.step.id


def _cut(text: str) -> str:
    return text if len(text) <= _QUOTED else text[: _QUOTED - 1] + "…"
