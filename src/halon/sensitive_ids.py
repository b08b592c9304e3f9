"""National identity and tax numbers: each with its own check digits, so that order numbers and times stay.

A number whose form says little (nine to eleven bare digits) counts only where its name stands before it. Sources of the
checks: the issuing bodies' published algorithms, as collected in the articles on each number; weights are given below.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

LABEL: Final = "national-id"
_BEFORE = r"(?i:\b(?:{names})\b[^\w\[]{{0,3}}(?:(?:no|nr|number|nummer)\b)?[^\w\[]{{0,5}})"


def _digits(text: str) -> list[int]:
    return [int(one) for one in text if one.isdigit()]


def _weighted(digits: list[int], weights: tuple[int, ...]) -> int:
    return sum(one * weight for one, weight in zip(digits, weights, strict=False))


def _dated(month: int, day: int) -> bool:
    """Whether a year can have this day; which month is how long is not looked at."""
    return 1 <= month <= 12 and 1 <= day <= 31


def _luhn(digits: list[int]) -> bool:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = digit * (1 + index % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def spain(text: str) -> bool:
    """DNI and NIE: the letter is the number modulo 23."""
    compact = text.replace("-", "").replace(" ", "").upper()
    number = int(compact[:-1].translate(str.maketrans("XYZ", "012")))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == compact[-1]


def france(text: str) -> bool:
    """NIR: the two digits at the end are 97 less the number modulo 97 (2A and 2B of Corsica count as 19 and 18)."""
    compact = text.replace(" ", "").upper().replace("2A", "19", 1).replace("2B", "18", 1)
    if not compact.isdigit() or len(compact) != 15:
        return False
    return compact[0] in "12" and int(compact[3:5]) % 20 <= 12 and 97 - int(compact[:13]) % 97 == int(compact[13:])


_VALUES = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_ODD = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", (*_VALUES, *_VALUES[:10]), strict=True))


def italy(text: str) -> bool:
    """Codice fiscale: the last letter is the sum of the others, weighted by odd and even place, modulo 26."""
    compact = text.upper()
    even = sum(int(one) if one.isdigit() else ord(one) - 65 for one in compact[1:15:2])
    return (sum(_ODD[one] for one in compact[0:15:2]) + even) % 26 == ord(compact[15]) - 65


def britain(text: str) -> bool:
    """National Insurance number: no check digit; letters that are never given out."""
    compact = text.replace(" ", "").upper()
    return compact[:2] not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")


def germany(text: str) -> bool:
    """Steuer-ID: ISO 7064, modulo 11,10; of the first ten digits one comes twice or three times."""
    digits = _digits(text)
    product = 10
    for one in digits[:10]:
        product = (((one + product) % 10 or 10) * 2) % 11
    repeated = len(set(digits[:10])) in (8, 9)
    return digits[0] != 0 and repeated and (11 - product) % 10 == digits[10]


def netherlands(text: str) -> bool:
    """BSN: weights 9 to 2 and -1, divisible by 11."""
    return _weighted(_digits(text), (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def poland(text: str) -> bool:
    """PESEL: weights 1 3 7 9; the month carries the century."""
    digits = _digits(text)
    month, day = (digits[2] * 10 + digits[3]) % 20, digits[4] * 10 + digits[5]
    return _dated(month, day) and _weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def brazil(text: str) -> bool:
    """CPF: two check digits, weights 10 to 2 and 11 to 2, modulo 11."""
    digits = _digits(text)
    if len(set(digits)) == 1:
        return False
    first = _weighted(digits[:9], tuple(range(10, 1, -1))) * 10 % 11 % 10
    second = _weighted(digits[:10], tuple(range(11, 1, -1))) * 10 % 11 % 10
    return digits[9:] == [first, second]


def canada(text: str) -> bool:
    """SIN: Luhn; none begins with 0 or 8."""
    return text[0] not in "08" and _luhn(_digits(text))


_DIHEDRAL = [[0] * 10 for _ in range(10)]
for _one in range(10):
    for _other in range(10):
        if _one < 5:
            _DIHEDRAL[_one][_other] = (_one + _other) % 5 + (0 if _other < 5 else 5)
        else:
            _DIHEDRAL[_one][_other] = (_one - _other) % 5 + (5 if _other < 5 else 0)
_PERMUTED = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
for _place in range(2, 8):
    _PERMUTED.append([_PERMUTED[_place - 1][one] for one in _PERMUTED[1]])


def india(text: str) -> bool:
    """Aadhaar: Verhoeff's check over twelve digits; none begins with 0 or 1."""
    check = 0
    for place, digit in enumerate(reversed(_digits(text))):
        check = _DIHEDRAL[check][_PERMUTED[place % 8][digit]]
    return text[0] not in "01" and check == 0


