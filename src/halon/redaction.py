"""Mask personal data and secrets in text that goes where they don't belong: histories, logs, notices, the record.

The raw payload lies sealed in the evidence store; everywhere else text has passed through here. What is found, and
what is spared, stands in ``sensitive.py``. Names and postal addresses need a model and are not found.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from halon import sensitive_also
from halon.sensitive import MASKED_WHOLE, relevant

LONGEST_TEXT = 100_000
"""Characters of one text that ``redact_tree`` keeps."""
LONGEST_KEY = 200
"""Characters of one key that ``redact_tree`` keeps."""
MOST_ITEMS = 1_000
"""Items of one list or object that ``redact_tree`` keeps."""
DEEPEST = 16
"""Levels of lists and objects that ``redact_tree`` keeps."""

LONGEST_REMEMBERED, MOST_REMEMBERED = 2_000, 4_096
"""Characters of a text whose result is kept for the next time, and how many such results: a storm says the same again."""
LONGEST_CLEAN = 200
"""Characters of a text that is remembered as it is when nothing was found in it: looking it up takes no hash of ours."""

_PASSES = 8
_CUT = "… [cut]"
_SECRET_KEYS: Final = (
    "password", "passwd", "passphrase", "pwd", "secret", "secretkey", "apikey", "accesskey", "privatekey", "token",
    "credential", "authorization", "cookie",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Redacted:
    """``text`` with masks such as ``[email]`` in it; ``counts`` says how many of each kind were put there."""

    text: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class RedactedTree:
    """``value`` as a JSON value with every text and key masked; ``counts`` as in ``Redacted``."""

    value: Any
    counts: dict[str, int]


def redact(text: str) -> Redacted:
    """Mask what is found in ``text``. Redacting the result again changes nothing; time grows with the length alone."""
    return Redacted(*_known_as(text))


def redact_tree(value: object, max_depth: int = DEEPEST) -> RedactedTree:
    """Mask a JSON value: every text and key, and the whole value of keys such as ``password`` or ``authorization``.

    Bounded, each cut visible: ``max_depth`` levels, 1,000 items of a list or object, 200 characters of a key, 100,000
    of a text. Redacting the result again changes nothing. Raises TypeError for what is not a JSON value.
    """
    counts: Counter[str] = Counter()
    return RedactedTree(_tree(value, max_depth, counts), dict(counts))


def mask_also(rules: Mapping[str, str]) -> None:
    """Mask also what a kit's rules match, pattern by name, from now on in this process; earlier rules are forgotten."""
    global _known
    sensitive_also.install(rules)
    _known = _Remembered(MOST_REMEMBERED)


def masked(text: str) -> str:
    """``text`` as ``redact`` masks it."""
    return text if _known.clean(text) else _known_as(text)[0]


class _Remembered:
    """What texts became, by their hash: no secret is kept for it. Short ones in which nothing was found, as they are.

    Two generations of either, of which the older one is dropped.
    """

    def __init__(self, most: int) -> None:
        self._half = most // 2
        self._young: dict[bytes, tuple[str, dict[str, int]]] = {}
        self._old: dict[bytes, tuple[str, dict[str, int]]] = {}
        self._clean: dict[str, None] = {}
        self._clean_old: dict[str, None] = {}

    def clean(self, text: str) -> bool:
        """Whether ``text`` is known to stay as it is."""
        if text in self._clean:
            return True
        if text not in self._clean_old:
            return False
        self.keep_clean(text)
        return True

    def keep_clean(self, text: str) -> None:
        if len(self._clean) >= self._half:
            self._clean, self._clean_old = {}, self._clean
        self._clean[text] = None

    def get(self, name: bytes) -> tuple[str, dict[str, int]] | None:
        known = self._young.get(name)
        if known is None and (known := self._old.get(name)) is not None:
            self.keep(name, known)
        return known

    def keep(self, name: bytes, value: tuple[str, dict[str, int]]) -> None:
        if len(self._young) >= self._half:
            self._young, self._old = {}, self._young
        self._young[name] = value


_known = _Remembered(MOST_REMEMBERED)


def _text(text: str, counts: Counter[str]) -> str:
    if _known.clean(text):
        return text
    masked, found = _known_as(text)
    if found:
        counts.update(found)
    return masked


def _known_as(text: str) -> tuple[str, dict[str, int]]:
    """What ``text`` becomes, and how many of each kind were masked in it; the counts are the caller's own."""
    if _known.clean(text):
        return text, {}
    name = b""
    if len(text) <= LONGEST_REMEMBERED:
        name = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        known = _known.get(name)
        if known is not None:
            return known[0], dict(known[1]) if known[1] else {}
    found: Counter[str] = Counter()
    masked = _masked(text, found)
    if len(text) <= LONGEST_CLEAN and masked == text and not found:
        _known.keep_clean(text)
    elif name:
        _known.keep(name, (masked, dict(found)))
    return masked, dict(found)


