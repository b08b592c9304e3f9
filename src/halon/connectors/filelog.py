"""Pages into a file, one JSON line each: the channel that works when nothing else does, and the one that drills use."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from halon.connectors.errors import Refused


async def append(home: Path, name: str, line: Mapping[str, Any]) -> Path:
    """Append ``line`` to the file ``name`` below ``home``; on return it is on the disk. Returns the file's path.

    Raises Refused if ``name`` leads out of ``home``, OSError of the disk.
    """
    path = inside(home, name)
    written = json.dumps(dict(line), ensure_ascii=True, allow_nan=False, sort_keys=True).encode() + b"\n"
    await asyncio.to_thread(_append, path, written)
    return path


def inside(home: Path, name: str) -> Path:
    """The path of ``name`` below ``home``. Raises Refused if it lies elsewhere."""
    root = home.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root) or path == root:
        raise Refused(name[:80], "the page file must lie inside Halon's home folder; name it without .. or /")
    return path


def _append(path: Path, written: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        # One write call, so that two writers never mix within a line.
        os.write(handle, written)
        os.fsync(handle)
    finally:
        os.close(handle)
