"""What a control forbids: one type for each reason."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A control forbids this. ``code`` is a stable name; the text is a plain sentence that a model may be shown.

    ``approval`` is the id to approve, if that would help; ``retry_after`` the seconds after which to try again, or 0.
    ``status`` is that of the HTTP answer with the fallback, where there is nothing to try again.
    """

    code = "refused"
    status = 200

    def __init__(self, sentence: str, *, approval: str = "", retry_after: int = 0) -> None:
        super().__init__(sentence)
        self.approval, self.retry_after = approval, retry_after

    def __init_subclass__(cls, code: str, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.code = code


class AgentStopped(Refused, code="kill_switch"):
    """The kill switch is on."""


class AgentHardStopped(AgentStopped, code="hard_stop"):
    """The agent is stopped hard: nothing is answered, and the sessions that ran were ended."""

    status = 503


class Draining(Refused, code="draining"):
    """No new sessions are taken; those that run go on."""


class SessionEnded(Refused, code="session_ended"):
    """The session was ended for good."""


class TenantIsolated(Refused, code="tenant_isolated"):
    """The tenant or user whose session this is was set apart."""


class ToolDisabled(Refused, code="tool_disabled"):
    """The tool is switched off, for everybody or for this session."""


class AgentReadOnly(Refused, code="read_only"):
    """The tool writes, and the agent may only read: by its switch, or because its control state can't be read."""


class ApprovalNeeded(Refused, code="approval_needed"):
    """A person must agree to this very call first."""


class RateExceeded(Refused, code="rate_limit"):
    """Too many calls or turns in the last minute."""


class SpendExceeded(Refused, code="spend_cap"):
    """The last hour cost as much as the cap allows."""


class TokensExceeded(Refused, code="token_cap"):
    """The model calls of the last hour took as many tokens as the cap allows."""


class TooManyAtOnce(Refused, code="concurrency_cap"):
    """As many turns run as may run at the same time."""


class EgressBlocked(Refused, code="egress_blocked"):
    """The call names a domain that may not be reached."""


class BrowsingBlocked(Refused, code="browsing_blocked"):
    """The tool browses, and browsing is blocked."""


class GuardrailHit(Refused, code="guardrail"):
    """A rule holds back an answer or the arguments of a call."""


class VersionNotHere(Refused, code="version_not_here"):
    """What is pinned is none of the versions that the agent has."""


class TokenOutdated(Refused, code="token_outdated"):
    """A session or API token was issued before the current epoch."""


class RehearsalRuns(Refused, code="rehearsal"):
    """A rehearsal runs in this process, and the call belongs to no turn: it may well be the rehearsal's."""


def refused_in(error: BaseException | None, depth: int = 0) -> Refused | None:
    """The refusal behind an error that a framework wrapped."""
    if error is None or depth > 10 or isinstance(error, Refused):
        return error if isinstance(error, Refused) else None
    inner = [error.__cause__, error.__context__, *getattr(error, "exceptions", ())]
    return next((found for one in inner if (found := refused_in(one, depth + 1)) is not None), None)
