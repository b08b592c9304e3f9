"""What a gate asks, in words: why, what runs, what is hit, who else, the gentler way, the way back, and what a no leaves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from halon.incident.gate_question import before, before_giving_back, who
from halon.incident.orders import GatePolicy

GATE = GatePolicy(("security",), every=("privacy",), veto=("privacy",), break_glass=2, break_glass_roles=("commander",))


def token(room: Any, **fields: Any) -> Any:
    return replace(
        room.action("revoke-token", "waiting"),
        order=room.order(
            "revoke-token", reversible=False, undo=None, effect="once", gate=GATE, disruption=3, stops=("every call with it",),
            collateral=("billing-bot uses the credential too, last on 2026-11-01",), gentler="take the tool off",
            way_back="issue a new one", **fields,
        ),
    )  # fmt: skip


def lines(room: Any, *actions: Any, one: Any = None, **judged: Any) -> dict[str, str]:
    one = one or token(room)
    state = room.assessed(room.judged(blast_radius={"people": "at least 6 people", "money": "not known yet"}, **judged),
                          actions=(*actions, one))  # fmt: skip
    return {line.partition(": ")[0]: line.partition(": ")[2] for line in before(state, one)}


def test_a_question_says_all_that_somebody_must_know_at_night(room: Any) -> None:
    """Each in a line of its own."""
    asked = lines(room, room.action("disable-mail", "verified"), room.action("read-only", "failed"))
    assert list(asked) == [
        "Why", "What will run", "Read back by", "Reversible", "What it stops", "Who else is hit", "Gentler", "The way back",
        "If nobody answers", "Hit so far", "How much of support-bot it disrupts", "What stays on meanwhile, and after a no",
        "Who must agree", "Who can say no", "In an emergency",
    ]  # fmt: skip
    assert asked["Hit so far"] == "people: at least 6 people; not known yet: money"
    assert asked["How much of support-bot it disrupts"] == "most of it stands still"
    assert asked["What stays on meanwhile, and after a no"] == "Do disable-mail"
    assert asked["What it stops"] == "every call with it"
    assert asked["Who else is hit"].endswith("last on 2026-11-01")
    assert asked["If nobody answers"].startswith("It does not run")


def test_a_question_hides_no_gap(room: Any) -> None:
    """Where nothing is in force that stops the harm meanwhile, it says just that."""
    assert lines(room)["What stays on meanwhile, and after a no"] == "nothing is in force that stops the harm"
    taken = replace(room.action("disable-mail", "verified"), order=room.order("disable-mail", reversible=False))
    assert lines(room, taken)["What stays on meanwhile, and after a no"] == "nothing is in force that stops the harm"


def test_who_must_agree_who_can_stop_it_and_who_can_break_the_glass(room: Any) -> None:
    """As the gate has it; a plain gate has one line."""
    assert who(GATE) == (
        "Who must agree: 1 of security, and among them a privacy, not whoever proposed it",
        "Who can say no: privacy, and whoever proposed it",
        "In an emergency: 2 people, one of them commander who says break-glass; all are told, and it is reviewed",
    )
    assert who(replace(room.POLICY, exclude_proposer=False)) == ("Who must agree: 1 of security",)


def test_giving_back_says_what_may_happen_again(room: Any) -> None:
    """And what was hit so far."""
    state = room.assessed(room.judged(blast_radius={"people": "at least 6 people"}))
    told = before_giving_back(state, room.order(stops=("mail to strangers",)), room.POLICY)
    assert told[:2] == ("What may happen again then: mail to strangers", "Hit so far: people: at least 6 people")


def test_nothing_of_the_question_is_part_of_what_people_agree_to(room: Any) -> None:
    """The digest is that of the order alone, whatever else is in force by then; secrets are named, never shown."""
    one = token(room)
    secret = replace(one.order.apply, secret="TOKEN", headers={"X-Api-Key": "abc123"})
    assert "abc123" not in str(lines(room, one=replace(one, order=replace(one.order, apply=secret))))
    assert one.order.digest_for("i", "apply") == token(room).order.digest_for("i", "apply")
    assert lines(room, one=one) != lines(room, room.action("disable-mail", "verified"), one=one)
