"""The next update that a message promises: how soon it comes, when it is to be drafted, and that it is loud if it is late.

Leadership hears of the severities of its cadence: when something changes, and at the promise; customers at the promise.
Everything hangs on the cadence of an assessment: an incident that an earlier release judged goes on as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from halon.incident.canonical import digest
from halon.incident.notices import Notice
from halon.incident.saying import Refused, Saying
from halon.incident.settling import proved
from halon.incident.standing import clock_runs, missed_now, obligation
from halon.incident.state import State
from halon.incident.timeline import note, tell, tell_roles
from halon.incident.times import after, normal, parse, text

Moment = tuple[str, str, str, Callable[[State, str], State]]
"""When (ISO 8601 UTC), the key in the ledger, the timer's summary, what happens then."""
LEADERSHIP = "leadership"
STAGE = "update"
"""The stage that an update to customers counts as: it is none of the law's."""
CALM = 120
"""Seconds for which changes gather before leadership is told of them."""
LATE = 300
"""Seconds after a promise until its owner hears that it was not kept: so long a channel may take."""
AHEAD_AT_MOST = 4 * 3600
DAY = 86_400
KNEW, TOLD, DUE = "leadership-knew", "leadership-told", "update-due"


def active(state: State) -> bool:
    """Whether the rules of promises count."""
    return state.assessment is not None and bool(state.assessment.cadence)


def every(state: State, audience: str) -> int:
    """Seconds until ``audience`` hears more; 0: it hears nothing by rhythm of an incident of this level."""
    if state.assessment is None or state.level is None:
        return 0
    seconds = state.assessment.cadence.get(audience, {}).get(state.level, 0)
    calm = audience == LEADERSHIP and bool(state.harm_stopped_at)
    return max(seconds, DAY) if seconds and calm else seconds  # once it is stopped, a day's rhythm is enough


def promise(state: State, audience: str, now: str) -> str:
    """Until when ``audience`` is told more (ISO 8601 UTC); empty if a message now is the last one, or has no rhythm."""
    if not active(state) or audience not in (LEADERSHIP, "customers"):
        return ""
    if audience == LEADERSHIP:
        return state.next_update_at
    seconds = every(state, audience)
    return after(now, seconds) if seconds and not proved(state) else ""


def given(state: State, one: Notice, name: str) -> State:
    """``state`` once ``one`` was sent to whom ``name`` stands for: its promise counts from now on, the one before is kept."""
    promises = {key: at for key, at in state.promises.items() if key != name}
    return replace(state, promises={**promises, name: one.promise} if one.promise else promises)


def sooner(state: State, now: str) -> State:
    """``state`` once it grew worse: customers hear more within the rhythm of its level now, never later than promised.

    An update that is under way already is left as it is.
    """
    seconds = every(state, "customers") if active(state) else 0
    at = after(now, seconds) if seconds else ""
    for name, until in state.promises.items():
        if name != LEADERSHIP and at and at < normal(until) and due_key(name, until) not in state.ledger:
            state = replace(state, promises={**state.promises, name: at})
            told = f"It is {state.level} now: the update that {name} promised until {until} comes by {at}."
            state = note(state, now, "promise", "notify", told, data={"promise": name, "until": at})
    return state


def picture(state: State) -> str:
    """What leadership is told of as soon as it changes, as a short text."""
    duties = sorted(one.name for one in state.obligations if clock_runs(state, one) and one.status == "applies")
    seen = [state.level, bool(state.harm_stopped_at), state.recurred_at, bool(state.false_alarm_by), sorted(missed_now(state)),
            duties, proved(state)]  # fmt: skip
    return digest({"seen": seen})[:12]


def update(state: State, now: str) -> State:
    """The status for leadership is due, if it hears of this level; the next one a rhythm later."""
    seconds = every(state, LEADERSHIP)
    if not seconds and KNEW not in state.ledger:
        return replace(state, next_update_at="")
    return replace(state, next_update_at=after(now, seconds) if seconds else "", ledger={**state.ledger, DUE: now})


