"""The kit of an incident: a newer one is told of once, counts by a person's word, and never loosens anything."""

from __future__ import annotations

from typing import Any

from halon.incident import kits
from halon.incident.assessment import Assessment
from halon.incident.facts import PERSON, Fact
from halon.incident.judged import take_in
from halon.incident.learning import learn
from halon.incident.state import State

OLD, NEW = "k" * 64, "n" * 64
CHANGED = ("severity.yaml rubric.0.level: SEV2 -> SEV4", "regimes/eu-gdpr-33.yaml stages.0.due: 72h -> 96h")


def judged(room: Any, *, due: float = 72, status: str = "applies", **fields: Any) -> Assessment:
    """A judgement by the old kit, with one duty that is due in so many hours."""
    duty = room.duty(status, room.stage(due=room.at(due * 3600)))
    made: Assessment = room.judged(obligations=(duty,), form=1, **fields)
    return made


def newer(room: Any, state: State | None = None, now: float = 1) -> State:
    """An incident judged by its own kit while a newer one is in use."""
    state = room.opened() if state is None else state
    return take_in(state, judged(room, newer_kit=NEW, newer_kit_difference=CHANGED), state.facts_version, room.at(now))


def moved(room: Any, **fields: Any) -> State:
    """The incident after `kit` and the first judgement by the newer kit, which would loosen the duty to 96 hours."""
    state = room.say(newer(room), "kit", reason="the rubric was wrong").state
    assert kits.to_judge_by(state) == NEW
    loose = judged(room, kit_digest=NEW, **{"level": "SEV4", "due": 96, **fields})
    return take_in(state, loose, state.facts_version, room.at(90))


def due(state: State) -> str:
    """When the duty is due."""
    return state.obligations[0].stages[0].due


def test_the_first_kit_is_that_of_the_first_judgement(room: Any) -> None:
    """Before anything counts, the kit in use is taken without asking."""
    assert kits.to_judge_by(room.opened()) == ""
    state = take_in(room.opened(), judged(room), 1, room.at(1))
    assert (state.kit_digest, state.kits_left, state.newer_kit) == (OLD, (), "")
    assert kits.to_judge_by(room.assessed()) == OLD, "an earlier release kept it in the assessment alone"


def test_a_newer_kit_is_recorded_once_and_the_commander_is_told(room: Any) -> None:
    """With the difference, and what to type; the incident stays with its own."""
    state = newer(room, newer(room), now=5)
    lines = [line.text for line in state.tail if line.text.startswith("A newer kit is in use")]
    assert lines == [
        f"A newer kit is in use: {NEW[:12]}. This incident stays with {OLD[:12]}. What changed: {'; '.join(CHANGED)}."
    ]
    assert [(one.to, one.command) for one in state.outbox] == [
        ("ann", f"halon kit move {state.reference} --reason WHY")
    ]
    assert (kits.to_judge_by(state), state.newer_kit_difference) == (OLD, CHANGED)


def test_a_move_is_on_record_with_name_reason_and_difference(room: Any) -> None:
    """And the next judgement is by the newer kit."""
    said = room.say(newer(room), "kit", reason="the rubric was wrong")
    assert said.text.startswith(
        f"ann (name unverified) moves the incident to kit {NEW[:12]}: the rubric was wrong. What changed: "
    )
    assert said.state.chain.pending[-1].data == {"from": OLD, "to": NEW, "difference": list(CHANGED)}
    after = moved(room)
    assert (after.kit_digest, after.kits_left, after.kit_wanted, after.newer_kit) == (NEW, (OLD,), "", "")


def test_promise_7_no_severity_and_no_deadline_falls_by_a_move(room: Any) -> None:
    """Not at the move, and not when a person says something else afterwards."""
    state = moved(room, status="does_not_apply")
    assert (state.level, due(state), state.obligations[0].status) == ("SEV2", room.at(72 * 3600), "applies")
    for now, name in ((100, "ongoing"), (110, "confirmed")):
        state = learn(state, [Fact(name, True, PERSON, room.at(now), by="ann")], room.at(now))
        loose = judged(room, kit_digest=NEW, level="SEV4", due=96, status="does_not_apply")
        state = take_in(state, loose, state.facts_version, room.at(now + 1))
        assert (state.level, due(state), state.obligations[0].status) == ("SEV2", room.at(72 * 3600), "applies")


def test_promise_7_after_a_move_a_persons_own_word_still_moves_a_deadline(room: Any) -> None:
    """What the word itself changes counts, later and earlier."""
    state = moved(room)
    for now, hours in ((100, 120), (110, 10)):
        state = learn(state, [Fact("aware_at", room.at(now), PERSON, room.at(now), by="pat")], room.at(now))
        state = take_in(state, judged(room, kit_digest=NEW, due=hours), state.facts_version, room.at(now + 1))
        assert due(state) == room.at(hours * 3600)


