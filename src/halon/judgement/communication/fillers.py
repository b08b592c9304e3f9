"""What fills the contents that a law asks for: names that a regime may give besides facts, and whether they stand in a text.

A content is filled only where what fills it is known and its value is in the text. What people write in their own words,
such as what happened, counts where Halon's sentence stands there, or the heading of that part with words below it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from halon.incident import fact_words, times
from halon.judgement.communication import german, sections, values
from halon.judgement.vocabulary import VOCABULARY

About = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filler:
    """``told`` are the texts that say it, one of each group must stand there; no group: it is not known. ``part`` names the
    part of a message (``sections``) whose heading says it as well."""

    words: str
    told: Callable[[About], tuple[tuple[str, ...], ...]]
    part: str = ""


def _one(*texts: Any) -> tuple[tuple[str, ...], ...]:
    """One group: any of the texts."""
    found = tuple(str(one) for one in texts if one)
    return (found,) if found else ()


def _each(texts: Any) -> tuple[tuple[str, ...], ...]:
    """A group for each text: all of them."""
    return tuple((str(one),) for one in texts if one)


def _in_german(about: About, name: str) -> list[str]:
    return list(german.told(about)[name])


def _happened(about: About) -> tuple[tuple[str, ...], ...]:
    # An alert that nobody has looked at yet is no account of what happened.
    if (about.get("figures") or {}).get("confirmed") is not True:
        return ()
    return _one(*(about.get("happened") or ()), *_in_german(about, "happened"))


def _done(about: About) -> tuple[tuple[str, ...], ...]:
    return tuple((str(one.get("title", "")),) for one in _ran(about))


def _ran(about: About) -> list[Mapping[str, Any]]:
    return [
        one
        for one in about.get("actions") or ()
        if one.get("status") in ("applied", "verified", "unverified", "undone")
    ]


def _planned(about: About) -> tuple[tuple[str, ...], ...]:
    return _each(one.get("title") for one in about.get("correctives") or () if one.get("status") != "waived")


def _contact(about: About) -> tuple[tuple[str, ...], ...]:
    name = (about.get("contact") or {}).get("name")
    reference = about.get("reference")
    forms = [f"{ask} {reference}" for ask in ("and name", "under our reference", "quote", "reference", "nennen sie")]
    return _one(name, *forms) if name else ()


def _consequences(about: About) -> tuple[tuple[str, ...], ...]:
    told = (about.get("impact") or {}).get("consequences")
    if told in (None, "", fact_words.UNKNOWN):
        return ()
    return _one(told, german.told(about)["impact"]["consequences"])


def _cause(about: About) -> tuple[tuple[str, ...], ...]:
    return _one(*(one.get("text") for one in about.get("findings") or ()))


def _moment(text: Any) -> tuple[tuple[str, ...], ...]:
    return _one(*values.days(str(text or "")))


FILLERS: Final[dict[str, Filler]] = {
    "happened": Filler("what happened", _happened, "says-what-happened"),
    "done": Filler("what was done", _done, "says-what-was-done"),
    "planned": Filler("what is planned", _planned),
    "measures": Filler("what was done or is planned", lambda about: _done(about) or _planned(about), "says-what-was-done"),
    "customer_steps": Filler(
        "what people can do", lambda about: _one(*(about.get("customer_steps") or ()), *_in_german(about, "customer_steps")),
        "says-what-to-do"),
    "consequences": Filler("what could follow", _consequences),
    "cause": Filler("the cause, as far as a person has written it down", _cause),
    "contact": Filler("whom to ask", _contact),
    "reference": Filler("our reference", lambda about: _one(about.get("reference"))),
    "agent": Filler("the AI agent", lambda about: _one(about.get("agent"))),
    "entity": Filler("the legal entity", lambda about: _one(about.get("entity"))),
    "window_from": Filler("from when", lambda about: _moment((about.get("window") or {}).get("from"))),
    "window_to": Filler("to when", lambda about: _moment((about.get("window") or {}).get("to"))),
    "detected_at": Filler("when it was detected", lambda about: _moment((about.get("window") or {}).get("detected_at"))),
    "recovered_at": Filler("when it was working again", lambda about: _moment((about.get("window") or {}).get("recovered_at"))),
}  # fmt: skip
"""What may fill a content besides the facts of the vocabulary, by name."""
_PRINTED: Final = (
    "affected_individuals",
    "records_count",
    "data_categories",
    "affected_by_jurisdiction",
    "personal_data_involved",
)
"""Facts that each notice template tells in a place of their own."""


def told(name: str, about: About) -> tuple[tuple[str, ...], ...]:
    """The groups of texts that say ``name``, of each of which one must stand in a text; empty: it is not known."""
    if name in FILLERS:
        return FILLERS[name].told(about)
    value = (about.get("figures") or {}).get(name)
    if value is None:
        return ()
    term = VOCABULARY.get(name)
    kind = term.kind if term is not None else "text"
    if name == "affected_individuals":
        listed = about.get("affected") or {}
        value = listed["count"] if listed.get("reviewed_by") else value
    if kind in ("count", "number"):
        return (forms,) if (forms := values.amounts(value)) else ()
    if kind == "time":
        return _one(*values.days(str(value)))
    if name == "data_categories":
        return tuple(values.categories(str(one), "en") for one in value)
    if kind in ("texts", "choices") and isinstance(value, list | tuple):
        return tuple((str(one), str(one).replace("_", " "), german.chosen(one)) for one in value)
    if kind == "places" and isinstance(value, Mapping):
        return tuple(
            tuple(f"{place}: {form}" for form in values.amounts(each))
            for place, each in value.items() if values.amounts(each)
        )  # fmt: skip
    if kind == "text":
        return _one(value)
    return _one(*(f"{words(name, language)}: {in_words(name, value, language)}" for language in ("en", "de")))


def stands(name: str, about: About, body: str) -> bool:
    """Whether what is known of ``name`` stands in ``body``."""
    text = values.normal(body)
    if all(any(values.stands(form, text) for form in group) for group in told(name, about)):
        return True
    part = FILLERS[name].part if name in FILLERS else ""
    return bool(part) and sections.headed(part, body)


def answers(names: tuple[str, ...], about: About, language: str) -> list[dict[str, str]]:
    """What is known of facts that no template has a place for, in words, to be printed as it is."""
    known = about.get("figures") or {}
    asked = [name for name in names if name not in FILLERS and name not in _PRINTED and known.get(name) is not None]
    return [{"words": words(name, language), "value": in_words(name, known[name], language)} for name in asked]


def words(name: str, language: str = "en") -> str:
    """What a fact or filler is called in a notice."""
    if language == "de" and name in german.FACTS:
        return german.FACTS[name]
    if name in FILLERS:
        return FILLERS[name].words
    return VOCABULARY[name].meaning if name in VOCABULARY else name.replace("_", " ")


def in_words(name: str, value: Any, language: str = "en") -> str:
    """The value of a fact in a notice."""
    term = VOCABULARY.get(name)
    kind = term.kind if term is not None else "text"
    if language == "de":
        return german.chosen(value) if kind in ("choice", "choices") else german.plainly(value)
    if kind == "time":
        try:
            return f"{times.parse(str(value)):%Y-%m-%d %H:%M} UTC"
        except ValueError:
            return str(value)
    if kind in ("choice", "choices"):
        return fact_words.listed(
            [str(one).replace("_", " ") for one in (value if isinstance(value, list | tuple) else [value])]
        )
    return fact_words.plainly(value)
