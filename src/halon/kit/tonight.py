"""What is sound in a kit and would still fail tonight: variables that are not set, people who can't be paged."""

from __future__ import annotations

from collections.abc import Mapping

from halon.judgement.policy import Policy
from halon.kit.bundle import Bundle
from halon.kit.channels import missing


def tonight(bundle: Bundle, policy: Policy, secrets: Mapping[str, str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Sentences, each with the next step: first of the agents that Halon acts on, then of those that it observes.

    ``secrets`` maps agents to the variable of their secret.
    """
    said: list[str] = []
    for agent, variable in sorted(secrets.items(), key=lambda one: _observed(policy, one[0])):
        if not environ.get(variable):
            said.append(f"the agent {agent} can't be reached: {variable} is not set; set it where the worker runs")
    for name, channel in bundle.communications.channels.items():
        unset = missing(channel, environ)
        if unset:
            effect = "is not used" if channel.optional else "will fail"
            said.append(f"the channel {name} {effect}: {', '.join(unset)} is not set")
        server = environ.get(channel.server_env or "", "")
        if server and channel.kind == "smtp" and channel.security == "none" and not _is_here(server):
            said.append(f"the channel {name} sends mail in the clear to {server}; set security: starttls")
    for person in policy.people:
        if not person.channels:
            said.append(f"{person.name} can't be paged: none of their channels is set up; add pages-file to them")
    if not policy.leadership_channels:
        said.append("leadership is told nothing: none of its channels is set up")
    for name, source in bundle.sources.sources.items():
        if not environ.get(source.token_env):
            said.append(
                f"the source {name} has no token: set {source.token_env}, or start with 'halon up', which makes one"
            )
    return tuple(said)


def _observed(policy: Policy, agent: str) -> bool:
    known = policy.agents.get(agent)
    return known is None or known.mode == "observe"


def _is_here(server: str) -> bool:
    return server.rpartition(":")[0].strip("[]") in ("localhost", "127.0.0.1", "::1")
