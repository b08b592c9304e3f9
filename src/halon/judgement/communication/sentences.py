"""The sentences of a notice, one by one, so that an objection can name the one that it is about."""

from __future__ import annotations

import re

MOST_SENTENCES = 2_000
LONGEST_SENTENCE = 500
_END = re.compile(r"(?<=[.!?]) (?=[^a-z])")
"""One character on either side: time grows with the length alone."""


def sentences(subject: str, body: str) -> tuple[str, ...]:
    """Subject first, then every sentence of ``body`` on one line each, without the dash of a list; bounded."""
    found: list[str] = []
    for line in (subject, *body.splitlines()):
        text = " ".join(line.split()).removeprefix("- ")
        found += [part[:LONGEST_SENTENCE] for part in _END.split(text) if part.strip()]
        if len(found) >= MOST_SENTENCES:
            break
    return tuple(found[:MOST_SENTENCES])
