"""Read a delivery's body: bounded in size, in time and in depth, JSON in UTF-8 and nothing else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection
from typing import Any

from fastapi import Request

from halon.intake.problems import TooLarge, TooSlow, WrongMediaType
from halon.intake.strict import read_json
from halon.redaction import redact
from halon.settings import Limits

JSON = "application/json"
SECONDS = 10.0
"""Time that a body may take to arrive."""
_WORD = re.compile(
    r"(?i)(?:application|text|multipart|image)/[a-z.+-]{1,40}|(?:x-)?(?:gzip|compress)|deflate|br|zstd|snappy|lz4"
    r"|utf-?(?:7|16|32)(?:le|be)?|latin-?1|iso-8859-[0-9]{1,2}|(?:us-)?ascii|windows-125[0-9]|shift_jis|gb18030|big5"
)


def _unbounded(size: int) -> None:
    """Nobody counts."""


async def read_body(
    request: Request,
    limits: Limits,
    seconds: float = SECONDS,
    media_types: Collection[str] = (JSON,),
    *,
    more: Callable[[int], None] = _unbounded,
) -> bytes:
    """The body's bytes. Stops reading at the limit, whatever the headers claim.

    ``more`` hears the size of each piece as it arrives, and may raise. Raises WrongMediaType, TooLarge, TooSlow.
    """
    _require_json(request, media_types)
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
                if chunk:
                    more(len(chunk))
    except TimeoutError:
        raise TooSlow(
            f"the body took more than {seconds:g} s; send fewer alerts at once", headers={"Connection": "close"}
        ) from None
    return bytes(content)


def parse_json(content: bytes, limits: Limits) -> Any:
    """The JSON value in ``content``. Raises BadPayload with the place, see ``strict.py``."""
    return read_json(content, limits.depth)


def _require_json(request: Request, media_types: Collection[str]) -> None:
    stated = request.headers.getlist("content-type")
    media_type, _, parameters = (stated[0] if len(stated) == 1 else "").partition(";")
    if media_type.strip().lower() not in media_types:
        raise WrongMediaType(f"the Content-Type is {_said(media_type)}; send {' or '.join(media_types)}")
    charset = parameters.lower().partition("charset=")[2].split(";")[0].strip(' "')
    if charset not in ("", "utf-8", "utf8"):
        raise WrongMediaType(f"the charset is {_said(charset)}; send UTF-8")
    for encoding in ",".join(request.headers.getlist("content-encoding")).lower().split(","):
        if encoding.strip() not in ("", "identity"):
            raise WrongMediaType(f"the Content-Encoding is {_said(encoding)}; send it uncompressed")


def _said(header: str) -> str:
    """What a header says, if it is one of the usual words: nothing else is repeated."""
    word = header.strip()
    if not word:
        return "not given, or given twice"
    return repr(word) if _WORD.fullmatch(word) and redact(word).text == word else "not one that this door reads"
