"""The lighter gate of a preapproved notice, where the full one asks for more than a number of people."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from halon.incident import quorum
from halon.incident.notices import Notice, Objection
from halon.incident.orders import GatePolicy
from halon.kit.preapproved import Preapproved, digest_of, sources
from halon_activities.hands import Hands
from halon_activities.preapproval import with_gate

FIRST = "customers-first"
SLOTS = ("drill", "entity", "next_update", "now", "record.head", "record.seq", "reference", "window.from")
FULL = GatePolicy(
    ("customer_lead", "privacy"), quorum=2, every=("privacy",), veto=("privacy",), break_glass=1,
    break_glass_roles=("security",), verifier="totp", remind_every=600, deadline=900,
)  # fmt: skip


UNTIL = str(date.today() + timedelta(days=300))


def preapproving(hands: Hands, holds: tuple[str, ...] = ("customer_lead",)) -> Hands:
    source = sources(hands.kit.notices, FIRST)
    entry = Preapproved(FIRST, digest_of(source), "cus", UNTIL, SLOTS, ("commander",), holds)
    return replace(hands, kit=replace(hands.kit, preapproved={FIRST: entry}))


def test_one_yes_is_enough_whatever_the_full_gate_asks_for(hands: Hands) -> None:
    """No role must agree besides and no glass is there to be broken; who may say no, and how it is proved, stays."""
    one = with_gate(preapproving(hands), Notice("n1", "customers", gate=FULL), FIRST)
    light = one.policy
    assert light is not None
    assert quorum.enough(light, {"ann": ("commander",)})
    assert (light.every, light.break_glass, light.break_glass_roles) == ((), 0, ())
    assert (light.veto, light.verifier, light.remind_every, light.deadline) == (("privacy",), "totp", 600, 900)
    assert one.gate == FULL


def test_who_may_not_answer_the_full_gate_lightens_none(hands: Hands) -> None:
    """The name in the kit counts with the roles that it has today."""
    one = with_gate(preapproving(hands, ("technical_lead",)), Notice("n1", "customers", gate=FULL), FIRST)
    assert (one.policy, one.light) == (FULL, None)
    assert one.full_because == "cus could not approve it in full: that takes customer_lead or privacy"


def test_a_text_that_a_check_objects_to_takes_all_of_the_full_gate(hands: Hands) -> None:
    """Every role that must agree is back."""
    one = Notice("n1", "customers", gate=FULL, objections=(Objection("blame", "It was us.", "names a cause"),))
    assert with_gate(preapproving(hands), one, FIRST).policy == FULL
