"""One mail to each affected person by itself, each once, with what became of every one sealed as the proof.

Nobody sees who else was written to. A recipient that the server refuses stops nobody else's; one that may have been
reached is never written to again unless a person approved that. A mail under way is let end, whatever becomes of the try.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import time
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from halon.connectors import smtp
from halon.connectors.errors import Refused, Unexpected, Unreachable
from halon.evidence.labels import stricter
from halon.incident import times
from halon.judgement.communication.people import Affected, People, cell, living_in
from halon.kit import Channel
from halon_activities import effects
from halon_activities.affected_list import people_of
from halon_activities.channels import Mail, deliver
from halon_activities.failures import CheckFailed, NotDelivered, PartlySent, PutOff, Uncertain, Unfinished, in_words
from halon_activities.hands import Hands
from halon_activities.sealed import seal

A = TypeVar("A")
MOST = 500
"""Recipients that Halon writes to itself; more are handed off to a mail tool: ``halon affected ID --export FILE``."""
_LATER = range(400, 500)
"""SMTP replies that may be another one a little later (RFC 5321, 4.2.1)."""
STILL_UNDER_WAY = 150
"""Seconds for which a mail without an answer may still be under way, left by a try that was cut off: longer than the
waits for the server's steps together, so that what becomes of it is known by then."""
LET_END = 60
"""Seconds that a mail under way has when its try is cut off."""


@dataclass(frozen=True, slots=True)
class Mailed:
    """How many were reached, refused, perhaps reached, and put off to the end; and where the proof of each lies."""

    sent: int
    refused: int
    uncertain: int
    proof: dict[str, Any]
    put_off: int = 0

    @property
    def receipt(self) -> str:
        """In words."""
        later = f", {self.put_off} put off to the end" if self.put_off else ""
        return (
            f"{self.sent} sent, {self.refused} refused, {self.uncertain} uncertain{later}; "
            f"proof of each {self.proof['sha256'][:12]}…"
        )

    @property
    def unreached(self) -> int:
        """How many provably got nothing."""
        return self.refused + self.put_off


@dataclass(frozen=True, slots=True)
class Round:
    """Which attempt of the notice this is, and what it may do.

    ``anew`` is the attempt before which a person approved to write again to those who may have been reached. ``last``:
    whose server still says "later" is not waited for any more. ``ends`` is the time (``time.monotonic``) after which no
    further mail is begun.
    """

    attempt: int = 1
    anew: int = 0
    last: bool = False
    ends: float | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    person: str
    outcome: str
    answer: str
    at: str


async def whom(hands: Hands, incident_id: str, sha256: str, places: Sequence[str] = ()) -> People:
    """Those on the list ``sha256`` (hex) who live in ``places`` (empty: everybody), or of whom nobody knows where.

    Raises CheckFailed where that is nobody, or more than Halon writes to itself; EvidenceMissing, Malformed.
    """
    people = living_in(await people_of(hands, incident_id, sha256), places)
    if not people.count:
        raise CheckFailed(f"nobody on the list lives in {', '.join(places)}: correct the list, or decline the duty")
    if people.count > MOST:
        raise CheckFailed(too_many(people.count))
    return people


def too_many(count: int) -> str:
    """Why a list of so many is not written to by Halon, and what to do."""
    return (
        f"the list names {count} people and Halon writes to {MOST} itself: hand it off with halon affected ID --export "
        "FILE, and say `filed`"
    )


async def each(
    hands: Hands, channel: Channel, mail: Mail, incident_id: str, sha256: str, name: str, access: str = "",
    people: People | None = None, this: Round = Round(),
) -> Mailed:  # fmt: skip
    """Write to everybody on the list ``sha256`` (hex), and seal what became of each as ``name``, for ``access`` at most.

    ``people``: only to these of the list. ``mail.key`` names the notice, whatever draft of it: nobody gets two of them
    because somebody else was not reached and it was drafted again.

    Raises CheckFailed where the list is too long; Unfinished where time ran out; NotDelivered while the server can't be
    reached, PartlySent if somebody has it by then; PutOff while it says "later" for somebody, unless this is the last round; Refused where nobody was reached;
    Uncertain where somebody may have been reached or not. Those who were reached are never written to again.
    """
    people = people or await whom(hands, incident_id, sha256)
    rows: list[_Row] = []
    later: list[_Row] = []
    wrote = 0
    for one in people.all:
        person = _Person(hands, channel, mail, one, this)
        row = await person.known()
        if row is None:
            if wrote and this.ends is not None and time.monotonic() >= this.ends:
                raise Unfinished(f"{len(rows)} of {people.count} are done; the next try goes on")
            wrote += 1
            try:
                row = await letting_end(person.written_to())
            except Unreachable as error:
                told = len([each for each in people.all if await _Person(hands, channel, mail, each, this).begun()])
                kind = PartlySent if told else NotDelivered
                raise kind(f"{told} of {people.count} were written to; then: {in_words(error)}") from error
        (later if row.outcome == "put off" else rows).append(row)
    if any(row.outcome == "under way" for row in rows):
        raise Unfinished("a mail of the try before may still be under way; it is looked up again")
    if later and not this.last:
        if not any(row.outcome in ("sent", "uncertain") for row in rows):
            raise NotDelivered(f"the server puts off all {len(later)} who are left ({later[0].answer})")
        raise PutOff(f"{len(later)} of {people.count} are put off by the server ({later[0].answer}); tried again")
    return await _proved(hands, incident_id, name, access, [*rows, *later])


