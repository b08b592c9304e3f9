"""What a command can fail with, as types; each with the next step. ``entry.py`` turns them into one line and a code.

HalonError
└── CommandFailed        exit code 1
    ├── Usage            exit code 2: the command was typed wrongly
    ├── UnknownIncident  no incident of this name; the open ones are listed
    ├── Ambiguous        more than one incident is meant
    ├── NoWorker         Temporal answers, and no worker does
    ├── Restricted       only named people see the incident (in restricted.py)
    ├── SaidNo           the incident refused the command
    └── NotTaken         the front door did not take the report
"""

from __future__ import annotations

from halon.incident.errors import HalonError


class CommandFailed(HalonError):
    """The command did not do what was asked. ``next_step`` says what to type or do."""

    code = 1

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(f"{what} → {next_step}" if next_step else what)
        self.what = what
        self.next_step = next_step


class Usage(CommandFailed):
    """The command was typed wrongly."""

    code = 2


class UnknownIncident(CommandFailed):
    """There is no incident of this name."""


class Ambiguous(CommandFailed):
    """More than one incident is meant."""


class NoWorker(CommandFailed):
    """Temporal answers, and no worker does."""


class SaidNo(CommandFailed):
    """The incident refused the command. ``kind`` is the stable name of the refusal."""

    def __init__(self, kind: str, what: str, next_step: str = "") -> None:
        super().__init__(what, next_step)
        self.kind = kind


class NotTaken(CommandFailed):
    """The front door did not take the report."""
