"""What one incident says for ``observing``: what would have run or was asked, when, and whether the alarm was true.

Everything comes from the incident's last state and its log; what neither of them says stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from halon.incident import quorum, times
from halon.incident.assessment import Mode
from halon.incident.chain import Entry
from halon.incident.facts import held
from halon.incident.gates import Gate
from halon.incident.orders import Action, GatePolicy, InAct, Order
from halon.incident.state import State
from halon.incident.stopped import stopped_at
from halon.judgement.observing import Answer, Argument, Deed, Truth, Watched, argue

ARGUED_DAYS = 90
"""Days of incidents that the argument counts, at least."""
NOTED = "would run"
_LEFT_OUT = {"merged": "merged into another incident, which counts", "muted": "muted all along"}


def watched(state: State, log: Iterable[Entry], ask: GatePolicy) -> Watched | None:
    """The incident as one that was only observed or asked about; None if Halon acted in it by itself.

    What mode act would have asked stands in each order (``Order.in_act``). For those that an earlier release judged
    ``ask``, the kit's gate for what has none of its own, tells a question of mode suggest from one of every mode.
    """
    noted = _noted(log)
    observed = bool(noted) or any(one.status == NOTED for one in state.actions)
    mode: Mode = state.assessment.mode if state.assessment is not None else "observe"
    if observed:
        mode = "observe"
    elif mode == "act":
        return None
    began = _alerted_at(state)
    deeds = tuple(
        deed for one in state.actions if (deed := _deed(one, mode, noted, state.gates, began, ask)) is not None
    )
    truth, because = _truth(state)
    over = stopped_at(state)
    lasted = times.seconds_between(began, over) if over else None
    return Watched(
        reference=state.reference, mode=mode, severity=state.level or "", opened_at=state.opened_at, alerted_at=began,
        truth=truth, truth_because=because, lasted=lasted, lasted_because=_lasted_because(state, over),
        sooner=_sooner(lasted, deeds) if truth == "true" else None, deeds=deeds, left_out=_left_out(state),
        closed_at=state.closed_at,
    )  # fmt: skip


def _noted(log: Iterable[Entry]) -> dict[str, str]:
    """When each action was first noted as what would have run, by its id."""
    found: dict[str, str] = {}
    for entry in log:
        if entry.kind == "action" and entry.data.get("status") == NOTED:
            found.setdefault(str(entry.data.get("action", "")), entry.at)
    return found


def _deed(
    one: Action, mode: Mode, noted: dict[str, str], gates: Sequence[Gate], began: str, ask: GatePolicy
) -> Deed | None:
    order = one.order
    asked = _last_asked(gates, order.id)
    if mode == "observe":
        if order.id not in noted and one.status != NOTED:
            return None
        at = noted.get(order.id, "")
    elif asked is None:
        return None
    else:
        at = asked.opened_at
    acting = order.in_act or _as_far_as_known(order, ask)
    policy = acting.gate
    answer, took = _answer(asked) if mode == "suggest" and asked is not None else ("", None)
    return Deed(
        action=order.id, title=order.title, at=at, after=times.seconds_between(began, at) if at else None,
        disruption=order.disruption, reversible=order.reversible, collateral=order.collateral,
        asks=quorum.asked_of(policy) if policy else (), quorum=max(policy.quorum, len(policy.every)) if policy else 0, takes_effect=order.takes_effect,
        answer=answer, answered_after=took, asks_because=acting.because,
    )  # fmt: skip


def _as_far_as_known(order: Order, ask: GatePolicy) -> InAct:
    """What mode act would have asked, of an order that an earlier release judged: only its gate says so."""
    own = order.gate is not None and (not order.reversible or order.gate != ask)
    return InAct(order.gate if own else None)


def _last_asked(gates: Sequence[Gate], subject: str) -> Gate | None:
    """The last gate of this action that says something: one that was answered, or else the newest."""
    mine = [one for one in gates if one.kind == "contain" and one.subject == subject]
    told = [one for one in mine if one.answers] or mine
    return told[-1] if told else None


def _answer(gate: Gate) -> tuple[Answer, float | None]:
    if gate.status == "expired":
        return "none", None
    if not gate.answers:
        return "", None
    last = gate.answers[-1]
    said: Answer = "no" if gate.status == "rejected" else "yes" if gate.status in ("granted", "spent") else ""
    return said, times.seconds_between(gate.opened_at, gate.settled_at or last.at) if said else None


def _alerted_at(state: State) -> str:
    """When the first alert that fired came in."""
    came = [one.received_at for one in state.alerts if one.status == "firing" and one.received_at]
    return min((times.normal(one) for one in came), default=state.opened_at)


def _truth(state: State) -> tuple[Truth, str]:
    if state.false_alarm_by:
        return "false alarm", f"{state.false_alarm_by} called it a false alarm"
    if state.outcome in ("resolved", "waived"):
        return "true", f"closed as {state.outcome}"
    known = held(state.facts).get("confirmed")
    if known is True:
        return "true", "confirmed"
    if known is False:
        return "unknown", "said not to be confirmed, and not closed as a false alarm"
    return "unknown", "nobody has said yet whether it is real"


def _lasted_because(state: State, over: str) -> str:
    if over:
        by = next((fact.by for fact in reversed(state.facts) if fact.name == "ongoing" and fact.told), "")
        return f"until {by} said that it is over" if by else "until it was seen to have stopped"
    if state.closed_at or state.false_alarm_by:
        return "nobody said when it stopped"
    return "it counts as going on"


def _sooner(lasted: float | None, deeds: Sequence[Deed]) -> float | None:
    """How much sooner all that asks nobody would have been in force; None if that is not known."""
    alone = [deed for deed in deeds if not deed.asks]
    if lasted is None or not alone or any(deed.after is None for deed in alone):
        return None
    return lasted - max((deed.after or 0.0) + deed.takes_effect for deed in alone)


def _left_out(state: State) -> str:
    if state.drill:
        return "a drill"
    return _LEFT_OUT.get(state.outcome or state.ended_as, _LEFT_OUT["merged"] if state.merged_into is not None else "")


@dataclass(frozen=True, slots=True)
class Report:
    """What one agent's incidents say. ``incidents`` are those of the last ``days``, newest first; the argument counts
    those of the last ``argued_days``, of which ``counted`` were found. ``listed`` False: the kit does not know the agent.

    ``unread`` names incidents whose state or log can't be read, so that they are missing here.
    """

    agent: str
    title: str
    mode: Mode
    listed: bool
    since: str
    until: str
    days: int
    argued_days: int
    counted: int
    incidents: tuple[Watched, ...]
    argument: Argument
    unread: tuple[str, ...] = ()

    @property
    def says_something(self) -> bool:
        """Whether anybody need be told: something happened in these days, or something speaks for or against."""
        return bool(self.incidents or self.unread) or self.argument.stand != "not enough seen yet"


def report(
    agent: str, title: str, mode: Mode, found: Iterable[Watched], until: str, days: int, *, listed: bool = True,
    unread: tuple[str, ...] = (),
) -> Report:  # fmt: skip
    """The report of ``agent`` at ``until`` (ISO 8601 UTC) for the last ``days``; argued over ``ARGUED_DAYS`` at least.

    An incident counts as of these days if it was opened or closed in them, so that one is seen again when it is known
    whether it was real.
    """
    long = max(days, ARGUED_DAYS)
    since, horizon = times.after(until, -days * 86_400), times.after(until, -long * 86_400)
    all_of_it = sorted(found, key=lambda one: one.opened_at, reverse=True)
    lately = tuple(one for one in all_of_it if max(one.opened_at, one.closed_at) >= since)
    counting = [one for one in all_of_it if max(one.opened_at, one.closed_at) >= horizon]
    return Report(
        agent, title, mode, listed, since, until, days, long, len(counting), lately, argue(mode, counting), unread
    )
