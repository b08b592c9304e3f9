"""What a template may print of the contents that its regime asks for, and of what follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from halon.incident.notices import Notice
from halon.judgement.communication import fillers
from halon.judgement.communication.checks import duty_of
from halon.judgement.communication.contents import completeness, follows, wanted


def phases(notice: Notice, about: Mapping[str, Any], language: str = "en") -> dict[str, Any]:
    """What a template may say of the contents that its regime asks for: those not known yet, the answers that have no
    place of their own in any template, each once, and what follows when."""
    duty = duty_of(notice, about)
    contents = completeness(wanted(duty, notice.stage), about) if duty else ()
    names = tuple(dict.fromkeys(name for one in contents for name in one.facts))
    return {
        "contents": [
            {"what": one.what, "filled": one.filled, "facts": list(one.facts), "missing": list(one.missing)}
            for one in contents
        ],
        "asked_for": list(names),
        "answers": fillers.answers(names, about, language),
        "follows": follows(duty, notice.stage) if duty else {},
    }
