"""Guardrail rules: texts that may neither leave in an answer nor go into a tool. ``*`` stands for any run of characters.

There are no regular expressions: a rule is looked for piece by piece, so no rule and no text makes this slow.
"""

from __future__ import annotations

import dataclasses
import html
import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache, partial
from types import ModuleType
from typing import Any

from halon.control.refusals import GuardrailHit
from halon.control.switches import Switches

MOST_VALUES = 100_000
"""Values of one call's arguments, or one answer, that are looked at; what has more is refused while a rule is set."""


_DEEPEST_OBJECT = 3
"""Objects within objects that are looked at; below, only what they say of themselves."""
_TAG = re.compile(r"<[/!a-zA-Z][^<>]{0,2000}>")
_UNSEEN = dict.fromkeys((*range(0x09), *range(0x0E, 0x1C), *range(0x7F, 0x85), *range(0x86, 0xA0)))
"""Control characters that are no blanks."""


def broken_rule(now: Switches, text: str) -> str:
    """The name of the first rule that this text breaks, or an empty text. Read as it is, and as a browser shows it."""
    if not now.rules:
        return ""
    shown = html.unescape(_TAG.sub("", text)) if "&" in text or "<" in text else text
    plain = {_plainly(one) for one in (text, shown)}
    return next((name for name, blocks in now.rules if any(_found(_pieces(blocks), one) for one in plain)), "")


def hold_to_rules(now: Switches, text: str, what: str) -> None:
    """Raises GuardrailHit if ``text`` breaks a rule; ``what`` says whose text it is."""
    if rule := broken_rule(now, text):
        raise GuardrailHit(f"The rule {rule} holds back {what}; a person looks into it.")


def texts_in(value: Any) -> Iterator[tuple[str, str]]:
    """Every text in a value, with the name of the field that holds it.

    A number counts as its digits, JSON inside a text as what it says, and an object as its own text and its attributes.

    Raises GuardrailHit if there are too many, or what can't be looked at without using it up.
    """
    rest: list[tuple[str, Any, int]] = [("", value, 0)]
    left, seen = MOST_VALUES, dict[int, Any]()
    while rest:
        name, one, depth = rest.pop()
        left -= 1
        if left < 0:
            raise GuardrailHit("There is too much in this to be looked at, and a rule is set or domains are limited.")
        if isinstance(one, str):
            yield name, one
            if "\\" in one and (read := _read(one)) is not None:
                rest.append((name, read, depth))
        elif isinstance(one, (bytes, bytearray, memoryview)):
            yield from ((name, text) for text in _letters(bytes(one)))
        elif one is None or isinstance(one, bool):
            continue
        elif isinstance(one, (int, float)):
            yield name, str(_asked(partial(str, one)))
        elif isinstance(one, Mapping):
            for key, inner in _asked(partial(list, one.items())):
                rest += [("", key, depth), (str(key), inner, depth)]
        elif isinstance(one, Collection):
            rest += [(name, inner, depth) for inner in _asked(partial(list, one))]
        elif dataclasses.is_dataclass(one) and not isinstance(one, type):
            rest += [(field.name, getattr(one, field.name, None), depth) for field in dataclasses.fields(one)]
        elif hasattr(one, "model_dump") and not isinstance(one, type):
            rest.append((name, _asked(one.model_dump), depth))
        elif hasattr(one, "__fspath__") and not isinstance(one, type):
            rest.append((name, _asked(one.__fspath__), depth))
        elif not depth and (
            isinstance(one, Iterator) or any(hasattr(type(one), on) for on in ("__aiter__", "__await__"))
        ):
            kind = type(one).__name__
            raise GuardrailHit(
                f"A {kind} can't be looked at before it is used, and a rule is set or domains are limited."
            )
        elif id(one) not in seen:
            seen[id(one)] = one
            yield name, str(_asked(partial(str, one)))
            rest += [(field, inner, depth + 1) for field, inner in _held_by(one, depth)]


def _held_by(value: Any, depth: int) -> list[tuple[str, Any]]:
    """What an object holds: in its slots and its ``__dict__``. Neither of a function, a class or a module."""
    if depth >= _DEEPEST_OBJECT or isinstance(value, (type, ModuleType)) or hasattr(value, "__code__"):
        return []
    held = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else tuple(slots):
            private = slot.startswith("__") and not slot.endswith("__")
            field = f"_{kind.__name__.lstrip('_')}{slot}" if private else slot
            if slot not in ("__dict__", "__weakref__") and (one := getattr(value, field, None)) is not None:
                held[field] = one
    return list(held.items())


def _asked(ask: Callable[[], Any]) -> Any:
    """What a value says of itself. Raises GuardrailHit if it fails."""
    try:
        return ask()
    except Exception as error:
        raise GuardrailHit(
            f"There is something in this that can't be looked at ({type(error).__name__}), "
            "and a rule is set or domains are limited."
        ) from error


def _read(text: str) -> Any:
    """The object or list that a text is JSON of, or None."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _letters(raw: bytes) -> Iterator[str]:
    yield raw.decode("utf-8", "replace")
    if b"\0" in raw:
        yield raw.decode("utf-16-le", "replace")
        yield raw.decode("utf-16-be", "replace")


@lru_cache(maxsize=1_000)
def _pieces(blocks: str) -> tuple[str, ...]:
    return tuple(piece.strip() for piece in _plainly(blocks).split("*") if piece.strip())


def _plainly(text: str) -> str:
    """Letters in one case and one width, without what can't be seen, each run of blanks as one."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(one for one in text if one.isspace() or unicodedata.category(one) not in ("Cf", "Mn", "Me"))
    if not text.isprintable():
        text = text.translate(_UNSEEN)
    return " ".join(text.casefold().split())


def _found(pieces: tuple[str, ...], text: str) -> bool:
    """Do the pieces stand in the text, one after the other?"""
    at = 0
    for piece in pieces:
        at = text.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return bool(pieces)
