"""The languages of notices, by BCP 47 primary tag."""

from __future__ import annotations

LANGUAGES = {"en": "English", "de": "German"}
"""Those whose words are checked before a notice is sent."""


def named(tag: str) -> str:
    """A language in words; a tag that is not known as it is."""
    return f"{LANGUAGES[tag]} ({tag})" if tag in LANGUAGES else f"the language {tag}" if tag else LANGUAGES["en"]
