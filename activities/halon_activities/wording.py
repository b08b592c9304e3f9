"""Which text a notice takes, by its name and language, and what it may print: in that language, with the list's number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from halon.incident import fact_words
from halon.incident.notices import Notice
from halon.judgement.communication import figures, german
from halon.judgement.communication.contents import UPDATE
from halon.kit.wordings import wording
from halon.rendering import render, render_own
from halon_activities.hands import Hands

_ENDING = re.compile(r"(?:\.(?:txt|md|html))?(?:\.j2)?$")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A notice template: its plain ``name`` such as ``customers.de``, the language that it is written in, and its text if it
    is the organisation's own (empty: it comes with Halon)."""

    name: str
    language: str
    own: str = ""

    def rendered(self, values: Mapping[str, Any]) -> str:
        """The text with ``values``. Raises TemplateFailed."""
        file = f"notices/{self.name}.txt.j2"
        return render_own(file, self.own, values) if self.own else render(file, values)


def chosen(hands: Hands, notice: Notice, asked: str) -> Chosen:
    """The text that ``notice`` takes: that of the language ``asked`` for (empty: none) before the plain one, and the
    organisation's own before the one that comes with Halon."""
    name = plain_name(notice.template) or notice.audience
    found, written = wording(name, asked, hands.kit.notices)
    return Chosen(found, written, hands.kit.notices.get(found, ""))


def language_of(notice: Notice, about: Mapping[str, Any]) -> str:
    """The language that its stage asks for, or its duty; empty: none, so that it is English.

    An update is for those whom the notice before it told: it speaks the language of that stage.
    """
    duty = next(
        (one for one in about.get("obligations", ()) if one.get("key", one.get("id")) == notice.obligation), None
    )
    if duty is None:
        return ""
    stage_id = _told_by(notice, about) if notice.stage == UPDATE else notice.stage
    stage = next((one for one in duty.get("stages") or () if one.get("id") == stage_id), None) or {}
    return str(stage.get("language") or duty.get("language") or "")


def _told_by(notice: Notice, about: Mapping[str, Any]) -> str:
    """The stage whose notice promised the update, the last one that was sent; empty: none is known."""
    sent = [
        str(one.get("stage", "")) for one in about.get("notices", ())
        if (one.get("obligation"), one.get("audience"), one.get("status")) == (notice.obligation, notice.audience, "sent")
        and one.get("stage") != UPDATE
    ]  # fmt: skip
    return sent[-1] if sent else ""


def in_language(notice: Notice, about: Mapping[str, Any], written: str, places: tuple[str, ...]) -> dict[str, Any]:
    """``about`` as the template of the language ``written`` prints it: once the list of people is reviewed, its number
    counts, of those in ``places`` (empty: all)."""
    values = german.told(about) if written == "de" else dict(about)
    count = figures.listed(about.get("affected"), places)
    if count is not None:
        amount = german.amount(count) if written == "de" else fact_words.amount(count)
        values["impact"] = {**values.get("impact", {}), "individuals": amount}
    return values


def plain_name(template: str) -> str:
    """The name of a template without its folder and ending."""
    return _ENDING.sub("", template.removeprefix("notices/"))
