"""Which hosts a call may reach, judged by name before, and by address after, the name is resolved."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence

from halon.connectors.errors import Refused, Unreachable

_METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in (
        "169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
        "100.100.100.200", "168.63.129.16", "192.0.0.192",
    )
)  # fmt: skip
"""Where clouds hand credentials to whoever asks from inside. Some of these are neither private nor link-local."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def require_listed(host: str, port: int, hosts: Sequence[str]) -> None:
    """Raises Refused unless ``hosts`` names this host, either alone or as ``host:port``. There are no wildcards."""
    name = _plain(host)
    bracketed = f"[{name}]" if ":" in name else name
    allowed = {_plain(entry) for entry in hosts}
    if name in allowed or f"{bracketed}:{port}" in {entry.strip().lower() for entry in hosts}:
        return
    raise Refused(host, f"the call names only {', '.join(hosts) or 'no host at all'}; add it there if it is meant")


async def resolve(host: str, port: int, hosts: Sequence[str], *, near: bool = False) -> str:
    """The one address to connect to. All addresses of the name must be allowed, so that none can be slipped in.

    ``near`` is what ``require_allowed`` takes. Connecting to the address that was checked, not to the name again, leaves no gap for a name that changes.
    Raises Refused; Unreachable if the name can't be resolved.
    """
    require_listed(host, port, hosts)
    if (written := _written(host)) is not None:  # nothing to look up, and no thread to wait for
        require_allowed(host, written, near=near)
        return written
    try:
        found = await asyncio.get_running_loop().getaddrinfo(_plain(host), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(host, f"its name can't be resolved: {error}") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        require_allowed(host, address, near=near)
    if not addresses:
        raise Unreachable(host, "its name resolves to nothing")
    # A host with both families often listens on one only; IPv4 is the safer guess inside a data centre.
    return next((address for address in addresses if ":" not in address), addresses[0])


def require_allowed(host: str, address: str, *, near: bool = False) -> None:
    """Raises Refused for an address at which a connector has no business.

    Loopback and link-local addresses pass if ``host`` says them outright (``127.0.0.1``, ``localhost``), or if the kit
    says ``near``: a name that leads there unasked is how somebody else's name server would turn Halon against its own
    machine. Private addresses pass: every host is listed, and most services that stop an agent are inside. Metadata
    services, multicast and reserved addresses never pass, whatever a kit says.
    """
    for inner in _layers(ipaddress.ip_address(address.partition("%")[0])):
        if inner in _METADATA:
            raise Refused(host, f"{inner} is a cloud's metadata service")
        if (inner.is_loopback or inner.is_link_local) and not (near or _says_near(host)):
            where = "this machine itself" if inner.is_loopback else "a link-local address"
            raise Refused(
                host, f"the name leads to {inner}, {where}; if that is meant, write near: true beside the address"
            )
        if inner.is_multicast:
            raise Refused(host, f"{inner} is a multicast address")
        if inner.is_unspecified or (inner.is_reserved and not inner.is_loopback and inner not in _NAT64):
            raise Refused(host, f"{inner} is an unspecified or reserved address")


def is_near(address: str) -> bool:
    """Is this a loopback or private address, where plain HTTP does not cross foreign wires?"""
    found = ipaddress.ip_address(address.partition("%")[0])
    return found.is_loopback or found.is_private


def _says_near(host: str) -> bool:
    name = _plain(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        written = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return any(inner.is_loopback or inner.is_link_local for inner in _layers(written))


def _layers(address: Address) -> list[Address]:
    """The address and the IPv4 address that it wraps, if any."""
    layers: list[Address] = [address]
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            # What counts is where the packets go, and that is the inner address alone.
            layers = [inner]
    return layers


def _written(host: str) -> str | None:
    """The IPv4 address that ``host`` is, if it is one in four numbers; every other way to write one is resolved."""
    try:
        return str(ipaddress.IPv4Address(_plain(host)))
    except ValueError:
        return None


def _plain(host: str) -> str:
    return host.strip().lower().strip("[]").rstrip(".")
