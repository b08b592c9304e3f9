"""The alarms of paging products: what rings by itself, apart from the incident's own page, and when it is over.

Such a product rings nobody for more of an alarm that somebody has acknowledged. So each page about a gate or a clock is an
alarm of its own. It ends when the question is answered or void, or the clock is settled; when later pages about the same
have reached everybody whom it rang; and at the close. In mail and chat all of them stay in the incident's one thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from halon.incident.messages import Message
from halon.incident.standing import clock_runs
from halon.incident.state import State

APART = 2
"""The form of an assessment since when alarms are apart, and a notice is asked about again only where its text changes."""
GATE, CLOCK, GLASS = "gate:", "clock:", "glass:"
_RINGS = "alarm:"
_OF_GATES = ("gate:", "gate-late:", "gate-expired:", "gate-remind:", "gate-away:")
_OF_CLOCKS = ("warn:", "missed:", "ran-out:")
_INSTEAD = "instead:"


def apart(state: State) -> bool:
    """Whether the rules of ``APART`` count: what an earlier release judged goes on by its own until it is judged again."""
    return state.assessment is not None and state.assessment.form >= APART


def part_of(state: State, step: str, at: str) -> str:
    """The alarm that a page rings which is told at ``at`` as ``step``; empty for that of the incident itself.

    It is named after what a gate asks about, not after the gate: the question stays while its text changes.
    """
    if not apart(state):
        return ""
    while step.startswith(_INSTEAD):
        step = step.removeprefix(_INSTEAD)
    about = _of_gate(state, step) or _of_clock(state, step) or _of_glass(state, step)
    return f"{about}@{''.join(one for one in at if one.isalnum())}" if about else ""


def rang(state: State, message: Message, channels: tuple[str, ...]) -> State:
    """``state`` that knows of the alarm that ``message`` has set off, or may have, on ``channels``."""
    if not message.part or not channels or message.kind != "page":
        return state
    key = f"{_RINGS}{message.part}:{message.to}"
    return replace(state, ledger={**state.ledger, key: ",".join(channels)})


def ringing(state: State) -> bool:
    """Whether an alarm rings that is over."""
    return next(_over(state), None) is not None


def silenced(state: State, at: str, *, all_of_them: bool = False) -> State:
    """``state`` with the end of each alarm that is over (or of ``all_of_them``) in the outbox."""
    keys = list(_rings(state) if all_of_them else _over(state))
    ended: dict[str, Message] = {}
    for key in keys:
        part, _, name = key.removeprefix(_RINGS).rpartition(":")
        channels = tuple(state.ledger[key].split(","))
        if part in ended:  # told once on each channel, whoever was reached by it
            known = ended[part].channels
            ended[part] = replace(ended[part], channels=(*known, *(one for one in channels if one not in known)))
            continue
        subject = f"[{state.reference}] {part.rpartition('@')[0].replace(':', ' ')} is settled"
        ended[part] = Message(f"over:{part}", "resolve", name, subject, "Settled.", at, channels, part=part)
    if not ended:
        return state
    ledger = {step: when for step, when in state.ledger.items() if step not in keys}
    return replace(state, ledger=ledger, outbox=(*state.outbox, *ended.values()))


def _rings(state: State) -> Iterator[str]:
    return (key for key in state.ledger if key.startswith(_RINGS))


def _over(state: State) -> Iterator[str]:
    keys = list(_rings(state))
    rung = [_rung(key) for key in keys]
    # The product has one alarm for all whom a page rang: it goes on while one of them has heard nothing later.
    waiting = {
        (about, since)
        for about, since, name in rung
        if not any(one == about and then > since and who == name for one, then, who in rung)
    }
    for key, (about, since, _) in zip(keys, rung, strict=True):
        if (about, since) not in waiting or "closed" in state.ledger or not _goes_on(state, about):
            yield key


def _rung(key: str) -> tuple[str, str, str]:
    """What the ring of this key is about, since when, and whom it rang."""
    part, _, name = key.removeprefix(_RINGS).rpartition(":")
    about, _, since = part.rpartition("@")
    return about, since, name


def _goes_on(state: State, about: str) -> bool:
    """Whether what an alarm is about still waits for somebody. One that nobody answered in time rings until the close."""
    if about.startswith(GATE):
        of_it = [one for one in state.gates if one.subject == about.removeprefix(GATE)]
        latest = max(of_it, key=lambda one: one.opened_at, default=None)
        return any(one.status == "open" for one in of_it) or (latest is not None and latest.status == "expired")
    if about.startswith(
        GLASS
    ):  # until somebody has looked at it; or, of one that is only wanted, while it may come to that
        subject = about.removeprefix(GLASS)
        wanted = any(one.subject == subject and one.status == "open" and one.broken_by for one in state.gates)
        return wanted or any(one.subject == subject and not one.reviewed_by for one in state.broken)
    return any(
        about == f"{CLOCK}{duty.name}/{stage.id}" and clock_runs(state, duty) and not stage.filed_at
        for duty in state.obligations
        for stage in duty.stages
    )


def _of_gate(state: State, step: str) -> str:
    begun = next((one for one in _OF_GATES if step.startswith(one)), None)
    if begun is None:
        return ""
    named = f"{step.removeprefix(begun)}:"
    return next((f"{GATE}{one.subject}" for one in state.gates if named.startswith(f"{one.id}:")), "")


def _of_glass(state: State, step: str) -> str:
    if not step.startswith(GLASS):
        return ""
    named = step.removeprefix(GLASS)
    return next((f"{GLASS}{one.subject}" for one in state.gates if named.startswith(f"{one.id}:")), "")


def _of_clock(state: State, step: str) -> str:
    begun = next((one for one in _OF_CLOCKS if step.startswith(one)), None)
    if begun is None:
        return ""
    named = step.removeprefix(begun)
    names = [f"{duty.name}/{stage.id}" for duty in state.obligations for stage in duty.stages]
    return next((f"{CLOCK}{name}" for name in names if named.startswith((f"{name}:", f"{name}@"))), "")
