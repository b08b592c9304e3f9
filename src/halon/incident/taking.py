"""The other side of a merge: alerts and facts of the merged incident are taken over, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from halon.incident.alerts import Alert, AlertCount
from halon.incident.counting import counted
from halon.incident.facts import PERSON, Fact
from halon.incident.hearing import MOST as MOST_SOURCES
from halon.incident.joining import COUNTED_RULES, EXEMPLARS, OTHER_RULES, outside_window, recurs
from halon.incident.known import counted as known
from halon.incident.learning import bounded, learn
from halon.incident.links import MergedFrom, Taken
from halon.incident.merging import taken_back
from halon.incident.passing import divert
from halon.incident.remembered import MOST as MOST_REST
from halon.incident.remembered import key, pack, unpack
from halon.incident.state import State
from halon.incident.storm import REMEMBERED, absorb
from halon.incident.timeline import note
from halon.incident.times import normal
from halon.incident.waking import wake

MOST_MERGED = 100
EARLIER = "merged"
"""The source of an anchor that a merge set to the earlier one of two, where a person had said the later one."""


def link_of(state: State, workflow_id: str) -> MergedFrom | None:
    """The link to the incident that is merged into this one, if it is."""
    return next((one for one in state.merged_from if one.workflow_id == workflow_id), None)


def closes_circle(state: State, taken: Taken) -> bool:
    """Whether what is handed over tells that incidents are merged in a circle, of which another one than this goes on."""
    link = taken.link
    before = link_of(state, link.workflow_id)
    new = before is None or before.version < link.version
    return new and _in_circle(state, link) and state.workflow_id != min(*link.path, link.workflow_id)


def take_over(state: State, taken: Taken, now: str, *, tells: bool = True) -> State:
    """``state`` with what a merged incident hands over. The same version again changes nothing.

    Of a circle, the one that goes on is handed a new version, so that it learns of the circle; not if ``tells`` is
    False, as it was once.
    """
    link = taken.link
    before = link_of(state, link.workflow_id)
    if before is not None and before.version >= link.version:
        return state
    if _in_circle(state, link) and state.merged_into is not None:
        if closes_circle(state, taken):
            state = _with_link(state, replace(before or link, version=link.version, path=link.path))
            return _with_news(state) if tells else state
        # Merged in a circle at the same moment: all of them agree on the one that goes on.
        state = taken_back(state, f"{link.reference} is merged into this incident", now)
    state = wake(state, now, f"{link.reference} was merged into it")
    state = _with_facts(state, taken, now)
    if before is None:
        # Of a circle: it may hold already what this incident handed over, and is then not counted a second time.
        again = state.workflow_id in link.path and bool(set(state.seen) & set(taken.seen))
        state = _with_alerts(state, taken, now, again=again)
        told = (
            f"{link.reference} was merged into this incident by {link.by}: {link.reason}. {counted(link.alerts, 'alert')} of "
            f"{counted(len(taken.counts), 'rule')} and {counted(len(taken.facts), 'fact')} came with it."
        )
        data = {"from": link.workflow_id, "agent": link.agent, "alerts": link.alerts, "facts": len(taken.facts),
                "rules": [one.rule for one in taken.counts][:COUNTED_RULES], "record_head": taken.head}  # fmt: skip
        state = note(state, now, "merged", "triage", told, actor=link.by, data=data)
    else:
        link = replace(link, batches=before.batches, declined=before.declined)
    state = _with_link(state, link)
    return _with_news(state)


def take_alerts(state: State, workflow_id: str, number: int, alerts: Sequence[Alert], now: str) -> State:
    """``state`` with the ``number``-th batch of later alerts of a merged incident joined, or declined: too late for it.

    Those that come while this incident closes are left to the one that brings them, which sees that it is closed.
    Raises Malformed as ``timed`` does.
    """
    link = link_of(state, workflow_id)
    if link is None or number <= link.batches or state.close_requested_by:
        return state
    if any(outside_window(state, one, now) for one in alerts):
        return _with_link(state, replace(link, declined=number))
    state, here = divert(state, alerts, now)
    if here:
        state = absorb(state, here, now)
    return _with_link(state, replace(link, batches=number))


def _in_circle(state: State, link: MergedFrom) -> bool:
    return state.merged_into is not None and state.workflow_id in link.path


def _with_news(state: State) -> State:
    """``state``, of which the incident that it is merged into, if it is, takes this as well."""
    into = state.merged_into
    return state if into is None else replace(state, merged_into=replace(into, version=into.version + 1))


def _with_link(state: State, link: MergedFrom) -> State:
    others = tuple(one for one in state.merged_from if one.workflow_id != link.workflow_id)
    return replace(state, merged_from=(*others, link)[-MOST_MERGED:])


def _with_facts(state: State, taken: Taken, now: str) -> State:
    """The facts as they were said, with where; as another source they never loosen what holds here (promise 7)."""
    name, mine = taken.link.reference, known(state)
    anchors = {one: theirs for one, theirs in taken.anchors.items() if isinstance(mine.get(one), str) and mine[one]}
    moved = [one if one.via else replace(one, source=f"{one.source} of {name}", via=name)
             for one in taken.facts if one.entity or one.name not in anchors]  # fmt: skip
    have = set(map(_key, state.facts))
    new = [one for one in moved if _key(one) not in have]
    if new:
        # By nobody's word here: what is judged from them may tighten, never loosen.
        state = replace(state, facts=bounded((*state.facts, *new)), facts_version=state.facts_version + 1)
        if link_of(state, taken.link.workflow_id) is not None:
            state = note(state, now, "fact", "detect", f"{counted(len(new), 'fact')} came from {name}.",
                         data={"names": [one.name for one in new][:100]})  # fmt: skip
    for anchor, theirs in sorted(anchors.items()):
        told = Fact(anchor, theirs, _source(state, anchor), now, by=taken.link.by, via=name,
                    reason=f"the earlier one of this incident and {name}")  # fmt: skip
        again = any((one.name, one.value, one.via) == (anchor, theirs, name) for one in state.facts)
        if _time(theirs) < _time(str(mine[anchor])) and not again:
            state = learn(state, [told], now)
    return state


def _source(state: State, anchor: str) -> str:
    """The source that said the anchor here last, so that it does not disagree with itself; never a person's."""
    said = [one.source for one in state.facts if one.name == anchor and not one.claim]
    return said[-1] if said and said[-1] != PERSON else EARLIER


