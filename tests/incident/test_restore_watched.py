"""What is given back in part: looked at by the clock, in plain words, and a proof gone once the harm is there again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.clocks import fire_due, next_event
from halon.incident.deeds import in_words
from halon.incident.joining import absorb, recurs
from halon.incident.orders import Order, RestoreStage
from halon.incident.remedies import Corrective, standing
from halon.incident.status import as_text, status
from halon.incident.times import span


def staged(room: Any) -> Order:
    call = room.order().apply
    order: Order = room.order(restore_stages=(RestoreStage(10, call, call, 120), RestoreStage(100, call, call)))
    return order


def partly(room: Any, **fields: Any) -> Any:
    told = {"status": "verified", "restore_stage": 1, "restored_share": 10, "restored_at": room.at(100), **fields}
    return replace(room.action(), order=staged(room), **told)


def test_an_order_without_stages_keeps_the_digest_that_people_approved(room: Any) -> None:
    """What waits for an answer when a release brings stages is still exactly what was asked."""
    assert room.order().digest_for("inc", "undo") == "033bdf71044f68647bac022547af6edbbad1228f5cde19c174eaf3682154bfbf"


def test_stages_are_part_of_what_is_approved(room: Any) -> None:
    """Another share or another window is another order."""
    order = staged(room)
    first, last = order.restore_stages
    others = [replace(order, restore_stages=stages) for stages in ((last,), (replace(first, watch=1), last), ())]
    digests = {one.digest_for("inc", "undo") for one in (order, *others)}
    assert len(digests) == 4


def test_the_clock_looks_at_what_was_given_back(room: Any) -> None:
    """Once at each time that the state names; the event says what and how much in words."""
    state = room.assessed(actions=(partly(room, restore_look_at=room.at(120), watch_until=room.at(220)),))
    event = next_event(state)
    assert event is not None
    assert (event.at, event.text) == (room.at(120), "look at the 10 percent given back: Do disable-mail")
    assert fire_due(state, room.at(119)) is state
    after = fire_due(state, room.at(121))
    assert (after.actions[0].restore_look_at, after.actions[0].restore_looks) == ("", 1)
    again = replace(after, actions=(replace(after.actions[0], restore_look_at=room.at(130)),))
    assert fire_due(again, room.at(131)).actions[0].restore_looks == 2


def test_what_is_given_back_in_part_is_shown_with_share_and_time(room: Any) -> None:
    """In the status, its text form, and the words of the action; nothing of it once all is given back."""
    state = room.assessed(actions=(partly(room, watch_until=room.at(220)),))
    assert status(state)["given_back"] == [
        {"action": "disable-mail", "title": "Do disable-mail", "share": 10, "since": room.at(100), "watched_until": room.at(220)}
    ]  # fmt: skip
    assert f"Given back to 10 percent since {room.at(100)}: Do disable-mail." in as_text(state)
    assert in_words(state.actions[0]) == f"given back to 10 percent since {room.at(100)}; in force for the rest"
    whole = room.assessed(actions=(room.action(status="undone"),))
    assert (status(whole)["given_back"], in_words(whole.actions[0])) == ([], "taken back")


def test_an_alert_while_a_part_is_given_back_belongs_here(room: Any) -> None:
    """However long ago it recovered; and the newest start of a firing alert is known."""
    state = room.assessed(harm_stopped_at=room.at(10), recovered_at=room.at(20), actions=(partly(room),))
    late = room.alert(fingerprint="fp-2", started_at=room.at(90_000), received_at=room.at(90_001))
    joined = absorb(state, [late], room.at(90_001))
    assert (joined.forwarding, joined.last_fired_at, joined.recurred_at) == ((), room.at(90_000), room.at(90_001))
    without = absorb(replace(state, actions=(room.action(),)), [late], room.at(90_001))
    assert (without.forwarding, without.last_fired_at) == ((replace(late),), room.T0)


def test_a_start_in_the_future_counts_from_when_it_was_received(room: Any) -> None:
    """A sender's clock that is ahead does not end every later stage at once."""
    state = room.assessed(harm_stopped_at=room.at(10), actions=(partly(room),))
    ahead = room.alert(fingerprint="fp-2", started_at="2099-01-01T00:00:00.000Z", received_at=room.at(200))
    joined = absorb(state, [ahead], room.at(201))
    assert joined.last_fired_at == room.at(200)
    again = room.alert(fingerprint="fp-3", started_at=room.at(300), received_at=room.at(301))
    assert absorb(joined, [again], room.at(301)).last_fired_at == room.at(300)


def test_harm_that_is_there_again_takes_stop_recovery_and_proof_away(room: Any) -> None:
    """What was proved has to be proved anew."""
    proved = Corrective("c1", "Isolate", "tom", room.at(9999), "ann", room.at(9), "proved")
    state = room.assessed(harm_stopped_at=room.at(10), recovered_at=room.at(20), correctives=(proved,))
    again = recurs(state, room.at(50))
    assert (again.harm_stopped_at, again.recovered_at, again.recurred_at) == ("", "", room.at(50))
    assert again.correctives[0].status == "failed"
    assert standing(again.correctives[0]) == f"said done; it happened again at {room.at(50)}"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (90, "90 seconds"), (120, "2 minutes"), (3600, "1 hour"), (86_400, "1 day"), (0, "0 seconds")],
)
def test_lengths_of_time_in_words(seconds: int, words: str) -> None:
    """The largest unit that fits without a rest."""
    assert span(seconds) == words
