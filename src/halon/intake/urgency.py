"""How urgent an alert is while it waits at the door: a rank from 1 (first) to 5, from the sender's own word for it.

The rank decides the order of waiting and nothing else. How severe the incident is, the kit's rubric rates from facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from halon.incident.alerts import Alert

FIRST, SEVERE, USUAL, LAST = 1, 2, 3, 5
"""Ranks: the first; the last one that counts as severe; that of an unknown word; the last."""
_WORDS = {
    **dict.fromkeys(("critical", "crit", "page", "emergency", "emerg", "fatal", "disaster", "blocker"), 1),
    **dict.fromkeys(("high", "error", "err", "major", "urgent", "severe", "alert"), 2),
    **dict.fromkeys(("warning", "warn", "medium", "moderate", "average", "minor"), 3),
    **dict.fromkeys(("low", "notice", "ticket"), 4),
    **dict.fromkeys(("info", "information", "informational", "debug", "none", "ok"), 5),
}
_NUMBERED = re.compile(r"(?:sev|severity|p|prio|priority)[ _-]?([0-9])")
_REPORT = "report"


def urgency(alert: Alert, known: Mapping[str, str] | None = None) -> int:
    """The rank of ``alert``. ``known`` maps the sender's words (lower case) to ``SEV1`` … ``SEV4``; it comes first.

    A person who took the time to report is severe whatever the words.
    """
    if alert.source == _REPORT:
        return SEVERE
    return rank_of(alert.severity_hint, known)


def rank_of(word: str, known: Mapping[str, str] | None = None) -> int:
    """The rank of a sender's ``word`` for severity; ``known`` as for ``urgency``."""
    word = word.strip().lower()
    word = (known or {}).get(word, word).lower()
    numbered = _NUMBERED.fullmatch(word)
    if numbered:
        return min(max(int(numbered[1]), FIRST), LAST)
    return _WORDS.get(word, USUAL)


def most_urgent(alerts: Iterable[Alert], known: Mapping[str, str] | None = None) -> int:
    """The rank of the most urgent of ``alerts``; the last one if there are none."""
    return min((urgency(alert, known) for alert in alerts), default=LAST)
