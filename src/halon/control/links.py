"""Links and images in text, defused: what a chat window would fetch or make clickable stays as plain words.

An image in an answer is fetched by whoever reads it, with all that its address carries: so data leaves without a click.
Links in three forms of Markdown, bare addresses, and the HTML elements that load or lead somewhere are covered.
"""

from __future__ import annotations

import re

_ELEMENTS = (
    "a|applet|area|audio|base|body|button|embed|fencedframe|form|frame|frameset|iframe|image|img|input|link|math|meta|"
    "object|picture|portal|script|source|style|svg|table|td|th|track|use|video"
)
_STEPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\]\("), "] ("),  # [text](to) and ![text](to)
    (re.compile(r"\]:"), "] :"),  # [name]: to
    (re.compile(rf"<(?=/?(?:{_ELEMENTS})(?![a-z0-9]))", re.IGNORECASE), "&lt;"),
    (re.compile(r"<(?=[a-z][a-z0-9+.-]{1,31}:)", re.IGNORECASE), "&lt;"),  # <mailto:a@b.example>
    (re.compile(r"\bstyle(?=\s{0,99}=)", re.IGNORECASE), "nostyle"),
    (re.compile(r"\b(url|image-set)(?=\()", re.IGNORECASE), r"\1 "),
    (re.compile(r"(?<=[a-z0-9]):(?=[/\\]{2})", re.IGNORECASE), "[:]"),  # https://evil.example
    (re.compile(r"\b(www|data|javascript|mailto|tel|sms)(?=[.:]\S)", re.IGNORECASE), r"\1 "),
    (re.compile(r"(?<=[\w-])\.(?=[a-z]{2,24}(?::\d{1,5})?[/?#]\S)", re.IGNORECASE), "[.]"),  # evil.example/x
)
"""Each looks at a bounded stretch of text, so the time grows with the length and not faster."""


def defused(text: str) -> str:
    """``text`` without anything that would be fetched or clickable. Its words stay readable."""
    for pattern, instead in _STEPS:
        text = pattern.sub(instead, text)
    return text
