"""Numbers as people write them, in digits and in words, in English and German."""

from __future__ import annotations

from typing import Final

import re2

_ONES: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11,
    "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
    "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6, "sieben": 7, "acht": 8, "neun": 9, "zehn": 10,
    "elf": 11, "zwölf": 12, "zwanzig": 20, "dreißig": 30, "vierzig": 40, "fünfzig": 50, "sechzig": 60, "siebzig": 70, "achtzig": 80,
    "neunzig": 90,
}  # fmt: skip
_TIMES: Final = {
    "dozen": 12, "dozens": 12, "dutzend": 12, "dutzende": 12, "hunderte": 100, "tausende": 1_000,
    "hundred": 100, "hundert": 100, "thousand": 1_000, "tausend": 1_000, "k": 1_000, "million": 1_000_000,
    "millionen": 1_000_000, "m": 1_000_000, "mio": 1_000_000, "mn": 1_000_000, "billion": 1_000_000_000, "bn": 1_000_000_000,
    "milliarden": 1_000_000_000, "milliarde": 1_000_000_000, "hundreds": 100, "thousands": 1_000, "millions": 1_000_000,
}  # fmt: skip
_ALONE: Final = "|".join(sorted((word for word in _ONES if word != "one"), key=len, reverse=True))
_FACTOR: Final = "|".join(sorted((word for word in _TIMES if word not in ("k", "m")), key=len, reverse=True))
_DIGITS: Final = r"\d{1,3}(?:[,.'’ \x{00a0}]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
NUMERAL: Final = (
    rf"((?:{_DIGITS})(?:[ \x{{00a0}}]?(?:{_FACTOR})\.?|[km])?"
    rf"|(?:{_ALONE}|one|{_FACTOR})(?:[ -](?:and |und )?(?:{_ALONE}|one|{_FACTOR})){{0,7}})"
)
"""One group: a number in digits, with a factor behind it perhaps, or in words."""
IN_DIGITS: Final = rf"((?:{_DIGITS})[km]?)"
"""One group: a number in digits, as the lower end of a range."""
_VAGUE: Final = re2.compile(r"(?i)(?:dozens|hundreds|thousands|millions|dutzende|hunderte|tausende|millionen)$")
VAGUE_UP_TO: Final = 20
"""How many times a hundred "hundreds" are at most; they are two at least."""
_PARTS: Final = re2.compile(rf"(?i)^({_DIGITS})?(.*)$")
_THREES: Final = re2.compile(r"^\d{1,3}(?:[,.'’ \x{00a0}]\d{3})+$")


def value_of(text: str) -> float | None:
    """The number that ``text`` (what ``NUMERAL`` found) says; None for "one", which counts nothing ("one of our people")."""
    found = _PARTS.search(text.strip())
    digits, rest = (found.group(1) or "", found.group(2)) if found else ("", text)
    words = [one for one in rest.lower().replace("-", " ").replace(".", " ").split() if one not in ("and", "und")]
    if not digits and words == ["one"]:
        return None
    whole, part = 0.0, _digits(digits) if digits else 0.0
    for word in words:
        if word in _ONES:
            part += _ONES[word]
        elif _TIMES[word] == 100:  # "two hundred thousand": the hundreds go on
            part = (part or 1) * 100
        else:
            whole, part = whole + (part or 1) * _TIMES[word], 0.0
    return whole + part


def vague(text: str) -> bool:
    """Whether ``text`` (what ``NUMERAL`` found) says only of what order the number is: dozens, hundreds."""
    return not text[:1].isdigit() and _VAGUE.search(text.strip()) is not None


def _digits(text: str) -> float:
    plain = "".join(one for one in text if one.isdigit() or one in ",.")
    if _THREES.search(text.strip()) is not None:
        return float("".join(one for one in text if one.isdigit()))
    whole, _, part = plain.replace(",", ".").rpartition(".")
    if not whole:
        return float(part or 0)
    return float(f"{whole.replace('.', '')}.{part}")
