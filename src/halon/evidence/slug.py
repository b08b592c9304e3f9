"""An incident id as one name that every file system holds."""

from __future__ import annotations

import hashlib
import re

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.~")
_LONGEST = 200  # a file name holds 255 bytes, and some are put behind it
_HASHED = re.compile(r".{1,100}_x[0-9a-f]{64}")
_ESCAPE = re.compile(r"_([0-9a-f]{2})")


def slug(incident_id: str) -> str:
    """The id as a safe file name. Two ids never share one, not even where the file system ignores case.

    Lower-case letters, digits and ``- . ~`` stand for themselves; every other byte of the UTF-8 form is ``_`` and two
    hex digits. An id that would be too long ends in ``_x`` and its SHA-256 instead.
    """
    data = incident_id.encode("utf-8", "surrogatepass")
    name = "".join(chr(byte) if chr(byte) in _PLAIN else f"_{byte:02x}" for byte in data)
    if name.startswith("."):
        name = "_2e" + name[1:]
    if 0 < len(name) <= _LONGEST:
        return name
    return f"{name[:100] or 'x'}_x{hashlib.sha256(data).hexdigest()}"


def unslug(name: str) -> str | None:
    """The incident id behind a slug, or None if the id was too long to be kept in it."""
    if _HASHED.fullmatch(name):
        return None
    out = bytearray()
    position = 0
    while position < len(name):
        escape = _ESCAPE.match(name, position)
        out += bytes([int(escape[1], 16)]) if escape else name[position].encode()
        position = escape.end() if escape else position + 1
    return out.decode("utf-8", "surrogatepass")
