"""The section "Gates" of the postmortem, as Markdown and as a page: all that an auditor asks of a gate."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

import pytest

from halon.incident.about import about
from halon.incident.alerts import Alert
from halon.incident.gates import Answer, Gate, Proof
from halon.incident.opening import Opening
from halon.incident.opening_state import first_state
from halon.incident.orders import Action, Call, GatePolicy, Order
from halon.incident.state import State
from halon.incident.tried import Tried
from halon.reports import text

T0 = "2026-11-22T10:00:00.000Z"
DIGEST = "1a2b3c4d" * 8


def minute(number: int) -> str:
    return f"2026-11-22T10:{number:02}:00.000Z"


def state() -> State:
    """An incident whose one gate was asked, escalated, refused to one, granted by another, and has run."""
    from dataclasses import replace

    alert = Alert("alertmanager", "support-bot", "leak", "Leak", "firing", "fp-1", T0, T0)
    call = Call("PUT", "https://agent.example/x", ("agent.example",))
    order = Order("revoke", "revoke", "Revoke the token", "support-bot", "token t-1", False, "once", call, call)
    gate = Gate(
        f"revoke-{DIGEST[:8]}", "contain", "revoke", DIGEST, "Revoke the token", ("Why: it leaks", "Reversible: NO"),
        GatePolicy(("security_lead",), remind_every=300), T0, minute(59), minute(15),
        answers=(Answer("sue", True, "seen <b>it</b>", minute(21), ("security_lead",), Proof("run-1", "update", "u-9"), True, "ssh"),),
        status="spent", settled_at=minute(21), reminders=2, reminded_at=minute(15),
        tried=(Tried("mallory", "approve", "UnknownPerson", "nobody called that", minute(20), "u-8"),),
    )  # fmt: skip
    made = first_state(Opening((alert,)), "incident-support-bot.leak", "run-1", T0)
    ledger = {**made.ledger, f"gate-escalate:{gate.id}:1": minute(15)}
    done = Action(order, "verified", applied_at=minute(22), verified_at=minute(23))
    return replace(made, gates=(gate,), actions=(done,), ledger=ledger)


@pytest.mark.parametrize("form", ["md", "html"])
def test_all_of_a_gate_stands_in_the_postmortem(form: Literal["md", "html"]) -> None:
    """Question, digest, policy, answers with proof and Update, who was refused and why, reminders, escalation, result."""
    shown = " ".join(text("postmortem", about(state(), minute(40)), form).split())
    for part in ("Gates", f"revoke-{DIGEST[:8]}", DIGEST, "Why: it leaks", "Needs 1 person with the role security_lead",
                 "reminded every 5 minutes", "(ssh)", "u-9", "as security lead", "UnknownPerson", "nobody called that",
                 "Escalated", "10:15", "10:22", "verified, read back", "10:23", "Reminders"):  # fmt: skip
        # Markdown escapes what could be markup, such as an underscore.
        assert part in shown.replace("\\", ""), part
    assert "<b>it</b>" not in shown
    assert "nothing has run" not in shown.lower()


@pytest.mark.parametrize("form", ["md", "html"])
def test_what_an_earlier_build_handed_in_is_shown_without_what_it_lacks(form: Literal["md", "html"]) -> None:
    """A report asked for before an upgrade is made after it."""
    told: dict[str, Any] = about(state(), minute(40))
    kept = (
        "id",
        "kind",
        "title",
        "question",
        "status",
        "opened_at",
        "deadline_at",
        "settled_at",
        "missing",
        "needs",
        "roles",
        "quorum",
    )
    (gate,) = told["gates"]
    answers = [
        {name: value for name, value in asdict(one).items() if name != "proof"} for one in state().gates[0].answers
    ]
    shown = text("postmortem", {**told, "gates": [{**{name: gate[name] for name in kept}, "answers": answers}]}, form)
    assert "Revoke the token" in shown
    assert "security lead" in shown
