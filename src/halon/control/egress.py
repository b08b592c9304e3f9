"""Where the agent may reach: domains that are blocked, and the list of those that alone are allowed."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
import urllib.parse
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from halon.control.guardrails import texts_in
from halon.control.refusals import EgressBlocked, Refused
from halon.control.switches import Switches

_HOSTS_IN = (
    re.compile(r"(?<=:)[/\\]{2,4}([^\s/\\?#\"'<>()]{1,500})"),  # https://evil.example, x:\/\/evil.example
    re.compile(
        r"\b(?:https?|wss?|ftps?):[/\\]?(?![/\\])([^\s/\\?#\"'<>()]{1,500})", re.IGNORECASE
    ),  # https:/evil.example
    re.compile(r"(?<![^\s\"'<>()=,;])[/\\]{2,4}([^\s/\\?#\"'<>()]{1,500}\.[^\s/\\?#\"'<>()]{2,100})"),  # //evil.example
    re.compile(r"@\[?([\w.:-]{1,253})"),
)
_ADDRESSES = frozenset((
    "url", "uri", "href", "link", "host", "hostname", "domain", "server", "endpoint", "site", "website", "webhook", "proxy",
))  # fmt: skip
"""Last words in the names of arguments that hold an address as a whole, with or without ``https://``."""
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_PATHS = frozenset(("path", "file", "filename", "folder", "directory", "paths", "files"))
"""Words in the names of arguments that hold the name of a file, which may look like a host: ``notes.md``."""
_ENDINGS = frozenset((
    "txt", "pdf", "csv", "tsv", "json", "jsonl", "xml", "yaml", "yml", "toml", "ini", "cfg", "conf", "log", "html",
    "htm", "css", "js", "ts", "tsx", "jsx", "docx", "doc", "xlsx", "xls", "pptx", "ppt", "odt", "ods", "png", "jpg",
    "jpeg", "gif", "svg", "webp", "bmp", "mp3", "mp4", "wav", "avi", "gz", "tar", "db", "sqlite", "parquet", "ipynb",
    "exe", "dll", "bak", "tmp", "eml", "ics", "rtf",
))  # fmt: skip
"""Endings of files that are no top-level domains."""
_LIKE_HOST = re.compile(r"(?:[\w-]{1,63}\.){1,20}([^\W\d_]{2,63}|xn--[a-z0-9-]{1,59})")


def may_reach(now: Switches, address: str) -> bool:
    """May a URL, a mail address or a host be reached?"""
    readings = _readings(str(address))
    return all(_open(now, host) for one in readings for host in [*_hosts(one), _host(one)])


def egress_refusal(now: Switches, tool: str, arguments: Any, recipient: str | None) -> Refused | None:
    """The reason against a call whose arguments name a domain that may not be reached.

    While only some domains are allowed, every text that looks like a host or an IP address as a whole counts as one.
    """
    if not now.blocked and now.only is None:
        return None
    for name, text in [*texts_in(arguments), ("url", recipient or "")]:
        for one in _readings(text):
            asked = {*_hosts(one), *([_host(one)] if one.strip() and _is_address(name, one) else ())}
            wrong = next((host for host in asked if host and not _open(now, host)), None) or _mentioned(now, one)
            if wrong:
                return EgressBlocked(f"{wrong[:80]} may not be reached right now, so {tool} was not called.")
    return None


def _readings(text: str) -> tuple[str, ...]:
    """A text as it is, and without what those who read addresses leave out: tabs, line ends, what can't be seen."""
    if text.isascii() and text.isprintable():
        return (text,)
    kept = "".join(one for one in text if one == " " or unicodedata.category(one) not in ("Cc", "Cf", "Mn"))
    return (text,) if kept == text else (text, kept)


def _is_address(name: str, text: str) -> bool:
    """Is this text an address as a whole: by the name of its argument, or by its look?"""
    words = [word.lower() for word in _WORDS.findall(name)]
    if words and words[-1] in _ADDRESSES:
        return True
    text = text.strip().strip("\"'<>()[]{},;") if len(text) < 2_000 else ""
    if not text or any(one.isspace() for one in text):
        return False
    authority = re.split(r"[/\\?#]", _as_dns(text).lstrip("/\\"), maxsplit=1)[0].rpartition("@")[2]
    host = authority.partition("]")[0].strip("[") if "]" in authority else authority
    for one in (host, host.rpartition(":")[0], host.partition("%")[0]):
        with suppress(ValueError):
            return bool(ipaddress.ip_address(one))
    host = host.partition(":")[0].strip(".")
    if host == "localhost" or (host.count(".") == 3 and all(map(_is_number, host.split(".")))):
        return True
    found = _LIKE_HOST.fullmatch(host)
    return found is not None and found[1] not in _ENDINGS and _PATHS.isdisjoint(words)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d{1,12}|0x[0-9a-f]{1,8}", text) is not None


def _open(now: Switches, host: str) -> bool:
    if any(host == one or host.endswith(f".{one}") for one in now.blocked):
        return False
    return now.only is None or any(host == one or host.endswith(f".{one}") for one in now.only)


def _mentioned(now: Switches, text: str) -> str:
    """A blocked domain that stands in the text in any form, or an empty text."""
    plain = _as_dns(text)
    for one in now.blocked:
        at = plain.find(one)
        while at >= 0:
            around = plain[at - 1 : at] + plain[at + len(one) : at + len(one) + 1]
            if not any(beside.isalnum() or beside in "-_" for beside in around):
                return one
            at = plain.find(one, at + 1)
    return ""


def _hosts(text: str) -> Iterator[str]:
    """The hosts of URLs and mail addresses in a text."""
    for pattern in _HOSTS_IN:
        for found in pattern.finditer(text):
            yield _host(found[1])


def _host(address: str) -> str:
    """The host that an address begins with."""
    rest = address.strip().partition("://")[2] or address.strip()
    authority = re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0].rpartition("@")[2]
    if authority.startswith("["):
        return authority[1:].partition("]")[0].casefold()
    name = _as_dns(authority.partition(":")[0]).strip(". >")
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name


def _as_dns(text: str) -> str:
    """Text as a resolver reads names: escapes undone, one width, small letters, other dots as dots."""
    plain = urllib.parse.unquote(text) if "%" in text else text
    plain = plain if plain.isascii() else unicodedata.normalize("NFKC", plain).replace("\u3002", ".")
    return plain.lower()
