"""Do the numbers of a text agree with the facts? Counts beside what they count, money, and moments are looked at.

A count is the fact's. Where only a range is known, its two ends are told, or one number that the sentence calls a rough
one. Money is the fact's in that currency. A moment or a day is one that the incident knows of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import re2

from halon.incident.affected_people import counted_in
from halon.judgement.communication.moments import NAMED, Known, unknown_moments
from halon.judgement.communication.numerals import IN_DIGITS, NUMERAL, VAGUE_UP_TO, vague, value_of

_PEOPLE = (
    r"people|persons?|individuals?|data subjects?|customers?|residents?|consumers?|users?|clients?|patients?|members?|employees?|"
    r"subscribers?|guests?|students?|citizens|policyholders?|personen|person|kunden|kundinnen|menschen|nutzer(?:innen)?|patienten|"
    r"mitglieder|beschäftigten?|verbraucher|einwohner|betroffenen?"
)
_RECORDS = (
    r"records?|files?|documents?|rows|entries|datasets?|data sets?|datensätzen?|dateien|dokumenten?|einträgen?|zeilen"
)
_ACCOUNTS = r"accounts?|konten|benutzerkonten|kundenkonten"
_SESSIONS = r"sessions?|conversations?|chats?|sitzungen|gesprächen?|unterhaltungen"
_ACTIONS = (
    r"actions?|transactions?|payments?|orders?|refunds?|transfers?|bookings?|(?:e-?)?mails?|messages?|tool calls?|vorgängen?|"
    r"transaktionen|zahlungen|bestellungen|erstattungen|überweisungen|buchungen|nachrichten"
)
_TIMES: Final = r"hours?|days?|minutes?|seconds?|weeks?|months?|years?|percent|stunden?|tagen?|minuten?|wochen?|monaten?|jahren?|prozent"
_CURRENCIES: Final = {"€": "EUR", "eur": "EUR", "euro": "EUR", "euros": "EUR", "$": "USD", "usd": "USD", "dollar": "USD", "dollars": "USD",
                      "£": "GBP", "gbp": "GBP", "pounds": "GBP", "chf": "CHF", "franken": "CHF", "yen": "JPY", "jpy": "JPY"}  # fmt: skip


def _unit(words: str) -> tuple[Any, ...]:
    """How a count stands before what it counts, with up to two words between, and behind it, in brackets perhaps."""
    before = rf"(?i)(?:^|[^\w.,])(?:{IN_DIGITS}(?: (?:and|to|und|bis) | ?[-–] ?))?{NUMERAL}(?:[ \x{{00a0}}-](?:of |der |von )?((?:[a-zäöüß-]{{2,16}} ){{0,2}}))(?:{words})\b"
    behind = (
        rf"(?i)\b(?:{words})(?: (?:concerned|affected|involved|hit|betroffen))?: (?:[a-zäöüß]{{2,15}} ){{0,3}}{NUMERAL}"
        rf"(?:(?: (?:and|to|und|bis) | ?[-–] ?){NUMERAL})?"
    )
    bracketed = (
        rf"(?i)\b(?:{words})(?: (?:concerned|affected|involved|hit|betroffen))? ?\((?:[a-zäöüß]{{2,15}} ){{0,3}}{NUMERAL}"
        rf"(?:(?: (?:and|to|und|bis) | ?[-–] ?){NUMERAL})?\)"
    )
    return re2.compile(before), re2.compile(behind), re2.compile(bracketed)


_HIT: Final = r"affected|concerned|hit|impacted|harmed|betroffen|geschädigt"
_BARE: Final = (
    # Where nothing stands before it that it may belong to, such as a version or a day.
    re2.compile(
        r"(?i)(?:(?:^|[:;,(–-] ?)|\b(?:that|of which|of whom|of them|of these|about|around|nearly|almost|roughly|total of|and|but|only|least|than|most|over|"
        rf"davon|dass|insgesamt|rund|etwa|und|nur) ){NUMERAL}(?: (?:of (?:them|you|these)|in total|in all|davon))?"
        rf" (?:were|was|are|is|have been|has been|had been|sind|waren|wurden)(?: \w{{2,12}}ly| also| auch)? (?:{_HIT})\b"
    ),
    re2.compile(
        rf"(?i)\b(?:betroffen|affected) (?:sind|waren|are|were)(?: [a-zäöüß]{{2,15}}){{0,2}} {NUMERAL}(?:[.,;:!?)]|$)"
    ),
)
"""A number of those affected that does not say of what."""
_SHARE: Final = re2.compile(
    rf"(?i)(?:{NUMERAL} ?(?:%|percent|per cent|prozent)|\b(half|(?:a|one|two) (?:third|quarter|fifth|tenth)s?|(?:die|der) hälfte|(?:ein|zwei) (?:drittel|viertel|fünftel|zehntel)))"
    rf" (?:of |der |von |aller |unserer )(?:[a-zäöüß-]{{2,16}} ){{0,2}}(?:{_PEOPLE}|{_RECORDS}|{_ACCOUNTS}|{_SESSIONS})\b"
)
_SHARES: Final = ("clients_affected_pct", "transactions_affected_pct", "financial_counterparts_affected_pct")
"""Facts that hold a share, in percent."""


_UNITS: Final = (
    ("affected_individuals", ("affected_individuals", "clients_affected", "affected_users"), _unit(_PEOPLE)),
    ("records_count", ("records_count",), _unit(_RECORDS)),
    ("records_count", ("records_count", "affected_individuals", "affected_users"), _unit(_ACCOUNTS)),
    ("affected_sessions", ("affected_sessions",), _unit(_SESSIONS)),
    ("actions", (), _unit(_ACTIONS)),
    (
        "affected",
        ("affected_individuals", "clients_affected", "affected_users", "records_count", "affected_sessions"),
        _BARE,
    ),
)
"""What is counted: which fact it is called by, which facts may bear its number out, and how it stands in a text."""
_MONEY: Final = (
    re2.compile(rf"(?i)([€$£]|\b(?:eur|usd|gbp|chf|jpy)\b) ?{NUMERAL}"),
    re2.compile(
        rf"(?i)(?:^|[^\w.,]){NUMERAL}[ \x{{00a0}}]?(€|euros?|eur|dollars?|usd|£|gbp|pounds|chf|franken|yen|jpy)(?:$|[^\w])"
    ),
    re2.compile(rf"(?i)\b(?:money|damage|loss|schaden|betrag) \((eur|usd|gbp|chf)\):? {NUMERAL}"),
)
_YEAR: Final = re2.compile(r"^(?:19|20)\d\d$")
_DAY: Final = re2.compile(rf"(?i)\b(?:{NAMED})(?: \d{{1,2}})?,? $")
"""What stands before the year of a day, which counts nothing: "on November 21, 2026 customers wrote"."""
_BETWEEN: Final = re2.compile(rf"(?i)\b(?:{_TIMES})\b")
_ROUGH: Final = re2.compile(
    r"(?i)\b(?:about|around|approximately|roughly|some|nearly|almost|estimated|circa|ca\.|etwa|ungefähr|rund|knapp|schätzungsweise)\b[^.!?]{0,30}$"
)
_LEAST: Final = re2.compile(r"(?i)\b(?:at least|more than|over|no fewer than|mindestens|mehr als|über)\b[^.!?]{0,20}$")
_MOST: Final = re2.compile(
    r"(?i)\b(?:at most|up to|fewer than|less than|no more than|höchstens|bis zu|weniger als)\b[^.!?]{0,20}$"
)
WORDS: Final = {"affected_individuals": "people concerned", "records_count": "records concerned",
                "affected_sessions": "sessions concerned", "actions": "actions", "affected": "that were affected"}  # fmt: skip
_MONEY_FACTS: Final = ("economic_impact_eur", "spend_eur")


def wrong(sentence: str, known: Mapping[str, Any], told: int | None = None) -> Iterator[tuple[str, str]]:
    """Each number of ``sentence`` that the facts do not bear out: the fact's name, and why in words.

    ``known`` holds the facts by name (a count or ``{low, high}``; None or left out: not known), of which the parts of
    ``affected_by_jurisdiction`` may be told on their own. ``told`` is how many people the reviewed list names to whom
    this goes: then that is the number, and no other.
    """
    said: set[tuple[str, float]] = set()
    for fact, facts, forms in _UNITS:
        allowed = _allowed(fact, facts, known, told)
        for number, text, before in _numbers(sentence, forms):
            if (fact, number) in said or any(_agrees(number, one, before, vague=vague(text)) for one in allowed):
                continue
            said.add((fact, number))
            yield fact, _why(fact, facts, f"{text} of" if vague(text) else _amount(number), known, told)
    yield from _shares(sentence, known)
    yield from _money(sentence, known)


def wrong_moments(sentence: str, known: Known) -> Iterator[tuple[str, str]]:
    """Each moment or day of ``sentence`` that nothing that is known of the incident bears out."""
    for moment in unknown_moments(sentence, known):
        yield (
            "moments",
            f"it says {moment}, and nothing that is known of the incident is of then: correct it, or say the fact",
        )


def agree(number: int, value: Any) -> bool:
    """Whether ``number`` is what the fact holds, or lies in its range."""
    if isinstance(value, Mapping):
        return _within(number, value)
    return isinstance(value, int | float) and not isinstance(value, bool) and number == value


def listed(of: Mapping[str, Any] | None, places: tuple[str, ...] = ()) -> int | None:
    """How many people of the list a notice for ``places`` (empty: all) goes to, once somebody reviewed it; None before."""
    if not of or not of.get("reviewed_by"):
        return None
    return counted_in(int(of["count"]), of.get("places") or {}, places)


def _numbers(sentence: str, forms: tuple[Any, ...]) -> Iterator[tuple[float, str, str]]:
    """Each number, how it is written, and what stands before it in the sentence."""
    for form in forms:
        for found in form.finditer(sentence):
            groups = found.groups()
            if len(groups) > 2 and groups[2] and _BETWEEN.search(groups[2]):
                continue  # "within 72 hours customers …" counts hours
            for group, text in enumerate(groups[:2], 1):
                number = value_of(text) if text else None
                before = sentence[: found.start(group)]
                if number is not None and not (_YEAR.search(text) and _DAY.search(before)):
                    yield number, text, before


def _allowed(fact: str, facts: tuple[str, ...], known: Mapping[str, Any], told: int | None) -> list[Any]:
    if fact == "affected_individuals" and told is not None:
        return [told, *_parts(known)]
    values = [known.get(name) for name in facts if told is None or name != "affected_individuals"]
    return [*values, told, *(_parts(known) if fact in ("affected_individuals", "affected") else ())]


def _parts(known: Mapping[str, Any]) -> list[Any]:
    parts = known.get("affected_by_jurisdiction")
    return list(parts.values()) if isinstance(parts, Mapping) else []


def _amount(number: float) -> str:
    return f"{number:,.10g}" if number < 1e9 else f"{number:,.0f}"


def _why(fact: str, facts: tuple[str, ...], amount: str, known: Mapping[str, Any], told: int | None) -> str:
    said = f"it says {amount} {WORDS[fact]}"
    if fact in ("affected_individuals", "affected") and told is not None:
        return f"{said}, and the reviewed list names {told}: correct the text, or the list"
    if not facts:
        return f"{said}, and no fact holds how many there were: leave the number out"
    return f"{said}, and the fact {facts[0]} is {_words(known.get(facts[0]))}: correct the text, or say the fact"


def _shares(sentence: str, known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each share of the people or records that no fact holds."""
    for found in _SHARE.finditer(sentence):
        number = value_of(found.group(1)) if found.group(1) else None
        if number is not None and any(_agrees(number, known.get(name), "") for name in _SHARES):
            continue
        yield "share", f"it says {found.group(0)!r}, and no fact holds a share: tell the number, or leave it out"


