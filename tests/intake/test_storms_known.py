"""When causes whose alerts come one upon the other are a storm, and for how long a gateway remembers."""

from __future__ import annotations

from halon.intake.place import Placed
from halon.intake.storms import SECONDS, Storms

KEYS = ("a.x", "a.y", "a.z")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_storm_is_three_causes_of_late() -> None:
    """A cause takes part while its alerts come one upon the other; one that is not known to be open never does."""
    clock = Clock()
    storms = Storms(clock)
    for key in KEYS[:2]:
        storms.note(key, Placed("INC", key, opened=False))
    assert storms.of("a.x", at_work=True) is None, "two causes"
    storms.note("a.z", Placed("INC", "a.z", opened=True))
    assert storms.of("a.x", at_work=True) == Placed("INC", "a.x", opened=False)
    assert storms.of("a.x", at_work=False) is None, "a second alert, a while after the first"
    assert storms.of("a.new", at_work=True) is None, "not known to be open"
    for _ in range(2):
        clock.now += 0.5
        storms.note("a.x", Placed("INC", "a.x", opened=False))
    assert storms.of("a.x", at_work=False) is not None
    storms.note("a.x", None)
    assert storms.of("a.x", at_work=True) is None, "what failed is not known to be open"
    storms.note("a.x", Placed("INC", "a.x", opened=False))
    clock.now += SECONDS - 0.5
    assert storms.of("a.x", at_work=True) is None, "the other two have become quiet"


def test_what_a_gateway_knows_of_a_storm_is_bounded_by_time() -> None:
    """A gateway that sees only severe alerts, of which nobody asks here, forgets the causes all the same."""
    clock = Clock()
    storms = Storms(clock)
    for number in range(1000):
        clock.now += 0.01
        storms.note(f"a.{number}", Placed("INC", f"a.{number}", opened=True))
    assert len(storms._latest) <= SECONDS * 100 + 2
