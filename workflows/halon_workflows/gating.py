"""Open a gate, wait for people, say how it went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from halon.incident import times
from halon.incident.gates import Gate, GateKind, gate_id
from halon.incident.orders import GatePolicy
from halon.incident.standing import gate, with_gate
from halon.incident.timeline import tell_roles
from halon_workflows.durable import Durable


async def ask(
    inc: Durable, kind: GateKind, subject: str, digest: str, policy: GatePolicy, title: str, question: tuple[str, ...],
    *, proposer: str = "halon", proposers: tuple[str, ...] = (), until: str = "", unless: Callable[[], str] = lambda: "",
) -> Gate:  # fmt: skip
    """Open the gate for exactly what ``digest`` stands for, unless it is open, and wait until it is settled.

    ``until`` (ISO 8601 UTC) bounds its deadline. An expired gate that is asked again stays open here. The gate becomes
    void as soon as ``unless`` gives a reason.
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
        inc.state = with_gate(inc.state, asked)
        who = " or ".join(policy.roles)
        inc.note("gate", "notify" if kind == "notice" else "contain",
                 f"Approval needed from {who}: {title} (gate {name}).", gate=name, digest=digest)  # fmt: skip
        body = "\n".join([*question, f"halon approve {inc.state.reference} {name} --by YOUR NAME"])
        subject_line = f"[{inc.state.reference}] approval needed: {title}"
        inc.state = tell_roles(
            inc.state, inc.now, f"gate:{name}:{inc.now}", subject_line, body, *policy.roles,
            asked=f"Yes or no: {title}{'' if title.endswith('?') else '?'}", until=deadline,
            command=f"halon approve {inc.state.reference} {name}",
        )  # fmt: skip

    def settled() -> bool:
        now_asked = gate(inc.state, name)
        return now_asked is None or now_asked.status != "open"

    while True:
        await inc.until(lambda: settled() or bool(unless()))
        if not settled():
            void(inc, gate(inc.state, name) or asked, unless())
        now_asked = gate(inc.state, name) or asked
        if now_asked.status != "granted":
            return now_asked
        await inc.recorded()  # the answers are on record before anything runs; one that was taken back meanwhile counts
        if settled():
            return gate(inc.state, name) or asked


def spend(inc: Durable, asked: Gate) -> None:
    """What the gate allowed has run: no answer to it can be taken back any more."""
    inc.state = with_gate(inc.state, replace(asked, status="spent"))


def void(inc: Durable, asked: Gate, why: str) -> None:
    """What would run has changed, or nobody needs it any more."""
    if asked.status in ("open", "granted"):
        inc.state = with_gate(inc.state, replace(asked, status="void", settled_at=inc.now))
        inc.note("gate", "contain", f"Gate {asked.id} is void: {why}", gate=asked.id)


def call_in_words(method: str, url: str, secret: str) -> str:
    """The exact call for a question, the secret by name only."""
    return f"{method} {url}" + (f" (authorised by {secret})" if secret else "")
