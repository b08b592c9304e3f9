"""What people say of a step: it is done, it is skipped, it is open again, or here is another one."""

from __future__ import annotations

from dataclasses import replace

from halon.incident import checklist
from halon.incident.commands import near
from halon.incident.phases import PHASES
from halon.incident.saying import Refused, Saying
from halon.incident.state import State
from halon.incident.tasks import Step, Task
from halon.incident.timeline import note, people_with, person
from halon.incident.times import parse, text

MOST_TASKS = 120
LONGEST_TITLE = 300


def task(say: Saying) -> State:
    """One word about one step."""
    if say.command["do"] == "add":
        return _add(say)
    wanted = say.command["step"]
    old = checklist.find(say.state, wanted)
    if old is None:
        known = [one.step.id for one in say.state.tasks]
        raise Refused("UnknownStep", f"There is no step {wanted[:80]!r}: {near(wanted, known)}")
    return {"done": _done, "skip": _skip, "reopen": _reopen}[say.command["do"]](say, old)


def _done(say: Saying, old: Task) -> State:
    if old.status == "done":
        raise Refused("AlreadyDone", f"{old.step.id} is {checklist.in_words(old)} since {old.at}.")
    if old.step.automated and not old.step.met and not say.command["reason"]:
        facts = ", ".join(old.step.answers) or "what it looks at"
        raise Refused("NeedsReason", f"{old.step.id} is ticked by itself once {facts} is known: say `fact`, or say by hand "
                      "that it is done, with a reason.")  # fmt: skip
    return _moved(say, old, "done")


def _skip(say: Saying, old: Task) -> State:
    if not say.command["reason"]:
        raise Refused("NeedsReason", f"Skipping {old.step.id} takes a reason: it stays visible, with your name.")
    if old.status != "open":
        raise Refused("AlreadyDone", f"{old.step.id} is {checklist.in_words(old)} since {old.at}.")
    mine = say.by in (*checklist.whose(say.state, old), say.state.commander)
    if not mine and not {old.step.owner, "commander"} & set(say.roles):
        raise Refused("NotAuthorised", f"{old.step.id} is skipped by {checklist.owner(say.state, old)} or the commander, "
                      f"not by {say.by}.")  # fmt: skip
    return _moved(say, old, "skipped")


def _reopen(say: Saying, old: Task) -> State:
    if not say.command["reason"]:
        raise Refused("NeedsReason", f"Opening {old.step.id} again takes a reason.")
    if old.status == "open":
        raise Refused("NothingNew", f"{old.step.id} is open already.")
    return _moved(say, old, "open")


def _moved(say: Saying, old: Task, status: str) -> State:
    new = replace(old, status=status, by=say.by, at=say.now, reason=say.command["reason"])  # type: ignore[arg-type]
    word = {"done": "is done", "skipped": "is skipped", "open": "is open again"}[status]
    told = f"Step {old.step.id} {word}, says {say.named()}{say.because()}"
    data = {"step": old.step.id, "words": old.step.words, "status": status}
    return note(checklist.with_task(say.state, new), say.now, "task", old.step.phase, told, actor=say.by, data=data)


def _add(say: Saying) -> State:
    state, title, owner = say.state, say.command["step"], say.command["owner"]
    if not owner:
        raise Refused("Incomplete", "A new step needs owner: a person of the roster, or a role.")
    if len(title) > LONGEST_TITLE:
        raise Refused(
            "Incomplete", f"Say in {LONGEST_TITLE} characters what is to be done; write the rest as a `note`."
        )
    if len(state.tasks) >= MOST_TASKS:
        raise Refused(
            "TooMany", f"There are {len(state.tasks)} steps already; write the rest into the log with `note`."
        )
    who = person(state, owner.lower())
    if who is None and not people_with(state, owner):
        people = state.assessment.roster.people if state.assessment else ()
        known = list(dict.fromkeys([*(one.name for one in people), *(role for one in people for role in one.roles)]))
        raise Refused("UnknownPerson", f"Nobody is called {owner!r} or holds that role: {near(owner, known)}")
    due = text(parse(say.command["due"])) if say.command["due"] else ""
    if due and parse(due) <= parse(say.now):
        raise Refused("InThePast", f"The time {due} has passed; give one that can be met.")
    phase = say.command["phase"] or _phase_now(state)
    number = sum(1 for one in state.tasks if one.step.id.startswith(f"{phase}/added-")) + 1
    step = Step(f"{phase}/added-{number}", phase, title, owner if who is None else "", runbook="")
    new = Task(step, due=due, person=who.name if who else "")
    until = f", until {due}" if due else ""
    told = f"{say.named()} adds step {step.id}: {title} (owner {checklist.owner(state, new)}{until})"
    return note(checklist.with_task(state, new), say.now, "task", phase, told, actor=say.by)


def _phase_now(state: State) -> str:
    """The first phase of the story that is under way."""
    for name in PHASES:
        if (phase := state.phases.get(name)) is not None and phase.status in ("running", "waiting"):
            return name
    return "triage"
