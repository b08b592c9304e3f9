"""What counts as personal data or as a secret in a text: patterns, and the checks that spare hashes, ids and times.

Patterns run on RE2, whose time grows with the text's length whatever the text says; every check looks at a bounded
stretch. The masks are never found again themselves. ``redaction.py`` applies the rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import re2

from halon.sensitive_ids import FORMS, LABEL, britain, italy

MASKED_WHOLE: Final = "[secret]"
MASKS: Final = frozenset(
    f"[{label}]"
    for label in ("api-key", "card", "email", "iban", LABEL, "phone", "private-key", "secret", "ssn", "token")
)

# Length of the IBAN by country, from the ISO 13616 registry.
_IBAN_LENGTHS: Final = {
    country: length
    for length, countries in (
        (15, "NO"), (16, "BE"), (18, "DK FI FK FO GL NL SD"), (19, "MK SI"), (20, "AT BA EE KZ LT LU MN XK"),
        (21, "CH HR LI LV"), (22, "BG BH CR DE GB GE IE ME RS VA"), (23, "AE GI IL IQ OM SO TL"),
        (24, "AD CZ ES MD PK RO SA SE SK TN VG"), (25, "LY PT ST"), (26, "IS TR"), (27, "BI DJ FR GR IT MC MR SM"),
        (28, "AL AZ BY CY DO GT HU LB NI PL SV"), (29, "BR EG PS QA UA"), (30, "JO KW MU YE"), (31, "MT SC"),
        (32, "LC"), (33, "RU"),
    )
    for country in countries.split()
}  # fmt: skip
# As cards print their digits: in one, in fours, 4-6-5 (Amex), 4-6-4 (Diners).
_CARD_GROUPS: Final = {(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), *((size,) for size in range(13, 20))}
# Visa, Mastercard, Amex, Diners, JCB, Discover, UnionPay, Maestro. Times in s, ms or ns begin with 1 or 2 and fall out.
_CARD_ISSUERS: Final = re2.compile(
    r"4(?:.{12}|.{15}|.{18})|(?:5[1-5]|2[2-7]).{14}|3[47].{13}|3[0689].{12,17}|35.{14,17}"
    r"|(?:6011|64[4-9].|65..).{12,15}|62.{14,17}|(?:50|5[6-9]|6[0-9]).{10,17}"
)
_ASSIGNS = (
    r"(?i)((?:password|passwd|passphrase|pwd|secret|secret[_-]?key|api[_-]?key|access[_-]?key|private[_-]?key|token"
    r"|credential)s?\\*[\"']?\s{0,8}(?:=>|:=|[:=])\s{0,8})"
)
# Addresses may hold letters of any script: what they can't hold is the smaller class.
_NOT_EMAIL = r"\s\x00-\x20\"(),/:;<=>@\[\\\]`{|}&?#!"
_COUNTS_TOKENS: Final = re2.compile(r"(?i)tokens[^a-z]*$")
# Python's own engine is fifty times quicker to call, and on this pattern its time grows with the length alone as well:
# what may stand between two digits is no digit, so that there is only one way to match.
_HAS_DIGITS: Final = re.compile(r"[0-9](?:[ ()./-]{0,2}[0-9]){6}")
# The digits of Italy's number stand apart, always like this: without it, its pattern would run on every text.
_HAS_FEWER: Final = re.compile(r"[0-9]{2}[A-Za-z][0-9]{2}[A-Za-z][0-9]{3}")


@dataclass(frozen=True, slots=True)
class Found:
    """A candidate: ``text[start:stop]`` matched, ``groups`` are its groups, and ``mask`` is what it would become."""

    text: str
    start: int
    stop: int
    groups: tuple[str, ...]
    mask: str

    @property
    def match(self) -> str:
        """The matching text."""
        return self.text[self.start : self.stop]

    @property
    def before(self) -> str:
        """The character before it; empty at the start."""
        return self.text[self.start - 1 : self.start] if self.start else ""

    @property
    def after(self) -> str:
        """The character behind it; empty at the end."""
        return self.text[self.stop : self.stop + 1]


Masked = tuple[int, str]
"""Where the masked stretch ends, and what stands in its place from the candidate's start on."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind. ``triggers``: lower-case text of which every match holds one; ``hint``: every match holds one of it."""

    label: str
    pattern: Any
    check: Callable[[Found], Masked | None]
    triggers: tuple[str, ...] = ()
    hint: re.Pattern[str] | None = None

    def candidates(self, text: str) -> list[Found]:
        """Every match of the pattern, in order."""
        mask = f"[{self.label}]"
        return [
            Found(text, match.start(), match.end(), match.groups(default=""), mask)
            for match in self.pattern.finditer(text)
        ]


def relevant(text: str) -> tuple[Rule, ...]:
    """The rules that could find anything in ``text``: most texts need none of the patterns."""
    lowered = text.lower()
    triggered = frozenset([one for one in _TRIGGERS if one in lowered])
    return _of(triggered, _HAS_DIGITS.search(text) is not None, _HAS_FEWER.search(text) is not None)


