"""What can be wrong with identities, as types.

IdentityError
├── NoIdentityKey   the key from which codes are derived is not set
├── NotAllowed      this person may not enrol that one, or the code does not prove it
│   └── CodeNeeded     they have a device of their own and gave no code of it
├── NotEnrolled     nothing is enrolled under this name that could be confirmed, replaced or lost
└── NoSigning       ssh-keygen is not there, or could not sign or read a key
"""

from __future__ import annotations

from halon.incident.errors import HalonError


class IdentityError(HalonError):
    """Base of the errors of identities."""


class NoIdentityKey(IdentityError):
    """The variable ``name`` is not set, or shorter than ``shortest`` characters."""

    def __init__(self, name: str, shortest: int, *, given: bool = False) -> None:
        wrong = f"is shorter than {shortest} characters" if given else "is not set"
        super().__init__(f"{name} {wrong}: no code can be checked or enrolled; make one with openssl rand -hex 32, and set "
                         "it for the worker and where people are enrolled")  # fmt: skip
        self.name = name


class NotAllowed(IdentityError):
    """This person may not enrol that one, or the code that was given does not prove that it is them."""


class CodeNeeded(NotAllowed):
    """They have a device of their own and gave no code of it."""


class NotEnrolled(IdentityError):
    """Nothing is enrolled under this name that could be confirmed, replaced or lost."""


class NoSigning(IdentityError):
    """``ssh-keygen`` is not there, or could not sign or read a key."""
