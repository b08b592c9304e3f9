"""A kit that was loaded and found sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from halon.evidence.labels import Handling
from halon.incident.assessment import Person, Roster
from halon.incident.orders import Call
from halon.judgement.policy import Policy
from halon.judgement.roster import on_call
from halon.judgement.vocabulary import VOCABULARY, near
from halon.kit.channels import Channel
from halon.kit.errors import UnknownAgent
from halon.kit.preapproved import Preapproved
from halon.kit.proving import Proving
from halon.kit.rota import RotaSource
from halon.kit.source import Source


@dataclass(frozen=True, slots=True)
class Kit:
    """The organisation's prepared folder. ``digest`` is the SHA-256 (hex) of ``canonical``, its content as JSON.

    ``warnings`` say in sentences what is sound and would still fail tonight, such as a secret that is not set.
    ``addresses`` maps people to their mail addresses, ``observe`` agents to the calls with which they are looked at,
    ``authority`` commands to the roles that may say them, ``facts`` likewise where the kit says so, ``probes`` agents to the call that shows whether their
    fallback is served, ``groups`` alert rules to the group of their alerts,
    ``notices`` the kit's own notice templates to their text. ``rota`` is the product that says who is on call, if any.
    ``redaction`` holds the patterns of what is masked beside the usual, by name.
    ``evidence`` says how what is sealed is handled, and who reads it. ``proving`` says what must prove who speaks.
    ``preapproved`` are the notice templates that take a lighter gate, by name.
    """

    digest: str
    canonical: bytes
    policy: Policy
    people: Mapping[str, Person]
    channels: Mapping[str, Channel]
    sources: Mapping[str, Source]
    addresses: Mapping[str, str]
    observe: Mapping[str, Mapping[str, Call]]
    authority: Mapping[str, tuple[str, ...]]
    probes: Mapping[str, Call] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    notices: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    rota: RotaSource | None = None
    redaction: Mapping[str, str] = field(default_factory=dict)
    evidence: Handling = field(default_factory=Handling)
    proving: Proving = field(default_factory=Proving)
    preapproved: Mapping[str, Preapproved] = field(default_factory=dict)

    def calls(self, agent: str) -> Mapping[str, Call]:
        """The calls with which ``agent`` is looked at, by name (traces, actions, …). Empty if it has no connector.

        Raises UnknownAgent.
        """
        if agent not in self.observe:
            known = ", ".join(sorted(self.observe))
            raise UnknownAgent(
                f"there is no agent {agent[:80]!r} in the kit; known: {known}; give it a file in agents/"
            )
        return self.observe[agent]

    def may(self, command: str, roles: Sequence[str]) -> tuple[bool, str]:
        """Whether somebody with ``roles`` may say ``command``, and why, as a sentence with the next step."""
        allowed = self.authority.get(command)
        if allowed is None:
            close = near(command, self.authority, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            return False, f"there is no command {command[:80]!r}; {hint}known: {', '.join(self.authority)}"
        held = [role for role in roles if role in allowed]
        if held:
            return True, f"{command} is open to {held[0]}"
        who = ", ".join(name for name, person in self.people.items() if set(person.roles) & set(allowed))
        mine = ", ".join(roles) or "none"
        return False, f"{command} takes the role {' or '.join(allowed)} (yours: {mine}); ask one of {who}"

    def says(self, fact: str) -> tuple[str, ...]:
        """The roles that may say ``fact``, of those who may say facts; empty: all of them.

        What the kit does not say comes from the vocabulary; roles of it that nobody in the kit holds bind nobody.
        Raises KeyError for a name that is not in the vocabulary.
        """
        if fact in self.facts:
            return self.facts[fact]
        held = {role for person in self.people.values() for role in person.roles}
        return tuple(role for role in VOCABULARY[fact].says if role in held)

    def on_call(self, agent: str, now: str) -> Roster:
        """Who is on call for ``agent`` at ``now`` (ISO 8601 UTC); the general roster for an agent that is not known."""
        policy = self.policy
        return on_call(policy.roster_rules, policy.people, agent, now, policy.overrides, policy.absences)
