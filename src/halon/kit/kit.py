"""A kit that was loaded and found sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from halon.incident.assessment import Person, Roster
from halon.incident.orders import Call
from halon.judgement.policy import Policy
from halon.judgement.roster import on_call
from halon.judgement.vocabulary import near
from halon.kit.channels import Channel
from halon.kit.errors import UnknownAgent


@dataclass(frozen=True, slots=True)
class Source:
    """A sender of alerts. ``token_env`` names the variable that holds the token it must show."""

    name: str
    kind: str
    token_env: str
    agent_label: str = "agent"
    group_label: str = "group"


@dataclass(frozen=True, slots=True)
class Kit:
    """The organisation's prepared folder. ``digest`` is the SHA-256 (hex) of ``canonical``, its content as JSON.

    ``warnings`` say in sentences what is sound and would still fail tonight, such as a secret that is not set.
    ``addresses`` maps people to their mail addresses, ``observe`` agents to the calls with which they are looked at,
    ``authority`` commands to the roles that may say them.
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
    warnings: tuple[str, ...] = ()

    def calls(self, agent: str) -> Mapping[str, Call]:
        """The calls with which ``agent`` is looked at, by name (traces, actions, …). Empty if it has no connector.

        Raises UnknownAgent.
        """
        if agent not in self.observe:
            known = ", ".join(sorted(self.observe))
            raise UnknownAgent(f"there is no agent {agent[:80]!r} in the kit; known: {known}; add it to agents.yaml")
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

    def on_call(self, agent: str, now: str) -> Roster:
        """Who is on call for ``agent`` at ``now`` (ISO 8601 UTC); the general roster for an agent that is not known."""
        return on_call(self.policy.roster_rules, self.policy.people, agent, now)
