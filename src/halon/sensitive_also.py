"""What a kit adds to what is masked, such as its customer numbers. One kit a process: its rules are the process's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import re2

from halon.sensitive import MASKS, Found, Masked, Rule

LONGEST: Final = 300
"""Characters of a pattern."""
MOST: Final = 50
"""Rules of a kit."""
_OWN_WORDS: Final = ("… [cut]", "[too deep]", "[999 more]", "[long key 0123abcd]")
_SAMPLE: Final = "a b-1_C.\n"
_options = re2.Options()
_options.log_errors = False
_rules: tuple[Rule, ...] = ()
_masks: frozenset[str] = frozenset()


def install(rules: Mapping[str, str]) -> None:
    """Have these rules, pattern by name, and no others. They are sound, see ``fault``."""
    global _rules, _masks
    _rules = tuple(Rule(name, re2.compile(pattern, _options), _whole) for name, pattern in rules.items())
    _masks = frozenset(f"[{name}]" for name in rules)


def rules() -> tuple[Rule, ...]:
    """The rules that are installed."""
    return _rules


def is_mask(text: str) -> bool:
    """Is ``text`` one of the masks, whole?"""
    return text in MASKS or text in _masks


def fault(name: str, pattern: str, names: Iterable[str]) -> str:
    """Why the rule can't be used, as a sentence; empty if it can. ``names`` are those of all rules of the kit."""
    if f"[{name}]" in MASKS:
        return f"[{name}] is a mask of Halon's own; give the rule another name"
    compiled: Any = None
    try:
        compiled = re2.compile(pattern, _options)
    except re2.error as error:
        said = error.args[0] if error.args else "no reason given"
        return f"RE2 can't read it ({said.decode() if isinstance(said, bytes) else said}); it has no look-around and no back reference"
    if any(found.start() == found.end() for text in ("", _SAMPLE) for found in compiled.finditer(text)):
        return "it matches where nothing stands; make it match at least one character"
    for mask in (*sorted(MASKS), *(f"[{one}]" for one in names), *_OWN_WORDS):
        if compiled.search(mask):
            return f"it matches in {mask}, which stands where something was masked; make it narrower"
    return ""


def _whole(found: Found) -> Masked | None:
    return (found.stop, found.mask) if found.stop > found.start else None
