"""Can this port be had, and if not, which process holds it?"""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

from halon.incident.errors import HalonError

_LISTENING = "0A"


class PortInUse(HalonError):
    """Another process listens on the port. ``setting`` is the variable that chooses another one."""

    def __init__(self, port: int, what: str, setting: str) -> None:
        holder = holder_of(port)
        who = f" by {holder}" if holder else ""
        super().__init__(f"port {port} for {what} is in use{who}; stop that, or set {setting} to a free port")
        self.port = port
        self.setting = setting


def require_free(port: int, what: str, setting: str, host: str = "127.0.0.1") -> int:
    """``port``, or for 0 one that is free. Raises PortInUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUse(port, what, setting) from error
        return int(probe.getsockname()[1])


def holder_of(port: int) -> str:
    """Name and id of the process that listens on a TCP port here, or "" if that can't be known."""
    inodes = _inodes(port)
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # of another user, or gone meanwhile
            for handle in (process / "fd").iterdir():
                with suppress(OSError):
                    if str(handle.readlink()) in wanted:
                        return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return ""


def _inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):  # not Linux
            for line in Path(table).read_text().splitlines()[1:]:
                columns = line.split()
                if columns[3] == _LISTENING and int(columns[1].rpartition(":")[2], 16) == port:
                    found.add(columns[9])
    return found
