"""What became of a notice that was approved: its channel takes nothing, it is overdue, or it did not reach everybody."""

from __future__ import annotations

from dataclasses import replace

from halon.incident.assessment import Obligation
from halon.incident.checklist import with_task
from halon.incident.notices import Notice
from halon.incident.standing import decided_here, obligation, with_notice
from halon.incident.state import State
from halon.incident.tasks import Step, Task
from halon.incident.timeline import mark, note, people_with, tell
from halon.incident.times import after, normal


def since(state: State, one: Notice) -> str:
    """When the first tries to send this attempt had failed (ISO 8601 UTC); empty if they have not."""
    return state.ledger.get(_put_off(one), "")


def anew(state: State, one: Notice) -> int:
    """The attempt before which somebody approved to write again to those who may have been reached; 0: nobody did."""
    return int(state.ledger.get(_anew(one), "0"))


def approved_anew(state: State, one: Notice) -> State:
    """``state`` in which a person has approved ``one`` although an earlier attempt may have arrived."""
    return replace(state, ledger={**state.ledger, _anew(one): str(one.attempt)})


def kept_until(began: str, due: str, least: int, most: int) -> str:
    """Until when the yes to a notice is kept whose first tries failed at ``began``: until it is ``due``, ``least`` and
    ``most`` seconds after that."""
    longest = after(began, most)
    return min(longest, max(after(began, least), normal(due))) if due else longest


def put_off(state: State, now: str, one: Notice, kind: str, text: str, until: str, due: str) -> State:
    """``state`` in which ``one`` waits for its channel; who decides and who owns communication hear of it, once."""
    fresh = not since(state, one)
    some = is_begun(state, one)
    waiting = f"its channel {one.channel} does not take it ({kind}); it is tried again until {until}"
    if some:
        waiting = (
            f"some may have it, and {one.channel} takes it for nobody else now ({kind}); tried again until {until}"
        )
    state = with_notice(state, replace(one, status="put_off", note=waiting))
    if not fresh:
        return state
    state = mark(state, _put_off(one), now)
    if kind == "PutOff":
        told = f"{one.id} has gone out, and not to everybody yet ({text}). The rest is tried again."
        return note(state, now, "notice", "notify", told, data={"notice": one.id, "status": "put_off"})
    by = f" It is due {due}." if due else ""
    if some:
        told = (
            f"{one.id} has gone out to some, and {one.channel} takes it for nobody else now ({kind}: {text}). The yes is kept, "
            f"and the rest is tried again every few minutes until {until}.{by}"
        )
        state = note(state, now, "notice", "notify", told, data={"notice": one.id, "status": "put_off"})
        asked = "See that its channel works again. Tell nobody in another way yet: some have it, and the rest is tried again"
        return _tell(
            state,
            now,
            f"put-off:{one.id}:{one.attempt}",
            f"{one.id}: out to some, and not to all",
            told,
            one,
            asked,
            until,
        )
    told = (
        f"{one.id} is approved and is not out: {one.channel} does not take it ({kind}: {text}). The yes is kept, and it is "
        f"tried again every few minutes until {until}.{by}"
    )
    state = note(state, now, "notice", "notify", told, data={"notice": one.id, "status": "put_off"})
    asked = "See that its channel works again, or tell them in another way and say `filed`"
    return _tell(
        state, now, f"put-off:{one.id}:{one.attempt}", f"{one.id}: approved, and not out", told, one, asked, until
    )


def overdue(state: State, now: str, one: Notice, due: str) -> State:
    """``state`` in which the same people hear that ``one`` is due and still not out; once."""
    step = f"not-out:{one.id}:{one.attempt}"
    if not due or normal(due) > now or step in state.ledger:
        return state
    told = f"{one.id} was due {due}. It is approved and STILL NOT OUT: {one.channel} has taken nothing since {since(state, one)}."
    if is_begun(state, one):
        told = f"{one.id} was due {due}. It is approved, has gone out to some, and NOT TO ALL yet: the rest is tried again."
    state = note(mark(state, step, now), now, "missed", "notify", told, data={"notice": one.id, "due": due})
    asked = "Tell them in another way now, by telephone or at their portal, and say `filed`"
    if is_begun(state, one):
        asked = "Some have it: see in the log how far it is before anybody is told twice"
        return _tell(state, now, step, f"{one.id}: DUE, AND NOT OUT TO ALL", told, one, asked)
    return _tell(state, now, step, f"{one.id}: DUE, AND NOT OUT", told, one, asked)


