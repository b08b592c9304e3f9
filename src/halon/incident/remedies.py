"""Why it happened and what is done about it: findings, whys, the minimal case, corrective actions, the proof."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

LAYERS = ("model", "retrieval", "tools", "orchestration", "process")


@dataclass(frozen=True, slots=True)
class Finding:
    """A root cause by layer (guide section 5). ``evidence`` are sealed artefacts that carry it."""

    id: str
    layer: str
    text: str
    by: str
    at: str
    evidence: tuple[str, ...] = ()
    certainty: Literal["shown", "likely", "suspected"] = "likely"


@dataclass(frozen=True, slots=True)
class MinimalCase:
    """The minimal reproducible case: what to give the agent so that it happens again, and what leaves it out."""

    message: str
    session: str = ""
    documents: tuple[str, ...] = ()
    culprit: str = ""
    tools: tuple[str, ...] = ()
    reproduced: bool | None = None  # None: nobody could try
    reproduced_without_culprit: bool | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Corrective:
    """A remediation with owner, deadline (ISO 8601 UTC) and how it is verified.

    ``status`` ``proved`` says: somebody said that it is done, and a rerun passed since. What is proved by a rerun is the
    fix, not each part of it; ``standing`` has the words. ``after`` is what came after it was said to be done.
    """

    id: str
    title: str
    owner: str
    deadline: str
    by: str
    at: str
    status: Literal["open", "done", "proved", "failed", "waived"] = "open"
    verification: str = "rerun the minimal case and the eval suite"
    note: str = ""
    done_by: str = ""
    done_at: str = ""
    after: Literal["", "passed", "failed", "undecided", "recurred"] = ""
    after_at: str = ""


CaseResult = Literal["", "no longer reproduces", "still reproduces", "never reproduced", "was not tried"]


@dataclass(frozen=True, slots=True)
class Rerun:
    """One rerun of the minimal case and the eval suite against the agent."""

    at: str
    passed: bool
    case_passed: bool
    evals_passed: int
    evals_failed: int
    details: tuple[str, ...] = ()
    evidence: str = ""
    case: CaseResult = ""  # empty in states from before this was kept

    @property
    def undecided(self) -> bool:
        """Whether it neither proved nor disproved the fix: nothing failed, and the case could show nothing."""
        return not self.passed and not self.evals_failed and self.case in ("never reproduced", "was not tried")


@dataclass(frozen=True, slots=True)
class Waiver:
    """A named person's word that stands in for a proof."""

    what: str
    by: str
    reason: str
    at: str


_AFTER = {
    "passed": "rerun passed",
    "failed": "rerun failed",
    "undecided": "a rerun could not decide",
    "recurred": "it happened again",
}


def standing(one: Corrective) -> str:
    """How far one corrective action has come, in words; times are ISO 8601 UTC."""
    if one.status in ("open", "waived"):
        return one.status
    said = f"said done by {one.done_by}" if one.done_by else "said done"
    if one.after:
        return f"{said}; {_AFTER[one.after]} at {one.after_at}"
    words = {"proved": "a rerun passed since", "failed": "not proved since"}  # kept before the time was
    return f"{said}; {words[one.status]}" if one.status in words else f"{said}; not rerun yet"


def case_in_words(rerun: Rerun) -> str:
    """What the rerun showed of the minimal case."""
    return rerun.case or ("no longer reproduces" if rerun.case_passed else "still reproduces, or was not tried")


def yes_no(tried: bool | None) -> str:
    """An outcome of a replay in words: what was not tried is not "no"."""
    return "not tried" if tried is None else "yes" if tried else "no"


def case_told(case: MinimalCase) -> str:
    """What the replays showed, in a sentence."""
    if case.reproduced is None:
        return "Minimal case: found in the traces, and not replayed."
    if not case.reproduced:
        return "Minimal case: replayed, and it did not happen again."
    if case.reproduced_without_culprit is None or not case.culprit:
        tail = "; without which part it would not is not known" if case.reproduced_without_culprit else ""
        return f"Minimal case: replayed, and it happens again{tail}."
    word = "happens" if case.reproduced_without_culprit else "does not happen"
    return f"Minimal case: it happens again with {case.culprit}, and {word} without it."