@lru_cache(maxsize=4_096)
def _of(triggered: frozenset[str], digits: bool, fewer: bool) -> tuple[Rule, ...]:
    """The rules for texts that hold these triggers, and what the two hints find."""
    hints = (None, *([_HAS_DIGITS] if digits else []), *([_HAS_FEWER] if fewer else []))
    return tuple(
        rule for rule in RULES if rule.hint in hints and (not rule.triggers or not triggered.isdisjoint(rule.triggers))
    )


def _whole(found: Found) -> Masked:
    return found.stop, found.mask


def _apart(found: Found) -> Masked | None:
    return None if _word(found.before) or _word(found.after) else _whole(found)


def _word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _login(found: Found) -> Masked:
    return found.stop, f"://{found.mask}@"


def _bearer(found: Found) -> Masked | None:
    scheme, token = found.groups
    # "bearer certificates" is a word of finance; "Bearer certificates" in that spelling is how HTTP writes it.
    if scheme.startswith("bearer") and token.isalpha() and len(token) < 20:
        return None
    return found.stop, f"{scheme}{found.mask}"


def _assigned(found: Found) -> Masked | None:
    name, value = found.groups
    inside = value.rstrip("\\")
    if not inside or inside in MASKS:
        return None
    # "max_tokens: 4096" is a figure of every model call.
    if _COUNTS_TOKENS.search(name) and inside.isdigit():
        return None
    return found.stop, f"{name}{found.mask}{value[len(inside) :]}"


def _card(found: Found) -> Masked | None:
    """A run of digit groups: each window of groups that is a card number is masked, the rest stays."""
    if _word(found.before) or _word(found.after) or _in_number(found):
        return None
    groups = found.match.replace("-", " ").split(" ")
    pieces: list[str] = []
    index, position, copied = 0, found.start, found.start
    while index < len(groups):
        size = next((size for size in range(5, 0, -1) if _is_card(groups[index : index + size], size)), 0)
        length = sum(map(len, groups[index : index + max(size, 1)])) + max(size, 1) - 1
        if size:
            pieces += (found.text[copied:position], found.mask)
            copied = position + length
        index += max(size, 1)
        position += length + 1
    return (found.stop, "".join((*pieces, found.text[copied : found.stop]))) if pieces else None


def _in_number(found: Found) -> bool:
    """Part of a decimal fraction or a dotted name, where digits mean something else."""
    left = found.before == "." and found.text[max(0, found.start - 2) : found.start - 1].isdigit()
    return left or (found.after == "." and found.text[found.stop + 1 : found.stop + 2].isdigit())


def _is_card(groups: list[str], size: int) -> bool:
    if len(groups) != size or tuple(map(len, groups)) not in _CARD_GROUPS:
        return False
    digits = "".join(groups)
    if not _CARD_ISSUERS.fullmatch(digits):
        return False
    total = 0
    for index, digit in enumerate(reversed(digits)):  # Luhn: ISO/IEC 7812-1, annex B
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _iban(found: Found) -> Masked | None:
    """The pattern finds only country and check digits: from there the country's length is read, spaces left out."""
    length = _IBAN_LENGTHS.get(found.match[:2].upper())
    if length is None or _word(found.before):
        return None
    compact, stop = "", found.start
    for character in found.text[found.start : found.start + length + 12]:
        if len(compact) == length or not (character == " " or (character.isascii() and character.isalnum())):
            break
        compact += character.strip()
        stop += 1
    if len(compact) != length or _word(found.text[stop : stop + 1]):
        return None
    # Lower case counts only where digits follow: hexadecimal hashes are written like that.
    if compact != compact.upper() and not compact[4:].isdigit():
        return None
    turned = (compact[4:] + compact[:4]).upper()
    return (stop, found.mask) if int("".join(str(int(one, 36)) for one in turned)) % 97 == 1 else None


def _ssn(found: Found) -> Masked | None:
    area, group, serial = found.match.split("-")
    never_issued = area in ("000", "666") or area > "899" or group == "00" or serial == "0000"
    return None if never_issued or "-" in (found.before, found.after) else _apart(found)


def _named(found: Found) -> Masked | None:
    return None if _word(found.after) else (found.stop, f"{found.groups[0]}{found.mask}")


def _phone(found: Found) -> Masked | None:
    """An international number of 8 to 15 digits (ITU-T E.164), up to the last group that fits."""
    if _word(found.before):
        return None
    digits, fitting, stop = 0, 0, found.start
    for index in range(found.start, min(found.stop, found.start + 48)):
        digits += found.text[index].isdigit()
        if digits > 15:
            break
        ends_group = index + 1 == len(found.text) or not _word(found.text[index + 1])
        if found.text[index].isdigit() and ends_group:
            fitting, stop = digits, index + 1
    return (stop, found.mask) if fitting >= 8 else None


