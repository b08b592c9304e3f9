"""What mode act would have asked is reckoned in every mode, so that the report doesn't call a question a wrong action."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.alerts import Alert
from halon.incident.assessment import Mode
from halon.incident.orders import Action, Call, GatePolicy, Order
from halon.incident.state import State
from halon.judgement.containment import Allowed, Prepared, plan
from halon.judgement.observed import watched
from halon.judgement.observing import Deed
from halon.judgement.predicates import ALWAYS

AT = "2026-11-20T10:00:00.000Z"
ASK = GatePolicy(("technical_lead",))
CALL = Call("PUT", "https://agent.example/stop", ("agent.example",))
STOP = Order(
    "stop",
    "kill_switch",
    "Stop the agent",
    "bot",
    "all",
    True,
    "keyed",
    CALL,
    CALL,
    CALL,
    disruption=4,
    covers=("agent:",),
)
LIMIT = Allowed(1, "SEV4")
UNTRUSTED = "only a person's report so far: waiting for corroboration"


def judged(mode: Mode, order: Order = STOP, allowed: Allowed = LIMIT, held: str = "") -> Order:
    """The order as it stands in the plan."""
    (found,) = plan([Prepared(order, ALWAYS)], {"confirmed": True}, mode, ASK, held=held, allowed=allowed).orders
    return found


def seen(order: Order) -> Deed:
    """What a closed false alarm of an observed agent says of it."""
    state = State(
        incident_id="i", workflow_id="w", reference="INC-1", agent="bot", group="g", opened_at=AT, closed_at=AT,
        alerts=(Alert("report", "bot", "g", "r", "firing", "f", AT, AT),), false_alarm_by="ann", outcome="false_alarm",
        actions=(Action(order, "would run"),),
    )  # fmt: skip
    found = watched(state, (), ASK)
    assert found is not None
    return found.deeds[0]


@pytest.mark.parametrize("mode", ["observe", "suggest", "act"])
@pytest.mark.parametrize(
    ("fields", "because"),
    [({}, ("disruption 4 is more than SEV4 allows (1)",)), ({"allowed": Allowed(), "held": UNTRUSTED}, (UNTRUSTED,)),
     ({"held": UNTRUSTED}, (UNTRUSTED, "disruption 4 is more than SEV4 allows (1)")), ({"allowed": Allowed()}, ())],
    ids=["the severity", "trust", "both", "nothing"],
)  # fmt: skip
def test_every_mode_says_what_act_would_ask(mode: Mode, fields: dict[str, Any], because: tuple[str, ...]) -> None:
    """The same answer in each mode; only in act does it set the gate, and only there is it told as what asks."""
    found = judged(mode, **fields)
    assert found.in_act is not None
    assert (found.in_act.gate, found.in_act.because) == (ASK if because else None, because)
    assert (found.gate is not None) is (mode == "suggest" or (mode == "act" and bool(because)))
    asks = tuple(one for one in found.why if one.startswith("asks first"))
    assert asks == (tuple(f"asks first: {one}" for one in because) if mode == "act" else ())


def test_a_false_alarm_that_would_only_have_asked_is_no_wrong_action() -> None:
    """Stopping the whole agent for nothing, and in act the severity would have asked: a question, and says why."""
    deed = seen(judged("observe"))
    assert (deed.asks, deed.asks_because) == (("technical_lead",), ("disruption 4 is more than SEV4 allows (1)",))
    free = seen(judged("observe", allowed=Allowed()))
    assert (free.asks, free.asks_because) == ((), ())


def test_what_an_earlier_release_judged_goes_by_its_gate() -> None:
    """It says nothing of mode act, so only a gate of the kit's own counts as asking."""
    own = GatePolicy(("security_lead",))
    assert seen(STOP).asks == ()
    assert judged("observe", order=STOP).in_act is not None
    assert seen(replace(STOP, gate=own)).asks == ("security_lead",)
    assert seen(replace(STOP, gate=ASK)).asks == ()