def sweden(text: str) -> bool:
    """Personnummer: Luhn over the last ten digits; the day of a coordination number is 60 more."""
    digits = _digits(text)[-10:]
    day = digits[4] * 10 + digits[5]
    return _dated(digits[2] * 10 + digits[3], day - 60 if day > 60 else day) and _luhn(digits)


def finland(text: str) -> bool:
    """Henkilötunnus: the nine digits modulo 31 name the last character."""
    digits = _digits(text[:10])
    if not _dated(digits[2] * 10 + digits[3], digits[0] * 10 + digits[1]):
        return False
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int("".join(map(str, digits))) % 31] == text[-1].upper()


def china(text: str) -> bool:
    """Resident identity number: ISO 7064, modulo 11-2, over a date."""
    month, day = int(text[10:12]), int(text[12:14])
    total = _weighted(_digits(text[:17]), (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
    return text[6:8] in ("19", "20") and _dated(month, day) and "10X98765432"[total % 11] == text[17].upper()


def switzerland(text: str) -> bool:
    """AHV number: thirteen digits that begin with 756, checked as an EAN-13."""
    digits = _digits(text)
    return (10 - _weighted(digits[:12], (1, 3) * 6) % 10) % 10 == digits[12]


def belgium(text: str) -> bool:
    """National register number: 97 less the number modulo 97; from 2000 on with a 2 before it."""
    digits = "".join(map(str, _digits(text)))
    body, check = digits[:9], int(digits[9:])
    return check in (97 - int(body) % 97, 97 - int(f"2{body}") % 97)


def _after(names: str, number: str) -> str:
    return f"({_BEFORE.format(names=names)})({number})"


Form = tuple[str, Callable[[str], bool], tuple[str, ...], bool]
"""A pattern for RE2, its check, lower-case text of which every match holds one, and whether a name stands before it."""

FORMS: Final[tuple[Form, ...]] = (
    (r"[0-9]{8}-?[A-HJ-NP-TV-Za-hj-np-tv-z]|[XYZxyz]-?[0-9]{7}-?[A-HJ-NP-TV-Za-hj-np-tv-z]", spain, (), False),
    (r"[12] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[ABab]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}", france, (), False),
    (r"[A-Za-z]{6}[0-9]{2}[A-EHLMPR-Ta-ehlmpr-t][0-9]{2}[A-Za-z][0-9]{3}[A-Za-z]", italy, (), False),
    (_after("nino|national insurance|ni", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"),
     britain, ("ni",), True),
    (_after("steuer-?id(?:entifikationsnummer)?|idnr|tin|tax id", r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}"), germany,
     ("steuer", "idnr", "tin", "tax id"), True),
    (_after("bsn|burgerservicenummer|sofinummer", r"[0-9]{9}"), netherlands, ("bsn", "nummer"), True),
    (_after("pesel", r"[0-9]{11}"), poland, ("pesel",), True),
    (r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", brazil, ("-",), False),
    (_after("cpf", r"[0-9]{11}"), brazil, ("cpf",), True),
    (_after("sin|social insurance", r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{3}"), canada, ("sin", "social insurance"), True),
    (r"[2-9][0-9]{3} [0-9]{4} [0-9]{4}", india, (" ",), False),
    (_after("aadhaar|aadhar|uidai", r"[2-9][0-9]{11}"), india, ("aad", "uidai"), True),
    (r"(?:19|20)?[0-9]{6}[-+][0-9]{4}", sweden, ("-", "+"), False),
    (r"[0-3][0-9][01][0-9]{3}[-+A-FU-Ya-fu-y][0-9]{3}[0-9A-FHJ-NPR-Ya-fhj-npr-y]", finland, (), False),
    (r"[1-9][0-9]{16}[0-9Xx]", china, (), False),
    (r"756\.?[0-9]{4}\.?[0-9]{4}\.?[0-9]{2}", switzerland, ("756",), False),
    (r"[0-9]{2}\.[01][0-9]\.[0-3][0-9]-[0-9]{3}\.[0-9]{2}", belgium, ("-",), False),
)  # fmt: skip
"""The numbers that are looked for. All but Italy's and Britain's hold at least seven digits, side by side or nearly so."""
