"""What waits because it would change the evidence: named, and after a while told to people, with the word that lets it run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from halon.incident.orders import Action
from halon.incident.state import State
from halon.incident.timeline import note, tell
from halon.incident.times import after

PATIENCE = 300
"""Seconds that an action waits for the seal before people are told that they can let it run."""
BEGAN = "waits-for-seal:"
"""The ledger's name of this, with the order: since when it waits."""


def waits(state: State, one: Action) -> bool:
    """Whether the order changes what the evidence is taken from, and that is neither sealed nor overridden."""
    sealed = "evidence" in state.ledger and bool(state.evidence)
    return one.order.touches_evidence and not sealed and not state.evidence_overridden_by


def held(state: State) -> list[str]:
    """The titles of what can be undone and waits for the seal all the same, of the rungs reached."""
    return [
        one.order.title for one in state.actions
        if one.order.reversible and one.order.rung <= state.rung and one.status in ("planned", "waiting") and waits(state, one)
    ]  # fmt: skip


def moments(state: State) -> Iterator[tuple[str, str, str, Callable[[State, str], State]]]:
    """When people are told of an action that still waits, once for each."""
    for one in state.actions:
        since = state.ledger.get(f"{BEGAN}{one.order.id}", "")
        key = f"seal-late:{one.order.id}"
        if since and key not in state.ledger and one.status in ("planned", "waiting") and waits(state, one):
            yield after(since, PATIENCE), key, f"waits for the seal: {one.order.title}", _tells(one, since)


def _tells(one: Action, since: str) -> Callable[[State, str], State]:
    def fire(state: State, now: str) -> State:
        told = (
            f"{one.order.title} waits since {since} until the evidence is sealed, which it would change. It does not run "
            "before that. `override` what=evidence lets it run now, on record; what it changes is then lost as evidence."
        )
        state = note(state, now, "evidence", "contain", told, data={"action": one.order.id})
        names = tuple(dict.fromkeys(name for name in (state.commander, state.technical_lead) if name))
        return tell(state, now, f"seal-late:{one.order.id}", f"[{state.reference}] {one.order.title} waits for the evidence", told,
                    names=names, asked="Waits for the seal. Let it run without, or leave it",
                    command=f"halon override {state.reference} evidence --reason WHY")  # fmt: skip

    return fire
