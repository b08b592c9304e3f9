"""What can go wrong with sealed evidence and with the store beneath it, as types.

EvidenceError
├── UnsafePath       a path that could leave the store, or that not every file system can hold
├── ObjectExists     something lies there already, and objects are written once
├── ObjectMissing    nothing lies there
├── TooLarge         the content is over the bound
├── NoSuchStore      the store's address is of no kind that can be opened
│   ├── BadAddress      an s3:// address that is not bucket and prefix
│   ├── NoCredentials   the variables that hold the credentials are not set
│   └── BadLock         HALON_EVIDENCE_LOCK names no mode, or the store can't lock
├── NotLocked        the store did not lock an object
└── Tampered         what lies there is not what was sealed

StoreUnusable (an OSError, as trouble with a local disk is: what failed is tried again)
├── StoreUnreachable  the store gives no answer, or not one that can be used
├── StoreRefused      the store answers, and does not accept the credentials
└── BucketMissing     the store answers, and has no such bucket

Messages about a remote store name bucket and endpoint, never credentials, and never what the store answered.
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
            f"a store of the kind {scheme!r} can't be opened; "
            "name a local folder, as a path or file:// URL, or a bucket, as s3://bucket/prefix"
        )
        self.scheme = scheme


class BadAddress(NoSuchStore):
    """An ``s3://`` address that is not a bucket and perhaps a prefix. ``why`` never repeats the address."""

    def __init__(self, why: str) -> None:
        EvidenceError.__init__(self, f"the address of the evidence store can't be used: {why}; "
                               "write HALON_EVIDENCE=s3://bucket/prefix")  # fmt: skip
        self.scheme = "s3"
        self.why = why

    def __reduce__(self) -> tuple[type[BadAddress], tuple[str]]:
        return type(self), (self.why,)


class NoCredentials(NoSuchStore):
    """The variables ``names``, which hold the credentials of the store, are not set."""

    def __init__(self, names: tuple[str, ...]) -> None:
        EvidenceError.__init__(self, f"no credentials for the evidence store: set {' and '.join(names)}")
        self.scheme = "s3"
        self.names = names

    def __reduce__(self) -> tuple[type[NoCredentials], tuple[tuple[str, ...]]]:
        return type(self), (self.names,)


class BadLock(NoSuchStore):
    """``HALON_EVIDENCE_LOCK`` is ``given``, which is none of ``known``, or the store is none that locks."""

    def __init__(self, given: str, known: tuple[str, ...]) -> None:
        EvidenceError.__init__(
            self,
            f"HALON_EVIDENCE_LOCK={given[:40]} can't be used here: it is {' or '.join(known)}, and takes a bucket "
            "(HALON_EVIDENCE=s3://bucket/prefix) that was made with object lock",
        )
        self.scheme = "s3"
        self.given = given
        self.known = known

    def __reduce__(self) -> tuple[type[BadLock], tuple[str, tuple[str, ...]]]:
        return type(self), (self.given, self.known)


class NotLocked(EvidenceError):
    """The store answered ``status`` when the object at ``path`` was to be locked. The object itself is sealed."""

    def __init__(self, path: str, status: int) -> None:
        super().__init__(
            f"{path} is sealed and was not locked (the store answered {status}); make the bucket with object lock, and "
            "let the credentials set retention"
        )
        self.path = path
        self.status = status

    def __reduce__(self) -> tuple[type[NotLocked], tuple[str, int]]:
        return type(self), (self.path, self.status)


class Tampered(EvidenceError):
    """What lies at ``path`` is not what was sealed: ``why`` says how. Change nothing there before it is clear."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path} is not what was sealed: {why}; keep the store as it is and find out who wrote there")
        self.path = path
        self.why = why


class StoreUnusable(HalonError, OSError):
    """Base of what is wrong with a remote store as a whole. It is mended there or in the environment, then tried again."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"the evidence store {where} {what}")
        self.where = where

    def __reduce__(self) -> tuple[type[StoreUnusable], tuple[str]]:
        return type(self), (self.where,)  # every type below takes the place alone


class StoreUnreachable(StoreUnusable):
    """The store gives no answer, or one that can't be used."""

    def __init__(self, where: str) -> None:
        super().__init__(
            where, "does not answer as it should; check that it runs and that AWS_ENDPOINT_URL leads to it"
        )


class StoreRefused(StoreUnusable):
    """The store answers and does not accept the credentials, or they may not do this."""

    def __init__(self, where: str) -> None:
        super().__init__(
            where,
            "refuses the credentials; check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the bucket's name, and that they "
            "may read, write and list in it",
        )


class BucketMissing(StoreUnusable):
    """The store answers and has no such bucket."""

    def __init__(self, where: str) -> None:
        super().__init__(where, "has no such bucket; make it, with object lock, or correct HALON_EVIDENCE")