def _phone_apart(found: Found) -> Masked | None:
    return None if found.before in ("-", ".", "+") or found.after == "-" or _in_number(found) else _apart(found)


def _phone_named(found: Found) -> Masked | None:
    name, number = found.groups
    return (found.stop, f"{name}{found.mask}") if 7 <= sum(map(str.isdigit, number)) <= 15 else None


def _national(right: Callable[[str], bool], *, named: bool) -> Callable[[Found], Masked | None]:
    """The check of one country's number; ``named``: its name stands before it, and stays."""

    def check(found: Found) -> Masked | None:
        name, number = found.groups if named else ("", found.match)
        if (
            _word(found.after)
            or _in_number(found)
            or (not named and (_word(found.before) or found.before in ("-", "+")))
        ):
            return None
        return (found.stop, f"{name}{found.mask}") if right(number) else None

    return check


def _rule(
    label: str, pattern: str, check: Callable[[Found], Masked | None], *triggers: str, digits: bool = False
) -> Rule:
    return Rule(label, re2.compile(pattern), check, triggers, _HAS_DIGITS if digits else None)


# The national numbers of fewer digits side by side: Britain's needs its name before it anyhow.
_HINTS: Final[dict[Callable[[str], bool], re.Pattern[str] | None]] = {italy: _HAS_FEWER, britain: None}
RULES: Final = (
    _rule(
        "private-key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\z)",
        _whole,
        "private key-----",
    ),
    _rule("secret", r"://[^/\s:@?#]{0,200}:[^/\s?#]{1,200}@", _login, "://"),
    _rule(
        "token",
        r"((?i:\bbearer\s{1,8}|authorization\\*[\"']?\s{0,8}[:=]\s{0,8}\\*[\"']?[a-z]{1,20}\s{1,8}))([\w.~+/=-]{6,})",
        _bearer,
        "bearer", "authorization",
    ),
    _rule(
        "secret",
        r"(?i)(authorization\\*[\"']?\s{0,8}[:=]\s{0,8}\\*[\"']?)([\w.~+/=-]{16,})",
        _assigned,
        "authorization",
    ),
    _rule("secret", _ASSIGNS[:-1] + r"\\*\")([^\"]+)", _assigned, "=", ":"),
    _rule("secret", _ASSIGNS[:-1] + r"\\*')([^']+)", _assigned, "=", ":"),
    _rule("secret", _ASSIGNS + r"([^\s\"',;&\\][^\s\",;&]*)", _assigned, "=", ":"),
    _rule("token", r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*", _apart, "eyj"),
    _rule("api-key", r"(?:AKIA|ASIA)[A-Z0-9]{16}", _apart, "akia", "asia"),
    _rule("api-key", r"(?:sk|rk|pk)[-_][\w-]{16,}", _apart, "k-", "k_"),
    _rule(
        "api-key",
        r"gh[pousr]_\w{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{8,}|xapp-[\w-]{8,}",
        _apart,
        "gh", "glpat-", "xox", "xapp-",
    ),
    _rule(
        "api-key",
        r"AIza[\w-]{30,}|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}|SG\.[\w-]{16,}\.[\w-]{16,}",
        _apart,
        "aiza", "hf_", "npm_", "sg.",
    ),
    _rule("email", rf"[^'.{_NOT_EMAIL}][^{_NOT_EMAIL}]*@(?:[^'.{_NOT_EMAIL}]+\.)+\pL\pL+", _whole, "@"),
    _rule("iban", r"[A-Za-z]{2}[0-9]{2}", _iban, digits=True),
    *(
        Rule(LABEL, re2.compile(pattern), _national(right, named=named), triggers, _HINTS.get(right, _HAS_DIGITS))
        for pattern, right, triggers, named in FORMS
    ),
    _rule("ssn", r"[0-9]{3}-[0-9]{2}-[0-9]{4}", _ssn, "-", digits=True),
    _rule("ssn", r"(?i)(\bssn\b[^\w\[]{0,5})[0-9]{9}", _named, "ssn", digits=True),
    _rule("card", r"[0-9]+(?:[ -][0-9]+)*", _card, digits=True),
    _rule("phone", r"\+[1-9][0-9]*(?:[ ().-]{1,2}[0-9]+)*", _phone, "+", digits=True),
    _rule(
        "phone",
        r"(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}",
        _phone_apart,
        digits=True,
    ),
    _rule(
        "phone",
        r"(?i)(\b(?:phone|telephone|tel|mobile|fax)\b(?: ?(?:no|number)\.?)? ?[:=] ?)([0-9(][0-9 ()/-]{5,24}[0-9])",
        _phone_named,
        "phone", "tel", "mobile", "fax",
        digits=True,
    ),
)  # fmt: skip
_TRIGGERS: Final = tuple(dict.fromkeys(one for rule in RULES for one in rule.triggers))
