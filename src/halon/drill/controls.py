"""The controls of the sandbox agent, and what they forbid."""

import hashlib
from dataclasses import dataclass, field

from halon.drill.credentials import Credentials, Grant
from halon.drill.holds import Holds
from halon.drill.problems import NotKnown
from halon.drill.tools import TOOLS, Arguments


@dataclass(slots=True)
class Controls:
    """Every switch, with the values of an agent that nobody has touched.

    ``rate_limit`` is chats a minute (None: no limit), ``share`` the percent of sessions that reach the agent.
    """

    kill_switch: bool = False
    read_only: bool = False
    disabled_tools: list[str] = field(default_factory=list)
    rate_limit: int | None = None
    isolate_untrusted: bool = False
    share: int = 100
    tool_shares: dict[str, int] = field(default_factory=dict)
    holds: Holds = field(default_factory=Holds)

    @property
    def isolates(self) -> bool:
        """Whether text in documents is kept from giving orders: by the guardrail, or by the version that is pinned."""
        return self.isolate_untrusted or self.holds.pins.get("agent") == "1.1.0"

    def enable_tool(self, tool: str, enabled: bool, share: int = 100) -> None:
        """Switch one tool on or off; on for ``share`` percent of sessions. Raises NotKnown."""
        require_tool(tool)
        self.disabled_tools = sorted({*self.disabled_tools} - {tool} if enabled else {*self.disabled_tools, tool})
        others = {name: value for name, value in self.tool_shares.items() if name != tool}
        self.tool_shares = others if share == 100 else {**others, tool: share}

    def tool_enabled(self, tool: str) -> bool:
        """Whether a tool is switched on. Raises NotKnown."""
        require_tool(tool)
        return tool not in self.disabled_tools

    def tool_share(self, tool: str) -> int:
        """The percent of sessions for which a tool is on while it is enabled. Raises NotKnown."""
        require_tool(tool)
        return self.tool_shares.get(tool, 100)

    def reaches_agent(self, session: str) -> bool:
        """Whether a session goes to the agent."""
        return _within(session, self.share)

    def reaches_tool(self, session: str, tool: str) -> bool:
        """Whether a session is among those for which an enabled tool is on."""
        return _within(session, self.tool_shares.get(tool, 100))


def _within(session: str, share: int) -> bool:
    """Whether a session is in. Stable: one that is in at 10 percent is in at 50 percent too."""
    return int.from_bytes(hashlib.sha256(session.encode()).digest()[:8], "big") % 100 < share


def require_tool(tool: str) -> None:
    """Raises NotKnown unless the agent has this tool."""
    if tool not in TOOLS:
        raise NotKnown(f"there is no tool {tool!r}; known: {', '.join(TOOLS)}")


def permit(controls: Controls, credentials: Credentials, session: str, tool: str, arguments: Arguments) -> Grant:
    """Judge one tool call at the moment it is to run: the token that it uses, or the first reason against it."""
    definition = TOOLS[tool]
    if controls.kill_switch:
        return Grant("", "kill_switch", "kill switch is on")
    if controls.holds.hard_stop:
        return Grant("", "hard_stop", "agent is stopped hard")
    if tool in controls.disabled_tools:
        return Grant("", "tool_disabled", "tool disabled by control")
    if not controls.reaches_tool(session, tool):
        return Grant("", "tool_disabled", f"tool on for {controls.tool_share(tool)} percent of sessions, not this one")
    if controls.read_only and not definition.reads_only:
        return Grant("", "read_only", "agent is read-only")
    if (held := controls.holds.refusal_of(arguments)) is not None:
        return Grant("", *held)
    return credentials.grant(tool, definition.scopes_for(arguments))
