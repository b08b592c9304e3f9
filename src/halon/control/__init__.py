"""halon.control: the switches that make an agent stoppable. Standard library only, Python 3.10 or newer.

    control = Control("my-agent", state="halon-control.db", fallback="A person will answer you soon.")

    @control.tool(writes=True)
    def send_email(to: str, subject: str, body: str) -> str: ...

    app = control.asgi(app, turns=["/chat"])

Each tool call asks the switches at the moment it is to run. They lie in one SQLite file that all processes of a host
share, and are on the disk before a change is answered: neither a restart nor ``kill -9`` loses one. Action log and traces
take the fast way, a thread that writes four times a second: a crash may lose the last second of log, never a switch.
If the state can't be read, tools that write are refused. The controls are served below ``prefix``, behind the bearer
token in the environment variable ``token_env``; while that is not set, everything but ``/healthz`` answers 503.
"""

from halon.control.control import Control
from halon.control.refusals import (
    AgentHardStopped,
    AgentReadOnly,
    AgentStopped,
    ApprovalNeeded,
    BrowsingBlocked,
    Draining,
    EgressBlocked,
    GuardrailHit,
    RateExceeded,
    Refused,
    RehearsalRuns,
    SessionEnded,
    SpendExceeded,
    TenantIsolated,
    TokenOutdated,
    TokensExceeded,
    ToolDisabled,
    TooManyAtOnce,
    VersionNotHere,
)
from halon.control.turns import Turn

__all__ = [
    "AgentHardStopped",
    "AgentReadOnly",
    "AgentStopped",
    "ApprovalNeeded",
    "BrowsingBlocked",
    "Control",
    "Draining",
    "EgressBlocked",
    "GuardrailHit",
    "RateExceeded",
    "Refused",
    "RehearsalRuns",
    "SessionEnded",
    "SpendExceeded",
    "TenantIsolated",
    "TokenOutdated",
    "TokensExceeded",
    "TooManyAtOnce",
    "ToolDisabled",
    "Turn",
    "VersionNotHere",
]
