"""The channels of a kit as those who send know them, and whether one can be used here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from halon.kit.bundle import Bundle
from halon.kit.files.communications import ChannelShape, Kind
from halon.kit.places import Problems
from halon.kit.reading import Path

FILE = "communications.yaml"


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to reach somebody. Names that end in ``_env`` are environment variables, read only by who sends.

    ``kind`` webhook uses url_env, auth and secret; smtp uses server_env (host:port), security, user_env, password_env,
    sender and recipients (empty: whoever the message is for); file uses path, below Halon's home; pagerduty and
    opsgenie use secret and region, or url_env; slack uses url_env, or secret and room; teams and apprise use url_env;
    portal has a link at which a person files what was approved.
    """

    name: str
    kind: Kind
    url_env: str = ""
    auth: str = ""
    secret: str = ""
    server_env: str = ""
    security: Literal["none", "starttls", "tls"] = "starttls"
    user_env: str = ""
    password_env: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    path: str = ""
    optional: bool = False
    region: Literal["us", "eu"] = "us"
    room: str = ""
    link: str = ""
    each_affected: bool = False


def usable(channel: ChannelShape, environ: Mapping[str, str]) -> bool:
    """Whether the channel is to be used: always, unless it is optional and its variable is not set."""
    return not channel.optional or not missing(channel, environ)


def missing(channel: ChannelShape, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The environment variables that the channel needs and that are not set."""
    named = (channel.url_env, channel.secret, channel.server_env, channel.user_env, channel.password_env)
    return tuple(name for name in named if name and not environ.get(name))


def channels(bundle: Bundle, problems: Problems) -> dict[str, Channel]:
    """All channels. One that lacks what its kind needs is noted."""
    found: dict[str, Channel] = {}
    for name, shape in bundle.communications.channels.items():
        _check(name, shape, problems)
        found[name] = Channel(
            name=name,
            kind=shape.kind,
            url_env=shape.url_env or "",
            auth="" if shape.auth == "none" else shape.auth,
            secret=shape.secret or "",
            server_env=shape.server_env or "",
            security=shape.security,
            user_env=shape.user_env or "",
            password_env=shape.password_env or "",
            sender=shape.sender or "",
            recipients=tuple(shape.recipients),
            path=shape.path or "",
            optional=shape.optional,
            region=shape.region,
            room=shape.room or "",
            link=shape.link or "",
            each_affected=shape.each_affected,
        )
    for index, name in enumerate(bundle.communications.leadership):
        if problems.refers(FILE, ("leadership", index), "channel", name, bundle.communications.channels):
            _check_reads(bundle, name, ("leadership", index), "leadership", FILE, problems)
    for name, person in bundle.oncall.people.items():
        for index, channel in enumerate(person.channels):
            _check_reads(bundle, channel, ("people", name, "channels", index), name, "oncall.yaml", problems)
    return found


def _check_reads(bundle: Bundle, channel: str, path: Path, who: str, file: str, problems: Problems) -> None:
    """A portal is where a person files something: nobody is told anything by it."""
    shape = bundle.communications.channels.get(channel)
    if shape is not None and shape.kind == "portal":
        problems.add(
            file, path, f"{channel} is a portal, by which {who} is told nothing", (), "name a channel that sends"
        )


def _check(name: str, shape: ChannelShape, problems: Problems) -> None:
    written = {"sender": "from"}
    for key in _needs(shape):
        if getattr(shape, key) is None:
            word = written.get(key, key)
            what = f"the {shape.kind} channel {name!r} has no {word}"
            problems.add(FILE, ("channels", name), what, (), f"add {word}:")
    if shape.kind == "slack" and shape.room is None and shape.secret is not None:
        what = f"the slack channel {name!r} has a bot's token and no room"
        problems.add(FILE, ("channels", name), what, (), "add room: with the channel's id, or use url_env: alone")
    if shape.each_affected and (shape.kind != "smtp" or shape.recipients):
        what = f"{name} writes to each affected person, which only an smtp channel without to: does"
        problems.add(FILE, ("channels", name, "each_affected"), what, (), "make it kind: smtp, and leave to: out")
    if shape.auth != "none" and shape.kind != "webhook":
        what = f"{shape.kind} has its own way to sign in; auth is for web hooks"
        problems.add(FILE, ("channels", name, "auth"), what, (), "leave auth out")
    if shape.auth != "none" and shape.secret is None:
        problems.add(FILE, ("channels", name, "auth"), f"{name} has no secret for {shape.auth}", (), "add secret:")


_NEEDS: dict[Kind, tuple[str, ...]] = {
    "webhook": ("url_env",),
    "smtp": ("server_env", "sender"),
    "file": ("path",),
    "pagerduty": ("secret",),
    "opsgenie": ("secret",),
    "slack": ("url_env",),
    "teams": ("url_env",),
    "apprise": ("url_env",),
    "portal": ("link",),
}


def _needs(shape: ChannelShape) -> tuple[str, ...]:
    by_bot = shape.kind == "slack" and (shape.room is not None or shape.secret is not None)
    return ("secret",) if by_bot else _NEEDS[shape.kind]
