"""What people decide: the answers to gates, and whether an obligation applies. Pure; one small function a command."""

from __future__ import annotations

from dataclasses import replace

from halon.incident import delivery, glass, overriding, quorum
from halon.incident.commands import near
from halon.incident.gates import Answer, Gate, answered, withdrawn
from halon.incident.notices import Notice
from halon.incident.saying import Refused, Saying, unknown_obligation
from halon.incident.standing import action, decided_here, gate, notice, obligation, open_gates, with_gate
from halon.incident.state import State
from halon.incident.timeline import note
from halon.incident.times import after, parse


def approve(say: Saying) -> State:
    """Say yes to exactly what a gate shows."""
    asked = _open_gate(say)
    _require_new(say, asked)
    _require_roles(say, asked, quorum.may_answer(asked.policy, say.roles), quorum.asked_of(asked.policy))
    _require_another(say, asked, quorum.asked_of(asked.policy))
    overriding.require_none_left(say.state, asked)
    return _answer(say, asked, approve=True)


def break_glass(say: Saying) -> State:
    """Say yes in an emergency without the people whom the gate asks for; as many must as the kit says, and all hear of it."""
    asked = _open_gate(say)
    policy = asked.policy
    if not policy.break_glass:
        raise Refused(
            "NoGlass", f"The kit lets nobody break the glass of gate {asked.id}; it takes {quorum.needed(policy)}."
        )
    if say.by in asked.broken_by:
        raise Refused("AlreadyAnswered", f"{say.by} said that already; {asked.lacking}. `withdraw` takes it back.")
    roles = policy.break_glass_roles or quorum.asked_of(policy)
    _require_roles(say, asked, quorum.may_break(policy, say.roles), roles)
    _require_another(say, asked, roles)
    overriding.require_none_left(say.state, asked)
    return _answer(say, asked, approve=True, breaks=True)


def reject(say: Saying) -> State:
    """Say no to what a gate shows: one no settles it. The proposer may always say no."""
    asked = _open_gate(say)
    _require_new(say, asked)
    if say.by not in asked.proposed_by and not quorum.may_refuse(asked.policy, say.roles):
        roles = asked.policy.veto or quorum.asked_of(asked.policy)
        word = "A no to this gate is said by" if asked.policy.veto else "This gate is answered by"
        raise Refused("NotAuthorised", f"{word} {' or '.join(roles)}, not by {say.by}.")
    return _answer(say, asked, approve=False)


def withdraw(say: Saying) -> State:
    """Take an answer back, until what it allowed has run."""
    asked = gate(say.state, say.command["gate"])
    if asked is None:
        raise _unknown_gate(say)
    if asked.status in ("spent", "void", "expired"):
        raise Refused("GateClosed", f"Gate {asked.id} is {_in_words(asked)}; an answer can no longer be taken back.")
    if _under_way(say.state, asked):
        raise Refused(
            "GateClosed", f"What gate {asked.id} allowed is under way; an answer can no longer be taken back."
        )
    if say.by not in {answer.by for answer in asked.answers}:
        raise Refused("NoAnswer", f"{say.by} has not answered gate {asked.id}.")
    left = withdrawn(asked, say.by, say.now)
    state = note(
        with_gate(say.state, left),
        say.now,
        "gate",
        "contain",
        f"{say.named()} took the answer to {asked.id} back{say.because()}",
        actor=say.by,
        data={"gate": asked.id, "digest": asked.digest, "verified": say.verified, "update": say.proof.update_id},
    )
    return glass.seen(state, left, say.now)


def declare(say: Saying) -> State:
    """Decide that an obligation applies."""
    return _decide(say, "declared")


def decline(say: Saying) -> State:
    """Decide, with the reason on record, that an obligation does not apply: the written negative decision."""
    return _decide(say, "declined")


def _open_gate(say: Saying) -> Gate:
    asked = gate(say.state, say.command["gate"])
    if asked is None:
        raise _unknown_gate(say)
    if asked.status != "open":
        raise Refused("GateClosed", f"Gate {asked.id} is {_in_words(asked)}. {_open_now(say.state)}")
    if parse(say.now) > parse(asked.deadline_at):
        raise Refused("GateClosed", f"Gate {asked.id} expired at {asked.deadline_at}. {_open_now(say.state)}")
    return asked


def _require_new(say: Saying, asked: Gate) -> None:
    if say.by in {answer.by for answer in asked.answers}:
        raise Refused("AlreadyAnswered", f"{say.by} answered gate {asked.id} already; `withdraw` takes it back.")


