"""A signature over the body: HMAC as PagerDuty, Sentry, Grafana and Standard Webhooks make it, or as the kit says.

Sources: PagerDuty developer documentation, "Verifying signatures" (no time is signed); Sentry documentation, "Webhooks"
(hex over the body; the time stands in a header that is not signed); Grafana documentation, "Configure webhook
notifications" (hex over time, colon, body); Standard Webhooks specification 1.0.0 (base64 over id, time and body with
dots between; secrets are ``whsec_`` and base64).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from halon.intake.problems import Unauthorised
from halon.kit.auth import Auth

CHALLENGE = "HMAC"
WHSEC = "whsec_"
_MOST_SIGNATURES = 10
_LONGEST_ID = 256
_USUAL: Mapping[str, Auth] = {
    "pagerduty": Auth("pagerduty", "X-PagerDuty-Signature", prefix="v1="),
    "sentry": Auth("sentry", "Sentry-Hook-Signature", timestamp_header="Sentry-Hook-Timestamp"),
    "grafana": Auth("grafana", "X-Grafana-Alerting-Signature", separator=":"),
    "standard-webhooks": Auth(
        "standard-webhooks", "webhook-signature", prefix="v1,", encoding="base64", timestamp_header="webhook-timestamp"
    ),
}


@dataclass(frozen=True, slots=True)
class _Delivery:
    """What came: the headers under lower-case names, and the body."""

    headers: Mapping[str, str]
    content: bytes

    def header(self, name: str) -> str:
        """The header's value. Raises Unauthorised where it is missing."""
        found = self.headers.get(name.lower(), "").strip()
        if not found:
            raise Unauthorised(f"the header {name} is missing; this source signs its deliveries", challenge=CHALLENGE)
        return found


def require_headers(headers: Mapping[str, str], auth: Auth, now: float) -> None:
    """Raises Unauthorised unless the headers of a signature are there and its time fits: before the body is read.

    How far a clock is off is not told here: anybody may ask. ``headers`` have lower-case names.
    """
    usual = _usual(auth)
    came = _Delivery(headers, b"")
    if not _signatures(came.header(usual.header), usual):
        raise Unauthorised(f"there is no signature in {usual.header} as this source makes it", challenge=CHALLENGE)
    if usual.scheme == "standard-webhooks":
        came.header("webhook-id")
    if usual.timestamp_header:
        off = _off(came.header(usual.timestamp_header), now)
        if abs(off) > usual.tolerance:
            raise Unauthorised(
                f"the time of signing is more than {usual.tolerance} s away from now; sign it anew when it is sent "
                "again, and compare the clocks",
                challenge=CHALLENGE,
            )


def require_signature(
    headers: Mapping[str, str], content: bytes, auth: Auth, secrets: Sequence[str], now: float
) -> None:
    """Raises Unauthorised unless one of ``secrets`` has signed ``content``, lately enough if a time is signed.

    ``headers`` have lower-case names; ``now`` is in seconds since 1970. Every secret is compared with every signature.
    """
    usual = _usual(auth)
    came = _Delivery(headers, content)
    given = _signatures(came.header(usual.header), usual)
    at = came.header(usual.timestamp_header) if usual.timestamp_header else ""
    text = _signed(came, usual, at)
    expected = [_made(key_of(secret, auth), text, usual) for secret in secrets]
    found = [hmac.compare_digest(one, other) for one in given for other in expected]
    if not any(found):
        raise Unauthorised(
            "no signature of the delivery is made with the secret of this source; copy the secret anew, and see that "
            "nothing on the way changes the body",
            challenge=CHALLENGE,
        )
    if at:  # told only to who holds the secret
        _require_lately(at, usual.tolerance, now)


def key_of(secret: str, auth: Auth) -> bytes:
    """The key that ``secret`` stands for. Raises ValueError where it has not the form that the scheme asks for."""
    if auth.scheme != "standard-webhooks":
        return secret.encode()
    if not secret.startswith(WHSEC):
        raise ValueError(f"it does not begin with {WHSEC}")
    try:
        return base64.b64decode(secret.removeprefix(WHSEC), validate=True)
    except binascii.Error:
        raise ValueError(f"after {WHSEC} it is not base64") from None


def _usual(auth: Auth) -> Auth:
    """``auth`` with the headers of its scheme where the kit names none."""
    usual = _USUAL.get(auth.scheme)
    if usual is None:
        return auth
    return replace(usual, timestamp_header=auth.timestamp_header or usual.timestamp_header, tolerance=auth.tolerance)


def _signatures(header: str, usual: Auth) -> list[bytes]:
    """The signatures that the header holds. A sender that changes its secret signs with both for a while."""
    split = {"pagerduty": ",", "standard-webhooks": " "}.get(usual.scheme)
    parts = [part.strip() for part in header.split(split)] if split else [header]
    found = [part.removeprefix(usual.prefix) for part in parts if part.startswith(usual.prefix)]
    lower = usual.encoding == "hex"
    return [(one.lower() if lower else one).encode("utf-8", "replace") for one in found[:_MOST_SIGNATURES]]


def _signed(came: _Delivery, usual: Auth, at: str) -> bytes:
    match usual.scheme:
        case "standard-webhooks":
            return f"{came.header('webhook-id')[:_LONGEST_ID]}.{at}.".encode() + came.content
        case "pagerduty" | "sentry":
            return came.content
        case _:
            return (f"{at}{usual.separator}".encode() if at else b"") + came.content


def _made(key: bytes, text: bytes, usual: Auth) -> bytes:
    digest = hmac.new(key, text, {"sha256": hashlib.sha256, "sha512": hashlib.sha512}[usual.algorithm])
    return base64.b64encode(digest.digest()) if usual.encoding == "base64" else digest.hexdigest().encode()


def _off(at: str, now: float) -> float:
    """How many seconds ago ``at`` was. Raises Unauthorised where it is no time."""
    if not (at.isascii() and at.isdecimal() and len(at) <= 13):
        raise Unauthorised("the time of signing is no number of seconds since 1970", challenge=CHALLENGE)
    return now - (int(at) / 1000 if len(at) == 13 else int(at))


def _require_lately(at: str, tolerance: int, now: float) -> None:
    off = _off(at, now)
    if abs(off) > tolerance:
        told = f"{off:.0f} seconds ago" if off > 0 else f"{-off:.0f} seconds ahead of the clock here"
        raise Unauthorised(
            f"the delivery was signed {told}, and {tolerance} are allowed; sign it anew when it is sent again, and "
            "compare the clocks",
            challenge=CHALLENGE,
        )
