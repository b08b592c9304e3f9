"""A source as the front door needs it: the kit's own type has more."""

from __future__ import annotations

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
