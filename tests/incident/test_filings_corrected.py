"""A filing that was said wrongly is corrected or taken back: it stays visible, and the clocks go by what really was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon import breaches
from halon.incident import filing, views
from halon.incident.admission import Outcome, admit
from halon.incident.assessment import DECIDED, Stage
from halon.incident.clocks import fire_due
from halon.incident.commands import parse
from halon.incident.gates import Proof
from halon.incident.judged import filings, take_in
from halon.incident.notices import Notice
from halon.incident.state import State

DAY, HOUR = 86_400, 3600
TEXAS, DORA = "us-tx", "eu-dora-19"


def texas(room: Any) -> State:
    stages = (room.stage("individuals", due=room.at(60 * DAY)), room.stage("attorney_general", due=room.at(30 * DAY)))
    state: State = room.assessed(room.judged(obligations=(room.duty("applies", *stages, id=TEXAS),), form=DECIDED))
    taken: State = room.say(
        state, "filed", "pat", obligation=TEXAS, reference="AG-1", stage="individuals", reason="r", now=room.at(DAY)
    ).state
    return taken


def dora(room: Any, **initial: Any) -> State:
    """The second stage counts from the first."""
    first = room.stage("initial", due=room.at(4 * HOUR), started=room.at(60), anchor="classified_major_at", **initial)
    second = room.stage("intermediate", due=room.at(76 * HOUR), anchor="filing of initial", provisional=not initial,
                        started=initial.get("filed_at", ""))  # fmt: skip
    state: State = room.assessed(room.judged(obligations=(room.duty("applies", first, second, id=DORA),), form=DECIDED))
    return state


def stage(state: State, name: str) -> Stage:
    return next(one for one in state.obligations[0].stages if one.id == name)


def updated(room: Any, state: State, now: float, **fields: Any) -> Outcome:
    """``filed`` with ``update``: ``room.say`` takes that word for the id of Temporal's Update."""
    command = parse("filed", {"by": "pat", "update": True, **fields})
    return admit(state, command, room.standing("pat"), Proof("run-1", "update", ""), room.at(now))


def test_a_filing_said_of_the_wrong_stage_is_put_right(room: Any) -> None:
    """The right stage is filed at the same time, the wrong one is open again, both words stay with who and why."""
    state = texas(room)
    outcome = room.say(state, "filed", "pat", obligation=TEXAS, reference="AG-1", corrects="AG-1", stage="attorney_general",
                       reason="it went to the Attorney General", now=room.at(2 * DAY))  # fmt: skip
    assert outcome.refusal == ""
    assert "in place of AG-1 of individuals" in outcome.text
    state = outcome.state
    assert (stage(state, "individuals").filed_at, stage(state, "attorney_general").filed_at) == ("", room.at(DAY))
    old, new = views.obligations(state)[0]["filings"]
    assert (old["wrong_by"], old["wrong_at"], old["wrong_because"]) == (
        "pat",
        room.at(2 * DAY),
        "it went to the Attorney General",
    )
    assert (new["stage"], new["at"], new["instead_of"]) == ("attorney_general", room.at(DAY), "AG-1")
    assert filings(state) == {"us-tx@acme-eu/attorney_general": room.at(DAY)}
    assert state.person_version == state.facts_version
    missed = fire_due(state, room.at(61 * DAY)).missed
    assert missed == ("us-tx/individuals",)


def test_what_was_never_filed_is_taken_back_and_its_clock_runs_again(room: Any) -> None:
    """Also where its time has passed since: then it is missed at once."""
    state = texas(room)
    outcome = room.say(state, "filed", "pat", obligation=TEXAS, reference="AG-1", not_filed=True, reason="it lay in a drawer",
                       now=room.at(61 * DAY))  # fmt: skip
    assert "open again" in outcome.text
    assert stage(outcome.state, "individuals").filed_at == ""
    assert "us-tx/individuals" in fire_due(outcome.state, room.at(61 * DAY)).missed
    assert filings(outcome.state) == {}


def test_a_judgement_older_than_the_correction_brings_no_filing_back(room: Any) -> None:
    """It was made with the filing that was wrong."""
    state = texas(room)
    older = replace(room.judged(form=DECIDED), obligations=state.obligations)
    taken = room.say(
        state, "filed", "pat", obligation=TEXAS, reference="AG-1", not_filed=True, reason="r", now=room.at(2 * DAY)
    ).state
    after = take_in(taken, older, taken.facts_version - 1, room.at(2 * DAY))
    assert stage(after, "individuals").filed_at == ""


