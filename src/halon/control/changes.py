"""Changes of the switches: each gives the answer to its call, and what was there before."""

from __future__ import annotations

import time

from halon.control.problems import Problem
from halon.control.shapes import OUR_OWN, Shape, shape_of, untouched
from halon.control.switches import Switches
from halon.control.values import Json

Done = tuple[Json, "Json | None"]
"""The answer to a change, and the switch as it was shown before; None if there is nothing to compare."""
MOST_NAMES = 1_000
"""Names that may be set in one family of switches."""


def settable(path: str) -> Shape:
    """The fields of a switch that a caller sets."""
    return {field: one for field, one in shape_of(path).items() if field not in OUR_OWN}


def put_switch(kept: Json, path: str, body: Json) -> Done:
    """Set the switch at ``path``. Raises Problem if its family is full."""
    old = Switches(kept)
    before, switch = old.shown(path), untouched(path) | body
    if path == "drain" and body["on"]:
        switch["since"] = old.drained_at or time.time()
    if path == "hard-stop" and body["on"] and not old.hard_stopped:
        kept["sessions"] = old.of("sessions") | {"all_ended": time.time()}
    family, _, name = path.partition("/")
    if name and family != "tools":
        kept.pop(path, None)  # what is as nobody had touched it takes no room
        if switch != untouched(path):
            if sum(one.startswith(f"{family}/") for one in kept) >= MOST_NAMES:
                raise Problem(409, "too-many", f"{MOST_NAMES} {family} are set; take some back first")
            kept[path] = switch
    else:
        kept[path] = switch
    return Switches(kept).shown(path), before


def advance_epoch(kept: Json, wanted: int | None) -> Done:
    """Go one token epoch on, or to the one that is wanted. Raises Problem."""
    old = Switches(kept)
    to = old.epoch + 1 if wanted is None else wanted
    if to > old.epoch + 1:
        raise Problem(409, "too-far", f"the epoch is {old.epoch}; it goes one step at a time")
    if to > old.epoch:
        kept["token-epoch"] = {"epoch": to, "advanced": time.time()}
    return Switches(kept).shown("token-epoch"), old.shown("token-epoch")
