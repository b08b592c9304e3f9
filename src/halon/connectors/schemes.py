"""Which auth schemes there are, and what each needs beside ``secret``: for the kit's check, the docs and the schemes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scheme:
    """One scheme. ``main``: it takes ``secret``. Each of the rest by name with what it is; ``may_…`` can be left out."""

    words: str
    main: bool = False
    secrets: tuple[str, ...] = ()
    may_secrets: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    may_options: tuple[str, ...] = ()


SCHEMES: dict[str, Scheme] = {
    "none": Scheme("no credential"),
    "bearer": Scheme("`Authorization: Bearer <secret>`", main=True),
    "basic": Scheme("`Authorization: Basic`; the secret is `user:password`", main=True),
    "header:<name>": Scheme("the secret as that header, such as `header:X-Api-Key`", main=True),
    "oauth2": Scheme(
        "client credentials (RFC 6749, 4.4): a token kept in memory until shortly before its end, got anew once after a 401",
        secrets=("client_id", "client_secret"),
        options=("token_url",),
        may_options=("scope", "audience", "client_auth"),
    ),
    "hmac": Scheme(
        "HMAC-SHA256 over method, path with query, timestamp and SHA-256 of the body, one a line",
        main=True,
        may_options=("header", "timestamp_header"),
    ),
    "mtls": Scheme("a client certificate; the variables hold paths of PEM files", secrets=("certificate", "key")),
    "aws-sigv4": Scheme(
        "AWS Signature Version 4",
        secrets=("access_key_id", "secret_access_key"),
        may_secrets=("session_token",),
        options=("region", "service"),
    ),
}
"""By the name that a connector file's ``auth`` uses."""
WITH_ANY = ("ca",)
"""Names that ``secrets`` may hold with every scheme: the PEM file of the authority that the far side's certificate is from."""


def scheme_of(auth: str) -> Scheme | None:
    """The scheme that ``auth`` names, or None."""
    return SCHEMES.get("header:<name>" if auth.startswith("header:") else auth)
