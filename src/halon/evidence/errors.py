"""What can go wrong with sealed evidence and with the store beneath it, as types.

EvidenceError
├── UnsafePath       a path that could leave the store, or that not every file system can hold
├── ObjectExists     something lies there already, and objects are written once
├── ObjectMissing    nothing lies there
├── TooLarge         the content is over the bound
├── NoSuchStore      the store's address is of no kind that can be opened
└── Tampered         what lies there is not what was sealed
"""

from __future__ import annotations

from halon.incident.errors import HalonError


class EvidenceError(HalonError):
    """Base of the errors of the evidence store."""


class UnsafePath(EvidenceError):
    """A path that could leave the store, or that not every file system can hold."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"{path[:200]!r} is not a path of this store: use parts of letters, digits and . _ ~ + = - joined by /"
        )
        self.path = path


class ObjectExists(EvidenceError):
    """Something lies at ``path`` already, and objects are written once."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} exists already and is not written twice; read it and compare")
        self.path = path


class ObjectMissing(EvidenceError):
    """Nothing lies at ``path``."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not in the store; check that this is the store it was written to")
        self.path = path


class TooLarge(EvidenceError):
    """``size`` bytes of content, and ``limit`` are allowed."""

    def __init__(self, name: str, size: int, limit: int) -> None:
        super().__init__(
            f"{name[:100]!r} has {size} bytes and {limit} are allowed; seal it in parts, or raise the limit"
        )
        self.size = size
        self.limit = limit


class NoSuchStore(EvidenceError):
    """The address of the store is of no kind that can be opened."""

    def __init__(self, address: str) -> None:
        # An address can carry credentials: only its scheme is repeated.
        scheme = address.partition("://")[0]
        super().__init__(
            f"a store of the kind {scheme!r} can't be opened; name a local folder, as a path or file:// URL"
        )
        self.scheme = scheme


class Tampered(EvidenceError):
    """What lies at ``path`` is not what was sealed: ``why`` says how. Change nothing there before it is clear."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} is not what was sealed: {why}; keep the store as it is and find out who wrote there")
        self.path = path
        self.why = why
