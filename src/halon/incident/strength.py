"""How strongly it is proved who spoke, from a name that is only claimed to what Temporal itself verified."""

from __future__ import annotations

CLAIMED, TOTP, SSH, PRINCIPAL = "claimed", "totp", "ssh", "principal"
STRENGTHS = (CLAIMED, TOTP, SSH, PRINCIPAL)
"""Weakest first: a looked-up name; a code of one's own device; a signature; the principal of the Update's own event."""


def at_least(got: str, wanted: str) -> bool:
    """Whether ``got`` proves as much as ``wanted``. Empty is claimed; a strength that is none is never enough."""
    if wanted and wanted not in STRENGTHS:
        return False
    held = STRENGTHS.index(got) if got in STRENGTHS else 0
    return held >= (STRENGTHS.index(wanted) if wanted else 0)


def strongest(*wanted: str) -> str:
    """The strongest of ``wanted``; claimed if none is named. A name that is none counts most: nothing meets it."""
    unknown = next((one for one in wanted if one and one not in STRENGTHS), "")
    return unknown or max((one for one in wanted if one), key=STRENGTHS.index, default=CLAIMED)
