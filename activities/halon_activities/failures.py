"""What goes wrong outside, as typed Temporal errors: one table says how each is called and whether it is tried again.

HandError
├── NotAnIncident     called from somewhere else than the incident that it acts for
├── ProofMissing      what would run was not approved, as the workflow's own history tells
├── CheckFailed       a check before sending objects to a text, and nobody overrode that by name
├── EvidenceMissing   something irreversible would run before the evidence is sealed
├── Halted            people halted Halon's own actions, and nothing was sent
├── Uncertain         an effect may have arrived before, and sending it again could make two
├── ForgedReopen      the run to go on from is not a terminated run of this incident
├── NotMerged         the incident to take from is not merged into this one
├── NotTakenYet       the other incident has not taken what it was handed
├── NoConnector       the kit does not say how to reach the agent for this
├── NoChannel         the kit does not say how to reach this person or recipient
├── NotDelivered      no channel took the page or the notice
├── PutOff            the server says "later" for some of those who are written to one by one
├── PartlySent        some have their mail, and the server takes none for the others now
└── Unfinished        more are to be written to than one try has time for; the next one goes on
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError, FailureError
from temporalio.service import RPCError

from halon.connectors import errors as connectors
from halon.evidence import errors as evidence
from halon.incident import chain
from halon.incident.errors import HalonError, Malformed
from halon.record import errors as record
from halon.redaction import redact
from halon.rendering import TemplateFailed

_LOG = logging.getLogger(__name__)
LONGEST = 1000
"""Characters of a failure's message; a longer one would swell the history."""


class HandError(HalonError):
    """Base of what activities raise themselves."""


class NotAnIncident(HandError):
    """Called from somewhere else than the incident that it acts for."""


class ProofMissing(HandError):
    """What would run was not approved, as the workflow's own history tells."""


class CheckFailed(HandError):
    """A check before sending objects to a text, and nobody overrode that by name."""


class EvidenceMissing(HandError):
    """Something irreversible would run before the evidence is sealed."""


class Halted(HandError):
    """People halted Halon's own actions, and nothing was sent."""


class Uncertain(HandError):
    """An effect may have arrived before; a person must look before it is sent again."""


class ForgedReopen(HandError):
    """The run to go on from is not a terminated run of this incident."""


class NotMerged(HandError):
    """The incident to take from is not merged into this one."""


class NotTakenYet(HandError):
    """The other incident has not taken what it was handed."""


class NoConnector(HandError):
    """The kit does not say how to reach the agent for this."""


class NoChannel(HandError):
    """The kit does not say how to reach this person or recipient."""


class NotDelivered(HandError):
    """No channel took the page or the notice; nothing arrived that is not said to have."""


class PutOff(HandError):
    """The server says "later" for some of those who are written to one by one; all others are done."""


class PartlySent(HandError):
    """Some of those who are written to one by one have their mail, and the server takes none for the others now."""


class Unfinished(HandError):
    """More people are to be written to than one try has time for; the next one goes on where it ended."""


FINAL, AGAIN = True, False
_TABLE: tuple[tuple[type[BaseException], str, bool], ...] = (
    (NotAnIncident, "NotAnIncident", FINAL),
    (ProofMissing, "ProofMissing", FINAL),
    (CheckFailed, "CheckFailed", FINAL),
    (EvidenceMissing, "EvidenceMissing", FINAL),
    (Halted, "Halted", FINAL),  # the incident waits until it is lifted, and asks anew what may run then
    (Uncertain, "Uncertain", FINAL),
    (ForgedReopen, "ForgedReopen", FINAL),
    (NotMerged, "NotMerged", FINAL),
    (NotTakenYet, "NotTakenYet", AGAIN),
    (NoConnector, "NoConnector", FINAL),
    (NoChannel, "NoChannel", FINAL),
    (NotDelivered, "NotDelivered", AGAIN),
    (PutOff, "PutOff", AGAIN),
    (PartlySent, "PartlySent", AGAIN),
    (Unfinished, "Unfinished", AGAIN),
    (connectors.Refused, "Refused", FINAL),
    (connectors.MissingSecret, "MissingSecret", FINAL),
    (connectors.Unreachable, "Unreachable", AGAIN),
    (connectors.NoAnswer, "NoAnswer", AGAIN),
    (connectors.Unexpected, "Unexpected", FINAL),  # except for what is ``_passing``
    (evidence.Tampered, "Tampered", FINAL),
    (evidence.EvidenceError, "EvidenceStore", FINAL),
    (record.RecordForked, "RecordForked", FINAL),
    (record.RecordCorrupt, "RecordCorrupt", FINAL),
    (record.JournalConflict, "JournalConflict", FINAL),
    (record.JournalCorrupt, "JournalCorrupt", FINAL),
    (record.RecordError, "Record", FINAL),
    (chain.BrokenChain, "BrokenChain", FINAL),
    (TemplateFailed, "TemplateFailed", FINAL),
    (Malformed, "Malformed", FINAL),
    (RPCError, "TemporalUnavailable", AGAIN),
    (OSError, "Disk", AGAIN),
)
_PASSING = frozenset({408, 421, 423, 425, 429, *range(500, 505), 507, *range(520, 531)})
"""Statuses of HTTP that may be another one a little later; 520 to 530 are what a proxy says of the server behind it."""


@contextmanager
def typed() -> Iterator[None]:
    """Turn every error inside into an ApplicationError of a stable type. Cancellation and Temporal's own pass."""
    try:
        yield
    except (FailureError, asyncio.CancelledError):
        raise
    except Exception as error:
        # The chain of causes is cut: their messages could hold what came over the wire.
        raise as_failure(error) from None


def as_failure(error: Exception) -> ApplicationError:
    """The typed failure for ``error``. One that the table does not know is tried again under its own name."""
    for kind, name, final in _TABLE:
        if isinstance(error, kind):
            if isinstance(error, connectors.Unexpected) and _passing(error):
                final = AGAIN
            return ApplicationError(_said(error), type=name, non_retryable=final)
    # Its words may hold what came over the wire; where it happened does not.
    where = "".join(traceback.format_tb(error.__traceback__))
    _LOG.error("not expected: %s, at\n%s", type(error).__name__, where)
    return ApplicationError(_said(error), type=type(error).__name__, non_retryable=AGAIN)


def _passing(error: connectors.Unexpected) -> bool:
    """Whether the answer may be another one a little later: of SMTP each 4yz, and no 5yz (RFC 5321, 4.2.1)."""
    return 400 <= error.status < 500 if error.protocol == "smtp" else error.status in _PASSING


def in_words(error: Exception) -> str:
    """The error in redacted, bounded words, for a note."""
    return _said(error)


def _said(error: Exception) -> str:
    text = redact(str(error) or type(error).__name__).text
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
