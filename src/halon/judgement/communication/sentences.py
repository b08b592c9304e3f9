"""The sentences of a notice, one by one, so that an objection can name the one that it is about.

A sentence that a template breaks over several lines is one sentence. What a reader does not see, such as marks for bold
text or characters without width, is no part of how it is read.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

MOST_SENTENCES = 2_000
LONGEST_SENTENCE = 500
"""Characters of one sentence; a longer one is looked at in parts that overlap."""
_OVERLAP = 80
_WRAPPED = 40
"""A line that is shorter than this, and is followed by a capital letter, is a heading or an entry by itself."""
_END = re.compile(r"(?<=[.!?]) (?=[^a-z])")
"""One character on either side: time grows with the length alone."""
_ENDED = re.compile(r"[.!?:;][*_`\"'”’)\]]{0,4}$")
_ITEM = re.compile(r"^(?:[-*+#•>|]{1,6} |\d{1,2}[.)] |[-=_*]{3}|#)")
_LABEL = re.compile(r"^[^.!?:]{1,60}:[*_]{0,3}(?: |$)")
_BREAK = re.compile(r"(?i)<(?:br|p|div|li|tr|td)\b[^<>]{0,200}>")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_LINK = re.compile(r"!?\[([^\[\]]{1,200})\]\([^()\s]{1,500}\)")
_MARKS = re.compile(r"\\(?=[*_`~])|\*{1,3}|~~|`{1,3}|(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w)")
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")


def sentences(subject: str, body: str) -> tuple[str, ...]:
    """Subject first, then every sentence of ``body`` on one line each, without the dash of a list; bounded."""
    found: list[str] = []
    for text in (subject, *_passages(body)):
        for part in _END.split(" ".join(text.split()).removeprefix("- ")):
            found += _pieces(part)
        if len(found) >= MOST_SENTENCES:
            break
    return tuple(found[:MOST_SENTENCES])


def readings(sentence: str) -> tuple[str, ...]:
    """``sentence`` as it stands, and where that is something else, as its reader sees it."""
    text = _TAG.sub("", _BREAK.sub(" ", html.unescape(sentence)))
    text = _MARKS.sub("", _LINK.sub(r"\1", text))
    seen = unicodedata.normalize("NFC", "".join(_seen(one) for one in text))
    seen = " ".join(seen.split())
    return (sentence,) if seen == sentence else (sentence, seen)


def _seen(one: str) -> str:
    """What is seen of one character: nothing of one without width, the plain letter or digit of one in another form."""
    if one.isascii():
        return one
    kind = unicodedata.category(one)
    if kind == "Cf" or one in _UNSEEN or "\ufe00" <= one <= "\ufe0f":
        return ""
    return unicodedata.normalize("NFKC", one) if kind[0] == "L" or kind in ("Nd", "Zs") else one


def _passages(body: str) -> Iterator[str]:
    """The lines of ``body``; those over which one sentence goes on are one."""
    held: list[str] = []
    for line in body.splitlines():
        text = line.strip()
        if held and not _goes_on(held[-1], text):
            yield " ".join(held)
            held = []
        held.append(text)
    yield " ".join(held)


def _goes_on(before: str, line: str) -> bool:
    if not before or not line or _ENDED.search(before) or _ITEM.search(line) or _LABEL.search(line):
        return False
    first = next((one for one in line if one.isalnum()), "")
    return first.islower() or len(before) >= _WRAPPED


def _pieces(sentence: str) -> Iterator[str]:
    while len(sentence) > LONGEST_SENTENCE:
        cut = sentence.rfind(" ", LONGEST_SENTENCE // 2, LONGEST_SENTENCE)
        cut = cut if cut > 0 else LONGEST_SENTENCE
        yield sentence[:cut]
        again = sentence.find(" ", cut - _OVERLAP, cut)
        sentence = sentence[again if again > 0 else cut - _OVERLAP :].strip()
    if sentence.strip():
        yield sentence
