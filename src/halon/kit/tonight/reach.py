"""Variables that are not set, and people who can't be paged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from halon.judgement.policy import Policy
from halon.kit.bundle import Bundle
from halon.kit.channels import missing
from halon.kit.tonight.finding import Finding


def reach(bundle: Bundle, policy: Policy, secrets: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[Finding]:
    """What can't be reached as things are. ``secrets`` maps agents to the variable of their secret."""
    for agent, variable in sorted(secrets.items(), key=lambda one: _observed(policy, one[0])):
        if not environ.get(variable):
            what = f"the agent {agent} can't be reached: {variable} is not set"
            yield Finding("fails", "kill switch and safe mode", what, "set it where the worker runs")
    for name, channel in bundle.communications.channels.items():
        if unset := missing(channel, environ):
            effect, rank = ("is not used", "weak") if channel.optional else ("will fail", "fails")
            what = f"the channel {name} {effect}: {', '.join(unset)} is not set"
            yield Finding(
                "weak" if rank == "weak" else "fails", "prepared notices", what, "set it, or take the channel out"
            )
        server = environ.get(channel.server_env or "", "")
        if server and channel.kind == "smtp" and channel.security == "none" and not _is_here(server):
            what = f"the channel {name} sends mail in the clear to {server}"
            yield Finding("weak", "prepared notices", what, "set security: starttls")
    for person in policy.people:
        if not person.channels:
            what = f"{person.name} can't be paged: none of their channels is set up"
            yield Finding("fails", "on-call and commander's playbook", what, "add pages-file to them")
    if not policy.leadership_channels:
        what = "leadership is told nothing: none of its channels is set up"
        yield Finding("weak", "prepared notices", what, "name one that works under leadership: in communications.yaml")
    rota = bundle.oncall.source
    if rota is not None and not environ.get(rota.token_env):
        what = f"{rota.kind} can't be asked who is on call: {rota.token_env} is not set; the rules of oncall.yaml count"
        yield Finding("weak", "on-call and commander's playbook", what, "set it where the worker runs")
    for name, source in bundle.sources.sources.items():
        if not environ.get(source.token_env):
            what = f"the source {name} has no token"
            fix = f"set {source.token_env}, or start with halon up, which makes one"
            yield Finding("fails", "logging and traceability", what, fix)


def _observed(policy: Policy, agent: str) -> bool:
    known = policy.agents.get(agent)
    return known is None or known.mode == "observe"


def _is_here(server: str) -> bool:
    return server.rpartition(":")[0].strip("[]") in ("localhost", "127.0.0.1", "::1")
