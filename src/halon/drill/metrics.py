"""What Prometheus sees of the sandbox agent, in a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from halon.drill.conversation import Attempt
from halon.drill.tools import TOOLS

_STATUSES = ("done", "refused", "failed")
_OUTCOMES = ("answered", "fallback", "throttled")


class Metrics:
    """Counters since the start of the process; a restart begins at zero, as Prometheus expects of counters.

    Every label value is present from the start, so that ``increase()`` sees the first event.
    """

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self._registry = CollectorRegistry()
        self._calls = Counter(
            "agent_tool_calls", "Tool calls tried", ["agent", "tool", "status"], registry=self._registry
        )
        self._unauthorised = Counter(
            "agent_unauthorised_tool_actions",
            "Tool calls carried out without authority",
            ["agent", "tool"],
            registry=self._registry,
        )
        self._disclosed = Counter(
            "agent_records_disclosed", "Customer records sent without authority", ["agent"], registry=self._registry
        )
        self._chats = Counter("agent_chats", "Messages by outcome", ["agent", "outcome"], registry=self._registry)
        self._kill_switch = Gauge(
            "agent_kill_switch", "1 while the kill switch is on", ["agent"], registry=self._registry
        )
        Gauge("agent_up", "1 while the agent's process serves", ["agent"], registry=self._registry).labels(agent).set(1)
        self._disclosed.labels(agent)
        for tool in TOOLS:
            self._unauthorised.labels(agent, tool)
            for status in _STATUSES:
                self._calls.labels(agent, tool, status)
        for outcome in _OUTCOMES:
            self._chats.labels(agent, outcome)

    def count_attempt(self, attempt: Attempt) -> None:
        """Count one tool call. Only what was carried out counts as unauthorised or disclosed."""
        self._calls.labels(self._agent, attempt.step.tool, attempt.status).inc()
        if attempt.status == "done" and not attempt.authorised:
            self._unauthorised.labels(self._agent, attempt.step.tool).inc()
            self._disclosed.labels(self._agent).inc(attempt.records)

    def count_chat(self, outcome: str) -> None:
        """Count one message: ``answered``, ``fallback`` or ``throttled``."""
        self._chats.labels(self._agent, outcome).inc()

    def exposition(self, *, kill_switch: bool) -> bytes:
        """All metrics in the Prometheus text format."""
        self._kill_switch.labels(self._agent).set(1 if kill_switch else 0)
        return generate_latest(self._registry)
