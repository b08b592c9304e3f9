"""The ledger of control calls: one row per idempotency key, so that a call that comes twice takes effect once."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from halon.drill.problems import KeyReused, NotUnderstood

MOST_ROWS = 5000
_LONGEST_KEY = 255


@dataclass(slots=True)
class ReceivedCall:
    """One delivery of a control call. ``fingerprint`` is a SHA-256 over method, path, query and body.

    ``listed`` tells the door that this delivery is already in the ledger.
    """

    key: str | None
    method: str
    path: str
    fingerprint: str
    listed: bool = False


@dataclass(slots=True)
class CallRow:
    """What became of a call: how often it arrived, how often it was carried out, and the answer that it got.

    ``effects`` is 0 or 1. ``conflicts`` counts deliveries that reused the key for something else. ``response`` is the
    answer's body, kept only for a call that was carried out.
    """

    key: str | None
    method: str
    path: str
    fingerprint: str
    first_at: datetime
    last_at: datetime
    effects: int
    deliveries: int
    status: int
    conflicts: int = 0
    response: str | None = None


@dataclass(slots=True)
class Calls:
    """All control calls, oldest first. Beyond 5,000 rows the oldest is forgotten."""

    rows: list[CallRow] = field(default_factory=list)

    def refuse_reuse(self, call: ReceivedCall) -> None:
        """Count and refuse a delivery whose key belongs to another call.

        Raises:
            KeyReused: method, path, query or body differ from those that came with this key first.
        """
        row = self._row(call)
        if row is None or row.fingerprint == call.fingerprint:
            return
        row.conflicts += 1
        row.last_at = datetime.now(UTC)
        raise KeyReused(
            f"idempotency key {call.key!r} was used for {row.method} {row.path} with another body or path; "
            "use a new key for a new call"
        )

    def answered(self, call: ReceivedCall) -> CallRow | None:
        """The row of the same call if it was carried out before, counted as delivered once more."""
        row = self._row(call)
        if row is None or row.response is None:
            return None
        call.listed = True
        row.deliveries += 1
        row.last_at = datetime.now(UTC)
        return row

    def note(self, call: ReceivedCall, status: int, *, effects: int = 0, response: str | None = None) -> None:
        """List one delivery that was answered with this status; a response is kept for later deliveries."""
        call.listed = True
        now = datetime.now(UTC)
        row = self._row(call)
        if row is None:
            if len(self.rows) >= MOST_ROWS:
                del self.rows[0]
            row = CallRow(call.key, call.method, call.path, call.fingerprint, now, now, 0, 0, status)
            self.rows.append(row)
        row.deliveries += 1
        row.last_at = now
        row.status = status
        row.effects += effects
        row.response = response

    def _row(self, call: ReceivedCall) -> CallRow | None:
        if call.key is None:
            return None
        return next((row for row in self.rows if row.key == call.key), None)


def received_call(key: str | None, method: str, path: str, query: bytes, body: bytes) -> ReceivedCall:
    """A delivery, as read from the request.

    Raises:
        NotUnderstood: the idempotency key is empty, too long or not printable.
    """
    if key is not None and not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        raise NotUnderstood(f"Idempotency-Key must be 1 to {_LONGEST_KEY} printable ASCII characters")
    seen = hashlib.sha256(b"\n".join((method.encode(), path.encode(), query, body)))
    return ReceivedCall(key, method, path, seen.hexdigest())
