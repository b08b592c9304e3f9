"""The store beneath evidence, record and journal: objects by path, each written once and whole."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import LocalStore

from halon.evidence import lock, s3
from halon.evidence.errors import (
    BadLock,
    BucketMissing,
    NoSuchStore,
    ObjectExists,
    ObjectMissing,
    StoreRefused,
    StoreUnreachable,
    StoreUnusable,
    UnsafePath,
)
from halon.evidence.local import STAGING, LocalWriter

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_PART = re.compile(r"(?!\.+(?:/|$))[A-Za-z0-9._~+=-]{1,255}")
_LONGEST_PATH = 900
_NOWHERE = "nothing-lies-here"
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class EvidenceStore:
    """Objects in any store that obstore knows. With ``writer``, writing goes through the local disk's durable path.

    With ``remote``, the name of a place elsewhere, what is wrong with that place as a whole is raised as StoreUnusable.
    """

    def __init__(
        self,
        objects: ObjectStore,
        writer: LocalWriter | None = None,
        remote: str = "",
        locking: lock.Lock | None = None,
    ) -> None:
        self._objects = objects
        self._writer = writer
        self._remote = remote
        self._lock = locking
        self._bucket_seen = False

    @classmethod
    def open(cls, url_or_path: str | Path) -> Self:
        """The store in a local folder, made 0700 if it is not there, or in a bucket (``s3://bucket/prefix``).

        An existing folder keeps its permissions. A bucket's endpoint and credentials come from the environment, under
        the names of the AWS tools; nothing is dialled yet. Raises NoSuchStore for a URL of another scheme, BadAddress,
        NoCredentials, BadLock if ``HALON_EVIDENCE_LOCK`` asks for what this store can't do, OSError if the folder can't
        be made.
        """
        address = str(url_or_path)
        if _SCHEME.match(address):
            parts = urlsplit(address)
            if parts.scheme.lower() == "s3":
                where = s3.place(address, os.environ)
                return cls(s3.bucket(where, os.environ), remote=str(where), locking=lock.lock_of(where, os.environ))
            if parts.scheme.lower() != "file" or parts.netloc not in ("", "localhost"):
                raise NoSuchStore(address)
            address = unquote(parts.path)
        if wanted := os.environ.get(lock.SETTING, "").strip():
            raise BadLock(wanted, lock.MODES)
        root = Path(address).expanduser().absolute()
        writer = LocalWriter(root)
        return cls(LocalStore(root), writer)

    async def put(self, path: str, content: bytes) -> None:
        """Write a new object, whole or not at all; on return it is durable. Raises ObjectExists, UnsafePath, OSError.

        In a bucket it is a conditional put. If its answer is lost, the object may lie there all the same: a second try
        then raises ObjectExists, and what lies there is what was to be written.
        """
        _require_safe(path)
        if self._writer is not None:
            await asyncio.to_thread(self._writer.create, path, content)
            return
        with self._typed():
            try:
                await obstore.put_async(self._objects, path, content, mode="create", use_multipart=False)
            except AlreadyExistsError as error:
                raise ObjectExists(path) from (None if self._remote else error)
            except FileNotFoundError:
                raise BucketMissing(self._remote) from None

    async def show(self, path: str, content: bytes) -> None:
        """Write a new object, whole, for all processes to see; durable it is only after ``persist``.

        In a bucket that is one and the same. Raises what ``put`` raises.
        """
        if self._writer is None:
            await self.put(path, content)
            return
        _require_safe(path)
        await asyncio.to_thread(self._writer.show, path, content)

    async def replace(self, path: str, content: bytes) -> None:
        """Write an object over whatever lies there: for checkpoints alone, never for evidence.

        Raises UnsafePath, OSError.
        """
        _require_safe(path)
        if self._writer is not None:
            await asyncio.to_thread(self._writer.replace, path, content)
            return
        with self._typed():
            try:
                await obstore.put_async(self._objects, path, content, mode="overwrite", use_multipart=False)
            except FileNotFoundError:
                raise BucketMissing(self._remote) from None

    async def get(self, path: str) -> bytes:
        """The content of an object. Raises ObjectMissing, UnsafePath, OSError."""
        _require_safe(path)
        with self._typed():
            try:
                found = await obstore.get_async(self._objects, path)
                return bytes(await found.bytes_async())
            except FileNotFoundError as error:
                await self._require_bucket()
                raise ObjectMissing(path) from (None if self._remote else error)

    async def exists(self, path: str) -> bool:
        """Does an object lie at this path? Raises UnsafePath, OSError."""
        _require_safe(path)
        with self._typed():
            try:
                await obstore.head_async(self._objects, path)
            except FileNotFoundError:
                await self._require_bucket()
                return False
            return True

    async def folders(self, folder: str) -> list[str]:
        """The names of the folders directly below ``folder``, sorted. Raises UnsafePath, OSError."""
        _require_safe(folder)
        try:
            found = await obstore.list_with_delimiter_async(self._objects, folder)
        except (BaseError, FileNotFoundError):
            await self._explain_listing()
            raise
        return sorted(prefix.rstrip("/").rpartition("/")[2] for prefix in found["common_prefixes"])

    @property
    def locks(self) -> bool:
        """Whether sealed objects are to be locked in this store."""
        return self._lock is not None

    async def lock(self, path: str, until: str, *, hold: bool = False) -> None:
        """Lock an object until a time (ISO 8601 UTC) if this store is to; ``hold`` outlasts it, until it is lifted.

        Raises NotLocked, UnsafePath, StoreUnreachable.
        """
        _require_safe(path)
        if self._lock is not None:
            await self._lock.set(path, until, hold=hold)

    async def persist(self, path: str) -> None:
        """Make sure that an object found here, shown or perhaps of a writer that crashed, survives a power cut.

        Raises UnsafePath, OSError.
        """
        _require_safe(path)
        if self._writer is not None:
            await asyncio.to_thread(self._writer.persist, path)

    async def list(self, folder: str) -> list[str]:
        """The paths of all objects below ``folder``, at any depth, sorted. Raises UnsafePath, OSError."""
        _require_safe(folder)
        try:
            found = [meta["path"] async for chunk in obstore.list(self._objects, folder) for meta in chunk]
        except (BaseError, FileNotFoundError):
            await self._explain_listing()
            raise
        return sorted(path for path in found if not path.startswith(STAGING))

    @contextmanager
    def _typed(self) -> Iterator[None]:
        """Raise what a remote store answers as a type of ours, without its words: they can hold an access key."""
        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            if not self._remote:
                raise
            raise _fault(self._remote, error) from None
        self._bucket_seen = True

    async def _require_bucket(self) -> None:
        """An object that is not there and a bucket that is not there answer alike: once, the bucket is looked for."""
        if not self._remote or self._bucket_seen:
            return
        try:
            async for _ in obstore.list(self._objects, _NOWHERE, chunk_size=1):
                break
        except (BaseError, FileNotFoundError):
            await self._explain_listing()
        self._bucket_seen = True

    async def _explain_listing(self) -> None:
        """Why a listing failed: whatever the store answers to one, obstore calls it the same. A read tells.

        Raises StoreUnusable for a remote store.
        """
        if not self._remote:
            return
        fault: StoreUnusable = StoreUnreachable(self._remote)
        try:
            await obstore.head_async(self._objects, _NOWHERE)
        except FileNotFoundError:
            fault = BucketMissing(self._remote)  # nothing is read there, and nothing can be listed either
        except BaseError as error:
            fault = _fault(self._remote, error)
        raise fault from None


def _fault(where: str, error: Exception) -> StoreUnusable:
    """The type of ours for an error of obstore."""
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return StoreRefused(where)
    return StoreUnreachable(where)


def _require_safe(path: str) -> None:
    if len(path) > _LONGEST_PATH or path.startswith(STAGING) or not all(map(_PART.fullmatch, path.split("/"))):
        raise UnsafePath(path)
