"""Variables that are not set, and people who can't be paged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from halon.judgement.policy import Policy
from halon.kit.bundle import Bundle
from halon.kit.channels import missing
from halon.kit.tonight.finding import Finding
from halon.kit.tonight.sources import senders, without_secret
from halon.kit.tonight.spoken import listed


def reach(
    bundle: Bundle, policy: Policy, secrets: Mapping[str, tuple[str, ...]], environ: Mapping[str, str]
) -> Iterator[Finding]:
    """What can't be reached as things are. ``secrets`` maps agents and connectors to the variables of their secrets."""
    yield from _agents(policy, secrets, environ)
    yield from _channels(bundle, environ)
    for name, channel in bundle.communications.channels.items():
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
    for name, source in senders(bundle).items():
        yield from without_secret(name, source, environ)


def _agents(policy: Policy, secrets: Mapping[str, tuple[str, ...]], environ: Mapping[str, str]) -> Iterator[Finding]:
    """Agents and connectors without their secrets, those that Halon may act on first; one finding for the same lack."""
    cut_off: dict[tuple[str, ...], list[str]] = {}
    for name, variables in sorted(secrets.items(), key=lambda one: _observed(policy, one[0])):
        if absent := tuple(variable for variable in variables if not environ.get(variable)):
            cut_off.setdefault(absent, []).append(name)
    for absent, names in cut_off.items():
        whose = "agent" if names[0] in policy.agents else "connector"
        others = f" (and {listed(names[1:], 6)})" if names[1:] else ""
        are, it = ("are", "them") if len(absent) > 1 else ("is", "it")
        what = f"the {whose} {names[0]}{others} can't be reached: {listed(absent, 6)} {are} not set"
        yield Finding("fails", "kill switch and safe mode", what, f"set {it} where the worker runs")


def _channels(bundle: Bundle, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Channels without their variables; one finding for those that lack the same."""
    lacking: dict[tuple[bool, tuple[str, ...]], list[str]] = {}
    for name, channel in bundle.communications.channels.items():
        if unset := missing(channel, environ):
            lacking.setdefault((channel.optional, unset), []).append(name)
    for (optional, unset), names in lacking.items():
        effect = ("are not used" if len(names) > 1 else "is not used") if optional else "will fail"
        are, it = ("are", "them") if len(unset) > 1 else ("is", "it")
        what = f"the channel{_s(names)} {listed(names, 6)} {effect}: {listed(unset, 6)} {are} not set"
        fix = f"set {it} where the worker runs, or take {'them' if len(names) > 1 else 'it'} out of communications.yaml"
        yield Finding("weak" if optional else "fails", "prepared notices", what, fix)


def _s(names: Sequence[str]) -> str:
    return "s" if len(names) > 1 else ""


def _observed(policy: Policy, agent: str) -> bool:
    known = policy.agents.get(agent)
    return known is None or known.mode == "observe"


def _is_here(server: str) -> bool:
    return server.rpartition(":")[0].strip("[]") in ("localhost", "127.0.0.1", "::1")