def test_a_wrong_time_is_corrected_and_a_late_one_needs_its_reason(room: Any) -> None:
    """The first word is refused without why it is late, the time it was then counts."""
    state = room.say(dora(room), "filed", "pat", obligation=DORA, reference="D-1", reason="r", now=room.at(HOUR)).state
    right = {"obligation": DORA, "reference": "D-1", "corrects": "D-1", "reason": "the portal says another time"}
    refused = room.say(state, "filed", "pat", at=room.at(5 * HOUR), now=room.at(9 * HOUR), **right)
    assert refused.refusal == "NeedsReason"
    why = room.say(
        state, "late-reason", "pat", obligation=DORA, stage="initial", reason="asleep", now=room.at(9 * HOUR)
    ).state
    taken = room.say(why, "filed", "pat", at=room.at(5 * HOUR), now=room.at(9 * HOUR), **right).state
    assert (stage(taken, "initial").filed_at, taken.filings[-1].late_because) == (room.at(5 * HOUR), "asleep")
    assert [one.counts for one in taken.filings] == [False, True]


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"corrects": "AG-9"}, "UnknownFiling"),
        ({"corrects": "AG-1", "reason": None}, "NeedsReason"),
        ({"corrects": "AG-1", "not_filed": True}, "EitherOr"),
        ({"corrects": "AG-1", "stage": "court"}, "UnknownStage"),
    ],
)
def test_what_cannot_be_corrected_says_why(room: Any, fields: dict[str, Any], refusal: str) -> None:
    """Nothing changes by it."""
    state = texas(room)
    told = {"reason": "r", "reference": "AG-1", **fields}
    outcome = room.say(
        state, "filed", "pat", obligation=TEXAS, now=room.at(2 * DAY), **{key: one for key, one in told.items() if one}
    )
    assert outcome.refusal == refusal
    assert outcome.state.obligations == state.obligations


def test_what_halon_sent_itself_stands(room: Any) -> None:
    """Its receipt proves it."""
    state = dora(room, filed_at=room.at(HOUR))
    state = filing.sent(state, state.obligations[0], "initial", room.at(HOUR), "pat", "smtp-1")
    outcome = room.say(
        state, "filed", "pat", obligation=DORA, reference="smtp-1", not_filed=True, reason="r", now=room.at(2 * HOUR)
    )
    assert outcome.refusal == "SentByHalon"


def test_what_others_count_from_is_not_pulled_away_under_them(room: Any) -> None:
    """The later stage, or the update, is put right first; and none comes to lie before what it counts from."""
    state = room.say(dora(room), "filed", "pat", obligation=DORA, reference="D-1", reason="r", now=room.at(HOUR)).state
    state = updated(room, state, 2 * HOUR, obligation=DORA, reference="D-1b", stage="initial", reason="more").state
    back = {"obligation": DORA, "reference": "D-1", "not_filed": True, "reason": "r"}
    assert room.say(state, "filed", "pat", now=room.at(3 * HOUR), **back).refusal == "AddedTo"
    gone = room.say(state, "filed", "pat", now=room.at(3 * HOUR), **{**back, "reference": "D-1b"}).state
    assert filings(gone) == {"eu-dora-19@acme-eu/initial": room.at(HOUR)}
    assert room.say(gone, "filed", "pat", now=room.at(3 * HOUR), **back).refusal == ""
    both = dora(room, filed_at=room.at(HOUR))
    both = room.say(both, "filed", "pat", obligation=DORA, reference="D-2", reason="r", now=room.at(2 * HOUR)).state
    both = replace(
        both, filings=(replace(both.filings[0], stage="initial", reference="D-1", at=room.at(HOUR)), *both.filings)
    )
    assert room.say(both, "filed", "pat", now=room.at(3 * HOUR), **back).refusal == "AddedTo"
    later = room.say(both, "filed", "pat", obligation=DORA, reference="D-1", corrects="D-1", at=room.at(2.5 * HOUR), reason="r",
                     now=room.at(3 * HOUR))  # fmt: skip
    assert later.refusal == "OutOfOrder"


def test_a_notice_filed_by_hand_is_made_again_when_its_filing_is_taken_back(room: Any) -> None:
    """Its text is drafted and asked about anew; what went to the right stage stays as it is."""
    state = texas(room)
    one = Notice("us-tx-individuals", "customers", TEXAS, "individuals", status="sent", sent_at=room.at(DAY), receipt="AG-1",
                 portal="the portal")  # fmt: skip
    state = replace(state, notices=(one,))
    back = room.say(
        state, "filed", "pat", obligation=TEXAS, reference="AG-1", not_filed=True, reason="r", now=room.at(2 * DAY)
    ).state
    assert (back.notices[0].status, back.notices[0].receipt) == ("dropped", "")
    same = room.say(
        state, "filed", "pat", obligation=TEXAS, reference="AG-2", corrects="AG-1", reason="r", now=room.at(2 * DAY)
    ).state
    assert same.notices[0].status == "sent"


