"""Has the harm stopped? Only where something was read back, looked at, or said by a person (promise 8)."""

from __future__ import annotations

from halon.incident.facts import held
from halon.incident.state import State


def observed_step(state: State) -> str:
    """The ledger's name of this: an observed agent's harm was met, and nothing was switched off."""
    return f"observed:{state.recurred_at}"


def said_over(state: State, since: str) -> bool:
    """Whether a person's last word after ``since`` (ISO 8601 UTC, empty: ever) is that the harm does not go on."""
    said = [fact for fact in state.facts if fact.name == "ongoing" and fact.source == "person"]
    return bool(said) and said[-1].at > since and held(state.facts).get("ongoing") is False


def word_for_going_on(state: State, since: str) -> str:
    """When a person last said that the harm goes on (ISO 8601 UTC): after ``since``, and nobody says otherwise; or empty."""
    said = [fact for fact in state.facts if fact.name == "ongoing" and fact.source == "person" and not fact.claim]
    if not said or said[-1].value is not True or said[-1].at <= since or held(state.facts).get("ongoing") is not True:
        return ""
    return said[-1].at


def only_noted(state: State) -> bool:
    """Whether nothing was ever done about the harm, at most noted what would have been done (mode observe)."""
    if any(one.applied_at or one.verified_at or one.undone_at for one in state.actions):
        return False
    observed = state.assessment is not None and state.assessment.mode == "observe"
    return observed or any(one.status == "would run" for one in state.actions)


def stopped_at(state: State) -> str:
    """When the harm was seen to have stopped; empty while nothing stopped it and nobody saw it stop.

    Earlier builds wrote a time into the state also where an agent was only observed; that is nobody's word.
    """
    if state.harm_stopped_at and only_noted(state) and not said_over(state, state.recurred_at):
        return ""
    return state.harm_stopped_at
