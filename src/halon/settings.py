"""Halon's own settings: the only place that reads configuration from the environment.

Secrets are not settings: they are named in the kit and read by that name at the door that needs them. How to reach
Temporal (``TEMPORAL_ADDRESS``, ``TEMPORAL_NAMESPACE``, ``TEMPORAL_TLS*``, ``TEMPORAL_API_KEY``, profiles) is Temporal's
own environment configuration, read in ``client.py``.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Self

from halon.incident.errors import HalonError


class SettingsError(HalonError):
    """A variable of the environment holds a value that can't be used."""

    def __init__(self, name: str, value: str, why: str, next_step: str) -> None:
        super().__init__(f"{name}={value[:100]!r}: {why}; {next_step}")
        self.name = name
        self.value = value
        self.why = why
        self.next_step = next_step

    def __reduce__(self) -> tuple[type[SettingsError], tuple[str, str, str, str]]:
        return type(self), (self.name, self.value, self.why, self.next_step)


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable: its name, its default as a person would write it, and what it means."""

    name: str
    default: str
    meaning: str


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "HALON_HOME", ".halon", "Folder for what Halon keeps on this machine: embedded database, tokens, evidence."
    ),
    Setting("HALON_KIT", "", "Folder of the kit. Empty: the starter kit that comes with Halon."),
    Setting("HALON_GATEWAY_HOST", "127.0.0.1", "Address that the front door listens on."),
    Setting("HALON_GATEWAY_PORT", "8600", "Port of the front door."),
    Setting("HALON_TASK_QUEUE", "halon", "Temporal task queue of the workflows and activities."),
    Setting(
        "HALON_TEMPORAL_PORT", "7233", "Port of the embedded Temporal server, and of Temporal if no address is set."
    ),
    Setting("HALON_UI_PORT", "8233", "Port of the embedded server's web UI."),
    Setting(
        "HALON_LINK",
        "",
        "Address at which people open an incident's page, put into pages as ADDRESS/i/REFERENCE. Empty: a page names the command to type.",
    ),
    Setting("HALON_EVIDENCE", "HALON_HOME/evidence", "Folder or store URL where raw payloads and evidence are sealed."),
    Setting("HALON_LOG", "text", "Form of the log's lines: text, or json for one JSON object a line."),
    Setting(
        "HALON_METRICS_OPEN",
        "",
        "1: /metrics needs no token also where the front door listens beyond this machine.",
    ),
    Setting(
        "HALON_EVIDENCE_LOCK",
        "",
        "Lock sealed evidence in a bucket with object lock until its retention ends: governance or compliance. Empty: not.",
    ),
    Setting(
        "HALON_HALT",
        "",
        "1 on a worker: it applies nothing and gives nothing back. For all workers at once: halon halt.",
    ),
    Setting(
        "HALON_TASK_SECONDS",
        "8",
        "Seconds that a worker may compute at one task of an incident; then it is tried anew from the incident's history.",
    ),
    Setting("HALON_LIMIT_BODY", "1048576", "Bytes that one delivery may have; larger ones are refused with 413."),
    Setting("HALON_LIMIT_DEPTH", "32", "Levels of nesting that a delivery's JSON may have."),
    Setting(
        "HALON_LIMIT_ALERTS", "1000", "Alerts taken of one delivery, firing and severe ones first; the rest is counted."
    ),
)
"""Every setting. A secret that Halon itself defines is named in ``TOKENS``."""

TOKENS: tuple[Setting, ...] = (
    Setting("HALON_TOKEN_REPORT", "", "Bearer token for POST /v1/reports. Unset: only from this machine."),
    Setting("HALON_TOKEN_READ", "", "Bearer token for GET /v1/incidents. Unset: only from this machine."),
    Setting(
        "HALON_IDENTITY_KEY",
        "",
        "Key from which the codes of people's authenticators are derived, 32 characters or more. Unset: no code can be checked.",
    ),
)
"""The secrets that have a fixed name. Those of sources and connectors are named in the kit."""

_DEFAULTS = {setting.name: setting.default for setting in SETTINGS}
_OWN_PREFIXES = ("HALON_TOKEN_", "HALON_SECRET_")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one delivery: size in bytes, nesting in levels, number of alerts."""

    body: int = 1_048_576
    depth: int = 32
    alerts: int = 1000


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked. ``kit`` is a folder; ``evidence`` a folder or a store's URL."""

    home: Path
    kit: Path
    gateway_host: str
    gateway_port: int
    task_queue: str
    temporal_port: int
    ui_port: int
    evidence: str
    limits: Limits
    link: str = ""
    log: str = "text"
    metrics_open: bool = False
    halt: bool = False
    task_seconds: int = 8

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """The settings that ``environ`` holds, with defaults for those not set or empty.

        Raises SettingsError that names the variable, its value and the next step.
        """
        home = Path(_text(environ, "HALON_HOME")).expanduser().absolute()
        return cls(
            home=home,
            kit=_kit(environ),
            gateway_host=_host(environ),
            gateway_port=_whole(environ, "HALON_GATEWAY_PORT", 0, 65535),
            task_queue=_text(environ, "HALON_TASK_QUEUE", longest=200),
            temporal_port=_whole(environ, "HALON_TEMPORAL_PORT", 0, 65535),
            ui_port=_whole(environ, "HALON_UI_PORT", 0, 65535),
            evidence=environ.get("HALON_EVIDENCE", "").strip() or str(home / "evidence"),
            limits=Limits(
                body=_whole(environ, "HALON_LIMIT_BODY", 1024, 16 * 1_048_576),
                depth=_whole(environ, "HALON_LIMIT_DEPTH", 4, 64),
                alerts=_whole(environ, "HALON_LIMIT_ALERTS", 1, 100_000),
            ),
            link=_link(environ),
            log=_one_of(environ, "HALON_LOG", ("text", "json")),
            metrics_open=_one_of(environ, "HALON_METRICS_OPEN", ("", "0", "1")) == "1",
            halt=_one_of(environ, "HALON_HALT", ("", "0", "1")) == "1",
            task_seconds=_whole(environ, "HALON_TASK_SECONDS", 1, 60),
        )

    @property
    def gateway_url(self) -> str:
        """Where the front door is reached from this machine."""
        return reachable_url(self.gateway_host, self.gateway_port)