def _money(sentence: str, known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for index, form in enumerate(_MONEY):
        for found in form.finditer(sentence):
            sign, text = (found.group(1), found.group(2)) if index != 1 else (found.group(2), found.group(1))
            number, currency = value_of(text), _CURRENCIES.get(sign.lower(), sign.upper())
            before = sentence[: found.start()]
            facts = [known.get(name) for name in _MONEY_FACTS] if currency == "EUR" else []
            if number is None or any(_agrees(number, one, before) for one in facts):
                continue
            held = (
                f"the fact {_MONEY_FACTS[0]} is {_words(known.get(_MONEY_FACTS[0]))}" if facts else "no fact holds it"
            )
            yield "money", f"it says {number:,.0f} {currency}, and {held}: correct the text, or say the fact"


def _agrees(number: float, value: Any, before: str, *, vague: bool = False) -> bool:
    if isinstance(value, Mapping):
        low, high = value.get("low"), value.get("high")
        if vague:
            return low is not None and high is not None and _of_order(number, low) and _of_order(number, high)
        if number in (low, high):
            return not (number == low and _MOST.search(before)) and not (number == high and _LEAST.search(before))
        return _ROUGH.search(before) is not None and low is not None and high is not None and _within(number, value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return _of_order(number, value) if vague else number == value


def _of_order(number: float, value: float) -> bool:
    """Whether ``value`` may be called "hundreds" where ``number`` is a hundred."""
    return 2 * number <= value < VAGUE_UP_TO * number


def _within(number: float, value: Mapping[str, Any]) -> bool:
    low, high = value.get("low"), value.get("high")
    if low is None and high is None:
        return False
    return (low is None or number >= low) and (high is None or number <= high)


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"from {value.get('low', 'unknown')} to {value.get('high', 'unknown')}"
    return "not known" if value is None else f"{value}"
