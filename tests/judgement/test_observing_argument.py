"""For or against switching an observed agent on: what a handful of incidents says, and what they don't."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halon.judgement.observed import report
from halon.judgement.observing import BLUNT, ENOUGH, Deed, Watched, argue, words

AT = "2026-11-20T10:00:00.000Z"
DEED = Deed("disable-mail", "Switch off mail", AT, 2.0, disruption=1, reversible=True)


def seen(number: int = 1, *deeds: Deed, **fields: Any) -> Watched:
    told = {"reference": f"INC-000{number}", "mode": "observe", "severity": "SEV2", "opened_at": AT, "alerted_at": AT,
            "truth": "true", "truth_because": "confirmed", "lasted": 600.0, "lasted_because": "until ann said so",
            "sooner": 598.0, "deeds": deeds or (DEED,)}  # fmt: skip
    return Watched(**{**told, **fields})


def three(*deeds: Deed, **fields: Any) -> list[Watched]:
    return [seen(number, *deeds, **fields) for number in range(ENOUGH)]


def test_all_true_and_sooner_speaks_for_acting() -> None:
    """Three incidents, no false alarm, minutes gained: act."""
    told = argue("observe", three())
    assert (told.stand, told.to, told.missing) == ("for", "act", 0)
    assert told.reasons[0] == "3 incidents, all true, no false alarm"
    assert "up to 10 min sooner" in told.reasons[1]


@pytest.mark.parametrize("number", range(ENOUGH))
def test_too_few_say_nothing_and_how_many_are_missing(number: int) -> None:
    """Less than three known outcomes: neither for nor against, and how many lack."""
    told = argue("observe", [seen(one) for one in range(number)])
    assert (told.stand, told.missing) == ("not enough seen yet", ENOUGH - number)


def test_a_grave_false_alarm_speaks_against_even_alone() -> None:
    """One false alarm that would have switched off much: against, with which one, what, and who would have been hit."""
    deed = replace(DEED, title="Stop the agent", disruption=3, collateral=("customers",))
    told = argue("observe", [seen(7, deed, truth="false alarm")])
    assert (told.stand, told.to) == ("against", "act")
    assert "INC-0007" in told.reasons[0]
    assert "Stop the agent (disruption 3 of 4; hit beside it: customers)" in told.reasons[0]


def test_a_grave_action_that_asks_first_is_no_harm_of_a_false_alarm() -> None:
    """People would have been asked: the false alarm costs a question, and does not count as a wrong action."""
    deed = replace(DEED, disruption=4, asks=("security_lead",), quorum=1)
    told = argue("observe", [*three(), seen(7, deed, truth="false alarm")])
    assert (told.stand, told.to) == ("for", "suggest")


def test_a_mild_false_alarm_among_true_ones_speaks_for_asking() -> None:
    """What disrupts little may be asked for; from suggest on, it speaks against acting unasked."""
    some = [*three(), seen(9, truth="false alarm")]
    assert (argue("observe", some).stand, argue("observe", some).to) == ("for", "suggest")
    assert argue("suggest", some).stand == "against"


def test_mostly_false_alarms_speak_against_however_mild() -> None:
    """More than half for nothing: mend the detection first."""
    told = argue("observe", [seen(1), *(seen(one, truth="false alarm") for one in (2, 3))])
    assert (told.stand, told.reasons[1]) == ("against", "that is more than half; mend the detection first")


def test_people_who_are_quicker_every_time_speak_against() -> None:
    """Nothing is gained where people stop it before Halon would have."""
    assert argue("observe", three(sooner=-30.0)).stand == "against"


def test_an_unknown_gain_speaks_for_asking_only() -> None:
    """Nobody said when it stopped: that is said, and no gain is claimed."""
    told = argue("observe", three(sooner=None, lasted=None))
    assert (told.stand, told.to) == ("for", "suggest")
    assert "not known" in told.reasons[1]


def test_a_blunt_action_is_asked_for_first() -> None:
    """True each time and quicker, and still much would be off: suggest before act."""
    told = argue("observe", three(replace(DEED, disruption=3)))
    assert (told.stand, told.to) == ("for", "suggest")


def test_what_always_asks_gains_nothing_by_acting() -> None:
    """Everything has a gate of its own: suggest is as far as it goes."""
    assert argue("observe", three(replace(DEED, asks=("tom",), quorum=1))).to == "suggest"
    asked = replace(DEED, asks=("tom",), quorum=1, answer="yes", answered_after=60.0)
    assert argue("suggest", three(asked, mode="suggest")).stand == "against"


def test_yes_each_time_in_suggest_speaks_for_acting_with_how_long_people_took() -> None:
    """The wait for a yes is what acting saves."""
    told = argue("suggest", three(replace(DEED, answer="yes", answered_after=300.0), mode="suggest"))
    assert (told.stand, told.to) == ("for", "act")
    assert "after 5 min on average" in told.reasons[1]


@pytest.mark.parametrize("answer", ["none", ""])
def test_a_question_that_nobody_answered_is_no_yes(answer: Any) -> None:
    """For acting it takes a yes to each thing that would run unasked; how many there were not is said."""
    yes = replace(DEED, answer="yes", answered_after=300.0)
    told = argue("suggest", [*three(yes, mode="suggest"), seen(9, replace(DEED, answer=answer), mode="suggest")])
    assert (told.stand, told.to) == ("against", "act")
    assert told.reasons[1] == "people said yes to 3 of 4 questions, after 5 min on average; 1 was not answered"
    assert "INC-0009" in told.reasons[2]
    gated = replace(DEED, asks=("tom",), quorum=1, answer=answer)
    asks_anyway = argue("suggest", [*three(yes, mode="suggest"), seen(9, yes, gated, mode="suggest")])
    assert (asks_anyway.stand, asks_anyway.to) == ("for", "act"), "that one asks in mode act as well"


@pytest.mark.parametrize(
    ("deed", "fields", "why"),
    [({"disruption": 3}, {}, "much would be off: Switch off mail"), ({}, {"sooner": -30.0}, "before Halon would have")],
)
def test_asking_first_does_not_excuse_what_is_blunt_or_late(deed: Any, fields: Any, why: str) -> None:
    """In suggest as in observe: what stops nearly all goes on asking, and what people beat every time gains nothing."""
    yes = replace(DEED, answer="yes", answered_after=300.0, **deed)
    told = argue("suggest", three(yes, mode="suggest", **fields))
    assert (told.stand, told.to) == ("against", "act")
    assert why in told.reasons[-1]


def test_a_no_of_people_speaks_against() -> None:
    """Somebody looked and would not have it."""
    told = argue("suggest", [*three(), seen(8, replace(DEED, answer="no"), mode="suggest")])
    assert told.stand == "against"
    assert told.reasons[0] == "INC-0008: people said no to Switch off mail"


def test_a_yes_to_a_false_alarm_is_a_wrong_action() -> None:
    """It was asked, granted, done, and it was for nothing."""
    deed = replace(DEED, disruption=2, asks=("tom",), answer="yes")
    assert argue("suggest", [seen(4, deed, mode="suggest", truth="false alarm")]).stand == "against"


def test_drills_merged_ones_and_idle_ones_do_not_count() -> None:
    """A drill proves nothing, a merged one counts once, and one in which nothing would have run is said."""
    told = argue("observe", [*three(left_out="a drill"), seen(5, deeds=())])
    assert (told.stand, told.missing) == ("not enough seen yet", ENOUGH)
    assert "in 1 incident nothing would have run: no action of the kit fits" in told.reasons


def test_an_open_incident_is_named_and_not_guessed() -> None:
    """Whether it was real is not known yet: neither true nor a false alarm."""
    told = argue("observe", [seen(1), seen(2, truth="unknown"), seen(3)])
    assert (told.stand, told.missing) == ("not enough seen yet", 1)
    assert "whether INC-0002 was real is not known yet" in told.reasons


TRUTHS = st.sampled_from(["true", "false alarm", "unknown"])
DEEDS = st.builds(
    lambda disruption, asks, answer: replace(DEED, disruption=disruption, asks=asks, answer=answer),
    st.integers(0, 4), st.sampled_from([(), ("tom",)]), st.sampled_from(["", "yes", "no", "none"]),
)  # fmt: skip
INCIDENTS = st.lists(
    st.builds(
        lambda deeds, truth, sooner, out: seen(1, deeds=tuple(deeds), truth=truth, sooner=sooner, left_out=out),
        st.lists(DEEDS, max_size=3), TRUTHS, st.none() | st.floats(-1e6, 1e6), st.sampled_from(["", "a drill"]),
    ), max_size=8,
)  # fmt: skip


@given(st.sampled_from(["observe", "suggest"]), INCIDENTS)
def test_never_for_acting_after_a_wrong_or_unwanted_action_or_with_too_few(mode: Any, incidents: list[Watched]) -> None:
    """Whatever was seen: acting is argued for only where enough is known, nothing was wrong and nobody said no."""
    told = argue(mode, incidents)
    counting = [one for one in incidents if one.deeds and not one.left_out]
    known = [one for one in counting if one.truth != "unknown"]
    assert told.reasons
    assert (told.missing > 0) == (told.stand == "not enough seen yet")
    if told.stand == "for":
        assert len(known) >= ENOUGH
        assert not [
            deed for one in counting for deed in one.deeds if deed.answer == "no" and one.truth != "false alarm"
        ]
    if (told.stand, told.to) == ("for", "act"):
        assert not [one for one in known if one.truth == "false alarm"]
        unasked = [deed for one in known for deed in one.deeds if not deed.asks]
        assert unasked
        assert all(deed.disruption < BLUNT and (mode == "observe" or deed.answer == "yes") for deed in unasked)


def test_a_report_lists_the_days_and_argues_over_more() -> None:
    """What was opened or closed in these days is listed; the argument also counts the quarter before."""
    old = [seen(one, opened_at=f"2026-10-0{one}T10:00:00.000Z") for one in (1, 2)]
    ended = seen(3, opened_at="2026-10-03T10:00:00.000Z", closed_at="2026-11-21T10:00:00.000Z")
    ancient = seen(4, opened_at="2025-01-01T10:00:00.000Z")
    made = report("bot", "Bot", "observe", [*old, ended, ancient], "2026-11-22T10:00:00.000Z", 7)
    assert [one.reference for one in made.incidents] == ["INC-0003"]
    assert (made.counted, made.argued_days, made.argument.stand) == (3, 90, "for")
    assert made.says_something


def test_nothing_seen_says_nothing() -> None:
    """No incident and no argument: nobody is told."""
    assert not report("bot", "Bot", "observe", [], "2026-11-22T10:00:00.000Z", 7).says_something


@pytest.mark.parametrize(("seconds", "said"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2.0 h"),
                                               (-600, "-10 min"), (200_000, "2 days")])  # fmt: skip
def test_lengths_of_time_in_words(seconds: float, said: str) -> None:
    """As people say them."""
    assert words(seconds) == said
