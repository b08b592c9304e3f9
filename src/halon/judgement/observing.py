"""Is it time to switch on? What an observed agent's incidents say for and against letting Halon act.

``argue`` counts the incidents whose outcome is known and in which something would have run (observe) or was asked for
(suggest). It argues, it never switches: a person writes the mode into the agent's file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from halon.incident.assessment import Mode
from halon.incident.counting import counted

ENOUGH = 3
"""Incidents with a known outcome before anything is said for or against."""
MILD = 1
"""The most disruption (0 none to 4 all) that a false alarm may cost without speaking against switching on."""
BLUNT = 3
"""The disruption from which on people are asked first (mode suggest) before it runs by itself (mode act)."""

Truth = Literal["true", "false alarm", "unknown"]
Answer = Literal["", "yes", "no", "none"]
Stand = Literal["for", "against", "not enough seen yet"]


@dataclass(frozen=True, slots=True)
class Deed:
    """One action that would have run, or was asked for. ``at`` is when it would have begun (ISO 8601 UTC, empty: not
    known), ``after`` the seconds since the alert came in, None if that is not known.

    ``asks`` names the roles that it would have asked first in mode act (empty: nobody), ``asks_because`` why, where that
    is not the kit's own gate: the severity, or too little trust in what called for it. ``answer`` is what people said to it in mode
    suggest: yes, no, none in time; empty where nobody was asked. ``answered_after`` is how long that took, in seconds.
    """

    action: str
    title: str
    at: str
    after: float | None
    disruption: int
    reversible: bool
    collateral: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    quorum: int = 0
    takes_effect: int = 0
    answer: Answer = ""
    answered_after: float | None = None
    asks_because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Watched:
    """One incident of an agent that is only observed, or asked about.

    ``lasted`` is how long the harm went on after the alert, in seconds; None while nobody has said that it stopped.
    ``sooner`` is how much sooner what would have run by itself would have been in force (negative: people were quicker),
    None where that is not known. ``left_out`` says why an incident does not count, such as a drill.
    """

    reference: str
    mode: Mode
    severity: str
    opened_at: str
    alerted_at: str
    truth: Truth
    truth_because: str
    lasted: float | None
    lasted_because: str
    sooner: float | None
    deeds: tuple[Deed, ...] = ()
    left_out: str = ""
    closed_at: str = ""


@dataclass(frozen=True, slots=True)
class Argument:
    """What the incidents speak for. ``to`` is the mode that is argued about; ``missing`` how many incidents lack."""

    stand: Stand
    to: Mode
    reasons: tuple[str, ...]
    missing: int = 0


def argue(mode: Mode, incidents: Sequence[Watched], enough: int = ENOUGH) -> Argument:
    """For or against a stronger mode than ``mode``, with reasons. ``enough`` is how many outcomes must be known."""
    counting = [one for one in incidents if one.deeds and not one.left_out]
    judged = [one for one in counting if one.truth != "unknown"]
    wrong = [one for one in judged if one.truth == "false alarm"]
    grave = [(one, deed) for one in wrong for deed in one.deeds if deed.disruption > MILD and not _would_ask(deed)]
    refused = [(one, deed) for one in counting for deed in one.deeds if deed.answer == "no" and one not in wrong]
    if grave or refused:
        return Argument("against", "act", (*_grave(grave), *_refused(refused), *_waiting(counting, judged)))
    if len(judged) < enough:
        return _not_yet(mode, incidents, counting, judged, enough)
    if wrong:
        return _mild(mode, judged, wrong)
    return _all_true(mode, judged)


def _all_true(mode: Mode, judged: Sequence[Watched]) -> Argument:
    reasons = [f"{counted(len(judged), 'incident')}, all true, no false alarm"]
    known = [one.sooner for one in judged if one.sooner is not None]
    alone = [deed for one in judged for deed in one.deeds if not deed.asks]
    if mode == "suggest":
        reasons += _answered(judged)
    if known and max(known) <= 0:
        reasons.append("people had stopped it before Halon would have, every time")
        return Argument("against", "act", tuple(reasons))
    if mode == "suggest":
        return _after_asking(judged, alone, reasons)
    if not alone:
        reasons.append("everything that would have run asks people first, in every mode")
        return Argument("for", "suggest", tuple(reasons))
    if not known:
        reasons.append("how much sooner the harm would have ended is not known: nobody said when it stopped")
        return Argument("for", "suggest", tuple(reasons))
    reasons.append(f"it would have been in force up to {words(max(known))} sooner, {words(_median(known))} at the median"
                   + ("" if len(known) == len(judged) else f" (known of {len(known)} of {len(judged)})"))  # fmt: skip
    if blunt := _blunt(alone):
        reasons.append(f"asked first all the same, because much would be off: {blunt}")
        return Argument("for", "suggest", tuple(reasons))
    return Argument("for", "act", tuple(reasons))


def _after_asking(judged: Sequence[Watched], alone: Sequence[Deed], reasons: list[str]) -> Argument:
    """Mode suggest: for acting only where people said yes to each thing that would run unasked, and none is blunt."""
    if not alone:
        reasons.append("everything that was asked for has a gate of its own and goes on asking in mode act")
        return Argument("against", "act", tuple(reasons))
    silent = [one.reference for one in judged if any(not deed.asks and deed.answer != "yes" for deed in one.deeds)]
    if silent:
        reasons.append(f"without a yes nothing speaks for running it unasked: {', '.join(silent[:8])}")
        return Argument("against", "act", tuple(reasons))
    if blunt := _blunt(alone):
        reasons.append(f"goes on being asked, because much would be off: {blunt}")
        return Argument("against", "act", tuple(reasons))
    return Argument("for", "act", tuple(reasons))


def _answered(judged: Sequence[Watched]) -> list[str]:
    """How people answered what was asked for, counted: a question that nobody answered is no yes."""
    asked = [deed for one in judged for deed in one.deeds]
    silent = [deed for deed in asked if deed.answer != "yes"]
    waits = [deed.answered_after for deed in asked if deed.answer == "yes" and deed.answered_after is not None]
    took = f", after {words(sum(waits) / len(waits))} on average" if waits else ""
    if not silent:
        return [f"people said yes each time{took or '; how long they took is not known'}"]
    return [f"people said yes to {len(asked) - len(silent)} of {counted(len(asked), 'question')}{took}; "
            f"{len(silent)} {'was' if len(silent) == 1 else 'were'} not answered"]  # fmt: skip


def _blunt(deeds: Sequence[Deed]) -> str:
    return ", ".join(sorted({deed.title for deed in deeds if deed.disruption >= BLUNT}))


def _mild(mode: Mode, judged: Sequence[Watched], wrong: Sequence[Watched]) -> Argument:
    said = (f"{len(wrong)} of {counted(len(judged), 'incident')} {'was a false alarm' if len(wrong) == 1 else 'were false alarms'}: "
            f"{', '.join(one.reference for one in wrong)}")  # fmt: skip
    if len(wrong) * 2 > len(judged):
        return Argument("against", "act", (said, "that is more than half; mend the detection first"))
    if mode == "suggest":
        return Argument("against", "act", (said, "without asking it would have run for nothing"))
    return Argument("for", "suggest", (said, "what would have run in vain disrupts little, and people would be asked"))


def _not_yet(
    mode: Mode, incidents: Sequence[Watched], counting: Sequence[Watched], judged: Sequence[Watched], enough: int
) -> Argument:
    missing = enough - len(judged)
    reasons = [
        f"{counted(len(judged), 'incident')} with a known outcome; {missing} more {'is' if missing == 1 else 'are'} missing"
    ]
    reasons += _waiting(counting, judged)
    idle = [one for one in incidents if not one.deeds and not one.left_out]
    if idle:
        reasons.append(f"in {counted(len(idle), 'incident')} nothing would have run: no action of the kit fits")
    return Argument("not enough seen yet", "suggest" if mode == "observe" else "act", tuple(reasons), missing)


def _waiting(counting: Sequence[Watched], judged: Sequence[Watched]) -> list[str]:
    rest = [one for one in counting if one not in judged]
    if not rest:
        return []
    return [
        f"whether {', '.join(one.reference for one in rest[:8])} {'was' if len(rest) == 1 else 'were'} real is not known yet"
    ]


def _grave(found: Sequence[tuple[Watched, Deed]]) -> list[str]:
    return [
        f"{one.reference} was a false alarm, and it would have run: {deed.title} (disruption {deed.disruption} of 4"
        + (f"; hit beside it: {', '.join(deed.collateral)}" if deed.collateral else "")
        + ")"
        for one, deed in found
    ]


def _refused(found: Sequence[tuple[Watched, Deed]]) -> list[str]:
    return [f"{one.reference}: people said no to {deed.title}" for one, deed in found]


def _would_ask(deed: Deed) -> bool:
    """Whether people would have been asked in mode act too, so that a false alarm costs a question and no more."""
    return bool(deed.asks) and deed.answer != "yes"


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def words(seconds: float) -> str:
    """A length of time as people say it: ``12 s``, ``7 min``, ``3.5 h``, ``2 days``; negative ones with a minus."""
    size, sign = abs(seconds), "-" if seconds < 0 else ""
    if size < 120:
        return f"{sign}{size:.0f} s"
    if size < 7200:
        return f"{sign}{size / 60:.0f} min"
    if size < 172_800:
        return f"{sign}{size / 3600:.1f} h"
    return f"{sign}{size / 86_400:.0f} days"
