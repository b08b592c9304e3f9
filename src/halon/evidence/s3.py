"""A bucket of an S3-compatible store as the place of evidence: its address, its credentials, its patience.

Credentials, endpoint and region come from the environment under the names that the AWS tools use; obstore reads them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from obstore.store import S3Store

from halon.evidence.errors import BadAddress, NoCredentials

ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
"""Variables that name another store than AWS itself, the first one that is set counts."""
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_ELSEWHERE = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
              "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_METADATA_ENDPOINT")  # fmt: skip
# Names and lengths: "Bucket naming rules" of the Amazon S3 user guide.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX_PART = re.compile(r"(?!\.+$)[A-Za-z0-9._~+=-]{1,255}")
_LONGEST_PREFIX = 100
CONNECT_SECONDS = 2
ANSWER_SECONDS = 20
"""Time for one request. 32 MiB, the largest artefact, take that long at 13 Mbit/s."""
TRIES_AGAIN = 2
# Whoever asked tries again for longer: an activity by its retries, a sender of alerts by its own.
_AGAIN_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket, a prefix in it (may be empty) and the endpoint ("" for AWS itself)."""

    bucket: str
    prefix: str
    endpoint: str

    def __str__(self) -> str:
        """As people may read it: without credentials."""
        path = f"{self.bucket}/{self.prefix}".rstrip("/")
        return f"s3://{path} at {self.endpoint}" if self.endpoint else f"s3://{path}"


def place(address: str, environ: Mapping[str, str]) -> Place:
    """The place that ``address`` (``s3://bucket/prefix``) and the endpoint in ``environ`` name. Raises BadAddress."""
    parts = urlsplit(address)
    if "@" in parts.netloc:
        raise BadAddress("it holds credentials, which belong into " + " and ".join(KEYS))
    if parts.query or parts.fragment or "?" in address or "#" in address:
        raise BadAddress("there is something behind ? or #")
    if not _BUCKET.fullmatch(parts.netloc) or ".." in parts.netloc:
        raise BadAddress("a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens")
    prefix = parts.path.strip("/")
    if prefix and (len(prefix) > _LONGEST_PREFIX or not all(map(_PREFIX_PART.fullmatch, prefix.split("/")))):
        raise BadAddress("a prefix has parts of letters, digits and . _ ~ + = - joined by /")
    return Place(parts.netloc, prefix, _endpoint(environ))


def bucket(where: Place, environ: Mapping[str, str]) -> S3Store:
    """The store at ``where``; nothing is dialled yet. Raises NoCredentials, and BadAddress for a wrong endpoint.

    Every write carries its SHA-256, which a bucket with object lock asks for and the store checks.
    """
    _require_credentials(where, environ)
    plain = where.endpoint.lower().startswith("http://")
    return S3Store(
        where.bucket,
        prefix=where.prefix or None,
        config={"checksum_algorithm": "SHA256"},
        client_options={
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "timeout": timedelta(seconds=ANSWER_SECONDS),
            # Whoever writes http:// means it: a store on this machine or on a network of its own.
            **({"allow_http": True} if plain else {}),
        },
        retry_config={"max_retries": TRIES_AGAIN, "retry_timeout": _AGAIN_WITHIN},
    )


def _endpoint(environ: Mapping[str, str]) -> str:
    name = next((name for name in ENDPOINTS if environ.get(name, "").strip()), "")
    endpoint = environ.get(name, "").strip() if name else ""
    if not endpoint:
        return ""
    try:
        parts = urlsplit(endpoint)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        _ = parts.port
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment:
        raise BadAddress(f"{name} is not an address like https://host:port")
    return endpoint.rstrip("/")


def _require_credentials(where: Place, environ: Mapping[str, str]) -> None:
    missing = tuple(name for name in KEYS if not environ.get(name, "").strip())
    # Without an endpoint it is AWS, where a machine may have credentials of its own. Elsewhere nobody would answer,
    # and waiting for that answer looks like a store that is away.
    if missing and (where.endpoint or len(missing) < len(KEYS)) and not any(environ.get(name) for name in _ELSEWHERE):
        raise NoCredentials(missing)