def moments(state: State, *, paged: bool) -> Iterator[Moment]:
    """Everything that is due by a promise. ``paged``: nobody muted the incident."""
    if not active(state):
        return
    if paged and DUE not in state.ledger and state.level is not None and state.ledger.get(KNEW) != picture(state):
        told = state.ledger.get(TOLD, "")
        if told or every(state, LEADERSHIP):
            at = after(told, CALM) if told else state.ledger.get("assessed", state.opened_at)
            yield at, f"news:{told}:{picture(state)}", "tell leadership what changed", update
    for name, until in sorted(state.promises.items()):
        if name != LEADERSHIP:
            ahead = min(every(state, "customers") // 4, AHEAD_AT_MOST)
            at = after(until, -ahead)
            yield at, due_key(name, until), f"draft the update that {name} promised", _due(name, until)
        if paged or name != LEADERSHIP:
            yield (
                after(until, LATE),
                f"late-update:{name}@{until}",
                f"the update that {name} promised",
                _late(name, until),
            )


def due_key(name: str, until: str) -> str:
    """The entry of the ledger that says that an update is to be drafted."""
    return f"next-update:{name}@{until}"


def by_hand_key(name: str, until: str) -> str:
    """The entry of the ledger under which the reference stands of an update that somebody gave by hand."""
    return f"told-by-hand:{name}@{until}"


def kept_by_hand(say: Saying) -> State:
    """Somebody told them in another way: the promise counts as kept, and no further one is made."""
    name = say.command["obligation"]
    if obligation(say.state, name) is None or name not in say.state.promises:
        raise Refused("NothingPromised", f"No update is promised for {name!r}; promised: "
                      f"{', '.join(one for one in say.state.promises if one != LEADERSHIP) or 'none'}.")  # fmt: skip
    at = text(parse(say.command["at"])) if say.command["at"] else say.now
    if parse(at) > parse(say.now):
        raise Refused("InTheFuture", f"{at} is in the future; an update is recorded after it was given.")
    until = say.state.promises[name]
    promises = {key: one for key, one in say.state.promises.items() if key != name}
    ledger = {**say.state.ledger, by_hand_key(name, until): say.command["reference"]}
    state = replace(say.state, promises=promises, ledger=ledger)
    told = f"The update that {name} promised until {until} was given at {at}, reference {say.command['reference']}"
    return note(state, say.now, "filed", "notify", told, actor=say.by,
                data={"obligation": name, "stage": STAGE, "at": at, "reference": say.command["reference"]})  # fmt: skip


def left_open(state: State, now: str) -> State:
    """``state`` in which somebody hears, at the close, of what customers were promised and nobody sent."""
    for name, until in sorted(state.promises.items()):
        if name != LEADERSHIP and normal(until) > now:
            told = f"Closed with an update promised: {name} until {until}. Send it by hand."
            state = note(state, now, "promise", "notify", told)
            state = _tell_owner(state, now, f"promise-left:{name}@{until}", told)
    return state


def _due(name: str, until: str) -> Callable[[State, str], State]:
    def due(state: State, now: str) -> State:
        return note(state, now, "promise", "notify", f"The update that {name} promised until {until} is drafted now.")

    return due


def _late(name: str, until: str) -> Callable[[State, str], State]:
    def late(state: State, now: str) -> State:
        told = f"LATE: the update promised until {until} ({name}) was not sent."
        state = note(state, now, "missed", "notify", told, data={"promise": name, "until": until})
        return _tell_owner(state, now, f"late-update:{name}@{until}", told)

    return late


def _tell_owner(state: State, now: str, step: str, told: str) -> State:
    owner = state.assessment.comms_owner if state.assessment else ""
    subject = f"[{state.reference}] {told}"
    if owner:
        return tell_roles(
            state, now, step, subject, told, owner, asked="Send it now, or say that they were told in another way"
        )
    return tell(state, now, step, subject, told, names=(state.commander,))