async def _proved(hands: Hands, incident_id: str, name: str, access: str, rows: list[_Row]) -> Mailed:
    count = {
        word: sum(1 for row in rows if row.outcome == word) for word in ("sent", "refused", "uncertain", "put off")
    }
    label = hands.kit.evidence.label("other")
    done = await seal(
        hands.evidence, incident_id, name, _proof(rows), "text/csv", hands.now(), "what became of each recipient",
        replace(label, access=stricter(label.access, access)),
    )  # fmt: skip
    proof = {"path": done.path, "sha256": done.sha256, "size": done.size}
    mailed = Mailed(count["sent"], count["refused"], count["uncertain"], proof, count["put off"])
    if mailed.uncertain:
        raise Uncertain(
            f"{mailed.receipt}. Look in it ({done.id}) who may have been reached or not: ask them, or write to them yourself"
        )
    if not mailed.sent:
        raise Refused("", f"none of {len(rows)} was reached: {rows[0].answer[:200]}; the proof of each is {done.id}")
    return mailed


class _Person:
    """One of those who are written to: what became of it before, or what becomes of it now."""

    def __init__(self, hands: Hands, channel: Channel, mail: Mail, one: Affected, this: Round) -> None:
        self._hands, self._channel, self._mail, self._this = hands, channel, mail, this
        self._person = one.person
        self._whom = hashlib.sha256(one.person.casefold().encode()).hexdigest()[:24]
        self._what = {"notice": mail.key, "to": self._whom}

    async def known(self) -> _Row | None:
        """What became of it in an earlier try, as the journal tells; None where it is to be written to now."""
        journal = self._hands.journal
        for number in dict.fromkeys((1, *range(2, self._this.anew + 1))):
            if (receipt := await effects.settled(journal, self._key(number))) is not None:
                return self._row("sent", str(receipt["receipt"]), str(receipt["at"]))
        key = self._key(max(self._this.anew, 1))
        if since := await effects.unanswered_since(journal, key, self._what):
            young = times.seconds_between(since, self._hands.now()) < STILL_UNDER_WAY
            return self._row("under way" if young else "uncertain", "no answer came when it was written to", since)
        refused = (await journal.look(self._refusal())).receipt
        return self._row("refused", str(refused["why"]), str(refused["at"])) if refused is not None else None

    async def begun(self) -> bool:
        """Whether this person was written to, in whatever try: what was refused does not count."""
        row = await self.known()
        return row is not None and row.outcome != "refused"

    async def written_to(self) -> _Row:
        """Write to this person. Raises Unreachable."""
        hands, key = self._hands, self._key(max(self._this.anew, 1))
        mine = replace(self._mail, key=key, addresses=(self._person,))

        async def carry() -> dict[str, Any]:
            return {"receipt": await deliver(hands, self._channel, mine), "at": hands.now()}

        try:
            smtp.require_address(self._person)
            done = await effects.carry_out(hands.journal, key, self._what, "once", carry)
            return self._row("sent", str(done.receipt["receipt"]), str(done.receipt["at"]))
        except Uncertain as error:
            return self._row("uncertain", in_words(error))
        except NotDelivered as error:
            return self._row("put off", in_words(error))
        except Unexpected as error:
            if error.status in _LATER:
                return self._row("put off", in_words(error))
            return await self._refused(in_words(error))
        except Refused as error:
            return await self._refused(in_words(error))

    async def _refused(self, why: str) -> _Row:
        """Remembered, so that a server is not asked again in each try for whom it has refused."""
        row = self._row("refused", why)
        await self._hands.journal.intend(self._refusal(), self._what)
        await self._hands.journal.settle(self._refusal(), {"why": row.answer, "at": row.at})
        return row

    def _key(self, number: int) -> str:
        key = f"{self._mail.key}/{self._whom}"
        return key if number == 1 else f"{key}/{number}"

    def _refusal(self) -> str:
        return f"{self._mail.key}/{self._whom}/refused/{self._this.attempt}"

    def _row(self, outcome: str, answer: str, at: str = "") -> _Row:
        return _Row(self._person, outcome, answer, at or self._hands.now())


async def letting_end(work: Awaitable[A]) -> A:
    """The result of ``work``; where the caller is cancelled, ``work`` is let end first, so that its outcome is written down."""
    running = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        with suppress(Exception):  # what became of it stands in the journal; that the caller is cancelled counts here
            await asyncio.wait_for(asyncio.shield(running), LET_END)
        raise


def _proof(rows: list[_Row]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("person", "outcome", "answer", "at"))
    writer.writerows((cell(row.person), row.outcome, cell(row.answer), row.at) for row in rows)
    return out.getvalue().encode()
