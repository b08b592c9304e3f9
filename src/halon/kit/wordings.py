"""Notice templates by language: ``customers.de`` is the German one of ``customers``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from halon.kit.bundle import Bundle
from halon.kit.files.regimes import RegimeFile
from halon.kit.law import notice_templates

ENGLISH = "en"


def wording(name: str, language: str, own: Mapping[str, str]) -> tuple[str, str]:
    """The template that a notice ``name`` in ``language`` takes, and the language that it is written in.

    ``NAME.LANGUAGE`` comes before ``NAME``, which counts as English; ``own`` are the organisation's templates by name.
    """
    if language and language != ENGLISH:
        wanted = f"{name}.{language}"
        if wanted in own or wanted in notice_templates():
            return wanted, language
    return name, ENGLISH


def asked_in(law: RegimeFile) -> tuple[str, ...]:
    """The languages that the notices of ``law`` are asked for in."""
    return tuple(dict.fromkeys(one for one in (law.language, *(stage.language for stage in law.stages)) if one))


def unwritten(law: RegimeFile, bundle: Bundle) -> Iterator[tuple[str, str, str]]:
    """Each stage of ``law`` whose notice nobody has written in its language: stage, language, template."""
    for stage in law.stages:
        language, name = stage.language or law.language or "", stage.template or law.template
        if language and wording(name, language, bundle.notices)[1] != language:
            yield stage.id, language, name
