"""Open a gate, wait for people, say how it went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

from halon.incident import alarms, gate_pages, quorum, restricting, times
from halon.incident.gates import Gate, GateKind, gate_id
from halon.incident.orders import GatePolicy
from halon.incident.standing import gate, with_gate
from halon.incident.state import State
from halon.incident.timeline import tell_roles
from halon_workflows.durable import Durable


async def ask(
    inc: Durable, kind: GateKind, subject: str, digest: str, policy: GatePolicy, title: str, question: tuple[str, ...],
    *, proposer: str = "halon", proposers: tuple[str, ...] = (), until: str = "", unless: Callable[[], str] = lambda: "",
    pause: Callable[[], bool] = lambda: False, instead: Gate | None = None, page: bool = True,
) -> Gate:  # fmt: skip
    """Open the gate for exactly what ``digest`` stands for, unless it is open, and wait until it is settled.

    ``until`` (ISO 8601 UTC) bounds its deadline. An expired gate that is asked again stays open here. The gate becomes
    void as soon as ``unless`` gives a reason. As soon as ``pause`` holds it is given back open, to be asked on. One that
    takes the place of ``instead`` without a ``page`` keeps the times of that one: whoever was asked then still is.
    """
    name = gate_id(subject, digest)
    asked = gate(inc.state, name)
    if asked is None or asked.status in ("void", "spent"):
        deadline = times.after(inc.now, policy.deadline)
        if until and inc.now < until < deadline:
            deadline = until
        asked = Gate(
            id=name, kind=kind, subject=subject, digest=digest, title=title, question=question, policy=policy,
            opened_at=inc.now, deadline_at=deadline, escalate_at=times.after(inc.now, policy.escalate_after),
            proposer=proposer, proposers=proposers,
        )  # fmt: skip
        if instead is not None and not page:
            ahead = instead.escalate_at > inc.now  # else whoever it escalates to was told already
            asked = replace(asked, deadline_at=instead.deadline_at,
                            escalate_at=instead.escalate_at if ahead else instead.deadline_at)  # fmt: skip
        inc.state = with_gate(inc.state, asked)
        who = quorum.in_short(policy)
        place = f", in place of {instead.id}: {question[0]}" if instead is not None else "."
        inc.note("gate", "notify" if kind == "notice" else "contain",
                 f"Approval needed from {who}: {title} (gate {name}){place}", gate=name, digest=digest,
                 question=list(question), policy=asdict(policy), proposers=sorted(asked.proposed_by),
                 deadline=asked.deadline_at)  # fmt: skip
        if page:
            inc.state = _told(inc.state, inc.now, asked)
        inc.state = restricting.asked(inc.state, inc.now, asked)

    def settled() -> bool:
        now_asked = gate(inc.state, name)
        return now_asked is None or now_asked.status != "open"

    while True:
        await inc.until(lambda: settled() or bool(unless()) or pause())
        if not settled() and not unless():
            return gate(inc.state, name) or asked
        if not settled():
            void(inc, gate(inc.state, name) or asked, unless())
        now_asked = gate(inc.state, name) or asked
        if now_asked.status != "granted":
            return now_asked
        await inc.recorded()  # the answers are on record before anything runs; one that was taken back meanwhile counts
        if settled():
            return gate(inc.state, name) or asked


def paged_step(subject: str) -> str:
    """The entry of the ledger that says when somebody was last paged to answer about ``subject``."""
    return f"asked:{subject}"


def _told(state: State, now: str, asked: Gate) -> State:
    """``state`` with everybody paged who may answer."""
    title, command = asked.title, f"halon approve {state.reference} {asked.id}"
    if gate_pages.judged_here(state):
        state = gate_pages.ask(state, now, asked)
        return replace(state, ledger={**state.ledger, paged_step(asked.subject): now})
    state = tell_roles(
        state, now, f"gate:{asked.id}:{now}", f"[{state.reference}] approval needed: {title}",
        "\n".join([*asked.question, f"{command} --by YOUR NAME"]), *asked.policy.roles,
        asked=f"Yes or no: {title}{'' if title.endswith('?') else '?'}", until=asked.deadline_at, command=command,
    )  # fmt: skip
    if not alarms.apart(state):
        return state
    return replace(state, ledger={**state.ledger, paged_step(asked.subject): now})


def spend(inc: Durable, asked: Gate) -> None:
    """What the gate allowed has run: no answer to it can be taken back any more."""
    inc.state = with_gate(inc.state, replace(asked, status="spent"))


def void(inc: Durable, asked: Gate, why: str) -> None:
    """What would run has changed, or nobody needs it any more."""
    if asked.status in ("open", "granted"):
        inc.state = with_gate(inc.state, replace(asked, status="void", settled_at=inc.now))
        inc.note("gate", "contain", f"Gate {asked.id} is void: {why}", gate=asked.id)
