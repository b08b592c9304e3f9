"""sources.yaml: who may send alerts, and where the agent and the rule group stand in them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from halon.kit.files.shapes import Name, Shape, Variable

Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,99}$")]


class SourceShape(Shape):
    """A sender of alerts. ``token_env`` names the variable that holds the bearer token which it must show.

    The agent and the rule group stand in the labels named here; an alert without a group label joins under its rule.
    """

    kind: Literal["alertmanager", "report"]
    token_env: Variable
    agent_label: Label = "agent"
    group_label: Label = "group"


class Sources(Shape):
    """The whole file."""

    sources: dict[Name, SourceShape] = Field(min_length=1)
