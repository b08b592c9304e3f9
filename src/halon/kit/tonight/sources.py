"""Senders whose secret is not set, who could be anybody, or whose deliveries can be sent again by whoever saw one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from halon.kit.bundle import Bundle
from halon.kit.files.sources import SenderShape
from halon.kit.tonight.finding import Finding, Item

ITEM: Item = "logging and traceability"


def about_sources(bundle: Bundle) -> Iterator[Finding]:
    """What is amiss with each sender, beside secrets that are not set."""
    reports = {name for name, one in bundle.sources.sources.items() if one.kind == "report"}
    for name, source in senders(bundle).items():
        alone = (source.trust is None and name not in reports) or (source.trust and source.trust.actions == "alone")
        if source.allow_open and alone:
            what = f"anybody on this machine can send as {name} while it has no secret, and its alerts act alone"
            yield Finding("weak", ITEM, what, "take allow_open out, or say trust: {actions: corroborated}")
        if source.auth is not None and source.auth.scheme == "hmac" and source.auth.timestamp_header is None:
            what = f"{name} signs no time, so whoever records a delivery can send it again"
            yield Finding("advice", ITEM, what, "add timestamp_header: to its auth, if the sender can sign one")


def senders(bundle: Bundle) -> dict[str, SenderShape]:
    """The senders of sources.yaml and of sources/."""
    return {**bundle.mapped, **bundle.sources.sources}


def without_secret(name: str, source: SenderShape, environ: Mapping[str, str]) -> Iterator[Finding]:
    """The secrets of one sender that are not set."""
    if source.token_env is not None and not environ.get(source.token_env):
        what = f"the source {name} has no token"
        fix = f"set {source.token_env}, or start with halon up, which makes one"
        yield Finding("fails", ITEM, what, fix)
    if source.also_env is not None and not environ.get(source.also_env):
        what = f"the second secret of {name} is not set: {source.also_env}"
        yield Finding("advice", ITEM, what, "set it, or take also_env out once the change of secret is over")
