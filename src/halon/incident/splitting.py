"""Split: alerts that have another cause become an incident of their own, which is judged anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from halon.incident.alerts import Alert, AlertCount
from halon.incident.commands import near
from halon.incident.counting import counted
from halon.incident.facts import Fact
from halon.incident.ids import correlation_key, split_id
from halon.incident.joining import recovered
from halon.incident.learning import learn
from halon.incident.links import SplitFrom, SplitOff
from halon.incident.passing import with_split, without_firing
from halon.incident.saying import Refused, Saying
from halon.incident.state import State
from halon.incident.storm import REMEMBERED
from halon.incident.timeline import note

UNKNOWN = "(unknown since the split)"
MOST = 20
"""Incidents that one may be split into: what was split off is split further."""


def split(say: Saying) -> State:
    """Move the alerts of some rules, or of some fingerprints, into an incident of its own."""
    state = say.state
    rules, fingerprints = tuple(say.command["rules"] or ()), tuple(say.command["fingerprints"] or ())
    if state.merged_into is not None:
        raise Refused("Merged", f"The alerts are those of {state.merged_into.reference} now: split that one.")
    if len(state.splits) >= MOST:
        raise Refused("TooMany", f"{MOST} incidents were split off already; split one of those further.")
    moved = _chosen(state, rules, fingerprints)
    gone = _counts(state, moved, rules)
    left = _less(state.counts, gone)
    if not any(one.firing or one.resolved for one in left):
        raise Refused("NothingLeft", f"Those are all alerts of {state.reference}; leave at least one rule to it.")
    first = moved[0]
    own = (first.agent, first.group) == (state.agent, state.group)
    number = len(state.splits) + 1
    off = SplitOff(
        number, split_id(state.workflow_id, number, "" if own else correlation_key(first.agent, first.group)), rules,
        fingerprints, say.by, say.now, say.command["reason"], alerts=moved, counts=gone,
        detected_at=min(one for one in (*(one.received_at for one in moved), *(one.first_at for one in gone)) if one),
        moved=sum(one.firing + one.resolved for one in gone),
    )  # fmt: skip
    state = without_firing(state, moved)
    kept = tuple(one for one in state.alerts if one not in moved)
    # Judged anew: the rules of the alerts have changed. The severity never falls by itself.
    version = state.facts_version + 1 if state.assessment else state.facts_version
    state = replace(state, alerts=kept, counts=left, splits=(*state.splits, off), facts_version=version,
                    sources=_sources(kept))  # fmt: skip
    told = (
        f"{say.named()} splits off {counted(off.moved, 'alert')} ({', '.join(one.rule for one in gone)}){say.because()}. "
        f"They become an incident of their own, {off.workflow_id}, which is judged anew. The facts stay here."
    )
    data = {
        "workflow_id": off.workflow_id,
        "rules": list(rules),
        "fingerprints": list(fingerprints),
        "alerts": off.moved,
    }
    return recovered(note(state, say.now, "split", "detect", told, actor=say.by, data=data), say.now)


def opened(state: State, number: int, reference: str, now: str) -> State:
    """``state`` after what was split off under ``number`` is open, as ``reference``."""
    off = next(one for one in state.splits if one.number == number)
    state = with_split(state, replace(off, reference=reference, opened_at=now, alerts=(), counts=()))
    told = f"{reference} is open, with {counted(off.moved, 'alert')} of this incident."
    return note(state, now, "split", "detect", told, data={"workflow_id": off.workflow_id})


def begun(state: State, split: SplitFrom, now: str) -> State:
    """The first ``state`` of what was split off: it counts all that moved, and knows what the other one knew again."""
    by_rule = {one.rule: one for one in state.counts}
    for one in split.counts:
        by_rule[one.rule] = AlertCount(
            one.rule, one.firing, one.resolved, one.duplicates, one.first_at, one.last_at or now
        )
    seen = tuple(dict.fromkeys((*split.seen, *state.seen)))[-REMEMBERED:]
    state = replace(
        state, counts=tuple(by_rule.values()), seen=seen,
        seen_rest=split.seen_rest, split_from=replace(split, counts=(), seen=(), seen_rest=""),
    )  # fmt: skip
    told = f"Split off from {split.reference} by {split.by}: {split.reason}."
    state = note(state, now, "split", "detect", told, actor=split.by, data={"from": split.workflow_id})
    known = next((fact.value for fact in state.facts if fact.name == "detected_at"), "")
    if split.detected_at and (not known or split.detected_at < str(known)):
        state = learn(state, [Fact("detected_at", split.detected_at, "alert", now, by=split.reference)], now)
    return state


def opening(state: State, off: SplitOff) -> SplitFrom:
    """What the new incident begins with besides its first alerts."""
    return SplitFrom(
        state.workflow_id, state.reference, off.by, off.at, off.reason, off.detected_at, off.counts, state.seen,
        state.seen_rest,
    )  # fmt: skip


def _chosen(state: State, rules: Sequence[str], fingerprints: Sequence[str]) -> tuple[Alert, ...]:
    """The exemplars that move, in the order in which they came, one that fires first. Raises Refused."""
    if not rules and not fingerprints:
        known = [one.rule for one in state.counts]
        raise Refused("Incomplete", f"Say which rules or fingerprints move. Rules: {', '.join(known)}.")
    for given, known, what in (
        (rules, [one.rule for one in state.counts], "rule"),
        (fingerprints, list(dict.fromkeys(one.fingerprint for one in state.alerts)), "fingerprint"),
    ):
        for name in given:
            if name not in known:
                raise Refused(
                    "NothingToSplit", f"No alert on record has the {what} {name[:80]!r}: {near(name, known[:20])}"
                )
    chosen = sorted(
        (one for one in state.alerts if one.rule in rules or one.fingerprint in fingerprints),
        key=lambda one: one.received_at,
    )
    first = next((one for one in chosen if one.status == "firing"), None)
    if first is None:
        raise Refused("OnlyCounted", "Of these alerts only their number is on record, and none that fires: an incident "
                      "can't be opened with that. Say it again when the next one has come.")  # fmt: skip
    if len({(one.agent, one.group) for one in chosen}) > 1:
        raise Refused(
            "MixedAgents", "These are alerts of more than one agent and group: split off one after the other."
        )
    return (first, *(one for one in chosen if one is not first))


def _sources(kept: Sequence[Alert]) -> tuple[str, ...]:
    """The sources that are known to have spoken of what stays. Where none is, one that the kit does not know: it may set
    nothing off without corroboration, while what has left may have been all that might."""
    return tuple(dict.fromkeys(one.source for one in kept if one.status == "firing")) or (UNKNOWN,)


def _counts(state: State, moved: Sequence[Alert], rules: Sequence[str]) -> tuple[AlertCount, ...]:
    """What moves, by rule: a rule that was named moves whole, of another only the alerts themselves."""
    found = []
    for one in state.counts:
        if one.rule in rules:
            found.append(AlertCount(one.rule, one.firing, one.resolved, one.duplicates, one.first_at, one.last_at))
            continue
        some = [alert for alert in moved if alert.rule == one.rule]
        if some:
            firing = sum(alert.status == "firing" for alert in some)
            found.append(AlertCount(one.rule, firing, len(some) - firing, 0, some[0].received_at, some[-1].received_at))
    return tuple(found)


def _less(counts: Sequence[AlertCount], gone: Sequence[AlertCount]) -> tuple[AlertCount, ...]:
    by_rule = {one.rule: one for one in gone}
    left = []
    for one in counts:
        less = by_rule.get(one.rule)
        if less is None:
            left.append(one)
            continue
        rest = replace(
            one, firing=max(0, one.firing - less.firing), resolved=max(0, one.resolved - less.resolved),
            duplicates=max(0, one.duplicates - less.duplicates),
        )  # fmt: skip
        if rest.firing or rest.resolved:
            left.append(rest)
    return tuple(left)
