"""What the sandbox agent remembers, and how it survives a restart: one JSON file, replaced as a whole."""

import contextlib
import os
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from halon.drill.calls import Calls
from halon.drill.controls import Controls
from halon.drill.credentials import Credentials, first_credentials
from halon.drill.customers import World, untouched_world
from halon.drill.holds import Seen

MOST_ACTIONS = 1000
MOST_SESSIONS = 1000

ActionStatus = Literal["done", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class Action:
    """One tool call that the agent tried, as the action log keeps it. ``at`` is UTC."""

    id: str
    at: datetime
    session: str
    tool: str
    arguments: dict[str, str | list[str]]
    status: ActionStatus
    reason: str | None
    trace_id: str
    credential: str | None
    authorised: bool
    recipient_domain: str | None


@dataclass(slots=True)
class State:
    """All that a restart keeps. The last 1,000 actions and sessions are held; ``actions_made`` counts all of them."""

    name: str
    credentials: Credentials
    controls: Controls = field(default_factory=Controls)
    calls: Calls = field(default_factory=Calls)
    world: World = field(default_factory=untouched_world)
    actions: list[Action] = field(default_factory=list)
    actions_made: int = 0
    sessions: dict[str, Seen] = field(default_factory=dict)
    format: Literal[1] = 1

    def log(self, action: Action) -> None:
        """Add one action to the log."""
        self.actions.append(action)
        del self.actions[:-MOST_ACTIONS]

    def note_session(self, session: str, at: datetime) -> bool:
        """Note a message of a session. True if it is a new one; of the oldest ones the first goes."""
        seen = self.sessions.get(session)
        if seen is not None:
            seen.last = at
            return False
        if len(self.sessions) >= MOST_SESSIONS:
            del self.sessions[next(iter(self.sessions))]
        self.sessions[session] = Seen(at, at)
        return True


_STATE = TypeAdapter(State)


class StateUnusable(Exception):
    """The state file can't be read as the state of this agent."""


class StateFile:
    """Loads and saves the state; without a path it keeps nothing.

    Args:
        path: the file, or None. Its folder must exist.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def load(self, name: str) -> State:
        """The saved state, or a fresh one when there is no file yet.

        Raises:
            StateUnusable: the file is not ours, damaged, or belongs to an agent of another name.
        """
        if self._path is None or not self._path.exists():
            return State(name, first_credentials(name))
        try:
            state = _STATE.validate_json(self._path.read_bytes())
        except OSError as error:
            raise StateUnusable(f"{self._path} is not a readable state file: {error}") from error
        except ValidationError as error:
            # The input stays out of the message: it holds what the agent sent.
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "the start"
            raise StateUnusable(
                f"{self._path} is not a readable state file: {first['msg']} at {where}; move it away"
            ) from error
        if state.name != name:
            raise StateUnusable(f"{self._path} belongs to agent {state.name!r}, not {name!r}; give it another --state")
        return state

    def save(self, state: State) -> None:
        """Write the whole state so that a crash leaves either the old file or the new one.

        Raises:
            OSError: the disk refused. Nothing was replaced.
        """
        if self._path is None:
            return
        descriptor, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(_STATE.dump_json(state))
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
