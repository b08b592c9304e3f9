"""What must be guarded before the front door opens: checked at start, because an open door is found by others first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from halon.incident.errors import HalonError
from halon.intake.proofs.proof import GIVEN, secrets_of, unfit
from halon.intake.signatures import READING, REPORTING, Keys
from halon.intake.sources.readers import READERS
from halon.intake.sources.source import Source
from halon.kit.auth import BEARER
from halon.settings import Settings, is_loopback

KINDS = tuple(READERS)
"""Kinds of source that the front door can read. ``report`` stands for people, at ``POST /v1/reports``."""


class Kit(Protocol):
    """The kit as the front door needs it."""

    @property
    def sources(self) -> Mapping[str, Source]: ...
    @property
    def digest(self) -> str: ...
    @property
    def redaction(self) -> Mapping[str, str]: ...


class DoorRefused(HalonError):
    """The front door does not open. ``reasons`` are sentences, each with the next step."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("the front door does not open: " + "; ".join(reasons))
        self.reasons = reasons

    def __reduce__(self) -> tuple[type[DoorRefused], tuple[list[str]]]:
        return type(self), (self.reasons,)


def require_guarded(settings: Settings, kit: Kit, environ: Mapping[str, str]) -> None:
    """Every source has a token, unless the kit allows it open and the door listens on this machine alone.

    Raises DoorRefused with every reason at once.
    """
    keys = Keys(environ)
    here = is_loopback(settings.gateway_host)
    reasons = []
    for source in kit.sources.values():
        if source.kind not in KINDS:
            reasons.append(f"source {source.name!r} is of kind {source.kind!r}; known kinds: {', '.join(KINDS)}")
        reasons += filter(None, (unfit(name, source.auth, keys) for name in (source.token_env, source.also_env)))
        if not secrets_of(source, keys):
            reasons += _open(source, here, settings.gateway_host)
    reasons += filter(None, (unfit(name, BEARER, keys) for name in (READING, REPORTING)))
    if reasons:
        raise DoorRefused(list(dict.fromkeys(reasons)))


def token_names(kit: Kit) -> list[str]:
    """The variables that hold the tokens of the kit's sources, for ``ensure_tokens``: those that Halon may make."""
    return [one.token_env for one in kit.sources.values() if one.token_env and one.auth.scheme not in GIVEN]


def signing_names(kit: Kit) -> list[str]:
    """Those of ``token_names`` that hold a secret of Standard Webhooks."""
    return [one.token_env for one in kit.sources.values() if one.token_env and one.auth.scheme == "standard-webhooks"]


def _open(source: Source, here: bool, host: str) -> list[str]:
    named = f"set {source.token_env}" if source.token_env else "give it token_env in the kit and set that variable"
    if not here:
        return [f"source {source.name!r} has no token and the door listens on {host}; {named}"]
    if source.allow_open:
        return []
    if source.auth.scheme in GIVEN:
        return [f"source {source.name!r} has no secret; {named} to {GIVEN[source.auth.scheme]}"]
    return [f"source {source.name!r} has no token; {named}, or start with 'halon up', which makes one"]
