"""What no longer fits one by one is known again by 32 bits each: a text of fixed width that stays bounded."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from halon.incident.alerts import mark_of

MOST = 16_384
"""How many: 64 KiB, 88 kB as base64. One that is new is taken for a known one by a chance of at most 1 in 262,144."""
WIDTH = 4


def unpack(text: str) -> dict[bytes, None]:
    """The keys in ``text``, in their order; none in what is no such text."""
    raw = base64.b64decode(text)
    return dict.fromkeys(raw[place : place + WIDTH] for place in range(0, len(raw) - WIDTH + 1, WIDTH))


def pack(keys: Iterable[bytes]) -> str:
    """``keys`` as the state holds them."""
    return base64.b64encode(b"".join(keys)).decode()


def key(name: str) -> bytes:
    """The key of a mark (``mark_of``), or of a whole text, as an earlier release kept them."""
    mark = name if len(name) == 8 else mark_of(name)
    return hashlib.sha256(mark.encode("utf-8", "surrogatepass")).digest()[:WIDTH]
