"""How far a draft holds what its regime asks for: each content, what fills it, what is not known, what is not said.

A regime names what fills each of its contents (``contents:`` with ``facts``). An entry without facts is written by a
person: it is shown as open and never counted as filled. So is one whose facts are known and do not stand in the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from halon.incident.notices import Content
from halon.judgement.communication import fillers

UPDATE = "update"
"""The stage of promised updates: what is asked for at every stage is asked for there."""


def wanted(duty: Mapping[str, Any], stage: str) -> tuple[Mapping[str, Any], ...]:
    """What ``duty`` asks of a notice at ``stage``. Of what an earlier release judged only the words are known."""
    asked: Sequence[Mapping[str, Any]] = duty.get("wanted") or ()
    if not asked:
        return tuple({"what": what, "facts": ()} for what in duty.get("contents") or ())
    return tuple(one for one in asked if not one.get("stages") or stage in one["stages"])


def completeness(
    asked: Iterable[Mapping[str, Any]], about: Mapping[str, Any], body: str | None = None
) -> tuple[Content, ...]:
    """Each of ``asked`` with what fills it: what of that is not known, and what is known and not said in ``body``.

    Without a ``body``, before there is one, nothing counts as unsaid.
    """
    found = []
    for one in asked:
        facts = tuple(str(name) for name in one.get("facts") or ())
        missing = tuple(name for name in facts if not fillers.told(name, about))
        said = () if body is None else tuple(
            name for name in facts if name not in missing and not fillers.stands(name, about, body)
        )  # fmt: skip
        found.append(Content(str(one.get("what", "")), facts, missing, said))
    return tuple(found)


def follows(duty: Mapping[str, Any], stage: str) -> dict[str, str]:
    """What comes after ``stage`` of an obligation: the next stage that is not filed, with its due time; empty if none."""
    stages: Sequence[Mapping[str, Any]] = duty.get("stages") or ()
    later = False
    for one in stages:
        if later and not one.get("filed_at"):
            return {
                "stage": str(one.get("id", "")),
                "due": str(one.get("due") or ""),
                "due_local": str(one.get("due_local") or ""),
            }
        later = later or one.get("id") == stage
    return {}
