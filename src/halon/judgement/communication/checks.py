"""The checks before sending: what stands in a message that must not, and what does not that must."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from halon.incident.notices import Notice, Objection
from halon.judgement.communication import figures, fillers, phrases, sections
from halon.judgement.communication.blame import blamed
from halon.judgement.communication.contents import completeness, wanted
from halon.judgement.communication.moments import known as known_moments
from halon.judgement.communication.sentences import readings, sentences

CHECKED = ("customers", "regulator", "counterparty", "leadership")
_OUTSIDE = ("customers", "regulator", "counterparty")
Masked = Callable[[str], Mapping[str, int]]
"""What of a sentence is sensitive, by kind and number: the redaction rules, handed in so that judgement stays pure."""


def check(
    notice: Notice, about: Mapping[str, Any], masked: Masked, *, sending: bool = False, ahead: bool = False
) -> tuple[Objection, ...]:
    """What speaks against sending ``notice`` as it stands; empty: nothing.

    ``about`` is what ``halon.incident.about`` tells of the incident now. Responders are told everything and checked for
    nothing. A message to customers must hold every part, one to leadership its next update; what its regime asks for and
    is known must stand in one to customers, an authority or a counterparty. ``sending``: it was drafted before, and is
    sent now: what it says must still be so, the categories of data too, and what else became known since is for the next
    draft. ``ahead``: somebody approved its text ahead, as a first word: it need not tell what has become known since.
    """
    if notice.audience not in CHECKED:
        return ()
    found: dict[tuple[str, str], Objection] = {}
    for one in _objections(notice, about, masked, sending=sending, ahead=ahead):
        found.setdefault((one.rule, one.matter), one)
    return tuple(found.values())


def _objections(
    notice: Notice, about: Mapping[str, Any], masked: Masked, *, sending: bool, ahead: bool
) -> Iterator[Objection]:
    holds, names = _holds(about), _names(about)
    known, language = about.get("figures") or {}, notice.written or "en"
    own = (str(about.get("agent") or ""), str(about.get("entity") or ""))
    to_them = figures.listed(about.get("affected"), notice.places)
    moments = known_moments(about, notice.promise, sending=sending)
    rules = _rules(about)
    for sentence in sentences(notice.subject, notice.body):
        for read in readings(sentence):
            for phrase in phrases.said(read, notice.audience, holds, own):
                yield Objection(phrase.rule, sentence, f"{phrase.why} ({phrase.source})")
            for kind, count in masked(read).items():
                if count:
                    yield Objection("sensitive", sentence, f"it shows what is sensitive ({kind}): leave it out")
            if name := blamed(read, names):
                yield Objection("blame", sentence, f"it blames {name} by name: say which layer let it through")
            if "figures" in about:
                for _, why in figures.wrong(_without(read, rules), known, to_them):
                    yield Objection("numbers-agree", sentence, why)
                if notice.audience in _OUTSIDE:
                    for _, why in figures.wrong_moments(read, moments):
                        yield Objection("moments-agree", sentence, why)
    if notice.audience == "customers":
        for rule, why in sections.missing(notice.body, about, language, to_them, ahead=ahead, sending=sending):
            yield Objection(rule, "", why)
    if notice.audience in _OUTSIDE and not ahead:
        yield from _unsaid(notice, about, ("data_categories",) if sending else ())
    if notice.audience == "customers" or (notice.audience == "leadership" and notice.promise):
        for rule, why in sections.promise_missing(notice.body, about, notice.promise, language):
            yield Objection(rule, "", why)
    if (listed := about.get("affected")) is not None and notice.audience == "customers":
        yield from _list(notice, listed, known)
    now = str(about.get("now") or "")
    if notice.promise and now and notice.promise <= now:
        yield Objection(
            "promise-passed", "", f"the next update that it promises, {notice.promise}, is past: draft it again"
        )


def duty_of(notice: Notice, about: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The obligation that the notice meets, as ``about`` tells it, with the addressee of the notice's stage."""
    found = (one for one in about.get("obligations", ()) if one.get("key", one.get("id")) == notice.obligation)
    duty = next(found, None)
    stage = next((one for one in (duty or {}).get("stages") or () if one.get("id") == notice.stage), None)
    told = (stage or {}).get("told")
    return {**duty, **told} if duty and told else duty


def _unsaid(notice: Notice, about: Mapping[str, Any], only: tuple[str, ...] = ()) -> Iterator[Objection]:
    """What its regime asks for, is known, and does not stand in the text; with ``only``, where one of these facts is that."""
    duty = duty_of(notice, about)
    for one in completeness(wanted(duty, notice.stage), about, notice.body) if duty else ():
        if one.unsaid and (not only or set(only) & set(one.unsaid)):
            lacks = ", ".join(fillers.words(name) for name in one.unsaid)
            yield Objection(
                "says-contents", "", f"the duty asks for {one.what!r}; {lacks} is known and not in the text: print it"
            )


def _list(notice: Notice, listed: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[Objection]:
    """Whether the list of affected people agrees with the number that is told, and somebody has looked through it."""
    told = known.get("affected_individuals")
    if not figures.agree(int(listed["count"]), told):
        yield Objection("list-agrees", "", f"the list names {listed['count']} people, and the fact affected_individuals is "
                        f"{'not known' if told is None else told}: correct the list, or say the fact")  # fmt: skip
    if notice.affected and not listed["reviewed_by"]:
        yield Objection(
            "list-reviewed", "", "nobody has reviewed the list of those it goes to: halon affected ID --reviewed"
        )


def _holds(about: Mapping[str, Any]) -> dict[str, bool]:
    known = about.get("figures") or {}
    return {
        "proved": bool(about.get("proved")),
        "no_personal_data": known.get("personal_data_involved") is False,
        "nobody_affected": known.get("affected_individuals") == 0 and known.get("affected_individuals") is not False,
    }


def _rules(about: Mapping[str, Any]) -> tuple[str, ...]:
    """What the kit's own rules, and the findings of the cause, say in a message, such as "data of 500 people or more" or
    "could carry 6 records in one call": figures of a rule or of what could be, not of what happened."""
    severity = about.get("severity") or {}
    titles = (str(one.get("title") or "") for one in about.get("obligations") or ())
    reasons = (str(one).partition(" (")[0] for one in severity.get("reasons") or ())  # behind it stand the facts
    found = (str(one.get("text") or "") for name in ("findings", "correctives") for one in about.get(name) or ())
    return tuple(one for one in (*reasons, *titles, *found) if one)


def _without(sentence: str, rules: tuple[str, ...]) -> str:
    """``sentence`` without the words of rules that stand in it; nothing is left of one that is itself a part of them."""
    for rule in rules:
        if sentence in rule:
            return ""
        sentence = sentence.replace(rule, " ")
    return sentence


def _names(about: Mapping[str, Any]) -> tuple[str, ...]:
    people = about.get("people") or {}
    return tuple(
        str(one.get("name") or "") for one in people.get("contacts") or () if len(str(one.get("name") or "")) > 3
    )
