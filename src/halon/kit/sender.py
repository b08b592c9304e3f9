"""What is said of every sender of alerts, checked: its secret, how it shows it, what its alerts may set off."""

from __future__ import annotations

from halon.judgement.trust import CAUTIOUS, FULL, REPORT, Trust
from halon.kit.auth import BEARER, USUAL, Auth
from halon.kit.bundle import Bundle
from halon.kit.files.sources import AuthShape, SenderShape
from halon.kit.places import Problems
from halon.kit.reading import Path
from halon.kit.source import Source

_ONLY = {
    "header": ("bearer", "hmac"),
    "user": ("basic",),
    "prefix": ("hmac",),
    "encoding": ("hmac",),
    "algorithm": ("hmac",),
    "separator": ("hmac",),
    "timestamp_header": ("hmac", "grafana"),
    "replay": ("hmac",),
}
"""The schemes that each key of ``auth`` is for."""


def sender(
    name: str, kind: str, given: SenderShape, file: str, path: Path, bundle: Bundle, problems: Problems
) -> Source:
    """The source ``name``, which stands at ``path`` of ``file``, with what is said of every sender."""
    _check_secret(name, given, file, path, problems)
    if given.agent is not None:
        problems.refers(file, (*path, "agent"), "agent", given.agent, bundle.agents)
    return Source(
        name,
        kind,
        given.token_env or "",
        given.agent_label,
        given.group_label,
        auth=_auth(name, kind, given.auth, file, (*path, "auth"), problems),
        also_env=given.also_env or "",
        allow_open=given.allow_open,
        agent=given.agent or "",
        severity={word.lower(): level for word, level in given.severity.items()},
        trust=_trust(kind, given),
    )


def _check_secret(name: str, given: SenderShape, file: str, path: Path, problems: Problems) -> None:
    if given.token_env is None and not given.allow_open:
        step = "name the variable that holds its secret; or say allow_open: true, which lets this machine alone in"
        problems.add(file, path, f"token_env is missing: anybody could send as {name}", (), step)
    if given.also_env is not None and given.also_env == given.token_env:
        what = f"also_env names the same variable as token_env: {given.also_env}"
        problems.add(file, (*path, "also_env"), what, (), "name the variable that holds the other secret")
    if given.also_env is not None and given.token_env is None:
        problems.add(file, (*path, "also_env"), "there is an also_env and no token_env", (), "call it token_env")


def _trust(kind: str, given: SenderShape) -> Trust:
    if given.trust is None:
        return CAUTIOUS if kind == REPORT else FULL
    return Trust(given.trust.actions, given.trust.up_to)


def _auth(name: str, kind: str, given: AuthShape | None, file: str, path: Path, problems: Problems) -> Auth:
    if given is None:
        scheme = USUAL.get(kind)
        return Auth(scheme) if scheme else BEARER
    for key, schemes in _ONLY.items():
        if getattr(given, key) is not None and given.scheme not in schemes:
            what = f"{key} is for {' and '.join(schemes)}, and {name} shows itself by {given.scheme}"
            problems.add(file, (*path, key), what, (), "take it out, or use another scheme")
    if given.scheme == "hmac" and given.header is None:
        problems.add(file, path, f"the header of {name}'s signature is missing", (), "add header: X-Signature")
    if given.scheme == "hmac" and given.timestamp_header is None and given.replay is None:
        what = f"{name} signs no time, so whoever records a delivery can send it again"
        step = "add timestamp_header: if the sender can sign one; else say replay: accepted"
        problems.add(file, path, what, (), step)
    if given.timestamp_header is not None and given.replay is not None:
        what = f"{name} signs a time, and replay says that it signs none"
        problems.add(file, (*path, "replay"), what, (), "take one of the two out")
    if given.scheme == "grafana" and given.timestamp_header is None:
        what = f"{name} signs no time, so whoever records a delivery can send it again"
        step = "add timestamp_header: with the name that Grafana's contact point has under Timestamp Header"
        problems.add(file, path, what, (), step)
    usual = Auth(given.scheme)
    return Auth(
        given.scheme,
        given.header or "",
        given.user or usual.user,
        given.prefix or "",
        given.encoding or usual.encoding,
        given.algorithm or usual.algorithm,
        given.timestamp_header or "",
        usual.separator if given.separator is None else given.separator,
        given.tolerance_seconds,
    )
