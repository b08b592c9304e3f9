"""What a message to customers must hold, so that they understand it and can act.

Sources: playbook guide, section 7 (what happened, what was done, what you can do, when you hear more); the headings of
Cal. Civ. Code 1798.82(d); GDPR Art. 34(2). Where a fact is known its value must stand in the text. Else the part counts
as there when its heading stands on a line of its own with something below it, or before a colon (English, German).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import re2

from halon.incident import times
from halon.incident.languages import LANGUAGES
from halon.judgement.communication import values


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its name as a rule, what it is in words, and how its heading may read."""

    rule: str
    words: str
    heading: str


PARTS: Final = (
    Part("says-what-happened", "what happened", r"what (?:has )?happened|was (?:ist )?(?:passiert|geschehen)(?: ist)?"),
    Part("says-what-was-done", "what was done about it",
         r"what (?:we (?:did|do|have done|are doing)|was done|is being done)|was wir (?:getan|unternommen) haben|was wir (?:tun|unternehmen)|(?:unsere )?maßnahmen"),
    Part("says-who", "who is affected",
         r"(?:who|people|persons|customers|users|residents)(?: and what)?(?: (?:is|are|was|were))?(?: (?:affected|concerned))?|you are affected|"
         r"wer(?: und was)?(?: (?:ist|sind))?(?: betroffen)?(?: ist)?|(?:personen|kunden|menschen|betroffene)|sie sind betroffen"),
    Part("says-which-data", "which data or actions are concerned",
         r"(?:which|what) (?:data|information|actions?)(?: or actions?)?(?: (?:is|are|was|were))?(?: (?:affected|concerned|involved))?|data|information involved|actions?(?: involved)?|"
         r"who and what is (?:affected|concerned)|welche daten(?: oder vorgänge)?(?: (?:sind )?betroffen)?(?: sind)?|daten|wer und was (?:ist )?betroffen(?: ist)?"),
    Part("says-the-window", "from when to when it was", r"time|period|when(?: it happened)?|zeit(?:raum)?|wann(?: es war)?"),
    Part("says-what-to-do", "what its reader can do", r"what you (?:can|should) do(?: now)?|was sie (?:jetzt )?tun (?:können|sollten)"),
)  # fmt: skip
_COMBINED: Final = r"(?:(?:,| and| or| und| oder)+ [\wäöüß ,]{2,60})?"
"""What a heading may name besides: "Who is affected, and which data are concerned"."""
_FRONT: Final = r"^(?:[-*#•]{1,4} ?|\d{1,2}[.)] ?)?\**"
_ALONE: Final = {part.rule: re2.compile(rf"(?i){_FRONT}(?:{part.heading}){_COMBINED}\**[?:]?\**$") for part in PARTS}
_LABEL: Final = {part.rule: re2.compile(rf"(?i){_FRONT}(?:{part.heading})\**[:?] +(\S.*)$") for part in PARTS}
_JOINS: Final = re2.compile(r"(?i)(?:,? (?:and|or|und|oder)|,) ")
_SORRY: Final = re2.compile(
    r"(?i)\b(?:sorry|apologi[sz]e|apology|apologies|regret|entschuldig\w{0,12}|bedauern|tut uns (?:sehr )?leid)\b(?: (nothing|nichts|none)\b)?"
)
_NOT_SORRY: Final = re2.compile(
    r"(?i)(?:\b(?:not|never|no|nothing|neither|nor|without|nicht|nichts|kein\w{0,2}|niemals)|n't)"
    r"(?: (?:feel|feeling|say|be|to|any|at all|really|need|have|owe|see|make|for|us|uns|ihnen|you|sie|an|a|der|die|eine|zu|um|reason|grund)){0,4} $"
)
_BEFORE_SORRY: Final = 60
_FINAL: Final = re2.compile(
    r"(?i)\b(?:last message|no further (?:message|update)|final (?:message|update)|letzte (?:nachricht|mitteilung))\b"
)
_ENTRIES: Final = re2.compile(r"\.\s+")
_READ: Final = LANGUAGES
"""Languages whose headings are known. In another one only the values of facts are looked for."""
CATEGORIES: Final = "says-which-data"
MOST_LINES: Final = 2_000
LONGEST_LINE: Final = 2_000


