"""A source as the front door needs it: the kit's own type has more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Source(Protocol):
    """Where alerts come from: ``kind`` says what it sends, ``token_env`` names the variable that holds its token."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def token_env(self) -> str: ...
    @property
    def agent_label(self) -> str: ...
    @property
    def group_label(self) -> str: ...
    @property
    def groups(self) -> Mapping[str, str]: ...


def group_of(source: Source, named: str, rule: str) -> str:
    """The group of an alert: as it is named, or else as the kit's detections say of its rule, or else the rule."""
    return named or source.groups.get(rule, rule)
