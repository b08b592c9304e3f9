"""What holds when a notice is drafted is looked at again when it is sent, with the time and the kit of then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from halon.incident.notices import Notice
from halon.incident.orders import GatePolicy
from halon.kit.preapproved import Preapproved, digest_of, sources
from halon.ports.notify import Sending
from halon.rendering import slots_of, source_of
from halon_activities import checking, preapproval
from halon_activities.failures import CheckFailed
from halon_activities.hands import Hands

FIRST = "customers-first"


def kit_with(hands: Hands, **fields: Any) -> Hands:
    return replace(hands, kit=replace(hands.kit, **fields))


async def test_a_promise_that_ran_out_between_the_draft_and_the_sending_stops_it(
    make_hands: Callable[..., Hands],
) -> None:
    """The state was asked in time and the mail goes out an hour later: the time of the sending counts."""
    hands = make_hands()
    now = hands.clock()
    one = Notice("n", "leadership", body="Next update by then.\n", promise=(now + timedelta(minutes=30)).isoformat())
    request = Sending("incident:run", one, about={"now": now.isoformat()})
    later = replace(hands, clock=lambda: now + timedelta(hours=1))
    with pytest.raises(CheckFailed, match="promise-passed"):
        await checking.require_checked(later, ActivityEnvironment().info, request, "")
    early = [each.rule for each in checking.checked(hands, one, {"now": now.isoformat()}, "").objections]
    assert "promise-passed" not in early


def test_a_preapproved_template_that_changes_after_the_yes_takes_its_full_gate(
    make_hands: Callable[..., Hands],
) -> None:
    """The lighter gate counts for the text that was approved ahead: changed since, or named no more, it is not sent."""
    hands = make_hands()
    text = source_of(f"notices/{FIRST}.txt.j2")
    until = (hands.clock() + timedelta(days=30)).date().isoformat()
    slots = tuple(sorted(slots_of(FIRST, text)[0]))
    entry = Preapproved(FIRST, digest_of(text), "cus", until, slots, holds=("customer_lead",))
    ready = kit_with(hands, preapproved={FIRST: entry}, notices={})
    one = preapproval.with_gate(ready, Notice("n", "customers", gate=GatePolicy(("customer_lead",))), FIRST)
    assert one.light is not None, one.full_because
    preapproval.require_still(ready, one, FIRST)
    changed = kit_with(ready, notices={FIRST: text + "\nAnd one more sentence.\n"})
    assert sources(changed.kit.notices, FIRST) != sources(ready.kit.notices, FIRST)
    with pytest.raises(CheckFailed, match="takes its full gate"):
        preapproval.require_still(changed, one, FIRST)
    with pytest.raises(CheckFailed, match="does not name it as preapproved"):
        preapproval.require_still(kit_with(ready, preapproved={}), one, FIRST)