def test_a_time_before_anything_happened_is_refused(room: Any) -> None:
    """A wrong year would put the limit of the next stage years back. What is said to have happened earlier moves that."""
    state = dora(room)
    refused = room.say(
        state,
        "filed",
        "pat",
        obligation=DORA,
        reference="D-1",
        at="2020-01-01T00:00:00Z",
        reason="r",
        now=room.at(HOUR),
    )
    assert refused.refusal == "BeforeTheIncident"
    assert "halon fact" in refused.text
    early = room.say(
        state, "filed", "pat", obligation=DORA, reference="D-1", at=room.at(30), reason="r", now=room.at(HOUR)
    )
    assert (early.refusal, "before its clock began" in early.text) == ("", True)
    state = room.say(state, "fact", "pat", name="occurred_at", value=room.at(-9 * DAY), reason="seen in the logs").state
    older = room.say(
        state, "filed", "pat", obligation=DORA, reference="D-1", at=room.at(-8 * DAY), reason="r", now=room.at(HOUR)
    )
    assert older.refusal == ""


def test_a_stage_is_not_filed_before_the_one_it_counts_from(room: Any) -> None:
    """Neither said before it, nor at a time before it."""
    second = {"obligation": DORA, "reference": "D-2", "stage": "intermediate", "reason": "r"}
    assert room.say(dora(room), "filed", "pat", now=room.at(HOUR), **second).refusal == "OutOfOrder"
    state = dora(room, filed_at=room.at(2 * HOUR))
    assert room.say(state, "filed", "pat", at=room.at(HOUR), now=room.at(3 * HOUR), **second).refusal == "OutOfOrder"
    assert room.say(state, "filed", "pat", now=room.at(3 * HOUR), **second).refusal == ""


def one_reference(room: Any) -> State:
    """An authority gave one reference to the whole chain, as DORA's reference code is."""
    state = dora(room)
    for name, hours in (("initial", 3), ("intermediate", 9)):
        said = room.say(
            state, "filed", "pat", obligation=DORA, stage=name, reference="DE-77", reason="r", now=room.at(hours * HOUR)
        )
        assert said.refusal == ""
        second = replace(stage(said.state, "intermediate"), provisional=False, started=room.at(3 * HOUR))
        first = stage(said.state, "initial")
        state = replace(said.state, obligations=(replace(said.state.obligations[0], stages=(first, second)),))
    return state


def test_of_one_reference_for_a_whole_chain_the_stage_says_which_filing_is_wrong(room: Any) -> None:
    """The first report's time is put right, and the second is taken back, each by the reference that it has."""
    state, fields = one_reference(room), {"obligation": DORA, "reference": "DE-77", "reason": "the portal says so"}
    now = room.at(10 * HOUR)
    right = room.say(state, "filed", "pat", stage="initial", corrects="DE-77", at=room.at(2 * HOUR), now=now, **fields)
    assert right.refusal == ""
    assert (stage(right.state, "initial").filed_at, stage(right.state, "intermediate").filed_at) == (
        room.at(2 * HOUR),
        room.at(9 * HOUR),
    )
    back = room.say(right.state, "filed", "pat", stage="intermediate", not_filed=True, now=now, **fields)
    assert back.refusal == ""
    assert stage(back.state, "intermediate").filed_at == ""


def test_where_the_stage_is_open_it_is_asked(room: Any) -> None:
    """Nothing is guessed: both stages are named."""
    state = one_reference(room)
    for fields in ({"corrects": "DE-77", "at": room.at(2 * HOUR)}, {"not_filed": True}):
        said = room.say(
            state, "filed", "pat", obligation=DORA, reference="DE-77", reason="r", now=room.at(10 * HOUR), **fields
        )
        assert said.refusal == "WhichStage"
        assert "initial and intermediate of eu-dora-19" in said.text
        assert said.state.filings == state.filings


def test_an_update_under_the_same_reference_is_corrected_where_it_is_said(room: Any) -> None:
    """Without the word it is the filing itself, never the update in its place."""
    state = one_reference(room)
    state = updated(
        room, state, 12 * HOUR, obligation=DORA, stage="intermediate", reference="DE-77", reason="it grew"
    ).state
    fields = {
        "obligation": DORA,
        "stage": "intermediate",
        "reference": "DE-77",
        "corrects": "DE-77",
        "reason": "typed wrongly",
    }
    moved = updated(room, state, 14 * HOUR, at=room.at(11 * HOUR), **fields).state
    assert [(one.update, one.at) for one in moved.filings if one.counts and one.stage == "intermediate"] == [
        (False, room.at(9 * HOUR)),
        (True, room.at(11 * HOUR)),
    ]
    itself = room.say(moved, "filed", "pat", at=room.at(8 * HOUR), now=room.at(14 * HOUR), **fields).state
    assert stage(itself, "intermediate").filed_at == room.at(8 * HOUR)


def test_the_register_shows_the_wrong_filing_as_wrong(room: Any) -> None:
    """Neither hidden nor taken for a filing."""
    state = texas(room)
    state = room.say(state, "filed", "pat", obligation=TEXAS, reference="AG-1", not_filed=True, reason="it lay in a drawer",
                     now=room.at(2 * DAY)).state  # fmt: skip
    row = next(one for one in breaches.rows(state, room.at(3 * DAY)) if one["obligation"] == TEXAS)
    assert "reference AG-1, SAID WRONGLY, says pat" in row["filings"]
    assert "it lay in a drawer" in row["filings"]
