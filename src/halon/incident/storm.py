"""Alerts join in numbers: the first ones of each rule have a line of their own, the rest are one line every while.

A storm of 100,000 alerts is then some dozen entries in the record and a few counts in the state. Each alert is counted
once all the same: the incident knows it again by eight characters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from halon.incident.alerts import Alert, AlertCount, mark_of, timed
from halon.incident.counting import counted
from halon.incident.joining import EXEMPLARS, count, fires, outside_window, recovered, said
from halon.incident.remembered import MOST, key, pack, unpack
from halon.incident.sheaves import is_sheaf, number, pairs, put_by, unique
from halon.incident.state import State, Tally
from halon.incident.timeline import note
from halon.incident.times import after, seconds_between

REMEMBERED = 8192
"""Alerts that are known again when they are sent once more, and fingerprints that are known to fire: so many by their
marks, and ``remembered.MOST`` more of each by 32 bits. Beyond these 24,576, one sent again counts anew, and one that fires
is a number that only a person can take back: in doubt the incident has not recovered."""
OF_EACH_RULE = 3
"""Alerts of a rule with a line of their own, once the incident has had its exemplars."""
REPORTS = 100
"""Reports by people with a line of their own."""
RULES_NAMED = 10
SOONEST, LATEST = 10, 900
"""Seconds between two lines that tell how many joined: from the first to the last figure as the incident grows older."""


@dataclass(slots=True)
class _Joining:
    """What one batch changes again and again, in forms that are quick to change."""

    seen: dict[str, None]
    firing: dict[str, None]
    firing_more: int
    seen_rest: dict[bytes, None]
    firing_rest: dict[bytes, None]
    counts: dict[str, AlertCount]
    alerts: list[Alert]
    joined: int
    late: list[Alert]
    tally: Tally | None

    @classmethod
    def of(cls, state: State) -> _Joining:
        counts = {one.rule: one for one in state.counts}
        joined = sum(one.firing + one.resolved for one in state.counts)
        seen, firing = dict.fromkeys(state.seen), dict.fromkeys(state.firing)
        seen_rest, firing_rest = unpack(state.seen_rest), unpack(state.firing_rest)
        more = state.firing_more
        return cls(seen, firing, more, seen_rest, firing_rest, counts, list(state.alerts), joined, [], state.tally)

    def into(self, state: State) -> State:
        """``state`` with all that was joined. The first that no longer fit stay known, and the newest."""
        seen = list(self.seen)
        for name in seen[:-REMEMBERED]:
            if len(self.seen_rest) >= MOST:
                break
            self.seen_rest[key(name)] = None
        late = put_by(state.forwarding, self.late, sent=state.forwarding_sent) if self.late else state.forwarding
        return replace(
            state, seen=tuple(seen[-REMEMBERED:]), firing=tuple(self.firing), firing_more=self.firing_more,
            seen_rest=pack(self.seen_rest), firing_rest=pack(self.firing_rest), counts=tuple(self.counts.values()),
            alerts=tuple(self.alerts), tally=self.tally, forwarding=late,
        )  # fmt: skip

    def knows(self, alert: Alert) -> bool:
        return self._knows(alert.mark) or alert.identity in self.seen

    def _knows(self, mark: str) -> bool:
        return mark in self.seen or (bool(self.seen_rest) and key(mark) in self.seen_rest)

    def is_over(self, alert: Alert) -> bool:
        """Whether ``alert`` fires and its ``resolved``, of the same fingerprint and start, has come before it.

        Two ways to one incident may bring them so: two gateways, two relays, or what is severe past what is not. Of one
        that comes in a sheaf only its mark is known, and not what its end would be called. The newest ``REMEMBERED``
        count for this and not those known by 32 bits: in doubt it fires.
        """
        ended = f"{alert.fingerprint}|{alert.started_at}|resolved"
        return alert.status == "firing" and alert.lasts and (ended in self.seen or mark_of(ended) in self.seen)

    def join(self, alert: Alert, now: str) -> None:
        over = self.is_over(alert)
        self.seen[alert.mark] = None
        self.joined += 1
        count(self.counts, alert, now, duplicate=False)
        if len(self.alerts) < EXEMPLARS:
            self.alerts.append(alert)
        if alert.lasts and not over:
            self._fire(alert.status, {alert.fingerprint, mark_of(alert.fingerprint)}, mark_of(alert.fingerprint))

    def join_sheaf(self, sheaf: Alert, now: str) -> int:
        """Join those in ``sheaf`` that are new; their number."""
        new = 0
        for mark, fingerprint in pairs(sheaf):
            if self._knows(mark):
                count(self.counts, sheaf, now, duplicate=True)
                continue
            self.seen[mark] = None
            new += 1
            count(self.counts, sheaf, now, duplicate=False)
            if sheaf.lasts:
                self._fire(sheaf.status, {fingerprint}, fingerprint)
        if sheaf.more and not self._knows(unique(sheaf)):
            self.seen[unique(sheaf)] = None
            new += sheaf.more
            count(self.counts, sheaf, now, duplicate=False, number=sheaf.more)
            if sheaf.lasts and sheaf.status == "firing":
                self.firing_more += sheaf.more
        self.joined += new
        return new

    def _fire(self, status: str, names: set[str], mark: str) -> None:
        """Those that fire, by fingerprint; beyond what can be remembered, their number.

        What is not known to fire takes nothing off that number.
        """
        known = names & self.firing.keys()
        for name in known:
            del self.firing[name]
        rest = key(mark) if self.firing_rest else b""
        if status == "resolved":
            if not known and rest in self.firing_rest:
                del self.firing_rest[rest]
                self.firing_more -= 1
        elif rest not in self.firing_rest:
            if len(self.firing) < REMEMBERED:
                self.firing[mark] = None
                return
            self.firing_more += 1
            if len(self.firing_rest) < MOST:
                self.firing_rest[key(mark)] = None

    def alone(self, alert: Alert) -> bool:
        """Whether ``alert``, which has joined, gets a line of its own."""
        of_rule = self.counts.get(alert.rule)
        which = of_rule.firing + of_rule.resolved if of_rule else self.joined
        return self.joined <= EXEMPLARS or which <= (REPORTS if alert.source == "report" else OF_EACH_RULE)


def absorb(state: State, alerts: Iterable[Alert], now: str) -> State:
    """``state`` with ``alerts`` joined. The same (fingerprint, start, status) counts as a duplicate and changes nothing.

    A ``resolved`` ends what fires of its fingerprint and start, whichever of the two comes first: the later one is counted
    and has its line, and what follows from it follows; but in the end it does not fire. After the join window one that
    is over already is counted here, and opens no successor. Raises Malformed if the times of one of them are none: then
    none has joined.
    """
    joining = _Joining.of(state)
    for alert in [timed(one) for one in alerts]:
        if not is_sheaf(alert) and joining.knows(alert):
            count(joining.counts, alert, now, duplicate=True)
        elif (late := outside_window(state, alert, now)) and (is_sheaf(alert) or not joining.is_over(alert)):
            joining.late.append(alert)
        else:
            first = not joining.seen
            if is_sheaf(alert):
                if not (new := joining.join_sheaf(alert, now)):
                    continue
                joining.tally = _tallied(joining.tally, alert, now, new)
                state = _only_counted(state, alert, now)
                state = fires(state, alert, now, first=first)
                continue
            joining.join(alert, now)
            if joining.alone(alert):
                state = said(state, alert, now)
            else:
                joining.tally = _tallied(joining.tally, alert, now)
            if not late:
                state = fires(state, alert, now, first=first)
    state = joining.into(state)
    if joining.late:
        text = f"{counted(number(joining.late), 'alert')} came after the join window: they belong to a successor."
        state = note(state, now, "alert", "detect", text)
    return recovered(state, now)


def _only_counted(state: State, sheaf: Alert, now: str) -> State:
    """``state`` with a line where of some in ``sheaf`` only their number came: nobody can tell when they end."""
    if not sheaf.more:
        return state
    text = (
        f"Of {counted(sheaf.more, 'more alert')} of {sheaf.rule[:60]} ({sheaf.status}), which waited at another incident, "
        "only the number is known: the same one sent twice counts twice, and a person says when they are over."
    )
    return note(state, now, "alert", "detect", text, data={"rule": sheaf.rule, "alerts": sheaf.more})


def _tallied(tally: Tally | None, alert: Alert, now: str, new: int = 1) -> Tally:
    old = tally or Tally(first_at=now, last_at=now)
    rules = old.rules if alert.rule in old.rules or len(old.rules) >= RULES_NAMED else (*old.rules, alert.rule)
    digest = hashlib.sha256(f"{old.digest}{alert.identity}{alert.marks}".encode("utf-8", "surrogatepass")).hexdigest()
    return Tally(
        old.first_at,
        now,
        old.firing + new * (alert.status == "firing"),
        old.resolved + new * (alert.status == "resolved"),
        rules,
        digest,
    )


def told_at(state: State) -> str:
    """When the line about those without a line of their own is due; empty while there are none.

    Ten seconds after the first of them in a young incident, a quarter of an hour in an old one.
    """
    if state.tally is None:
        return ""
    age = seconds_between(state.opened_at, state.tally.first_at)
    return after(state.tally.first_at, min(max(age / 10, SOONEST), LATEST))


def tell_tally(state: State, now: str) -> State:
    """``state`` with the line about those that joined without one."""
    tally = state.tally
    if tally is None:
        return state
    many = counted(tally.firing + tally.resolved, "more alert")
    parts = [f"{tally.firing} firing"] * bool(tally.firing) + [f"{tally.resolved} resolved"] * bool(tally.resolved)
    text = f"{many} joined since {tally.first_at} ({', '.join(parts)}): {', '.join(one[:60] for one in tally.rules)}."
    # The ledger keeps only the newest of these: each names a moment that does not come again.
    ledger = {key: at for key, at in state.ledger.items() if not key.startswith(KEY)}
    data = {"firing": tally.firing, "resolved": tally.resolved, "rules": list(tally.rules), "first_at": tally.first_at,
            "last_at": tally.last_at, "identities_sha256": tally.digest}  # fmt: skip
    return note(replace(state, tally=None, ledger=ledger), now, "alert", "detect", text, data=data)


KEY = "alerts-told:"
"""What the clock's events of these lines are called."""