def _masked(text: str, counts: Counter[str]) -> str:
    clean = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    # A mask changes what its neighbour touches, so that the neighbour may show only in the next pass. Text that still
    # goes on after some passes was made for that, and is not worth keeping.
    for _ in range(_PASSES):
        masked = _pass(clean, counts)
        if masked == clean:
            return clean
        clean = masked
    counts["secret"] += 1
    return MASKED_WHOLE


def _pass(text: str, counts: Counter[str]) -> str:
    for rule in (*relevant(text), *sensitive_also.rules()):
        pieces: list[str] = []
        copied = 0
        for found in rule.candidates(text):
            masked = rule.check(found) if found.start >= copied else None
            if masked is not None:
                stop, instead = masked
                pieces += (text[copied : found.start], instead)
                copied = stop
                counts[rule.label] += instead.count(found.mask)
        if pieces:
            text = "".join((*pieces, text[copied:]))
    return text


def _tree(value: object, room: int, counts: Counter[str]) -> Any:
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        return _bounded(value, counts)
    if isinstance(value, int):
        return _number(value, counts)
    if isinstance(value, list | tuple):
        return [_tree(item, room - 1, counts) for item in _some(list(value))] if room > 0 else "[too deep]"
    if isinstance(value, dict):
        return _object(value, room, counts) if room > 0 else "[too deep]"
    raise TypeError(f"{type(value).__name__} is not a JSON value; convert it before it is redacted")


def _object(value: dict[Any, Any], room: int, counts: Counter[str]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    kept = list(value.items())
    if len(kept) > MOST_ITEMS:
        kept = [*kept[: MOST_ITEMS - 1], ("[cut]", f"{len(kept) - MOST_ITEMS + 1} more")]
    for key, item in kept:
        if not isinstance(key, str):
            raise TypeError(f"a key of type {type(key).__name__} is not JSON; convert it before it is redacted")
        name = _key(key, counts)
        unique, number = name, 2
        while unique in out:  # two addresses as keys become the same mask, and both items stay
            unique, number = f"{name}#{number}", number + 1
        if _is_secret(key, item) or (name != key and _is_secret(name, item)):
            if item != MASKED_WHOLE:
                counts["secret"] += 1
            out[unique] = MASKED_WHOLE
        elif type(item) is str:
            out[unique] = _bounded(item, counts)
        else:
            out[unique] = _tree(item, room - 1, counts)
    return out


def _some(items: list[Any]) -> list[Any]:
    if len(items) <= MOST_ITEMS:
        return items
    return [*items[: MOST_ITEMS - 1], f"[{len(items) - MOST_ITEMS + 1} more]"]


def _is_secret(key: str, value: object) -> bool:
    """Does the key say that its value is a secret? A number of tokens is none, nor is the absence of a value."""
    if value is None or isinstance(value, bool) or value == "" or not _names_a_secret(key[:LONGEST_KEY]):
        return False
    return not (_plural_of_token(key[:LONGEST_KEY]) and isinstance(value, int | float))


@lru_cache(maxsize=4_096)
def _names_a_secret(key: str) -> bool:
    return _letters(key).rstrip("s").endswith(_SECRET_KEYS)


def _plural_of_token(key: str) -> bool:
    return _letters(key).endswith("tokens")


def _letters(key: str) -> str:
    return "".join(filter(str.isalnum, key.lower()))


def _key(key: str, counts: Counter[str]) -> str:
    masked = _text(key, counts)
    if len(masked) <= LONGEST_KEY:
        return masked
    return f"[long key {hashlib.sha256(masked.encode()).hexdigest()[:8]}]"


def _number(value: int, counts: Counter[str]) -> int | str:
    """Of ours only a card number fits into a number, the other kinds need their marks; a kit's own may be of any length."""
    if not (10**12 <= value < 10**19 or (sensitive_also.rules() and abs(value) < 10**40)):
        return int(value)
    masked = _text(str(int(value)), counts)
    return masked if sensitive_also.is_mask(masked) else int(value)


def _bounded(text: str, counts: Counter[str]) -> str:
    """The text masked, then cut: cut first, half a secret could slip through at the end."""
    masked, room = _text(text, counts), LONGEST_TEXT
    while len(masked) > LONGEST_TEXT:
        room -= 64
        masked = _text(masked[:room] + _CUT, counts)
    return masked
