"""The store beneath evidence, record and journal: objects by path, each written once and whole."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import LocalStore

from halon.evidence.errors import NoSuchStore, ObjectExists, ObjectMissing, UnsafePath
from halon.evidence.local import STAGING, LocalWriter

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_PART = re.compile(r"(?!\.+(?:/|$))[A-Za-z0-9._~+=-]{1,255}")
_LONGEST_PATH = 900
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class EvidenceStore:
    """Objects in any store that obstore knows. With ``writer``, writing goes through the local disk's durable path."""

    def __init__(self, objects: ObjectStore, writer: LocalWriter | None = None) -> None:
        self._objects = objects
        self._writer = writer

    @classmethod
    def open(cls, url_or_path: str | Path) -> Self:
        """The store in a local folder, made 0700 if it is not there. An existing folder keeps its permissions.

        Raises NoSuchStore for a URL of another scheme than ``file``, OSError if the folder can't be made.
        """
        address = str(url_or_path)
        if _SCHEME.match(address):
            parts = urlsplit(address)
            if parts.scheme.lower() != "file" or parts.netloc not in ("", "localhost"):
                raise NoSuchStore(address)
            address = unquote(parts.path)
        root = Path(address).expanduser().absolute()
        writer = LocalWriter(root)
        return cls(LocalStore(root), writer)

    async def put(self, path: str, content: bytes) -> None:
        """Write a new object, whole or not at all; on return it is durable. Raises ObjectExists, UnsafePath."""
        _require_safe(path)
        if self._writer is not None:
            await asyncio.to_thread(self._writer.create, path, content)
            return
        try:
            await obstore.put_async(self._objects, path, content, mode="create")
        except AlreadyExistsError as error:
            raise ObjectExists(path) from error

    async def replace(self, path: str, content: bytes) -> None:
        """Write an object over whatever lies there: for checkpoints alone, never for evidence. Raises UnsafePath."""
        _require_safe(path)
        if self._writer is not None:
            await asyncio.to_thread(self._writer.replace, path, content)
            return
        await obstore.put_async(self._objects, path, content, mode="overwrite")

    async def get(self, path: str) -> bytes:
        """The content of an object. Raises ObjectMissing, UnsafePath."""
        _require_safe(path)
        try:
            found = await obstore.get_async(self._objects, path)
            return bytes(await found.bytes_async())
        except FileNotFoundError as error:
            raise ObjectMissing(path) from error

    async def exists(self, path: str) -> bool:
        """Does an object lie at this path? Raises UnsafePath."""
        _require_safe(path)
        try:
            await obstore.head_async(self._objects, path)
        except FileNotFoundError:
            return False
        return True

    async def folders(self, folder: str) -> list[str]:
        """The names of the folders directly below ``folder``, sorted. Raises UnsafePath."""
        _require_safe(folder)
        found = await obstore.list_with_delimiter_async(self._objects, folder)
        return sorted(prefix.rstrip("/").rpartition("/")[2] for prefix in found["common_prefixes"])

    async def persist(self, path: str) -> None:
        """Make sure that an object found here, perhaps of a writer that crashed, survives a power cut."""
        _require_safe(path)
        if self._writer is not None:
            await asyncio.to_thread(self._writer.persist, path)

    async def list(self, folder: str) -> list[str]:
        """The paths of all objects below ``folder``, at any depth, sorted. Raises UnsafePath."""
        _require_safe(folder)
        found = [meta["path"] async for chunk in obstore.list(self._objects, folder) for meta in chunk]
        return sorted(path for path in found if not path.startswith(STAGING))


def _require_safe(path: str) -> None:
    if len(path) > _LONGEST_PATH or path.startswith(STAGING) or not all(map(_PART.fullmatch, path.split("/"))):
        raise UnsafePath(path)
