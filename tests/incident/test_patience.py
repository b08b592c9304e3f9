"""An impostor who only claims a name can't shut out whoever proves to be it; and nobody floods an incident with Updates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.commands import Command, parse
from halon.incident.patience import ALL, EVERY, MOST_NAMES, MOST_TRIES, PATIENCE, PERIOD, turned_away
from halon.incident.state import State
from halon.incident.times import after

GATE = "revoke-token-1a2b3c4d"
CODE = {"code": "123456"}


def said(by: str = "sue", update: str = "u", **proof: Any) -> Command:
    return parse("approve", {"by": by, "gate": GATE, **proof}, update)


def impostor(room: Any, state: State, times: int, *, offers: bool = False, at: str = "", start: int = 0) -> State:
    """Somebody who claims to be sue, refused ``times`` times; with what looks like a proof if ``offers``."""
    for number in range(start, start + times):
        who = room.standing("sue", may=False, why="no", refusal="NotVerified", offers=offers)
        state = room.say(state, "approve", "sue", now=at, update=f"i-{number}", who=who, gate=GATE).state
    return state


def vouched(state: State) -> State:
    """The same with sue as somebody for whose Updates Temporal vouches."""
    assert state.assessment is not None
    roster = state.assessment.roster
    people = tuple(replace(one, signs_in=one.name == "sue") for one in roster.people)
    return replace(state, assessment=replace(state.assessment, roster=replace(roster, people=people)))


def proved(room: Any) -> Any:
    return room.standing("sue", verified=True, how="totp", offers=True)


def test_a_name_that_nothing_proves_is_turned_away_after_twenty_refusals(room: Any) -> None:
    """With the command that proves it. What comes with a code or a signature is heard."""
    state = impostor(room, room.assessed(), PATIENCE)
    kind, text = turned_away(state, said(), room.at(61))
    assert kind == "RefusedTooOften"
    assert f"halon approve {state.reference} {GATE} --by sue --sign KEYFILE" in text
    assert turned_away(state, said(**CODE), room.at(61)) == ("", "")
    assert turned_away(state, said(signature="-----BEGIN"), room.at(61)) == ("", "")
    assert turned_away(state, said("tom"), room.at(61)) == ("", "")


def test_one_refusal_less_is_heard(room: Any) -> None:
    """The twentieth shuts the name, not the nineteenth."""
    assert turned_away(impostor(room, room.assessed(), PATIENCE - 1), said(), room.at(61)) == ("", "")


def test_who_proves_themselves_is_heard_and_the_bare_name_again(room: Any) -> None:
    """What an impostor used up is given back as soon as the real person spoke."""
    state = impostor(room, room.assessed(), PATIENCE)
    outcome = room.say(state, "note", "sue", update="real", who=proved(room), text="it is me")
    assert outcome.refusal == ""
    assert outcome.state.refusals == {}
    assert turned_away(outcome.state, said(), room.at(61)) == ("", "")


def test_a_name_typed_with_capitals_is_given_back_too(room: Any) -> None:
    """It was counted as it was typed."""
    state = replace(room.assessed(), refusals={"Sue": PATIENCE, "sue": 3, "tom": 2})
    outcome = room.say(state, "note", "Sue", update="real", who=proved(room), text="it is me")
    assert outcome.state.refusals == {"tom": 2}


def test_refusals_with_a_proof_do_not_count_against_the_bare_name(room: Any) -> None:
    """Neither those of wrong proofs, nor those of somebody proved who may not say it."""
    state = impostor(room, room.assessed(), PATIENCE, offers=True)
    assert state.refusals == {}
    assert turned_away(state, said(), room.at(61)) == ("", "")
    refused = room.say(room.assessed(), "approve", "sue", update="r", who=proved(room), gate="none")
    assert (refused.refusal, refused.state.refusals) == ("UnknownGate", {})
    assert refused.state.tries["sue"][1] == 1


BURST = round(PERIOD / EVERY)


def test_no_flood_under_a_name_shuts_out_whose_name_it_is(room: Any) -> None:
    """Sixty refusals with what looks like a proof are told; sue is heard with hers, by whatever Update."""
    state = impostor(room, room.assessed(), MOST_TRIES, offers=True)
    assert state.tries["sue"][1] == MOST_TRIES
    assert turned_away(state, said(**CODE), room.at(61)) == ("", "")
    assert turned_away(vouched(state), said(), room.at(61)) == ("", "")
    assert turned_away(state, parse("look", {"by": "sue", **CODE}, "u"), room.at(61)) == ("", "")


def test_proofs_that_do_not_hold_are_bounded_for_all_names_together(room: Any) -> None:
    """Six hundred in a quarter of an hour, whoever's names; then one in a second and a half, for everybody alike."""
    begun = room.at(60)
    state = impostor(room, room.assessed(), BURST - 1, offers=True, at=begun)
    assert turned_away(state, said(**CODE), begun) == ("", "")
    state = impostor(room, state, 1, offers=True, at=begun, start=1000)
    for by in ("sue", "tom"):
        kind, text = turned_away(state, said(by, **CODE), begun)
        assert (kind, "as a Signal" in text, "in a moment" in text) == ("TooManyTries", True, True)
    assert turned_away(state, said(**CODE), after(begun, EVERY + 0.1)) == ("", "")
    again = impostor(room, state, 2, offers=True, at=after(begun, EVERY + 0.1), start=2000)
    assert turned_away(again, said(**CODE), after(begun, EVERY + 0.2))[0] == "TooManyTries"
    later = impostor(room, state, 1, offers=True, at=after(begun, 2 * PERIOD), start=3000)
    assert later.tries[ALL][1] == 1, "what is past does not count"