def missing(
    body: str,
    about: Mapping[str, Any],
    language: str = "en",
    listed: int | None = None,
    *,
    ahead: bool = False,
    sending: bool = False,
) -> Iterator[tuple[str, str]]:
    """The parts that ``body`` lacks: the rule and what to write. ``listed`` is how many people the reviewed list names.

    Of a text that was approved ``ahead`` a part counts by its heading, whatever has become known. So it does of one that
    was drafted before and is sent now (``sending``), but for the categories of data: those that are known must stand there.
    """
    lines = _lines(body)
    text = values.normal(body)
    for part in PARTS:
        known = _known(part.rule, about, listed, language)
        if (ahead or (sending and part.rule != CATEGORIES)) and _headed(part.rule, lines):
            continue
        if known:
            lacks = [forms[0] for _, forms in known if not any(values.stands(form, text) for form in forms)]
            if lacks:
                told = ", ".join(lacks)
                yield part.rule, f"it does not say {part.words}: {known[0][0]} is {told}, and that is not in the text"
        elif language in _READ and not _headed(part.rule, lines):
            yield part.rule, f"it does not say {part.words}: write that into the template, below a heading of its own"
    if about.get("harmed") and language in _READ and not _sorry(text):
        yield "acknowledges-harm", "people were harmed and it does not acknowledge that: say that you are sorry for it"


def _sorry(text: str) -> bool:
    """Whether ``text`` says so, and does not say the opposite: "we regret nothing", "we are not sorry"."""
    return any(
        not found.group(1)
        and (
            text.startswith(" enough", found.end())  # "we can't apologise enough"
            or _NOT_SORRY.search(text[max(0, found.start() - _BEFORE_SORRY) : found.start()]) is None
        )
        for found in _SORRY.finditer(text)
    )


def promise_missing(
    body: str, about: Mapping[str, Any], promise: str, language: str = "en"
) -> Iterator[tuple[str, str]]:
    """Whether the next update is promised: by ``promise`` (ISO 8601 UTC), or that this message is the last one."""
    text = " ".join(body.split())
    if promise and not any(form in text for form in _forms(promise)):
        yield (
            "promises-next-update",
            ("it does not say when its reader hears more: print {{ next_update | when }} in the template"),
        )
    elif not promise and not about.get("proved") and language in _READ and _FINAL.search(text) is None:
        yield (
            "promises-next-update",
            (
                "it promises no next update and does not say that it is the last message: give the audience a cadence in "
                "communications.yaml, or say in the text that no further message comes"
            ),
        )


def _forms(moment: str) -> tuple[str, ...]:
    try:
        at = times.parse(moment)
    except ValueError:
        return (moment,)
    return (f"{at:%Y-%m-%d %H:%M}", f"{at:%d.%m.%Y, %H:%M}", f"{at:%d.%m.%Y %H:%M}", moment)


def _known(
    rule: str, about: Mapping[str, Any], listed: int | None, language: str
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What is known of a part, by name, and the forms in which it may stand in the text; empty: look for the heading."""
    figures, window = about.get("figures") or {}, about.get("window") or {}
    if rule == "says-who":
        told = figures.get("affected_individuals") if listed is None else listed
        return (("affected_individuals", forms),) if (forms := values.amounts(told)) else ()
    if rule == CATEGORIES:
        kinds = figures.get("data_categories")
        names = kinds if isinstance(kinds, list | tuple) else ()
        return tuple(("data_categories", values.categories(str(name), language)) for name in names)
    if rule == "says-the-window":
        begins = values.days(str(window.get("from") or ""))
        return (("window_from", begins),) if begins else ()
    return ()


def _lines(body: str) -> list[str]:
    return [" ".join(line[:LONGEST_LINE].split()) for line in body.splitlines()[:MOST_LINES]]


def headed(rule: str, body: str) -> bool:
    """Whether ``body`` has the part ``rule`` by its heading."""
    return _headed(rule, _lines(body))


def _headed(rule: str, lines: Sequence[str]) -> bool:
    """Whether the heading stands on a line of its own with a text below it, or before a colon with a text behind it."""
    for number, line in enumerate(lines):
        if _is_heading(rule, line):
            below = next((one for one in lines[number + 1 :] if one), "")
            if below and not any(_is_heading(part.rule, below) for part in PARTS):
                return True
        for piece in _pieces(line):
            found = _LABEL[rule].search(piece)
            if found is not None and not any(_is_heading(part.rule, found.group(1).rstrip(".")) for part in PARTS):
                return True
    return False


def _pieces(line: str) -> tuple[str, ...]:
    """The line, and where it holds several labels with their values, each of them: "Data: names. Time: from 1 to 2."."""
    parts = _ENTRIES.split(line)
    return (line, *parts[1:]) if ":" in parts[0] else (line,)


def _is_heading(rule: str, line: str) -> bool:
    if len(line) > 100:
        return False
    if _ALONE[rule].search(line) is not None:
        return True
    if line[:1] in "-*•":
        return False
    ends = (line[found.end() :] for found in _JOINS.finditer(line))  # "Who is affected, and which data are concerned"
    return any(_ALONE[rule].search(one) is not None for one in ends)
