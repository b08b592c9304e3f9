"""The auth scheme ``hmac``: a request signed with a shared secret, so that nobody on the way can change or replay it late.

The signature is HMAC-SHA256 (RFC 2104), in hex, over four lines joined by line feeds, without one at the end::

    PUT
    /control/kill-switch?tenant=7        the path as it is sent, with the query if there is one
    1795348800                           the timestamp header: seconds since 1970, UTC
    44136fa355b3678a…                    SHA-256 of the body in hex; of no bytes if there is none

``auth_with`` may name the headers: ``header`` (default ``X-Halon-Signature``, value ``sha256=<hex>``) and
``timestamp_header`` (default ``X-Halon-Timestamp``). A receiver refuses a timestamp that is minutes old.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

import httpx

HEADER = "X-Halon-Signature"
TIMESTAMP_HEADER = "X-Halon-Timestamp"


def signed(
    method: str,
    url: httpx.URL,
    headers: Mapping[str, str],
    content: bytes,
    now: datetime,
    options: Mapping[str, str],
    secrets: Mapping[str, str],
) -> dict[str, str]:
    """The two headers of a request. Raises KeyError if there is no ``secret``."""
    if not secrets.get("secret"):
        raise KeyError("secret")
    stamp = str(int(now.timestamp()))
    text = "\n".join((method, url.raw_path.decode("ascii"), stamp, hashlib.sha256(content).hexdigest()))
    signature = hmac.new(secrets["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        options.get("timestamp_header", TIMESTAMP_HEADER): stamp,
        options.get("header", HEADER): f"sha256={signature}",
    }
