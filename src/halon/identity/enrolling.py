"""Give somebody a device for codes, replace it, or say that it is lost: who may, and what goes on record of it.

Whoever does this holds the key of all seeds anyway. The rules keep honest people honest and leave a trace: every step is
an object in the evidence store that is never written over.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from halon.evidence.store import EvidenceStore
from halon.identity import totp
from halon.identity.devices import Device, Devices
from halon.identity.errors import CodeNeeded, NotAllowed, NotEnrolled
from halon.identity.seeds import seed
from halon.identity.spent import MOST_WRONG, PERIOD, Spent
from halon.incident import times
from halon.incident.strength import TOTP


@dataclass(frozen=True, slots=True)
class Enroller:
    """Who does it: their name, their roles, and the code of their own device if they gave one."""

    name: str
    roles: Sequence[str]
    code: str = ""


class Enrolling:
    """Enrolment against one store. ``key`` is that of all seeds, ``roles`` those that may enrol other people."""

    def __init__(self, store: EvidenceStore, key: bytes, roles: Sequence[str], issuer: str) -> None:
        self._devices, self._spent = Devices(store), Spent(store)
        self._key, self._roles, self._issuer = key, roles, issuer

    async def begin(self, person: str, who: Enroller, now: str) -> tuple[Device, str]:
        """A new device and its ``otpauth://`` address; it counts once ``confirm`` was given a code of it.

        Raises NotAllowed, CodeNeeded if ``who`` has a device of their own and gave no code of it, OSError.
        """
        how = await self._allowed(person, who, now)
        device = await self._devices.begin(person, who.name, how, now)
        return device, totp.uri(seed(self._key, person, device.generation), person, self._issuer)

    async def confirm(self, person: str, code: str, now: str) -> Device:
        """The newest device counts from ``now`` on, in place of the one before. Raises NotEnrolled, NotAllowed, OSError."""
        waiting = [one for one in await self._devices.of(person) if not one.confirmed_at and not one.lost_at]
        if not waiting:
            raise NotEnrolled(f"no new device of {person} waits for its first code; begin: halon enrol {person} --totp")
        await self._check(person, waiting[-1], code, now)
        await self._devices.confirm(waiting[-1], now)
        return waiting[-1]

    async def lose(self, person: str, who: Enroller, now: str) -> tuple[Device, ...]:
        """No code of any device of ``person`` counts any more. One's own is given up without a code: it is lost.

        Raises NotEnrolled, NotAllowed, CodeNeeded, OSError.
        """
        how = "" if person == who.name else await self._allowed(person, who, now)
        return await self._devices.lose(person, who.name, how, now)

    async def _allowed(self, person: str, who: Enroller, now: str) -> str:
        """How ``who`` proved to be themselves, if they may enrol ``person``. Raises NotAllowed, CodeNeeded."""
        own = await self._devices.at(who.name, now)
        live = own if own is not None and not own.lost_at else None
        if person == who.name:
            if live is None and await self._devices.anybody():
                raise NotAllowed(f"nobody enrols their own first device once anybody has one; ask somebody who is "
                                 f"{' or '.join(self._roles) or 'allowed to'}: halon enrol {person} --totp --by THEIR-NAME")  # fmt: skip
        elif not set(who.roles) & set(self._roles):
            held = ", ".join(who.roles) or "no role"
            raise NotAllowed(f"{who.name} holds {held}; other people are enrolled by {' or '.join(self._roles) or 'nobody'} "
                             "(enrol: in authority.yaml)")  # fmt: skip
        if live is None:
            return ""
        if not who.code:
            raise CodeNeeded(f"{who.name} has a device: give a code of it, --code CODE")
        await self._check(who.name, live, who.code, now)
        return TOTP

    async def _check(self, person: str, device: Device, code: str, now: str) -> None:
        at = times.parse(now).timestamp()
        given, own = "".join(code.split()), seed(self._key, person, device.generation)
        row = len(given) == 2 * totp.DIGITS  # which nobody guesses, so that guesses shut nobody out
        if not row and await self._spent.exhausted(person, at):
            raise NotAllowed(f"{MOST_WRONG} wrong codes came under the name {person} within {PERIOD // 60} minutes; "
                             "give two codes in a row, or wait as long")  # fmt: skip
        away = totp.in_a_row(own, given, at) if row else totp.offset(own, given, at)
        if away is None or abs(away) > totp.WINDOW:
            if not row:
                await self._spent.wrong(person, at)
            why = "is wrong" if away is None else f"is about {abs(away) * totp.STEP} seconds off: set the clock"
            raise NotAllowed(f"the code of {person} {why}")
        saying, step = f"enrol/{secrets.token_hex(16)}", totp.step_of(at) + away
        served = [f"totp-{device.generation:04}-{one}" for one in ((step - 1, step) if row else (step,))]
        if not all([await self._spent.take(person, what, saying) for what in served]):
            raise NotAllowed(f"this code of {person} served already; wait for the next one")


def usable(devices: Sequence[Device]) -> Device | None:
    """The device whose codes count now, of all of one person."""
    confirmed = [one for one in devices if one.confirmed_at]
    return confirmed[-1] if confirmed and not confirmed[-1].lost_at else None
