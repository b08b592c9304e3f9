"""Two incidents merged into each other at once: in whatever order word of it crosses, one goes on and counts each alert once."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halon.incident import merging, passing
from halon.incident.admission import admit
from halon.incident.alerts import Alert
from halon.incident.commands import parse
from halon.incident.gates import Proof
from halon.incident.links import Has, Met, Taken
from halon.incident.opening import Opening
from halon.incident.opening_state import first_state
from halon.incident.state import State
from halon.incident.storm import absorb
from halon.incident.taking import link_of, take_alerts, take_over
from halon_activities.correlate import taken_from

A, B = "incident-support-bot.leak", "incident-support-bot.slow"
OTHER = {A: B, B: A}
GROUPS = {A: "leak", B: "slow"}
RULE = "Shared"
"""Of both incidents, so that a count that is added twice can't hide behind the name of another rule."""


class Two:
    """Both incidents, what is on its way between them, and each step that the workflow does by itself."""

    def __init__(self, room: Any) -> None:
        self.room = room
        self.clock = 60
        self.arrived = 0
        self.read: dict[str, Taken] = {}
        self.sent: dict[str, tuple[int, tuple[Alert, ...]]] = {}
        self.here: dict[str, State] = {}
        for name in (A, B):
            opening = Opening((self._alert(name),), form=1)
            self.here[name] = first_state(opening, name, f"run-{name}", room.T0)
        met = {name: Met(True, one.reference, name, one.agent) for name, one in self.here.items()}
        for name in (A, B):  # each was looked up before either was merged
            command = parse("merge", {"by": "ann", "into": OTHER[name], "reason": "one cause"})
            outcome = admit(
                self.here[name],
                command,
                room.standing("ann"),
                Proof("run-1", "update"),
                self.now(),
                met=met[OTHER[name]],
            )
            assert not outcome.refusal, outcome.text
            self.here[name] = outcome.state

    def _alert(self, name: str) -> Alert:
        self.arrived += 1
        alert: Alert = self.room.alert(group=GROUPS[name], rule=RULE, fingerprint=f"fp-{self.arrived}")
        return alert

    def now(self) -> str:
        self.clock += 1
        now: str = self.room.at(self.clock)
        return now

    def do(self, step: str) -> bool:
        """Do a step, such as ``read A``; False if it is not there to be done."""
        what, _, short = step.partition(" ")
        return bool(getattr(self, what)({"A": A, "B": B}[short]))

    def alert(self, name: str) -> bool:
        """An alert comes to ``name``."""
        self.here[name], here = passing.divert(self.here[name], [self._alert(name)], self.now())
        if here:
            self.here[name] = absorb(self.here[name], here, self.now())
        return True

    def reads(self, name: str) -> bool:
        """``name`` reads what the other one hands over, as that is now."""
        other = self.here[OTHER[name]]
        if name in self.read or other.merged_into is None or not merging.to_hand_over(other):
            return False
        self.here[OTHER[name]] = merging.with_news(other)
        self.read[name] = taken_from(self.here[OTHER[name]])
        return True

    def takes(self, name: str) -> bool:
        """``name`` takes what it read."""
        taken = self.read.pop(name, None)
        if taken is not None:
            self.here[name] = take_over(self.here[name], taken, self.now())
        return taken is not None

    def sees(self, name: str) -> bool:
        """``name`` hears that the other one took what it handed over."""
        state, mine = self.here[name], self.here[name].merged_into
        link = link_of(self.here[OTHER[name]], name)
        if mine is None or link is None or link.version < mine.version or mine.handed >= mine.version:
            return False
        self.here[name] = merging.handed(state, mine.version, Has(), self.now())
        return True

    def sends(self, name: str) -> bool:
        """``name`` begins to pass on alerts that came later, or joins them itself if it is merged no more."""
        state = self.here[name]
        ready = state.merged_into is None or bool(state.merged_into.handed)
        if not state.passing or name in self.sent or not ready:
            return False
        to, batch = passing.next_batch(state, 500)
        state = replace(state, passing_sent=len(batch))
        if to:
            assert state.merged_into is not None
            self.sent[name] = (state.merged_into.batches + 1, batch)
        else:
            state = passing.back(state, len(batch), self.now())
        self.here[name] = state
        return True

    def hears(self, name: str) -> bool:
        """What ``name`` passed on arrives at the other one, and ``name`` hears of it."""
        number, batch = self.sent.get(name, (0, ()))
        other = OTHER[name]
        link = link_of(self.here[other], name)
        if not batch or link is None or not {(one.agent, one.group) for one in batch} <= set(link.keys):
            return False  # refused there, and sent again: it learns from the next version what may come
        del self.sent[name]
        self.here[other] = take_alerts(self.here[other], name, number, batch, self.now())
        self.here[name] = passing.passed(self.here[name], len(batch), other, self.now())
        return True

    def rest(self) -> None:
        """Let both do what is left, until nothing is."""
        steps = [f"{what} {who}" for what in ("reads", "takes", "sees", "sends", "hears") for who in "AB"]
        for _ in range(50):
            done = [self.do(step) for step in steps]
            if not any(done):
                return
        raise AssertionError("they never come to rest")

    def counted(self) -> int:
        """Alerts in the one that goes on; there is one."""
        (last,) = [one for one in self.here.values() if one.merged_into is None]
        return sum(one.firing for one in last.counts)


def orders() -> list[tuple[str, ...]]:
    """Every order of what crosses, in which a thing is read before it is taken."""
    steps = ("reads A", "takes A", "reads B", "takes B", "alert A", "alert B")
    return [
        order
        for order in itertools.permutations(steps)
        if order.index("reads A") < order.index("takes A") and order.index("reads B") < order.index("takes B")
    ]


def test_what_one_already_handed_over_does_not_come_back_as_more(room: Any) -> None:
    """The later one takes first, and then hands back what it took: the one that goes on had that before."""
    two = Two(room)
    for step in ("reads B", "takes B", "reads A", "takes A"):
        assert two.do(step), step
    assert two.here[A].merged_into is None
    assert sum(one.firing for one in two.here[A].counts) == 2
    two.rest()
    assert two.counted() == 2


@pytest.mark.parametrize("seen_at_once", [True, False])
def test_in_every_order_each_alert_counts_once(room: Any, seen_at_once: bool) -> None:
    """Alerts come in between; whoever handed over hears of it at once, or last of all."""
    for order in orders():
        two = Two(room)
        for step in order:
            two.do(step)
            if seen_at_once:
                for more in ("sees A", "sees B", "sends A", "sends B", "hears A", "hears B"):
                    two.do(more)
        two.rest()
        assert (two.counted(), two.arrived) == (4, 4), order


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.sampled_from([f"{what} {who}" for who in "AB" for what in (
    "reads", "takes", "sees", "sends", "hears", "alert")]), max_size=25))  # fmt: skip
def test_in_any_order_each_alert_counts_once(room: Any, order: list[str]) -> None:
    """Whatever is done first and however often, with any number of alerts in between."""
    two = Two(room)
    for step in order:
        two.do(step)
    two.rest()
    assert two.counted() == two.arrived
