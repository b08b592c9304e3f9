"""Tokens for a first start: random, kept in the home folder for this user alone."""

from __future__ import annotations

import base64
import os
import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from halon.incident.errors import HalonError
from halon.intake.proofs.signed import WHSEC
from halon.intake.signatures import READING, REPORTING, SHORTEST

FILE = "tokens.env"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_HEADER = (
    "# Tokens that Halon made at its first start. A variable set in the environment wins. Keep this file private.\n"
)


class TokensError(HalonError):
    """The file of tokens can't be used. The message names the file, the line and the next step."""


def ensure_tokens(
    home: Path, environ: Mapping[str, str], names: Iterable[str] = (), signing: Collection[str] = ()
) -> dict[str, str]:
    """The tokens called ``names``, and those for reading and reporting, as a mapping to put into the environment.

    One that ``environ`` holds is taken from there; else from ``home/tokens.env``; else it is made and written there,
    with mode 0600. Those in ``signing`` are made as Standard Webhooks has them. Raises TokensError if the file can't be read or is open to others, OSError of the disk.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = home / FILE
    kept = read_tokens(path)
    wanted = list(dict.fromkeys(name for name in (*names, REPORTING, READING) if name))
    made = {
        name: _made(signing=name in signing)
        for name in wanted
        if not environ.get(name, "").strip() and name not in kept
    }
    for name in made:
        if not _NAME.fullmatch(name):
            raise TokensError(f"{name[:100]!r} can't name a variable; correct token_env in the kit")
    if made:
        _write(path, {**kept, **made})
    return {name: environ.get(name, "").strip() or kept.get(name, "") or made[name] for name in wanted}


def _made(*, signing: bool) -> str:
    return WHSEC + base64.b64encode(secrets.token_bytes(32)).decode() if signing else secrets.token_urlsafe(32)


def read_tokens(path: Path) -> dict[str, str]:
    """The tokens in the file, or none if there is no file. Raises TokensError, OSError."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return {}
    if status.st_mode & 0o077:
        raise TokensError(f"{path} is open to other users; close it with: chmod 600 {path}")
    found = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, mark, value = line.partition("=")
        if not mark or not _NAME.fullmatch(name) or len(value) < SHORTEST:
            raise TokensError(
                f"{path}, line {number}: not NAME=TOKEN with at least {SHORTEST} characters; correct or delete the line"
            )
        found[name] = value
    return found


def _write(path: Path, tokens: Mapping[str, str]) -> None:
    """Whole or not at all, and never readable to others, not even for a moment."""
    staged = path.with_name(f"{FILE}.{os.getpid()}")
    staged.unlink(missing_ok=True)
    handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(_HEADER)
        file.writelines(f"{name}={value}\n" for name, value in tokens.items())
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