def over(state: State, one: Notice) -> State:
    """``state`` without what the ledger says of an attempt that waited for its channel."""
    gone = (_put_off(one), _begun(one))
    return replace(state, ledger={key: at for key, at in state.ledger.items() if key not in gone})


def begun(state: State, now: str, one: Notice) -> State:
    """``state`` in which some of those who are written to one by one have ``one``, or may have it."""
    return state if is_begun(state, one) else mark(state, _begun(one), now)


def is_begun(state: State, one: Notice) -> bool:
    """Whether some of those who are written to one by one have ``one``, or may have it."""
    return _begun(one) in state.ledger


def by_turns(state: State, one: Notice) -> bool:
    """Whether ``one`` goes to many people one by one, so that it can be stopped between them. What an earlier release
    judged can't be."""
    return bool(one.affected) and decided_here(state)


def not_on_its_list(state: State, now: str, one: Notice) -> State:
    """``state`` with a step for those who came onto the list of affected people after ``one`` had gone to the one before.

    Who decides and who owns communication hear of it. What an earlier release judged has no such step.
    """
    listed, duty = state.affected, obligation(state, one.obligation)
    if not one.affected or listed is None or listed.sha256 == one.affected or duty is None or not decided_here(state):
        return state
    words = (
        f"the list counts {_people(listed.count)} now, and {one.id} went to the list before: write to those who are new, or "
        "say why not"
    )
    step = Step(f"notify/new-for-{one.id}", "notify", words, duty.decider)
    due = next((each.due for each in duty.stages if each.id == one.stage), "")
    state = with_task(state, Task(step, due=normal(due) if due else ""))
    told = f"{words}. It went to list {one.affected[:12]}…; what counts now is {listed.sha256[:12]}…."
    state = note(state, now, "notice", "notify", told, data={"notice": one.id, "listed": listed.sha256})
    key = f"new-for:{one.id}:{listed.sha256[:12]}"
    return _tell(state, now, key, f"{one.id}: the list has changed since", told, one, words)


def unreached(state: State, now: str, one: Notice, duty: Obligation, due: str, count: int) -> State:
    """``state`` with a step for those whom ``one`` did not reach, if there are any; who decides and who owns it hear of it."""
    if not count:
        return state
    words = f"{_people(count)} did not get {one.id}: reach them in another way, or say why not"
    step = Step(f"notify/reach-{one.id}", "notify", words, duty.decider)
    state = with_task(state, Task(step, due=normal(due) if due else ""))
    told = f"{words}. Who they are stands in the sealed {one.id}-{one.attempt}-recipients.csv."
    state = note(state, now, "notice", "notify", told, data={"notice": one.id, "unreached": count})
    return _tell(
        state, now, f"reach:{one.id}:{one.attempt}", f"{one.id}: {_people(count)} not reached", told, one, words
    )


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _tell(
    state: State, now: str, step: str, subject: str, told: str, one: Notice, asked: str, until: str = ""
) -> State:
    duty = obligation(state, one.obligation)
    owner = state.assessment.comms_owner if state.assessment else ""
    roles = [role for role in (duty.decider if duty else "", owner) if role]
    names = tuple(each.name for each in people_with(state, *roles)) or (state.commander,)
    return tell(state, now, step, f"[{state.reference}] {subject}", told, names=names, asked=asked, until=until,
                command=f"halon notices {state.reference} {one.id}")  # fmt: skip


def _put_off(one: Notice) -> str:
    return f"put-off-since:{one.id}:{one.attempt}"


def _begun(one: Notice) -> str:
    return f"begun:{one.id}"


def _anew(one: Notice) -> str:
    return f"anew:{one.id}"