def test_what_can_be_said_by_update_alone_is_heard_for_longer(room: Any) -> None:
    """A look, and a name for which the Update's own event is the proof: there is no Signal for them."""
    begun = room.at(60)
    state = vouched(impostor(room, room.assessed(), BURST, offers=True, at=begun))
    look = parse("look", {"by": "tom", **CODE}, "u")
    assert turned_away(state, look, begun) == ("", "")
    assert turned_away(state, said(), begun) == ("", "")
    assert turned_away(state, said(**CODE), begun)[0] == "TooManyTries"
    state = impostor(room, state, BURST, offers=True, at=begun, start=5000)
    kind, text = turned_away(state, look, begun)
    assert (kind, "Signal" in text) == ("TooManyTries", False)


def test_who_has_a_proof_does_not_give_back_what_all_used_up(room: Any) -> None:
    """Else one accomplice would open the door to every flood."""
    state = impostor(room, room.assessed(), BURST, offers=True, at=room.at(60))
    state = room.say(state, "note", "sue", update="real", who=proved(room), text="me", now=room.at(60)).state
    assert ("sue" in state.tries, state.tries[ALL][1]) == (False, BURST)


def test_that_somebody_is_at_it_is_paged_once_to_the_name_and_the_commander(room: Any) -> None:
    """A name under which sixty proofs failed is somebody's, and they are told."""
    state = replace(room.assessed(), commander="ann")
    before = {one.id for one in state.outbox}
    state = impostor(room, state, MOST_TRIES + 5, offers=True)
    told = [one for one in state.outbox if one.id not in before]
    assert sorted(one.to for one in told) == ["ann", "sue"]
    assert all("under the name sue" in one.subject for one in told)
    assert sum("were refused since" in line.text for line in state.tail) == 1


def test_signals_count_for_nothing_there(room: Any) -> None:
    """None is turned away, so they must not use up what Updates have."""
    state = room.assessed()
    for _ in range(MOST_TRIES + 1):
        who = room.standing("sue", may=False, why="no", refusal="NotVerified", offers=True)
        state = room.say(state, "approve", "sue", who=who, gate=GATE).state
    assert (state.tries, state.refusals) == ({}, {})


def test_whom_temporal_vouches_for_is_heard_by_update_without_more(room: Any) -> None:
    """Their JSON holds no proof: the Update's own event does. A Signal has none."""
    state = impostor(room, room.assessed(), PATIENCE)
    state = vouched(state)
    assert turned_away(state, said("Sue"), room.at(61)) == ("", "")
    assert turned_away(state, said("sue", update=""), room.at(61))[0] == "RefusedTooOften"


@pytest.mark.parametrize("offers", [False, True])
def test_what_is_remembered_of_names_is_bounded(room: Any, offers: bool) -> None:
    """A flood under made-up names does not swell the state."""
    state = room.assessed()
    for number in range(MOST_NAMES + 50):
        who = room.standing(f"n-{number}", offers=offers)
        state = room.say(state, "approve", f"n-{number}", update=f"u-{number}", who=who, gate=GATE).state
    assert len(state.tries if offers else state.refusals) == MOST_NAMES