def reachable_url(host: str, port: int) -> str:
    """The URL at which this machine reaches a server that listens on ``host``; loopback if it listens on all."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.is_unspecified:
        return f"http://127.0.0.1:{port}" if address.version == 4 else f"http://[::1]:{port}"
    return f"http://{address}:{port}" if address.version == 4 else f"http://[{address}]:{port}"


def is_loopback(host: str) -> bool:
    """Does ``host`` (a name or an address) mean this machine alone?"""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def misspelt(environ: Mapping[str, str], named: Iterable[str] = ()) -> list[tuple[str, str]]:
    """The ``HALON_`` variables that mean nothing, each with the setting that was probably meant, or "".

    ``named`` are those that the kit names; ``HALON_TOKEN_…`` and ``HALON_SECRET_…`` are free for it to name.
    """
    known = [*_DEFAULTS, *(token.name for token in TOKENS), *named]
    found = []
    for name in sorted(environ):
        if name.startswith("HALON_") and name not in known and not name.startswith(_OWN_PREFIXES):
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
            found.append((name, close[0] if close else ""))
    return found


def starter_kit() -> Path:
    """The folder of the kit that comes with Halon."""
    return Path(str(resources.files("halon_templates") / "kit"))


def _text(environ: Mapping[str, str], name: str, longest: int = 4096) -> str:
    value = environ.get(name, "").strip() or _DEFAULTS[name]
    if len(value) > longest or not value.isprintable():
        raise SettingsError(
            name, value, f"not printable text of at most {longest} characters", f"try {_DEFAULTS[name]}"
        )
    return value


def _whole(environ: Mapping[str, str], name: str, least: int, most: int) -> int:
    value = _text(environ, name)
    if not (value.isascii() and value.isdigit() and len(value) < 20 and least <= int(value) <= most):
        raise SettingsError(name, value, f"not a whole number from {least} to {most}", f"try {_DEFAULTS[name]}")
    return int(value)


def _one_of(environ: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    value = _text(environ, name)
    if value not in known:
        raise SettingsError(name, value, f"not {' or '.join(filter(None, known))}", "correct it, or leave it out")
    return value


def _kit(environ: Mapping[str, str]) -> Path:
    value = environ.get("HALON_KIT", "").strip()
    if not value:
        return starter_kit()
    folder = Path(value).expanduser().absolute()
    if not folder.is_dir():
        raise SettingsError("HALON_KIT", value, "no such folder", f"make it with: halon init {value[:100]}")
    return folder


def _link(environ: Mapping[str, str]) -> str:
    value = _text(environ, "HALON_LINK", longest=150).rstrip("/")
    if value and not re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~/-]*)?", value):
        raise SettingsError("HALON_LINK", value, "not the address of a page", "try https://halon.example.com")
    return value


def _host(environ: Mapping[str, str]) -> str:
    value = _text(environ, "HALON_GATEWAY_HOST", longest=253)
    if "://" in value or "/" in value or " " in value or (":" in value and not _is_address(value)):
        raise SettingsError(
            "HALON_GATEWAY_HOST", value, "not a host name or address", "write it alone; the port is HALON_GATEWAY_PORT"
        )
    return value


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True
