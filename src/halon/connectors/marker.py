"""The name under which other products know an incident's thread: Halon's mark, then the incident's id.

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


def thread_key(incident_id: str, part: str = "") -> str:
    """The key of the incident's one thread, or of the one message ``part`` of it. The same for good.

    An incident id that is none, or too long for a key, is named by its hash: such a thread can't be answered.
    """
    known = _INCIDENT.fullmatch(incident_id) is not None and len(MARK) + len(incident_id) + 17 <= LONGEST
    name = incident_id if known else _hash(incident_id)
    return f"{MARK}{name}/{_hash(part)}" if part else f"{MARK}{name}"


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


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
