"""What must be guarded before the front door opens: checked at start, because an open door is found by others first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from halon.incident.errors import HalonError
from halon.intake.signatures import READING, REPORTING, SHORTEST, Keys
from halon.intake.sources.source import Source
from halon.settings import Settings, is_loopback

KINDS = ("alertmanager", "pagerduty", "opsgenie", "report")
"""Kinds of source that the front door can read. ``report`` stands for people, at ``POST /v1/reports``."""
GIVEN = ("pagerduty",)
"""Kinds whose sender makes the secret: one that is made here would fit nothing."""


class Kit(Protocol):
    """The kit as the front door needs it."""

    @property
    def sources(self) -> Mapping[str, Source]: ...
    @property
    def digest(self) -> str: ...


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
        elif source.token_env:
            reasons += _short(source.token_env, keys)
        if not keys.token(source.token_env):
            reasons += _open(source, here, settings.gateway_host)
    for name in (READING, REPORTING):
        reasons += _short(name, keys)
    if reasons:
        raise DoorRefused(reasons)


def token_names(kit: Kit) -> list[str]:
    """The variables that hold the tokens of the kit's sources, for ``ensure_tokens``: those that Halon may make."""
    return [source.token_env for source in kit.sources.values() if source.token_env and source.kind not in GIVEN]


def _open(source: Source, here: bool, host: str) -> list[str]:
    named = f"set {source.token_env}" if source.token_env else "give it token_env in the kit and set that variable"
    if not here:
        return [f"source {source.name!r} has no token and the door listens on {host}; {named}"]
    if source.kind in GIVEN:
        return [f"source {source.name!r} has no secret; {named} to the one of its web hook subscription"]
    if getattr(source, "allow_open", False) is not True:
        return [f"source {source.name!r} has no token; {named}, or start with 'halon up', which makes one"]
    return []


def _short(name: str, keys: Keys) -> list[str]:
    token = keys.token(name)
    return [f"{name} has {len(token)} characters; it needs at least {SHORTEST}"] if 0 < len(token) < SHORTEST else []
