"""Everything else that Apprise knows, each target by itself. Apprise is an extra: ``halon[apprise]``.

Apprise tells only whether a target took it, and nothing about a failure. It makes its own connections, so hosts are
not checked here: the addresses are the organisation's own, from its environment.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from typing import Any

from halon.connectors import plain
from halon.connectors.errors import NoAnswer, Refused
from halon.connectors.product import Dispatch, variable

MOST_TARGETS = 20
_LONGEST_SUBJECT, _LONGEST_BODY = 250, 4_000
_LEVELS = {"SEV1": "failure", "SEV2": "failure", "SEV3": "warning", "SEV4": "info"}


def targets(url_env: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The Apprise URLs in the variable ``url_env``, apart by spaces or line breaks. Raises MissingSecret, Refused."""
    found = tuple(dict.fromkeys(variable(environ, url_env).split()))
    if len(found) > MOST_TARGETS:
        raise Refused("Apprise", f"the variable {url_env} holds more than {MOST_TARGETS} targets; use several channels")
    return found


def library() -> Any:
    """The Apprise library. Raises Refused with the way out if it is not installed."""
    try:
        return importlib.import_module("apprise")
    except ImportError:
        raise Refused(
            "Apprise", "it is not installed; install halon[apprise] where the worker runs, or take the channel out"
        ) from None


async def notify(dispatch: Dispatch, url: str, name: str, seconds: float = 10.0) -> None:
    """Send to one target. ``name`` stands for it in errors: its URL is a secret.

    Raises Refused (Apprise does not know such a URL), NoAnswer (not taken, or unknown).
    """
    found = library()
    service = found.Apprise()
    if not service.add(url):
        raise Refused(name, "Apprise does not know such a URL; look it up in Apprise's list of services")
    title, body = plain.line(dispatch.subject, _LONGEST_SUBJECT), plain.lines(dispatch.body, _LONGEST_BODY)
    link = plain.link(dispatch.link)
    try:
        async with asyncio.timeout(seconds):
            taken = await service.async_notify(
                title=title,
                body=f"{body}\n\n{link}" if link else body or title,
                # Text as text: Apprise escapes it for targets that show HTML or markdown.
                body_format=found.NotifyFormat.TEXT,
                notify_type=found.NotifyType(_LEVELS.get(dispatch.severity, "warning")),
                interpret_escapes=False,
            )
    except TimeoutError as error:
        raise NoAnswer(name, f"no answer within {seconds:g} seconds") from error
    if not taken:
        raise NoAnswer(name, "Apprise says that it was not taken")
