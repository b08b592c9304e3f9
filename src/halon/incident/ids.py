"""Names of incidents: the correlation key at the door, the workflow id, the incident id, the reference for the phone."""

from __future__ import annotations

import hashlib
import re

PREFIX = "incident-"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O or U to mishear
_UNSAFE = re.compile(r"[^a-z0-9_-]+")
_MARK = 12
_MARKED = re.compile(rf"-[0-9a-f]{{{_MARK}}}\Z")


def slug(text: str, longest: int = 60) -> str:
    """``text`` as a lower-case name of at most ``longest`` characters.

    Two different texts never share a slug: one that had to be altered ends in twelve characters of its hash, and so
    does one that merely looks as if it did.
    """
    plain = _UNSAFE.sub("-", text.lower()).strip("-")
    if plain == text and 0 < len(text) <= longest and not _MARKED.search(text):
        return plain
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK]
    return f"{plain[: longest - _MARK - 1] or 'x'}-{mark}"


def correlation_key(agent: str, group: str) -> str:
    """The key under which alerts join one incident: agent and rule group, both known at the door."""
    return f"{slug(agent)}.{slug(group)}"


def workflow_id(key: str, number: int = 1) -> str:
    """The workflow id of the ``number``-th incident of a correlation key; successors carry ``~2``, ``~3``, …"""
    return f"{PREFIX}{key}" if number == 1 else f"{PREFIX}{key}~{number}"


def successor_id(current: str) -> str:
    """The workflow id of the incident that follows ``current`` under the same correlation key."""
    base, mark, number = current.rpartition("~")
    if mark and number.isascii() and number.isdigit():
        return f"{base}~{int(number) + 1}"
    return f"{current}~2"


def predecessor_id(current: str) -> str:
    """The workflow id of the incident that ``current`` follows under its correlation key; empty for the first one."""
    base, mark, number = current.rpartition("~")
    if not (mark and number.isascii() and number.isdigit()) or int(number) < 2:
        return ""
    return base if number == "2" else f"{base}~{int(number) - 1}"


def split_id(parent: str, number: int, key: str = "") -> str:
    """The workflow id of the ``number``-th incident that is split off from ``parent``.

    ``key`` is the correlation key of what moves, where that is another than the parent's own: what had been merged. No
    key holds a second full stop, so that no other incident is ever called so.
    """
    if not key:
        return f"{parent}.split-{number}"
    return f"{workflow_id(key)}.split-{number}-{hashlib.sha256(parent.encode()).hexdigest()[:_MARK]}"


def incident_id(workflow: str, first_run: str) -> str:
    """The incident's identity for ever: workflow id and first execution run id.

    Continue-as-new and Reset change the run id but not the first one, so keys made from this never repeat an effect.
    """
    return f"{workflow}:{first_run}"


def reference(incident: str) -> str:
    """The short reference to say on the phone, such as ``INC-7F3A``: 20 bits of the incident id's SHA-256."""
    bits = int.from_bytes(hashlib.sha256(incident.encode()).digest()[:4], "big") >> 12
    return "INC-" + "".join(_ALPHABET[(bits >> shift) & 31] for shift in (15, 10, 5, 0))