def test_a_word_that_is_not_judged_yet_is_judged_by_the_old_kit_first(room: Any) -> None:
    """So it is always seen what the kit alone changes."""
    state = room.say(newer(room), "kit", reason="r").state
    state = learn(state, [Fact("ongoing", True, PERSON, room.at(70), by="ann")], room.at(70))
    assert kits.to_judge_by(state) == OLD
    state = take_in(state, judged(room, newer_kit=NEW), state.facts_version, room.at(71))
    assert (kits.to_judge_by(state), state.kit_wanted) == (NEW, NEW)


def test_what_the_newer_kit_tightens_counts_at_once(room: Any) -> None:
    """Up and earlier needs no further word."""
    state = moved(room, level="SEV1", due=24)
    assert (state.level, due(state)) == ("SEV1", room.at(24 * 3600))


def test_a_kit_that_is_gone_is_said_loudly_and_loosens_nothing(room: Any) -> None:
    """Judged by the kit in use, on record and to the commander, once."""
    state = take_in(room.opened(), judged(room), 1, room.at(1))
    for now in (50, 60):
        state = learn(state, [Fact("ongoing", now, PERSON, room.at(now), by="ann")], room.at(now))
        missing = judged(room, level="SEV4", due=96, kit_digest=NEW, kit_missing=f"kit {OLD[:12]}: it is not stored.")
        state = take_in(state, missing, state.facts_version, room.at(now + 1))
        assert (state.level, due(state), state.kit_digest, state.kits_left) == ("SEV2", room.at(72 * 3600), NEW, (OLD,))
    loud = [line.text for line in state.tail if line.text.startswith("THIS INCIDENT'S KIT CAN'T BE USED")]
    assert loud == [
        f"THIS INCIDENT'S KIT CAN'T BE USED: kit {OLD[:12]}: it is not stored. Judged by the kit in use, {NEW[:12]}."
    ]
    assert [one.to for one in state.outbox] == ["ann"]


def test_a_kit_that_the_incident_has_left_is_not_offered_as_newer(room: Any) -> None:
    """Two workers with different kits, one of them restarted late, don't send an incident to and fro."""
    state = moved(room)
    back = judged(room, kit_digest=NEW, newer_kit=OLD, newer_kit_difference=CHANGED)
    state = take_in(state, back, state.facts_version, room.at(95))
    said = room.say(state, "kit", reason="r")
    assert (state.newer_kit, said.refusal) == ("", "NothingNew")
    assert said.text.startswith(
        f"Kit {OLD[:12]} is in use; this incident has left it for good and stays with {NEW[:12]}: to and fro between kits, "
    )
    assert "goes into a newer kit" in said.text


def test_a_kit_of_an_earlier_release_is_told_calmly_and_loosens_nothing(room: Any) -> None:
    """On record, once; nobody is paged, and severity and deadline stay as they were."""
    state = room.assessed(judged(room, level="SEV2"))
    assert state.kit_digest == OLD
    why = f"Kit {OLD[:12]} is kept under an earlier format (1), which this release can't read."
    for now in (50, 60):
        state = learn(state, [Fact("ongoing", now, PERSON, room.at(now), by="ann")], room.at(now))
        calm = judged(room, level="SEV4", due=96, kit_digest=NEW, kit_missing=why, kit_outlived=True)
        state = take_in(state, calm, state.facts_version, room.at(now + 1))
        assert (state.level, due(state), state.kit_digest, state.kits_left) == ("SEV2", room.at(72 * 3600), NEW, (OLD,))
    told = [line.text for line in state.tail if "kit" in line.text.lower() and line.text.startswith("Kit ")]
    assert told == [
        f"{why} From now on this incident is judged by the kit in use, {NEW[:12]}. The difference can't be shown; nothing "
        "loosens by it."
    ]
    assert state.outbox == ()


def test_who_asks_to_be_moved_is_answered_with_what_was_found_then(room: Any) -> None:
    """Nothing was judged since the worker has its kit: the word itself finds the newer one, and its difference is told."""
    state = take_in(room.opened(), judged(room), 1, room.at(1))
    assert room.say(state, "kit", reason="r").refusal == "NothingNew"
    assert kits.found(state, "", ()) == kits.found(state, OLD, ()) == state
    seen = kits.found(state, NEW, CHANGED)
    assert seen.outbox == state.outbox
    said = room.say(seen, "kit", reason="r")
    assert said.text.endswith(f"What changed: {'; '.join(CHANGED)}.")
    assert kits.to_judge_by(said.state) == NEW
    left = kits.found(moved(room), OLD, CHANGED)
    back = room.say(left, "kit", reason="back")
    assert back.refusal == "NothingNew", "a late worker brings no kit back"
    assert f"{OLD[:12]} is in use; this incident has left it for good" in back.text
    again = room.say(kits.found(left, "", ()), "kit", reason="r")
    assert f"Kit {NEW[:12]} judges this incident; no newer one is in use" in again.text, "the late worker is gone"
