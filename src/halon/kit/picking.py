"""One field of a mapped source: where it stands, and what is done to what is found there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from halon.kit.places import Problems
from halon.kit.pointing import pointer
from halon.kit.reading import Path

KEYS = ("pointer", "of", "map", "default", "format", "join")
FORMATS = ("iso", "epoch_s", "epoch_ms", "epoch_ns")
STATES = ("firing", "resolved", "ignored")
"""What a status can be mapped to; ``ignored`` drops the alert, as a warning that means nothing here."""
TIMES = ("started_at", "ended_at")
MOST_POINTERS = 8
MOST_WORDS = 64
LONGEST_WORD = 200
_WHOLE = ("fingerprint", "labels")
_ONLY_POINTERS = ("fingerprint", "labels")
_ADVICE = "write a pointer like /data/name, a list of them, or {pointer: /data/name, default: none}"


@dataclass(frozen=True, slots=True)
class Pick:
    """Where a field stands. The first of ``pointers`` that finds something counts; with ``join``, all of them do.

    ``words`` maps their words to ours. ``default`` stands where nothing is found, and for a word that is not mapped.
    ``format`` says how a time is written. ``whole``: the pointers go into the delivery, not into one of its alerts.
    """

    pointers: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    default: str | None = None
    format: str = "iso"
    join: str | None = None
    whole: bool = False


def pick(raw: Any, file: str, path: Path, name: str, problems: Problems) -> Pick | None:
    """The field ``name`` as ``raw`` says it, or None where it can't be read. Problems go to ``problems``."""
    if isinstance(raw, str | list):
        return _made({"pointer": raw}, file, path, path, name, problems)
    if not isinstance(raw, dict):
        problems.add(file, path, f"{name} needs a pointer", (), _ADVICE)
        return None
    for key in raw:
        if key not in KEYS:
            problems.unknown(file, (*path, key), "key", key, KEYS)
    if "pointer" not in raw and "default" not in raw:
        problems.add(file, path, f"{name} has neither pointer nor default", KEYS, _ADVICE)
        return None
    return _made(raw, file, path, (*path, "pointer"), name, problems)


def _made(raw: dict[str, Any], file: str, path: Path, at: Path, name: str, problems: Problems) -> Pick | None:
    before = len(problems.found)
    found = Pick(
        pointers=_pointers(raw.get("pointer", []), file, at, name, problems),
        words=_words(raw.get("map", {}), file, (*path, "map"), name, problems),
        default=_text(raw["default"], file, (*path, "default"), name, problems) if "default" in raw else None,
        format=_one_of(raw.get("format", "iso"), FORMATS, file, (*path, "format"), problems),
        join=_text(raw["join"], file, (*path, "join"), "join", problems) if "join" in raw else None,
        whole=_one_of(raw.get("of", "alert"), ("alert", "delivery"), file, (*path, "of"), problems) == "delivery",
    )
    _fits(raw, file, path, name, problems)
    return found if len(problems.found) == before else None


def _fits(raw: dict[str, Any], file: str, path: Path, name: str, problems: Problems) -> None:
    """A key that could never do anything here is a mistake."""
    if "format" in raw and name not in TIMES:
        problems.add(file, (*path, "format"), f"{name} is no time, so it has no format", (), "take format out")
    if "map" in raw and name in (*TIMES, *_ONLY_POINTERS):
        problems.add(file, (*path, "map"), f"{name} has no words to map", (), "take map out")
    if "join" in raw and name in ("status", *TIMES, *_ONLY_POINTERS):
        problems.add(file, (*path, "join"), f"{name} is one thing, so nothing is joined", (), "take join out")
    if "default" in raw and name in (*TIMES, *_ONLY_POINTERS):
        step = "take default out: without a time the alert began when it came" if name in TIMES else "take default out"
        problems.add(file, (*path, "default"), f"{name} can't have a default", (), step)


def _pointers(raw: Any, file: str, path: Path, name: str, problems: Problems) -> tuple[str, ...]:
    many = raw if isinstance(raw, list) else [raw]
    if len(many) > MOST_POINTERS:
        what = f"{len(many)} pointers, and {MOST_POINTERS} are allowed"
        problems.add(file, path, what, (), "keep those that are needed")
        return ()
    if isinstance(raw, list):
        found = [pointer(one, file, (*path, index), problems, whole=name in _WHOLE) for index, one in enumerate(raw)]
    else:
        found = [pointer(raw, file, path, problems, whole=name in _WHOLE)]
    return tuple(one for one in found if one is not None)


def _words(raw: Any, file: str, path: Path, name: str, problems: Problems) -> dict[str, str]:
    if not isinstance(raw, dict) or len(raw) > MOST_WORDS:
        what = f"map needs at most {MOST_WORDS} of their words, each with ours"
        problems.add(file, path, what, (), "write for example {ALARM: firing}")
        return {}
    found = {}
    for word, ours in raw.items():
        if len(word) > LONGEST_WORD:
            problems.add(file, (*path, word), f"a word has more than {LONGEST_WORD} characters", (), "shorten it")
        found[word] = _text(ours, file, (*path, word), name, problems)
    return found


def _text(raw: Any, file: str, path: Path, name: str, problems: Problems) -> str:
    """One of our words: for a status one of three, else any short text on one line."""
    if name == "status":
        return _one_of(raw, STATES, file, path, problems)
    if not isinstance(raw, str) or len(raw) > LONGEST_WORD or not raw.isprintable():
        what = f"a text of at most {LONGEST_WORD} characters on one line is needed here"
        problems.add(file, path, what, (), "put it in quotes")
        return ""
    return raw


def _one_of(raw: Any, known: tuple[str, ...], file: str, path: Path, problems: Problems) -> str:
    if isinstance(raw, str) and raw in known:
        return raw
    problems.unknown(file, path, "word", str(raw)[:80], known)
    return known[0]
