"""communications.yaml: the channels on which people, leadership, customers and authorities are reached."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from halon.incident.assessment import Level
from halon.kit.files.shapes import AuthScheme, Day, Line, Name, Shape, TemplateName, Variable

PlainFile = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}\.log$")]
Room = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,40}$")]
"""A Slack channel's id, such as C0123ABCD: a name would change with the channel."""
Kind = Literal["webhook", "smtp", "file", "pagerduty", "opsgenie", "slack", "teams", "apprise", "portal"]


Link = Annotated[str, StringConstraints(pattern=r"^https://[A-Za-z0-9][^\s\"'<>`\\]{0,400}$")]
"""The address of a portal, for people to open."""
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Slot = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,40}(\.[a-z][a-z_]{0,40}){0,3}$")]


class ChannelShape(Shape):
    """A way to reach somebody.

    ``webhook``, ``teams`` and a ``slack`` web hook post to the address in ``url_env`` (such an address is itself a
    secret); a ``slack`` bot posts into ``room`` with the token in ``secret``; ``pagerduty`` has its routing key and
    ``opsgenie`` its API key in ``secret``, in ``region`` us or eu, or at the address in ``url_env``; ``apprise`` has
    its targets in ``url_env``; ``smtp`` sends mail through the server in ``server_env`` (host:port); ``file`` appends
    to a file in Halon's home; ``portal`` sends nothing: a person files the approved text at ``link``. With
    ``each_affected`` an ``smtp`` channel writes to everybody on the incident's list of affected people, each by itself. An
    ``optional`` channel is used only where its environment variable is set; ``halon kit
    check`` says when it is not.
    """

    kind: Kind
    url_env: Variable | None = None
    auth: AuthScheme = "none"
    secret: Variable | None = None
    region: Literal["us", "eu"] = "us"
    room: Room | None = None
    server_env: Variable | None = None
    security: Literal["none", "starttls", "tls"] = "starttls"
    user_env: Variable | None = None
    password_env: Variable | None = None
    sender: Line | None = Field(default=None, alias="from")
    recipients: list[Line] = Field(default_factory=list, alias="to")
    path: PlainFile | None = None
    link: Link | None = None
    optional: bool = False
    each_affected: bool = False


Minutes = Annotated[int, Field(ge=5, le=43_200)]


class CadenceShape(Shape):
    """How many minutes pass at most until the next message, by audience and severity.

    Who is not named for a severity is told nothing of it by rhythm: ``leadership`` left out hears SEV1 and SEV2, every
    ``update_minutes`` of organisation.yaml; ``customers`` left out every 24 hours of a SEV1, 48 of a SEV2, else weekly.
    """

    leadership: dict[Level, Minutes] | None = None
    customers: dict[Level, Minutes] | None = None


class PreapprovedShape(Shape):
    """A notice template that ``by`` approved ahead, until the end of the day ``until``.

    ``digest`` is the SHA-256 of its text (`halon kit preapprove TEMPLATE` prints it), ``slots`` name what it may print of
    the incident. One yes of ``roles`` (left out: the commander) then sends it; everything else takes the full gate.
    """

    template: TemplateName
    digest: Digest
    by: Name
    until: Day
    slots: list[Slot] = Field(min_length=1)
    roles: list[Name] = Field(default_factory=list)


class Communications(Shape):
    """The whole file. ``leadership`` lists the channels that leadership reads.

    ``owner`` is the role that is told when a promised update is not sent in time; left out, the commander.
    """

    channels: dict[Name, ChannelShape] = Field(min_length=1)
    leadership: list[Name] = Field(min_length=1)
    cadence: CadenceShape = Field(default_factory=CadenceShape)
    owner: Name | None = None
    preapproved: list[PreapprovedShape] = Field(default_factory=list)
