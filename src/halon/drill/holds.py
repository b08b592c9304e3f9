"""What of the sandbox agent is held back besides its tools: sessions, tenants, sources, domains, links, texts, versions."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from halon.drill.documents import DOCUMENTS
from halon.drill.problems import NotKnown, NotUnderstood, TooMany
from halon.drill.texts import breaks, without_links
from halon.drill.tools import Arguments, recipient_domain

RUNS = timedelta(minutes=30)
"""How long after its last message a session counts as running."""
SOURCES = tuple(dict.fromkeys(document.source for document in DOCUMENTS))
VERSIONS = ("1.0.0", "1.1.0")
"""The agent's versions that can be pinned. 1.1.0 keeps text in documents from giving orders, 1.0.0 does not."""
MOST_HELD = 1_000


@dataclass(slots=True)
class Seen:
    """When the first and the last message of a session came (UTC)."""

    first: datetime
    last: datetime


@dataclass(slots=True)
class Holds:
    """Every hold, with the values of an agent that nobody has touched. Times are UTC.

    ``ended`` are sessions, ``rules`` texts that may not pass by the rule's name, ``pins`` versions by what they are of.
    """

    hard_stop: bool = False
    drained_at: datetime | None = None
    all_ended_at: datetime | None = None
    ended: dict[str, datetime] = field(default_factory=dict)
    tenants: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)
    links: bool = False
    rules: dict[str, str] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)

    def stop_hard(self, on: bool) -> None:
        """Stop everything and end the sessions that ran, or serve new ones again."""
        if on and not self.hard_stop:
            self.all_ended_at = datetime.now(UTC)
        self.hard_stop = on

    def drain(self, on: bool) -> None:
        """Take no new sessions, or take them again."""
        self.drained_at = (self.drained_at or datetime.now(UTC)) if on else None

    def end_session(self, session: str) -> datetime:
        """End one session for good. Raises TooMany."""
        if session not in self.ended:
            if len(self.ended) >= MOST_HELD:
                raise TooMany(f"{MOST_HELD} sessions were ended already; end all with POST /control/sessions/end")
            self.ended[session] = datetime.now(UTC)
        return self.ended[session]

    def ended_at(self, session: str, seen: Seen | None) -> datetime | None:
        """When a session was ended, on its own or with all others."""
        with_all = self.all_ended_at if seen and self.all_ended_at and seen.first <= self.all_ended_at else None
        return self.ended.get(session) or with_all

    def quarantine(self, source: str, on: bool) -> None:
        """Keep a source out of what is retrieved. Raises NotKnown."""
        require_source(source)
        self.sources = changed(self.sources, source, on)

    def hold_back(self, rule: str, text: str | None) -> None:
        """Set a rule, or take it back. Raises TooMany."""
        others = {name: value for name, value in self.rules.items() if name != rule}
        if text is not None and len(others) >= MOST_HELD:
            raise TooMany(f"there are {MOST_HELD} rules already")
        self.rules = others if text is None else {**others, rule: text}

    def pin(self, what: str, value: str | None) -> None:
        """Pin a version, or lift the pin. Raises NotKnown, NotUnderstood."""
        require_pinnable(what)
        if value is not None and value not in VERSIONS:
            raise NotUnderstood(f"there is no version {value!r} of the agent; known: {', '.join(VERSIONS)}")
        self.pins = {} if value is None else {what: value}

    def reason_against(self, session: str, customer: str | None, seen: Seen | None) -> str | None:
        """Why a message of this session gets the fallback; None if it is answered."""
        if customer is not None and customer in self.tenants:
            return "tenant_isolated"
        if self.ended_at(session, seen) is not None:
            return "session_ended"
        if self.drained_at is not None and (seen is None or seen.last < self.drained_at - RUNS):
            return "draining"
        return None

    def without_documents(self) -> frozenset[str]:
        """The documents of quarantined sources."""
        return frozenset(document.id for document in DOCUMENTS if document.source in self.sources)

    def refusal_of(self, arguments: Arguments) -> tuple[str, str] | None:
        """A code and a reason against a tool call with these arguments."""
        domain = recipient_domain(arguments)
        if domain and any(domain == one or domain.endswith(f".{one}") for one in self.domains):
            return "egress_blocked", f"{domain} may not be reached"
        texts = [text for value in arguments.values() for text in ([value] if isinstance(value, str) else value)]
        broken = next((name for name, text in self.rules.items() if any(breaks(text, one) for one in texts)), None)
        return None if broken is None else ("guardrail", f"rule {broken} holds this back")

    def leaving(self, reply: str) -> str | None:
        """A reply as it may leave; None if a rule holds it back."""
        if any(breaks(text, reply) for text in self.rules.values()):
            return None
        return without_links(reply) if self.links else reply


def require_source(source: str) -> None:
    """Raises NotKnown unless the agent retrieves from this source."""
    if source not in SOURCES:
        raise NotKnown(f"there is no source {source!r}; known: {', '.join(SOURCES)}")


def require_pinnable(what: str) -> None:
    """Raises NotKnown unless there are versions of this."""
    if what != "agent":
        raise NotKnown(f"there are no versions of {what!r}; known: agent")


def changed(names: list[str], name: str, on: bool) -> list[str]:
    """``names`` with or without one, sorted. Raises TooMany."""
    found = sorted({*names} - {name} if not on else {*names, name})
    if len(found) > MOST_HELD:
        raise TooMany(f"{MOST_HELD} are held already; take some back first")
    return found
