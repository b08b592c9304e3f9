"""Who was it really? What came with a command is held against the kit, and used up, so that it serves once.

Everything is read from the command's own event in the workflow's history, never from what is handed in: when it was
said, its code or signature, and whose Update Temporal's server says it was.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from hashlib import sha256

from temporalio import activity

from halon.identity import ssh, totp
from halon.identity.devices import Devices
from halon.identity.errors import NoIdentityKey, NoSigning
from halon.identity.seeds import identity_key, seed
from halon.identity.spent import MOST_WRONG, PERIOD, Spent
from halon.incident import ids, times
from halon.incident.assessment import Person
from halon.incident.canonical import digest, plain
from halon.incident.commands import parse
from halon.incident.errors import HalonError, Malformed
from halon.incident.proving import ANSWERS, MOST_AGAIN, fingerprint, statement
from halon.incident.strength import CLAIMED, PRINCIPAL, SSH, TOTP, at_least
from halon.ports.triage import Claimed
from halon_activities.hands import Hands
from halon_activities.history import Spoken, read_run

NOT_VERIFIED, USED, TOO_MANY = "NotVerified", "ProofUsed", "TooManyCodes"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was proved. ``why`` is there if something that was offered did not hold; ``refusal`` is its type."""

    how: str = ""
    refusal: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """What was said: in which incident, and for an answer the digest of what its gate allows."""

    incident_id: str
    digest: str = ""


class Verifying:
    """The verifiers. One for all commands of a worker, so that guesses at one person's code come one after the other."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._spent, self._devices = Spent(hands.evidence), Devices(hands.evidence)
        self._one_by_one: dict[str, asyncio.Lock] = {}

    async def said(self, claimed: Claimed, who: Person, needed: str) -> Verdict:
        """Who said a command, while it is being said. Codes and signatures are used up. Raises RPCError, OSError."""
        mapped = who.name in self._hands.kit.proving.principals and claimed.update_id
        if not claimed.offers and not (mapped and needed != CLAIMED):
            return _short(Verdict(), needed, claimed)
        one = await self._event(claimed)
        if one is None:
            return Verdict("", NOT_VERIFIED, "what you said is not found in this incident's history; say it again")
        found = await self.prove(one, who, About(claimed.incident_id, claimed.gate_digest), fresh=True)
        return found if found.refusal else _short(found, needed, claimed)

    async def prove(self, one: Spoken, who: Person, about: About, *, fresh: bool) -> Verdict:
        """The strongest proof that the event ``one`` holds for ``who``.

        ``fresh`` uses up what is good and counts what is wrong. Otherwise what was said earlier is held against the kit
        and the devices of now, and against what was used up for it then.
        """
        proved = ""
        for name, check in (("code", self._code), ("signature", self._signature)):
            if one.payload.get(name):
                found = await check(one, who, about, fresh=fresh)
                if found.refusal:
                    return found
                proved = found.how
        mine = self._hands.kit.proving.principals.get(who.name)
        return Verdict(PRINCIPAL if mine and one.principal == mine else proved)

    async def _event(self, claimed: Claimed) -> Spoken | None:
        """The command's own event: by its update id; of Signals the last one that says exactly this."""
        info = activity.info()
        run = await read_run(self._hands.temporal, info.workflow_id or "", info.workflow_run_id or "")
        for one in reversed(run.spoken if run else ()):
            if claimed.update_id:
                if one.update_id == claimed.update_id:
                    return one
            elif not one.update_id and _print(one) == claimed.fingerprint:
                return one
        return None

    async def _code(self, one: Spoken, who: Person, about: About, *, fresh: bool) -> Verdict:
        try:
            given = str(parse(one.name, one.payload)["code"])
            key = identity_key(self._hands.environ)
        except Malformed:
            return Verdict("", NOT_VERIFIED, "the code is none: it has six digits, or twelve, of two codes in a row")
        except NoIdentityKey as error:
            return Verdict("", NOT_VERIFIED, f"the worker can't check a code: {error}")
        device = await self._devices.at(who.name, times.text(one.at))
        if device is None or device.lost_at:
            lost = (
                f"the device of {who.name} was reported lost at {device.lost_at}" if device else "no device gives codes"
            )
            return Verdict("", NOT_VERIFIED, f"{lost}; enrol one: halon enrol {who.name} --totp")
        at, own = one.at.timestamp(), seed(key, who.name, device.generation)
        name = f"totp-{device.generation:04}-"
        if len(given) == 2 * totp.DIGITS:  # which nobody guesses, so that guesses under this name do not stop it
            second = totp.in_a_row(own, given, at)
            if second is None:
                return Verdict(
                    "", NOT_VERIFIED, "these are not two codes in a row that your authenticator showed just now"
                )
            step = totp.step_of(at) + second
            first = await self._once(f"{name}{step - 1}", TOTP, one, who, fresh=fresh)
            return first if first.refusal else await self._once(f"{name}{step}", TOTP, one, who, fresh=fresh)
        async with self._one_by_one.setdefault(who.name, asyncio.Lock()):
            if fresh and await self._spent.exhausted(who.name, at):
                return Verdict("", TOO_MANY, f"{MOST_WRONG} wrong codes came under the name {who.name} within "
                               f"{PERIOD // 60} minutes; give two codes in a row, the one shown now and the next, "
                               "as --code \"CODE CODE\"; or sign it: --sign KEYFILE")  # fmt: skip
            away = totp.offset(own, given, at)
            if away is None or abs(away) > totp.WINDOW:
                if fresh:
                    await self._spent.wrong(who.name, at)
                return Verdict("", NOT_VERIFIED, _off(away))
            return await self._once(f"{name}{totp.step_of(at) + away}", TOTP, one, who, fresh=fresh)

    async def _signature(self, one: Spoken, who: Person, about: About, *, fresh: bool) -> Verdict:
        try:
            said = parse(one.name, one.payload)
        except Malformed:
            return Verdict("", NOT_VERIFIED, "the signature is none")
        again = range(1, MOST_AGAIN + 1)
        lines = tuple(statement(about.incident_id, said.name, said.parameters, about.digest, time) for time in again)
        try:
            found = await ssh.check(self._hands.kit.proving.signers, who.name, lines, str(said["signature"]), one.at)
        except NoSigning as error:
            return Verdict("", NOT_VERIFIED, f"the worker can't check a signature: {error}")
        if not found.good:
            if who.name in found.others:
                return Verdict(
                    "", NOT_VERIFIED, f"the signature is of {who.name} and over something else; sign: {lines[0]}"
                )
            whose = f"the key is that of {', '.join(found.others)}" if found.others else "no key of theirs made it"
            return Verdict(
                "", NOT_VERIFIED, f"the signature is not of {who.name}: {whose}; see allowed_signers of the kit"
            )
        what = f"ssh-{sha256(lines[found.line].encode()).hexdigest()}"
        return await self._once(what, SSH, one, who, fresh=fresh)

    async def _once(self, what: str, how: str, one: Spoken, who: Person, *, fresh: bool) -> Verdict:
        """A good proof counts for one saying, that of ``one``'s event."""
        saying = f"{one.run_id}/{one.update_id or one.number}"
        serves = self._spent.take if fresh else self._spent.by
        if how == TOTP and (together := _together(one)):  # one code answers these gates, each of them once
            whole, gate = f"{one.name} {digest(plain(together))}", digest(plain(one.payload["gate"]))
            good = await serves(who.name, what, whole) and await serves(who.name, f"{what}-{gate}", saying)
        else:
            good = await serves(who.name, what, saying)
        if good:
            return Verdict(how)
        if not fresh:
            return Verdict("", USED, "its proof was not taken when it was said, or served something else")
        step = "wait for the next one" if how == TOTP else "sign it anew; halon approve does so by itself"
        word = "code" if how == TOTP else "signature"
        return Verdict("", USED, f"this {word} served already, and each serves once; {step}")


