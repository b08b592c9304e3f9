"""Read a delivery's body: bounded in size, in time and in depth, JSON in UTF-8 and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import Request
from pydantic_core import from_json

from halon.intake.problems import BadPayload, TooLarge, TooSlow, WrongMediaType
from halon.settings import Limits

SECONDS = 10.0
"""Time that a body may take to arrive."""


async def read_body(request: Request, limits: Limits, seconds: float = SECONDS) -> bytes:
    """The body's bytes. Stops reading at the limit, whatever the headers claim.

    Raises WrongMediaType, TooLarge, TooSlow.
    """
    _require_json(request)
    claimed = request.headers.get("content-length", "")
    if claimed.isascii() and claimed.isdigit() and int(claimed[:19]) > limits.body:
        raise TooLarge(limits.body)
    content = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                content += chunk
                if len(content) > limits.body:
                    raise TooLarge(limits.body)
    except TimeoutError:
        raise TooSlow(
            f"the body took more than {seconds:g} s; send fewer alerts at once", headers={"Connection": "close"}
        ) from None
    return bytes(content)


def parse_json(content: bytes, limits: Limits) -> Any:
    """The JSON value in ``content``. Raises BadPayload with line and column, or for nesting that is too deep."""
    try:
        # This parser has a depth bound of its own, so that hostile nesting can't exhaust the stack before ours is checked.
        value = from_json(content, allow_inf_nan=False, cache_strings="none")
    except ValueError as error:
        raise BadPayload("body", f"not JSON in UTF-8 ({str(error)[:200]})") from None
    _require_depth(value, limits.depth)
    return value


def _require_json(request: Request) -> None:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != "application/json":
        raise WrongMediaType(f"the Content-Type is {media_type.strip()[:60]!r}; send application/json")
    charset = parameters.lower().partition("charset=")[2].split(";")[0].strip(' "')
    if charset not in ("", "utf-8", "utf8"):
        raise WrongMediaType(f"the charset is {charset[:30]!r}; send UTF-8")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise WrongMediaType(f"the Content-Encoding is {encoding[:30]!r}; send it uncompressed")


def _require_depth(value: Any, depth: int) -> None:
    level = [value]
    for _ in range(depth + 1):
        level = [
            item
            for outer in level
            if isinstance(outer, dict | list)
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise BadPayload("body", f"nested deeper than {depth} levels")
