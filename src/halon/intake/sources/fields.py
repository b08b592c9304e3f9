"""Fields of a payload as an alert may hold them: redacted, bounded, on one line; times in UTC."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import JsonValue, ValidationError

from halon.incident import times
from halon.intake.problems import BadPayload
from halon.redaction import masked, redact_tree

LONGEST_NAME = 120
LONGEST_VALUE = 500
LONGEST_SUMMARY = 1_000
MOST_LABELS = 64
DATE_TIME: dict[str, JsonValue] = {"format": "date-time"}
"""What the OpenAPI page says of a text that ``moment`` reads."""
_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_WINDOW = 4
"""Text is cut to this many times its bound before it is redacted: redaction shortens, and its time must be bounded."""


def clean(text: str, longest: int = LONGEST_VALUE) -> str:
    """``text`` redacted, control characters as spaces, at most ``longest`` characters with ``…`` where it was cut."""
    # Control characters first: what is a card number once line breaks are spaces must be seen as one.
    return _cut(masked(_plain(_window(text, longest))).strip(), longest)


def labels(given: Mapping[str, str], first: tuple[str, ...] = ()) -> dict[str, str]:
    """The labels cleaned, at most 64: those in ``first``, then by name. The sealed payload holds them all."""
    order = sorted(given, key=lambda name: (name not in first, name))[:MOST_LABELS]
    bounded = {_plain(name[: LONGEST_NAME * _WINDOW]): _plain(_window(given[name], LONGEST_VALUE)) for name in order}
    # As a tree, because a label's name can be what says that its value is a secret.
    tree = redact_tree(bounded).value
    return {_cut(str(name), LONGEST_NAME): _cut(str(value), LONGEST_VALUE) for name, value in tree.items()}


def identifier(text: str) -> str:
    """``text`` if it is a plain id (a fingerprint, a trace id) of at most 128 characters, and no secret, else ""."""
    text = text.strip()
    return text if _ID.fullmatch(text) and masked(text) == text else ""


def moment(text: str) -> str:
    """The time ``text`` as ISO 8601 UTC, or "" for the year 1, which Alertmanager sends for "not yet".

    Raises ValueError, with a message that repeats nothing of the input.
    """
    try:
        if text.startswith("0001-"):
            return ""
        return times.text(times.parse(text))
    except (ValueError, OverflowError):
        raise ValueError("not a time; write ISO 8601 with an offset, like 2026-11-22T08:16:15Z") from None


def bad_payload(error: ValidationError) -> BadPayload:
    """The refusal that names each place, at most 20, and repeats nothing of the input."""
    found = [
        {"where": place(part["loc"]), "why": str(part["msg"]).removeprefix("Value error, ")}
        for part in error.errors(include_input=False, include_url=False, include_context=False)[:20]
    ]
    return BadPayload(found[0]["where"], found[0]["why"], found)


def place(location: tuple[int | str, ...]) -> str:
    """A place in JSON as a person writes it: ``alerts[1].startsAt``."""
    written = "".join(f"[{part}]" if isinstance(part, int) else f".{part[:60]}" for part in location)
    return written.lstrip(".") or "body"


def _plain(text: str) -> str:
    """``text`` with control characters as spaces. None of them is printable, and most texts are."""
    return text if text.isprintable() else _CONTROL.sub(" ", text)


def _window(text: str, longest: int) -> str:
    """The part of ``text`` that is redacted. It ends where a word does: a secret cut in two might not be recognised."""
    if len(text) <= longest * _WINDOW:
        return text
    part = text[: longest * _WINDOW]
    return part.rpartition(" ")[0] or part


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
