"""Durable writes into a local folder: whole or not at all, and on the disk before they are acknowledged.

obstore's local store neither syncs file nor folder (traced with version 0.12: open, write, link, unlink), so a power
cut could take back what was acknowledged. Reading and listing stay with obstore.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path

from halon.evidence.errors import ObjectExists

STAGING = ".staging"
_STALE_SECONDS = 3600.0


class LocalWriter:
    """Writes objects below ``root``. Folders are made 0700, files 0600."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._staging = root / STAGING
        _make_folder(self._staging)
        self._sweep()

    def create(self, path: str, content: bytes) -> None:
        """Write a new object. Raises ObjectExists, and then what lies there is on the disk too; OSError of the disk."""
        target = self._root / path
        _make_folder(target.parent)
        staged = self._stage(content)
        try:
            # A link is atomic and, unlike a rename, refuses to replace.
            os.link(staged, target)
        except FileExistsError:
            _sync_folder(target.parent)
            raise ObjectExists(path) from None
        finally:
            _remove(staged)
        _sync_folder(target.parent)

    def show(self, path: str, content: bytes) -> None:
        """Write a new object, whole, for all processes to see; on the disk it is only after ``persist``.

        What dies with it is a power cut, not a process. Raises ObjectExists, OSError of the disk.
        """
        target = f"{self._root}/{path}"
        staged = self._stage(content, sync=False)
        try:
            try:
                os.link(staged, target)
            except FileNotFoundError:  # the first one of its folder
                _make_folder(Path(target).parent)
                os.link(staged, target)
        except FileExistsError:
            raise ObjectExists(path) from None
        finally:
            _remove(staged)

    def replace(self, path: str, content: bytes) -> None:
        """Write an object over whatever lies there. Raises OSError of the disk."""
        target = self._root / path
        _make_folder(target.parent)
        staged = self._stage(content)
        try:
            os.replace(staged, target)
        finally:
            _remove(staged)
        _sync_folder(target.parent)

    def persist(self, path: str) -> None:
        """Make sure that an object that was shown, or that another process wrote, is on the disk. Raises OSError."""
        target = self._root / path
        handle = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        _sync_folder(target.parent)

    def _stage(self, content: bytes, *, sync: bool = True) -> str:
        """A file outside the listed folders that holds ``content``, with ``sync`` on the disk."""
        staged = f"{self._staging}/{os.getpid()}-{secrets.token_hex(8)}"
        handle = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(handle, rest) :]
            if sync:
                os.fsync(handle)
        except BaseException:
            _remove(staged)
            raise
        finally:
            os.close(handle)
        return staged

    def _sweep(self) -> None:
        """Remove what a crash left half written. Another process may be writing now: only what is an hour old goes."""
        oldest = time.time() - _STALE_SECONDS
        for entry in os.scandir(self._staging):
            try:
                stale = entry.stat(follow_symlinks=False).st_mtime < oldest
            except FileNotFoundError:
                continue  # its writer finished between the listing and here
            if stale:
                Path(entry.path).unlink(missing_ok=True)


def _remove(staged: str) -> None:
    """Remove a staged file, if it is still there."""
    with suppress(FileNotFoundError):
        os.unlink(staged)


def _make_folder(folder: Path) -> None:
    """Make ``folder`` and its parents, private, and each one's name durable in its parent."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
