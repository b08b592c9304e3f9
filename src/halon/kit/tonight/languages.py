"""Duties that ask for a language in which nobody has written their notice."""

from __future__ import annotations

from collections.abc import Iterator

from halon.incident.languages import LANGUAGES, named
from halon.kit.bundle import Bundle
from halon.kit.tonight.finding import Finding, Item
from halon.kit.tonight.spoken import listed
from halon.kit.wordings import asked_in, unwritten

ITEM: Item = "prepared notices"


def about_languages(bundle: Bundle) -> Iterator[Finding]:
    """Which templates are missing, so that the plain one is taken; and in which languages no words are checked."""
    for law in bundle.regimes.values():
        for stage, language, name in unwritten(law, bundle):
            what = f"{law.id}/{stage} asks for {named(language)}, and nobody has written {name}.{language}: the plain {name} is taken"
            yield Finding("weak", ITEM, what, f"write notices/{name}.{language}.txt.j2")
    others = sorted({one for law in bundle.regimes.values() for one in asked_in(law)} - set(LANGUAGES))
    if others:
        what = f"no words are checked in {listed(others, 12)}: promises and blame are found by whoever approves it"
        yield Finding("advice", ITEM, what, "have somebody who reads the language approve it")
