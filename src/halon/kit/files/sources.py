"""sources.yaml: who may send alerts, and where the agent and the rule group stand in them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from halon.kit.files.shapes import Line, Name, Shape, Variable

Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,99}$")]


class SourceShape(Shape):
    """A sender of alerts. ``token_env`` names the variable that holds the bearer token which it must show.

    The agent and the rule group stand in the labels named here; an alert without a group label joins under its rule.
    ``pagerduty`` signs instead: the variable holds the secret of its web hook subscription. Acknowledging one of
    Halon's own pages there, or in ``opsgenie``, is an ``ack`` of the incident: ``people`` maps their user ids or mail
    addresses to people of the kit, and ``agents`` the names or ids of their services to agents.
    """

    kind: Literal["alertmanager", "report", "pagerduty", "opsgenie"]
    token_env: Variable
    agent_label: Label = "agent"
    group_label: Label = "group"
    people: dict[Line, Name] = Field(default_factory=dict)
    agents: dict[Line, Name] = Field(default_factory=dict)


class Sources(Shape):
    """The whole file."""

    sources: dict[Name, SourceShape] = Field(min_length=1)
