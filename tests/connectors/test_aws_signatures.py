"""AWS Signature Version 4, held against the signatures that AWS publishes: its test suite, and its guide's example."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from halon.connectors.auth_sigv4 import signed

NOW = datetime(2015, 8, 30, 12, 36, 0, tzinfo=UTC)
SECRETS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
SUITE = {"region": "us-east-1", "service": "service"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def signature(method: str, url: str, headers: dict[str, str], content: bytes, **changes: Any) -> str:
    given = {"options": SUITE, "secrets": SECRETS} | changes
    made = signed(method, httpx.URL(url), headers, content, NOW, given["options"], given["secrets"])
    assert made["X-Amz-Date"] == "20150830T123600Z"
    return made["Authorization"].rpartition("Signature=")[2]


@pytest.mark.parametrize(
    ("name", "method", "url", "headers", "content", "expected"),
    [
        ("get-vanilla", "GET", "/", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("get-vanilla-empty-query-key", "GET", "/?Param1=value1", {}, b"",
         "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
        ("get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", {}, b"",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
        ("get-vanilla-query-unreserved", "GET",
         "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
         {}, b"", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
        ("get-slash-dot-slash", "GET", "/./", {}, b"",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("get-slashes", "GET", "//example//", {}, b"",
         "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        ("post-vanilla", "POST", "/", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("post-x-www-form-urlencoded", "POST", "/", FORM, b"Param1=value1",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    ],
)  # fmt: skip
def test_the_published_suite_is_signed_as_published(
    name: str, method: str, url: str, headers: dict[str, str], content: bytes, expected: str
) -> None:
    """Each request of the suite gets the signature that the suite states."""
    assert signature(method, f"https://example.amazonaws.com{url}", headers, content) == expected, name


def test_the_guides_example_is_signed_as_in_the_guide() -> None:
    """ListUsers of IAM, as the guide works it through step by step."""
    url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08"
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    options = {"region": "us-east-1", "service": "iam"}
    expected = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    assert signature("GET", url, headers, b"", options=options) == expected


def test_temporary_credentials_sign_their_token_too() -> None:
    """The session token travels as a header, and the signature covers it."""
    temporary = {**SECRETS, "session_token": "a-session-token"}
    made = signed("POST", httpx.URL("https://example.amazonaws.com/"), {}, b"", NOW, SUITE, temporary)
    assert made["X-Amz-Security-Token"] == "a-session-token"
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token" in made["Authorization"]


def test_what_is_missing_is_named() -> None:
    """Without its region nothing is signed."""
    with pytest.raises(KeyError, match="region"):
        signed("GET", httpx.URL("https://example.amazonaws.com/"), {}, b"", NOW, {"service": "iam"}, SECRETS)
