"""Numbers with their noun, in plain words."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """``1 action``, ``2 actions``, ``0 actions``. ``many`` is its plural where that is not ``one`` with an s."""
    return f"{number} {one}" if number == 1 else f"{number} {many or one + 's'}"
