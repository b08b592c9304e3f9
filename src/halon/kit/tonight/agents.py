"""Agents that can't be stopped, tools that nothing takes away, fallbacks that nobody tried, data that nobody listed."""

from __future__ import annotations

from collections.abc import Iterator

from halon.judgement.policy import Policy
from halon.kit.bundle import Bundle
from halon.kit.covering import EVERYTHING, closed
from halon.kit.files.actions import ActionShape
from halon.kit.files.agents import AgentFile
from halon.kit.tonight.finding import Finding, Item


def about_agents(bundle: Bundle, policy: Policy) -> Iterator[Finding]:
    """What is amiss with each agent of the inventory."""
    covering = {
        (name, one.order.id): one.order.covers for name, agent in policy.agents.items() for one in agent.prepared
    }
    for name, agent in bundle.agents.items():
        prepared = {key: one for key, one in bundle.actions.actions.items() if name in one.agents}
        yield from _stopping(name, agent, {key: covering.get((name, key), ()) for key in prepared}, prepared)
        file = bundle.file("agents", name)
        yield from _fallback(name, agent, file)
        yield from _seeing(name, agent, bundle, file)
        yield from _knowing(name, agent, file)


def _stopping(
    name: str, agent: AgentFile, covering: dict[str, tuple[str, ...]], prepared: dict[str, ActionShape]
) -> Iterator[Finding]:
    item: Item = "kill switch and safe mode"
    if not prepared:
        what = f"nothing can stop {name}: no action names it"
        fix = "add one in actions.yaml, with its connector"
        yield Finding("weak" if agent.mode == "observe" else "fails", item, what, fix)
        return
    whole = [key for key, ways in covering.items() if EVERYTHING in ways]
    if not whole:
        yield Finding("weak", item, f"{name} has no kill switch", "add an action with covers: [all]")
    elif not any(prepared[key].reversible for key in whole):
        yield Finding("weak", item, f"the kill switch of {name} can't be undone", "prefer one that can")
    for tool, shape in agent.tools.items():
        if shape.risk == "read":
            continue
        by = [key for key, ways in covering.items() if closed(f"tool:{tool}", ways)]
        if not by and not whole:
            what = f"no control can take the tool {tool} ({shape.risk}) from {name}"
            yield Finding("fails", item, what, f"add an action with: {{tool: {tool}}}, or name it in covers:")
        elif not by:
            what = f"the tool {tool} ({shape.risk}) of {name} goes off only with the whole agent"
            yield Finding("weak", item, what, "add an action that takes out less")
        elif not whole and not any(prepared[key].reversible for key in by):
            what = f"the tool {tool} ({shape.risk}) of {name} is taken only by what can't be undone ({', '.join(by)})"
            yield Finding("weak", item, what, "add an action that can be undone")


def _fallback(name: str, agent: AgentFile, file: str) -> Iterator[Finding]:
    if agent.fallback is None:
        what = f"it is not said what people get while {name} is off"
        yield Finding("weak", "known-good fallback", what, f"add fallback: with words and a probe to {file}")
    elif agent.fallback.probe is None:
        what = f"nobody can see whether the fallback of {name} is served"
        yield Finding("advice", "known-good fallback", what, f"add probe: under fallback: in {file}")
    if agent.known_good is None:
        what = f"no known-good version of {name} is named to roll back to"
        yield Finding("advice", "known-good fallback", what, f"add known_good: with version and config_hash to {file}")


def _seeing(name: str, agent: AgentFile, bundle: Bundle, file: str) -> Iterator[Finding]:
    item: Item = "logging and traceability"
    connector = bundle.connectors.get(agent.connector or "")
    if connector is None:
        what = f"{name} can't be looked at: it has no connector, so nothing an alert says can be confirmed"
        yield Finding("weak", item, what, f"add connector: to {file}")
        return
    if not {"traces", "actions"} & set(connector.observe):
        what = f"neither traces nor action log of {name} can be read"
        yield Finding("weak", item, what, "add traces: or actions: under observe: of its connector")
    if "describe" not in connector.observe:
        what = f"the version of {name} that runs can't be read"
        yield Finding("advice", item, what, "add describe: under observe: of its connector")


def _knowing(name: str, agent: AgentFile, file: str) -> Iterator[Finding]:
    item: Item = "inventory of agents, tools and data"
    if agent.owner is None:
        yield Finding("weak", item, f"nobody owns {name}", f"name the person under owner: in {file}")
    if not agent.tools:
        what = f"the tools of {name} are not listed, so nobody can say what it could do"
        yield Finding("weak", item, what, f"list them with their risk under tools: in {file}")
    if agent.tools and not (agent.credentials or agent.outputs or agent.sources or agent.memory):
        what = f"it is not said what {name} signs in with, where what it says goes, and what it reads and remembers"
        fix = f"list it under credentials:, outputs:, sources: and memory: in {file}: harm goes on that way too"
        yield Finding("advice", item, what, fix)
    if not (agent.data.collects or agent.data.stores or agent.data.shares):
        what = f"it is not said which data {name} collects, stores and shares"
        yield Finding("weak", item, what, f"write it under data: in {file}; the privacy officer asks it first")
    if not agent.jurisdictions:
        what = f"it is not said in which countries {name} serves people"
        yield Finding("advice", item, what, f"list them under jurisdictions: in {file}")
    for flow in agent.data.shares:
        if flow.party is None:
            what = f"{name} shares {flow.what!r}, and it is not said with whom"
            yield Finding("advice", item, what, f"name the party under data: in {file}")
