"""Halon's own folder on this machine: who holds it, and where what runs from it can be reached."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from halon.incident.errors import HalonError

LOCK = "up.lock"
FILE = "up.json"


class HomeError(HalonError):
    """Halon's folder can't be used."""


class HomeUnusable(HomeError):
    """The folder can't be made or written."""


class AlreadyUp(HomeError):
    """Another ``halon up`` runs on this folder. ``pid`` is its process id, 0 if it can't be told."""

    def __init__(self, home: Path, pid: int) -> None:
        who = f" (process {pid})" if pid else ""
        super().__init__(
            f"halon is up on {home} already{who}; use it, stop it with Ctrl-C, or set HALON_HOME to another folder"
        )
        self.home = home
        self.pid = pid


@dataclass(frozen=True, slots=True)
class Up:
    """What ``halon up`` tells other commands: process id, Temporal's address, the URLs of front door and Temporal UI."""

    pid: int
    address: str
    gateway: str
    ui: str


def prepare(home: Path) -> None:
    """Make the folder, open to its owner alone, and try to write there. Raises HomeUnusable."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = home / f".probe-{os.getpid()}"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise HomeUnusable(f"{home} can't be written ({why}); set HALON_HOME to a folder of yours") from error


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Hold the folder as the only ``halon up``. The system lets go of it when this process ends, however it ends.

    Raises AlreadyUp, HomeUnusable.
    """
    import fcntl

    prepare(home)
    with (home / LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            pid = lock.read(20).strip()
            raise AlreadyUp(home, int(pid) if pid.isdigit() else 0) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def tell(home: Path, up: Up) -> None:
    """Write down where what runs here can be reached; whole or not at all."""
    staged = home / f"{FILE}.{os.getpid()}"
    staged.write_text(json.dumps(asdict(up), indent=2) + "\n", "utf-8")
    staged.chmod(0o600)
    staged.replace(home / FILE)


def forget(home: Path) -> None:
    """Take it back."""
    with suppress(FileNotFoundError):
        (home / FILE).unlink()


def look(home: Path) -> Up | None:
    """What runs from this folder, or None if nothing does."""
    try:
        found = json.loads((home / FILE).read_text("utf-8"))
        up = Up(int(found["pid"]), str(found["address"]), str(found["gateway"]), str(found["ui"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return up if alive(up.pid) else None


def alive(pid: int) -> bool:
    """Whether a process of this id runs."""
    if pid <= 0 or sys.platform == "win32":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
