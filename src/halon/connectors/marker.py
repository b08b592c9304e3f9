"""The name under which other products know an incident's thread: Halon's mark, the incident's id, for an alarm its part.

The mark is how the front door tells Halon's own pages, coming back as web hooks, from alerts of others.
"""

from __future__ import annotations

import hashlib
import re

MARK = "halon:"
SIGNED = "(Halon)"
"""How the title of every page ends in PagerDuty and Opsgenie: the second mark, for where the key does not come back."""
LONGEST = 255
"""Characters of a key: PagerDuty's bound, the smallest of all."""
_INCIDENT = re.compile(r"incident-[a-z0-9._~-]{1,170}:[A-Za-z0-9-]{1,64}")
_ALARM = re.compile(r"(?P<kind>gate|clock):(?P<about>[a-z0-9._~@/-]{1,200})@[0-9TZ]{1,24}")


def thread_key(incident_id: str, part: str = "") -> str:
    """The key of the incident's one thread, or of the one alarm or message ``part`` of it. The same for good.

    An incident id that is none, or too long for a key, is named by its hash: such a thread can't be answered. A ``part``
    is named by its hash too, unless it is an alarm (``halon.incident.alarms``) that leaves room: then ``about`` knows it.
    """
    known = _INCIDENT.fullmatch(incident_id) is not None and len(MARK) + len(incident_id) + 17 <= LONGEST
    name = incident_id if known else _hash(incident_id)
    if not part:
        return f"{MARK}{name}"
    whole = f"{MARK}{name}/{part}"
    return whole if _ALARM.fullmatch(part) and len(whole) <= LONGEST else f"{MARK}{name}/{_hash(part)}"


def is_ours(key: str, title: str = "") -> bool:
    """Whether a key is that of one of Halon's own pages, of this installation or another.

    The title counts only where there is no key: whoever writes an alert's text must not be able to have it ignored.
    """
    return key.startswith(MARK) or (not key and title.rstrip().endswith(SIGNED))


def incident_of(key: str) -> str:
    """The incident id in a key, or "" if it holds none."""
    if not key.startswith(MARK):
        return ""
    found = key.removeprefix(MARK).partition("/")[0]
    return found if _INCIDENT.fullmatch(found) else ""


def is_part(key: str) -> bool:
    """Whether a key is that of one alarm or message of an incident, and not that of the incident's own page."""
    return key.startswith(MARK) and "/" in key


def about(key: str) -> tuple[str, str]:
    """What an alarm's key is about: ``gate`` and what the question is about, or ``clock`` and the clock; else "" twice."""
    found = _ALARM.fullmatch(key.partition("/")[2])
    return (found["kind"], found["about"]) if found and key.startswith(MARK) else ("", "")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