def _require_roles(say: Saying, asked: Gate, entitled: bool, roles: tuple[str, ...]) -> None:
    if not entitled:
        held = ", ".join(say.roles) or "no role"
        raise Refused("NotAuthorised", f"{say.by} holds {held}; this gate needs {' or '.join(roles)}.")


def _require_another(say: Saying, asked: Gate, roles: tuple[str, ...]) -> None:
    if asked.policy.exclude_proposer and say.by in asked.proposed_by:
        raise Refused("SelfApproval", f"{say.by} proposed this; somebody else with {' or '.join(roles)} must agree.")


def _answer(say: Saying, asked: Gate, *, approve: bool, breaks: bool = False) -> State:
    answer = Answer(
        say.by, approve, say.command["reason"], say.now, say.roles, say.proof, say.verified, say.how, breaks
    )
    changed = answered(asked, answer)
    state = with_gate(say.state, changed)
    word = "wants to break the glass of" if breaks else "approved" if approve else "rejected"
    rest = f"; {changed.lacking}" if changed.status == "open" else ""
    told = f"{say.named()} {word} {asked.id}{say.because()}{rest}"
    data = {"gate": asked.id, "digest": asked.digest, "approve": approve, **({"glass": True} if breaks else {}), "verified": say.verified,
            **({"how": say.how} if say.how else {}), "update": say.proof.update_id, "run": say.proof.run_id}  # fmt: skip
    state = note(state, say.now, "gate", "contain", told, actor=say.by, data=data)
    if breaks and changed.status == "open":
        state = glass.wanted(state, changed, answer, say.now)
    return glass.seen(state, changed, say.now)


def _decide(say: Saying, word: str) -> State:
    duty = obligation(say.state, say.command["obligation"])
    if duty is None:
        raise unknown_obligation(say)
    if duty.decider not in say.roles:
        raise Refused(
            "NotAuthorised", f"{duty.name} is decided by the {duty.decider}; {say.by} holds {', '.join(say.roles)}."
        )
    decision = {"obligation": duty.name, "word": word, "by": say.by, "at": say.now, "reason": say.command["reason"],
                "status_then": duty.status}  # fmt: skip
    state = replace(say.state, decisions=(*say.state.decisions, decision))
    told = f"{say.named()} {word} {duty.name}{say.because()}"
    return note(state, say.now, "decision", "notify", told, actor=say.by, data=decision)


def _unknown_gate(say: Saying) -> Refused:
    given = say.command["gate"]
    ids = [one.id for one in open_gates(say.state)]
    stale = next((one for one in say.state.gates if one.id.rsplit("-", 1)[0] == given.rsplit("-", 1)[0]), None)
    if stale is not None:
        return Refused(
            "UnknownGate", f"Gate {given!r} does not name what would run now; look again: {near(given, ids)}"
        )
    return Refused("UnknownGate", f"There is no gate {given!r}. {near(given, ids)}")


def _under_way(state: State, asked: Gate) -> bool:
    """Whether what the gate allowed has begun: from then on nobody can say that it was not allowed."""
    if asked.status != "granted":
        return False
    order, drafted = action(state, asked.subject), notice(state, asked.subject)
    if drafted is not None and _between_tries(state, drafted):
        return False
    return (order is not None and not order.held and order.status not in ("planned", "waiting", "denied")) or (
        drafted is not None and drafted.status not in ("planned", "drafted", "waiting", "denied")
    )


def _between_tries(state: State, drafted: Notice) -> bool:
    """Whether the notice waits for its channel, or goes to many people one by one: it stops before the next try."""
    if drafted.status == "put_off":
        return decided_here(state)
    return drafted.status == "sending" and delivery.by_turns(state, drafted)


def _in_words(asked: Gate) -> str:
    who = ", ".join(answer.by for answer in asked.answers)
    by = f" by {who}" if who else ""
    return {
        "granted": f"granted already{by}", "rejected": f"rejected{by}", "spent": f"granted{by} and has run",
        "void": "void, because what would run has changed", "expired": f"expired since {asked.deadline_at}",
    }.get(asked.status, asked.status)  # fmt: skip


def _open_now(state: State) -> str:
    ids = ", ".join(one.id for one in open_gates(state))
    return f"Open now: {ids}." if ids else "No gate is open now."


def reask(asked: Gate, now: str) -> Gate:
    """The same gate asked anew with fresh time, a minute at least; earlier answers no longer count."""
    return replace(
        asked, status="open", answers=(), settled_at="", attempt=asked.attempt + 1, opened_at=now,
        deadline_at=after(now, max(60, asked.policy.deadline)), escalate_at=after(now, asked.policy.escalate_after),
    )  # fmt: skip
