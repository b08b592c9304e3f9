"""What can go wrong with an incident, as types.

    HalonError
    ├── Malformed            the input does not have the shape that its name asks for
    │   └── UnknownCommand   no such command; the known names are listed
    ├── ForgedState          a state was handed in that no run of this incident carried
    └── BrokenChain          the record does not chain (see ``chain.py``)

A command that is well formed but may not be done is not an exception: it is a ``Refused`` (see ``saying.py``).
"""

from __future__ import annotations


class HalonError(Exception):
    """Base of all errors that Halon raises itself."""


class Malformed(HalonError):
    """The input does not have the shape that its name asks for. The message names the field and the next step."""


class UnknownCommand(Malformed):
    """No command has this name."""


class ForgedState(HalonError):
    """A carried state arrived without a run that carried it."""