def _with_alerts(state: State, taken: Taken, now: str, *, again: bool = False) -> State:
    counts = {one.rule: one for one in state.counts}
    for one in taken.counts:
        rule = one.rule if one.rule in counts or len(counts) < COUNTED_RULES else OTHER_RULES
        counts[rule] = (_larger if again else _sum)(counts.get(rule), one, rule)
    fires = bool(taken.firing or taken.firing_more)
    firing = tuple(dict.fromkeys((*state.firing, *taken.firing)))
    rest = {**unpack(state.firing_rest), **unpack(taken.firing_rest)}
    known = {key(one) for one in firing}
    named = len(unpack(state.firing_rest)) + len(unpack(taken.firing_rest))
    unnamed = max(0, state.firing_more + taken.firing_more - named)
    all_rest = [*(one for one in rest if one not in known), *map(key, firing[REMEMBERED:])]
    seen = tuple(dict.fromkeys((*taken.seen, *state.seen)))
    older = dict.fromkeys((*unpack(state.seen_rest), *unpack(taken.seen_rest), *map(key, seen[:-REMEMBERED])))
    state = replace(
        state,
        alerts=(*state.alerts, *(one for one in taken.alerts if one not in state.alerts))[: 2 * EXEMPLARS],
        counts=tuple(counts.values()),
        seen=seen[-REMEMBERED:],
        seen_rest=pack(list(older)[:MOST_REST]),
        firing=firing[:REMEMBERED],
        firing_more=unnamed + len(all_rest),
        firing_rest=pack(all_rest[:MOST_REST]),
        sources=tuple(dict.fromkeys((*state.sources, *taken.sources)))[:MOST_SOURCES],
        last_fired_at=max(state.last_fired_at, taken.last_fired_at),
    )
    if not fires:
        return state
    if taken.link.agent == state.agent and state.harm_stopped_at and taken.last_fired_at > state.harm_stopped_at:
        state = replace(recurs(state, now), look_at=now)
        told = f"Alerts of {taken.link.reference} fired after containment: looking once more."
        return note(state, now, "recurrence", "contain", told)
    return replace(state, recovered_at="")


def _larger(here: AlertCount | None, there: AlertCount, rule: str) -> AlertCount:
    """The counts of a rule where those of there hold those of here already."""
    both, mine = _sum(here, there, rule), here or AlertCount(rule)
    return replace(
        both,
        firing=max(mine.firing, both.firing - mine.firing),
        resolved=max(mine.resolved, both.resolved - mine.resolved),
        duplicates=max(mine.duplicates, both.duplicates - mine.duplicates),
    )


def _sum(have: AlertCount | None, more: AlertCount, rule: str) -> AlertCount:
    old = have or AlertCount(rule)
    return AlertCount(
        rule, old.firing + more.firing, old.resolved + more.resolved, old.duplicates + more.duplicates,
        min((one for one in (old.first_at, more.first_at) if one), default=""), max(old.last_at, more.last_at),
    )  # fmt: skip


def _key(fact: Fact) -> tuple[str, str, str, str, str, bool, str]:
    """What makes two the same word: by whom, when, of what."""
    return fact.name, fact.entity, fact.source, fact.by, fact.at, fact.claim, str(fact.value)


def _time(text: str) -> str:
    """A time in the form that sorts; what is none sorts last and is never the earlier one."""
    try:
        return normal(text)
    except ValueError:
        return "9"
