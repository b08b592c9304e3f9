"""What can go wrong with an outside call, as types. What matters is whether it may have taken effect.

ConnectorError
├── Refused         we did not send it: the kit does not allow this target, or the call can't be sent as it is
├── MissingSecret   we did not send it: an environment variable that it needs is not set
├── Unreachable     it provably did not arrive: try again
├── NoAnswer        it may have arrived: nobody knows until somebody looks
└── Unexpected      it was answered, and not as the call expects
"""

from __future__ import annotations

from typing import Literal

from halon.incident.errors import HalonError

Protocol = Literal["http", "smtp"]
"""Whose code a status is: 503 of HTTP says nothing about what arrived, 503 of SMTP is a refusal."""


class ConnectorError(HalonError):
    """Base of all errors of outside calls."""


class Refused(ConnectorError):
    """The call was not sent. ``host`` is where it would have gone, ``why`` says what speaks against it."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(f"{host[:200] or 'the target'} is not reached: {why}")
        self.host = host
        self.why = why

    def __reduce__(self) -> tuple[type[Refused], tuple[str, str]]:
        return type(self), (self.host, self.why)


class MissingSecret(ConnectorError):
    """The environment variable ``name``, which the call needs, is not set. Nothing was sent."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the environment variable {name} is not set; set it where the worker runs, then try again")
        self.name = name

    def __reduce__(self) -> tuple[type[MissingSecret], tuple[str]]:
        return type(self), (self.name,)


class Unreachable(ConnectorError):
    """No connection came about, so the call provably did not arrive."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(f"{host} can't be reached ({why}); nothing arrived there")
        self.host = host
        self.why = why

    def __reduce__(self) -> tuple[type[Unreachable], tuple[str, str]]:
        return type(self), (self.host, self.why)


class NoAnswer(ConnectorError):
    """The call was on its way and no answer came back: it may have taken effect."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(f"{host} did not answer ({why}); the call may have taken effect")
        self.host = host
        self.why = why

    def __reduce__(self) -> tuple[type[NoAnswer], tuple[str, str]]:
        return type(self), (self.host, self.why)


class Unexpected(ConnectorError):
    """An answer other than the call expects. ``status`` is the code of ``protocol``, ``what`` says what was seen."""

    def __init__(self, status: int, what: str, protocol: Protocol = "http") -> None:
        super().__init__(f"answered {status}: {what}" if what else f"answered {status}")
        self.status = status
        self.what = what
        self.protocol = protocol

    def __reduce__(self) -> tuple[type[Unexpected], tuple[int, str, Protocol]]:
        return type(self), (self.status, self.what, self.protocol)
