"""communications.yaml: the channels on which people, leadership, customers and authorities are reached."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from halon.kit.files.shapes import AuthScheme, Line, Name, Shape, Variable

PlainFile = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}\.log$")]
Room = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,40}$")]
"""A Slack channel's id, such as C0123ABCD: a name would change with the channel."""
Kind = Literal["webhook", "smtp", "file", "pagerduty", "opsgenie", "slack", "teams", "apprise"]


class ChannelShape(Shape):
    """A way to reach somebody.

    ``webhook``, ``teams`` and a ``slack`` web hook post to the address in ``url_env`` (such an address is itself a
    secret); a ``slack`` bot posts into ``room`` with the token in ``secret``; ``pagerduty`` has its routing key and
    ``opsgenie`` its API key in ``secret``, in ``region`` us or eu, or at the address in ``url_env``; ``apprise`` has
    its targets in ``url_env``; ``smtp`` sends mail through the server in ``server_env`` (host:port); ``file`` appends
    to a file in Halon's home. An ``optional`` channel is used only where its environment variable is set; ``halon kit
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
    optional: bool = False


class Communications(Shape):
    """The whole file. ``leadership`` lists the channels that leadership reads."""

    channels: dict[Name, ChannelShape] = Field(min_length=1)
    leadership: list[Name] = Field(min_length=1)
