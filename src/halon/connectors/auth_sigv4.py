"""The auth scheme ``aws-sigv4``: AWS Signature Version 4 for requests with a known body.

Source: "Create a signed AWS API request" in the AWS Identity and Access Management User Guide; held against the
published test suite (``tests/connectors/test_aws_signatures.py``). ``auth_with`` names ``region`` and ``service``;
``secrets`` names ``access_key_id``, ``secret_access_key`` and, for temporary credentials, ``session_token``.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, unquote

import httpx

ALGORITHM = "AWS4-HMAC-SHA256"
_UNRESERVED = "-_.~"
_LEFT_OUT = frozenset({"connection", "accept-encoding", "authorization", "user-agent", "content-length"})
"""Headers that something on the way may change."""


def signed(
    method: str,
    url: httpx.URL,
    headers: Mapping[str, str],
    content: bytes,
    now: datetime,
    options: Mapping[str, str],
    secrets: Mapping[str, str],
) -> dict[str, str]:
    """The headers that sign a request. Raises KeyError with the name of what is missing."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{options['region']}/{options['service']}/aws4_request"
    own = {"X-Amz-Date": stamp}
    if token := secrets.get("session_token"):
        own["X-Amz-Security-Token"] = token
    if options["service"] == "s3":
        own["X-Amz-Content-Sha256"] = hashlib.sha256(content).hexdigest()
    wanted = {"Host": url.netloc.decode("ascii"), **headers, **own}
    names, canonical = canonical_request(method, url, wanted, content, normalise=options["service"] != "s3")
    text = "\n".join((ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{secrets['secret_access_key']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={secrets['access_key_id']}/{scope}"
    return {**own, "Authorization": f"{ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"}


def canonical_request(
    method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes, *, normalise: bool = True
) -> tuple[str, str]:
    """The names of the signed headers, and the request in the one form that both sides hash."""
    kept = {name.lower(): " ".join(text.split()) for name, text in headers.items() if name.lower() not in _LEFT_OUT}
    names = ";".join(sorted(kept))
    path = url.raw_path.decode("ascii").partition("?")[0] or "/"
    parts = (
        method,
        _path(path) if normalise else quote(unquote(path), safe=f"/{_UNRESERVED}"),
        _query(url.query.decode("ascii")),
        *(f"{name}:{kept[name]}" for name in sorted(kept)),
        "",
        names,
        hashlib.sha256(content).hexdigest(),
    )
    return names, "\n".join(parts)


def _path(path: str) -> str:
    """Dots and double slashes resolved, then encoded once more: every service but S3 wants it so."""
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            kept = kept[:-1]
        elif part not in ("", "."):
            kept.append(quote(part, safe=_UNRESERVED))
    tail = "/" if kept and path.endswith(("/", "/.", "/..")) else ""
    return f"/{'/'.join(kept)}{tail}"


def _query(query: str) -> str:
    pairs = (one.partition("=") for one in query.split("&") if one)
    return "&".join(
        f"{name}={value}" for name, value in sorted((_encoded(name), _encoded(value)) for name, _, value in pairs)
    )


def _encoded(text: str) -> str:
    return quote(unquote(text.replace("+", "%20")), safe=_UNRESERVED)
