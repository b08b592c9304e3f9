"""allowed_signers: whose SSH keys sign what they say, in OpenSSH's own format (ssh-keygen(1), ALLOWED SIGNERS)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from halon.identity.ssh import NAMESPACE
from halon.kit.bundle import Bundle
from halon.kit.places import Problems

SIGNERS = "allowed_signers"
MOST_LINES = 500
LONGEST_LINE = 8_000
"""Characters; an RSA key of 16,384 bits has about 2,800."""
_KEY = re.compile(
    r"(?P<names>[^\s\"#]+)[ \t]+(?:(?P<options>(?:[A-Za-z-]+(?:=\"[^\"]*\")?)(?:,[A-Za-z-]+(?:=\"[^\"]*\")?)*)[ \t]+)?"
    r"(?P<type>(?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+)[ \t]+(?P<key>[A-Za-z0-9+/=]+)(?:[ \t].*)?"
)
_OPTION = re.compile(r"([A-Za-z-]+)(?:=\"([^\"]*)\")?")
_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
          "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")  # fmt: skip
_OPTIONS = ("namespaces", "valid-after", "valid-before")
_FIX = f'write: NAME namespaces="{NAMESPACE}" ssh-ed25519 KEY; halon enrol NAME --ssh FILE prints the line'


def signers(bundle: Bundle, problems: Problems) -> str:
    """The text of the file, empty where there is none; every line that is not sound is noted, with its number."""
    document = problems.documents.get(SIGNERS)
    text = document.data if document is not None and isinstance(document.data, str) else ""
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        problems.add(SIGNERS, (), f"more than {MOST_LINES} lines", (), "take out the keys of people who left")
        return ""
    seen: dict[str, str] = {}
    for number, line in enumerate(lines):
        for what, known, step in _wrong(line, bundle, seen):
            problems.add(SIGNERS, (number,), what, known, step)
    return text


def holders(text: str) -> dict[str, int]:
    """How many keys each person has, by name. ``text`` was found sound."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        if match := _KEY.fullmatch(line.strip()):
            found[match["names"]] = found.get(match["names"], 0) + 1
    return found


def line_for(person: str, public_key: str) -> str:
    """The line of this file for the content of a ``.pub`` file, or "" if it holds no key of a kind that is taken."""
    kind, _, rest = public_key.strip().partition(" ")
    key = rest.strip().partition(" ")[0]
    return f'{person} namespaces="{NAMESPACE}" {kind} {key}' if kind in _KINDS and _is_key(kind, key) else ""


def _wrong(line: str, bundle: Bundle, seen: dict[str, str]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    told = line.strip()
    if not told or told.startswith("#"):
        return
    match = _KEY.fullmatch(told) if len(told) <= LONGEST_LINE and told.isascii() else None
    if match is None:
        yield "is no line of a key", (), _FIX
        return
    name = match["names"]
    if name not in bundle.oncall.people:
        known = tuple(bundle.oncall.people)
        step = (
            "one person of oncall.yaml a line; patterns and lists of names are not taken, so that a key is one person's"
        )
        yield f"there is no person {name[:80]!r}", known, step
    if match["type"] not in _KINDS:
        yield f"keys of the type {match['type']!r} are not taken", _KINDS, "make one: ssh-keygen -t ed25519"
    elif not _is_key(match["type"], match["key"]):
        yield "the key can't be read", (), "paste the whole line of the .pub file"
    elif seen.setdefault(match["key"], name) != name:
        yield f"this key is also that of {seen[match['key']]}", (), "a key proves one person: give each their own"
    for option, value in _OPTION.findall(match["options"] or ""):
        if option not in _OPTIONS:
            yield f"the option {option!r} is not taken", _OPTIONS, "leave it out"
        elif option == "namespaces" and NAMESPACE not in value.split(","):
            yield f'namespaces="{value[:80]}" does not hold {NAMESPACE}', (), f'write namespaces="{NAMESPACE}"'
        elif option != "namespaces" and not re.fullmatch(r"\d{8}(?:\d{4}(?:\d{2})?)?Z?", value):
            yield f'{option}="{value[:80]}" is no time', (), "write YYYYMMDD or YYYYMMDDHHMMSSZ"


def _is_key(kind: str, text: str) -> bool:
    """Whether the key itself says that it is of this type (RFC 4253, 6.6: a string of four bytes' length comes first)."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(raw) > 40 and raw[4 : 4 + int.from_bytes(raw[:4], "big")] == kind.encode()
