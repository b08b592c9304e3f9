"""Texts that may not pass, and links that are made plain words."""

import re

_ADDRESS = re.compile(r"(?<=[a-z]):(?=//)", re.IGNORECASE)


def breaks(rule: str, text: str) -> bool:
    """Does ``text`` hold what the rule blocks? ``*`` stands for any run of characters, case and blanks don't matter."""
    at, plain = 0, _plainly(text)
    for piece in _plainly(rule).split("*"):
        at = plain.find(piece.strip(), at)
        if at < 0:
            return False
        at += len(piece.strip())
    return True


def without_links(text: str) -> str:
    """``text`` without anything that its reader's window would fetch or make clickable."""
    return _ADDRESS.sub("[:]", text.replace("](", "] ("))


def _plainly(text: str) -> str:
    return " ".join(text.casefold().split())
