"""Ways of harm in words: why an action stands on its rung, and what to do about a way that none closes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from halon.incident.assessment import OpenWay
from halon.incident.orders import Order
from halon.judgement.planner import Ready, Rungs
from halon.judgement.ways import Way, closes

MOST_TOLD = 20
"""Open ways that are told one by one."""
CUT_SHORT = "so many ways and actions that not every set of them was compared: a gentler one may exist"
_SHOWN = 6
_DO = {
    "tool": "take the tool away from the agent by hand",
    "credential": "revoke or rotate it where it was issued",
    "output": "close it where it leaves, such as at the mail gateway or the proxy",
    "source": "take it out of what the agent reads",
    "memory": "clear it, or keep the agent from reading it",
    "spend": "set a cap where the money is spent",
    "spread": "look at that agent too, and stop what it shares with this one",
}


class Told:
    """Why each action stands on its rung, in words."""

    def __init__(self, ready: Mapping[str, Ready], rungs: Rungs) -> None:
        self._ready = ready
        self._rungs = rungs
        self._keys = {name: frozenset(way.key for way in shut) for name, shut in rungs.closes.items()}
        self._closers: dict[str, list[str]] = {}
        for name, keys in self._keys.items():
            for key in keys:
                self._closers.setdefault(key, []).append(name)

    def rung(self, order: Order) -> int:
        """Where it stands: as planned, or as the kit says if it closes no way."""
        return self._rungs.rung.get(order.id, order.rung)

    def why(self, name: str) -> tuple[str, ...]:
        """What this action closes, why nothing gentler does, and what follows. It goes into ``Order.why``, which no
        digest holds: what else is planned changes nothing about what people allowed.
        """
        shut = self._rungs.closes.get(name)
        if not shut:
            silent = not self._ready[name].covers
            return () if silent else ("closes no way of harm that is known; the kit plans it all the same",)
        rung, mine = self._rungs.rung, self._rungs.rung[name]
        others = {other for key in self._keys[name] for other in self._closers[key]} - {name}
        reasons = [f"covers {_list(shut)}; {self._why_not_gentler(name, shut, others)}"]
        higher = min((rung[other] for other in others if rung[other] > mine), default=0)
        if higher:
            reasons.append(f"if the harm goes on, rung {higher}: {_names(self._at(others, higher))}")
        if not self._rungs.exact:
            reasons.append(CUT_SHORT)
        return tuple(reasons)

    def _why_not_gentler(self, name: str, shut: Sequence[Way], others: Iterable[str]) -> str:
        ready, rung = self._ready, self._rungs.rung
        own = _strength(ready[name])
        gentler = [other for other in others if _strength(ready[other]) < own]
        before = [other for other in others if rung[other] < rung[name]]
        if before:
            return f"only if the harm goes on after {_names(sorted(before))}"
        if rung[name] > ready[name].floor:
            return "only once the harm is seen to go on: it disrupts more than what is certain takes"
        best = "gentler"
        if not ready[name].reversible:
            gentler, best = [other for other in gentler if ready[other].reversible], "that can be undone"
        alone = self._alone(shut, gentler)
        if not alone and not ready[name].asks:
            alone = self._alone(shut, [other for other in gentler if not ready[other].asks])
            best = "gentler runs by itself and"
        if not alone:
            return "it takes fewer actions than what is gentler"
        return f"nothing {best} covers {'it' if len(alone) == len(shut) else _list(alone)}"

    def _alone(self, shut: Sequence[Way], others: Iterable[str]) -> list[Way]:
        """Those of ``shut`` that none of ``others`` closes."""
        theirs: frozenset[str] = frozenset().union(*(self._keys[other] for other in others))
        return [way for way in shut if way.key not in theirs]

    def _at(self, names: Iterable[str], rung: int) -> list[str]:
        return sorted(name for name in names if self._rungs.rung[name] == rung)


def told(uncovered: Sequence[Way], idle: Mapping[str, tuple[str, ...]], silent: Sequence[str]) -> tuple[OpenWay, ...]:
    """The ways that no action of the plan closes, certain ones first, with what to do.

    ``idle`` are the titles of the actions that the facts rule out, with what each covers; ``silent`` the titles of those
    in the plan of which the kit does not say what they cover.
    """
    ranked = sorted(uncovered, key=lambda way: way.perhaps)
    return tuple(OpenWay(str(way), way.because, _to_do(way, idle, silent), way.perhaps) for way in ranked[:MOST_TOLD])


def _to_do(way: Way, idle: Mapping[str, tuple[str, ...]], silent: Sequence[str]) -> str:
    able = [title for title, covers in idle.items() if closes(covers, way)]
    if able:
        return f"{_names(able)} would, and its condition does not hold: look at it in actions.yaml"
    found = f"find out which, and say the fact {way.needs[0]}" if way.name == "*" and way.needs else ""
    then = f"if {_names(silent)} does, say so under its covers" if silent else "then add an action that covers it"
    return f"{found or _DO.get(way.kind, 'stop it by hand')}; {then} in actions.yaml"


def _strength(one: Ready) -> tuple[bool, int]:
    return not one.reversible, one.disruption


def _list(some: Iterable[Way]) -> str:
    return _names([f"perhaps {way}" if way.perhaps else str(way) for way in sorted(some, key=lambda way: way.perhaps)])


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
