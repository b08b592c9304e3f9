"""sources.yaml: who may send alerts, how they show who they are, and what their alerts may set off."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from halon.incident.assessment import Level
from halon.judgement.trust import Acting
from halon.kit.auth import TOLERANCE, Algorithm, Encoding, Scheme
from halon.kit.files.shapes import Line, Name, Shape, Variable

Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,99}$")]
Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,60}$")]
Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9=,_.:-]{0,20}$")]


class AuthShape(Shape):
    """How a sender shows that it is who it says.

    ``header`` is for bearer (another header than Authorization, which then holds the token alone) and hmac (where the
    signature stands), ``user`` for basic. For hmac and grafana, ``timestamp_header`` names the header that holds the
    time of signing (Unix seconds); for hmac it stands before the body in what is signed, with ``separator`` between.
    Without it whoever records a delivery can send it again: ``replay: accepted`` says that this is known.
    """

    scheme: Scheme
    header: Header | None = None
    user: Line | None = None
    prefix: Prefix | None = None
    encoding: Encoding | None = None
    algorithm: Algorithm | None = None
    timestamp_header: Header | None = None
    separator: Literal[".", ":", ""] | None = None
    replay: Literal["accepted"] | None = None
    tolerance_seconds: int = Field(default=TOLERANCE, ge=10, le=3600)


class TrustShape(Shape):
    """What alerts may set off without people. Beyond ``up_to`` one step less: alone needs corroboration, corroborated
    needs people. SEV1 is the gravest level, so ``up_to: SEV1`` means always."""

    actions: Acting = "alone"
    up_to: Level = "SEV1"


class SenderShape(Shape):
    """What is said of every sender: of those in sources.yaml, and of those with a file in sources/ (mapped.py).

    ``token_env`` names the variable that holds the secret which it shows or signs with, ``also_env`` a second one that
    fits too, while the secret is changed. Without a secret it must be ``allow_open``, and then comes from this machine.
    The agent and the rule group stand in the labels named here; an alert without a group label joins under its rule.
    ``agent`` is whose alerts they are where they name nobody; ``severity`` maps the sender's words to levels.
    """

    token_env: Variable | None = None
    also_env: Variable | None = None
    allow_open: bool = False
    auth: AuthShape | None = None
    trust: TrustShape | None = None
    agent_label: Label = "agent"
    group_label: Label = "group"
    agent: Name | None = None
    severity: dict[Line, Level] = Field(default_factory=dict)


class SourceShape(SenderShape):
    """A sender of alerts whose payload Halon knows.

    Acknowledging one of Halon's own pages in ``pagerduty`` or ``opsgenie`` is an ``ack`` of the incident: ``people``
    maps their user ids or mail addresses to people of the kit. ``agents`` maps the names or ids of a sender's services
    (projects, monitors) to agents.
    """

    kind: Literal[
        "alertmanager", "report", "pagerduty", "opsgenie", "grafana", "datadog", "sentry", "langsmith", "cloudevents",
        "halon",
    ]  # fmt: skip
    people: dict[Line, Name] = Field(default_factory=dict)
    agents: dict[Line, Name] = Field(default_factory=dict)


class Sources(Shape):
    """The whole file."""

    sources: dict[Name, SourceShape] = Field(min_length=1)
