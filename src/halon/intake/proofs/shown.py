"""A secret that the sender shows: a bearer token, a header of its own, or a password."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence

from halon.intake.problems import Unauthorised
from halon.kit.auth import Auth

_BASIC = 'Basic realm="halon", charset="UTF-8"'
_FITS_NOT = "is not the one that is expected here; compare it with the variable that the kit names for this source"


def require_shown(headers: Mapping[str, str], auth: Auth, secrets: Sequence[str]) -> None:
    """Raises Unauthorised unless one of ``secrets`` stands where ``auth`` says. ``headers`` have lower-case names."""
    if auth.scheme == "basic":
        _require_basic(headers, auth.user, secrets)
    elif auth.header:
        given = headers.get(auth.header.lower(), "").strip()
        if not given:
            raise Unauthorised(f"send the header '{auth.header}: TOKEN' with the token of this source")
        if not same(given, secrets):
            raise Unauthorised(f"the token in {auth.header} {_FITS_NOT}")
    else:
        require_bearer(headers, secrets, "the token of this source", _FITS_NOT)


def require_bearer(headers: Mapping[str, str], secrets: Sequence[str], what: str, otherwise: str) -> None:
    """Raises Unauthorised unless one of ``secrets`` is the bearer token. ``what`` says which token is asked for, and
    ``otherwise`` what is to be said of one that does not fit."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise Unauthorised(f"send the header 'Authorization: Bearer TOKEN' with {what}")
    if not same(given.strip(), secrets):
        raise Unauthorised(f"the token {otherwise}")


def same(given: str, secrets: Sequence[str]) -> bool:
    """Whether ``given`` is one of ``secrets``. All are compared, each in a time that tells nothing of it."""
    # As bytes: compare_digest refuses text that is not ASCII.
    said = given.encode("utf-8", "replace")
    found = [hmac.compare_digest(said, one.encode("utf-8", "replace")) for one in secrets]
    return any(found)


def _require_basic(headers: Mapping[str, str], user: str, secrets: Sequence[str]) -> None:
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic" or not given.strip():
        raise Unauthorised("send user and password of this source by HTTP Basic", challenge=_BASIC)
    try:
        decoded = base64.b64decode(given.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise Unauthorised("user and password are not in base64 as HTTP Basic has them", challenge=_BASIC) from None
    named, _, password = decoded.partition(":")
    # Both are compared, so that the time does not tell whether the name was right.
    if not (same(named, (user,)) & same(password, secrets)):
        raise Unauthorised(f"user or password {_FITS_NOT}", challenge=_BASIC)