def _together(one: Spoken) -> list[str]:
    """The gates that this answer and its like answer with one code; empty where it stands alone."""
    try:
        given = parse(one.name, one.payload)["together"]
    except Malformed:
        return []
    return sorted(given) if one.name in ANSWERS and given and one.payload.get("gate") in given else []


def _short(found: Verdict, needed: str, claimed: Claimed) -> Verdict:
    """``found``, refused where more is ``needed``, with the exact command that gives it."""
    if at_least(found.how, needed):
        return found
    gate = str(claimed.parameters.get("gate", "")) if claimed.command in ANSWERS else ""
    words = " ".join(
        filter(None, ("halon", claimed.command, ids.reference(claimed.incident_id), gate, "--by", claimed.by))
    )
    ways = {TOTP: f"{words} asks for your code, or add --sign KEYFILE", SSH: f"{words} --sign KEYFILE",
            PRINCIPAL: "say it as an Update, signed in at Temporal as who the kit's principal says you are"}  # fmt: skip
    has = f"{found.how} is too little" if found.how else "a name alone proves nothing"
    step = ways.get(needed, "mend verifier: in authority.yaml")
    return Verdict(found.how, NOT_VERIFIED, f"this takes the verifier {needed}, and {has}: {step}")


def _off(away: int | None) -> str:
    if away is None:
        return "the code is wrong; take the one that your authenticator shows now for Halon"
    seconds = abs(away) * totp.STEP
    word = "old" if away < 0 else "ahead"
    return (f"the code is about {seconds} seconds {word}: if you typed it just now, the clock of your device or of the "
            "server is off by more than a step; set it, then take the next code")  # fmt: skip


def _print(one: Spoken) -> str:
    try:
        return fingerprint(parse(one.name, one.payload))
    except HalonError:
        return ""
