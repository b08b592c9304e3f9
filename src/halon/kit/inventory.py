"""The agents with their orders: every action resolved into the calls that apply, verify and undo it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from halon.incident.orders import Call, Order, RestoreStage
from halon.judgement.containment import Prepared
from halon.judgement.policy import AgentPolicy
from halon.judgement.surface import Surface
from halon.judgement.vocabulary import VOCABULARY
from halon.kit.bundle import Bundle
from halon.kit.calling import Filler, Reach
from halon.kit.collateral import collateral
from halon.kit.covering import covers
from halon.kit.files.actions import ActionShape
from halon.kit.files.agents import AgentFile
from halon.kit.files.connectors import CallShape, OperationShape
from halon.kit.gates import check_gate
from halon.kit.needs import asked, lacking
from halon.kit.operations import WHOLE, check_operation
from halon.kit.places import Problems
from halon.kit.reaching import check_auth, reach_agent, reach_connector
from halon.kit.surface import surfaces
from halon.kit.trees import tree

ACTIONS = "actions.yaml"


@dataclass(frozen=True, slots=True)
class Inventory:
    """The agents, and for each the calls with which it is looked at and the variables that hold its secrets.

    ``secrets`` maps agents, and connectors that actions name, to those variables. ``probes`` shows whether the fallback is served.
    """

    agents: dict[str, AgentPolicy]
    observe: dict[str, dict[str, Call]]
    secrets: dict[str, tuple[str, ...]]
    probes: dict[str, Call]


def inventory(bundle: Bundle, environ: Mapping[str, str], problems: Problems) -> Inventory:
    """The agents of ``bundle``. Addresses come from ``environ`` where the kit names a variable."""
    held = surfaces(bundle, problems)
    reaches: dict[str, Reach] = {}
    around: dict[str, Reach | None] = {}
    for name in bundle.connectors:
        check_auth(name, bundle, problems)
    for name, agent in bundle.agents.items():
        _check_agent(name, agent, bundle, problems)
        reach = reach_agent(name, agent, bundle, environ, problems)
        if reach is not None:
            reaches[name] = reach
    prepared: dict[str, list[Prepared]] = {name: [] for name in bundle.agents}
    for action_id, action in bundle.actions.actions.items():
        when = tree(action.when, ACTIONS, ("actions", action_id, "when"), problems)
        for gate, key in ((action.gate, "gate"), (action.restore_gate, "restore_gate")):
            if gate is not None:
                check_gate(gate, ACTIONS, ("actions", action_id, key), bundle, problems)
        own = action.connector
        if own is not None:
            if not problems.refers(ACTIONS, ("actions", action_id, "connector"), "connector", own, bundle.connectors):
                continue
            if own not in around:
                around[own] = reach_connector(own, bundle, environ, problems)
        for index, name in enumerate(action.agents):
            path = ("actions", action_id, "agents", index)
            if problems.refers(ACTIONS, path, "agent", name, bundle.agents):
                meant = reaches.get(name) if own is None else around[own]
                order = _order(action_id, action, name, bundle, meant, held, problems)
                if order is not None:
                    prepared[name].append(Prepared(order, when, asked(action)))
    agents = {
        name: AgentPolicy(
            name,
            agent.title,
            agent.entity,
            agent.mode,
            tuple(prepared[name]),
            agent.technical_lead or "",
            held[name],
        )
        for name, agent in bundle.agents.items()
    }
    observe = {
        name: _observations(name, reaches[name], bundle, problems) if name in reaches else {} for name in bundle.agents
    }
    secrets: dict[str, tuple[str, ...]] = {}
    for name, reached in (*around.items(), *reaches.items()):
        if reached is not None and reached.variables:
            secrets[name] = (*secrets.get(name, ()), *reached.variables)
    return Inventory(agents, observe, secrets, _probes(bundle, reaches, problems))


def _probes(bundle: Bundle, reaches: Mapping[str, Reach], problems: Problems) -> dict[str, Call]:
    found: dict[str, Call] = {}
    for name, agent in bundle.agents.items():
        shape = agent.fallback.probe if agent.fallback else None
        if shape is None:
            continue
        file, path = bundle.file("agents", name), ("fallback", "probe")
        if name not in reaches:
            problems.add(file, path, f"{name} has no connector, so its fallback can't be tried", (), "name a connector")
        elif not shape.expect.says_something:
            problems.add(
                file, path, "the probe expects no value, so it would agree with anything", (), "add expect: json:"
            )
        else:
            found[name] = Filler({"agent": name}, file, path, problems).call(shape, reaches[name])
    return found


def _check_agent(name: str, agent: AgentFile, bundle: Bundle, problems: Problems) -> None:
    file = bundle.file("agents", name)
    problems.refers(file, ("entity",), "entity", agent.entity, bundle.entities)
    for key, person in (("owner", agent.owner), ("technical_lead", agent.technical_lead)):
        if person is not None:
            problems.refers(file, (key,), "person", person, bundle.oncall.people)
    kinds = VOCABULARY["data_categories"].choices
    for kept in ("collects", "stores", "shares"):
        for index, flow in enumerate(getattr(agent.data, kept)):
            for at, category in enumerate(flow.categories):
                problems.refers(file, ("data", kept, index, "categories", at), "kind of data", category, kinds)


def _order(
    action_id: str,
    action: ActionShape,
    agent: str,
    bundle: Bundle,
    reach: Reach | None,
    surfaces: Mapping[str, Surface],
    problems: Problems,
) -> Order | None:
    path = ("actions", action_id)
    connector = action.connector or bundle.agents[agent].connector
    if connector is None:
        problems.add(
            ACTIONS,
            (*path, "agents"),
            f"the agent {agent!r} has no connector, so nothing can be done to it",
            (),
            f"name one in {bundle.file('agents', agent)} or take the agent off this action",
        )
        return None
    if connector not in bundle.connectors:
        return None
    operations = bundle.connectors[connector].operations
    kind = f"operation of connector {connector}"
    if not problems.refers(ACTIONS, (*path, "operation"), kind, action.operation, operations):
        return None
    operation = operations[action.operation]
    sound = check_operation(action_id, action, connector, operation, bundle, problems)
    _check_values(action_id, action, agent, bundle, operation, problems)
    if not sound or reach is None or operation.verify is None:
        return None
    values = {**action.values, "agent": agent}
    filler = Filler(values, ACTIONS, (*path, "with"), problems)
    restore = action.restore_gate or bundle.authority.gates.restore

    def back(shape: CallShape, share: int) -> Call:
        return Filler({"share": share, **values}, ACTIONS, (*path, "with"), problems).call(shape, reach)

    undo, undo_verify = operation.undo, operation.undo_verify
    stages: tuple[RestoreStage, ...] = ()
    if undo is not None and undo_verify is not None:
        stages = tuple(
            RestoreStage(one.share, back(undo, one.share), back(undo_verify, one.share), one.watch_seconds)
            for one in action.restore_stages
        )

    return Order(
        id=action_id,
        action=action.action,
        title=action.title,
        agent=agent,
        target=action.target,
        reversible=action.reversible,
        effect=action.effect,
        apply=filler.call(operation.apply, reach),
        verify=filler.call(operation.verify, reach),
        undo=back(undo, WHOLE) if undo is not None and action.reversible else None,
        undo_verify=back(undo_verify, WHOLE) if undo_verify is not None and action.reversible else None,
        rung=action.rung,
        disruption=action.disruption,
        stops=tuple(action.stops),
        collateral=collateral(action, agent, operation, surfaces),
        gentler=action.gentler or "",
        way_back=action.way_back or "",
        gate=action.gate.policy() if action.gate else None,
        restore_gate=restore.policy() if action.reversible else None,
        restore_stages=stages,
        covers=covers(action, agent, surfaces),
        touches_evidence=action.touches_evidence,
        takes_effect=action.takes_effect,
        why=tuple(f"not there, and it is needed first: {words}" for words in lacking(action, agent, bundle)),
    )


def _check_values(
    action_id: str, action: ActionShape, agent: str, bundle: Bundle, operation: OperationShape, problems: Problems
) -> None:
    for name, value in action.values.items():
        path = ("actions", action_id, "with", name)
        if not problems.refers(ACTIONS, path, "value of this operation", name, operation.needs):
            continue
        if not all(isinstance(one, str | int | float) for one in (value if isinstance(value, list) else [value])):
            what = f"{name} must be text, a number, true or false, or a list of such"
            problems.add(ACTIONS, path, what, (), "write one value")
        tools = bundle.agents[agent].tools
        if name == "tool" and tools:
            problems.refers(ACTIONS, path, f"tool of {agent}", str(value), tools)
    for name in operation.needs:
        if name not in action.values:
            problems.add(
                ACTIONS,
                ("actions", action_id, "with"),
                f"{action.operation} needs a value for {name!r}",
                operation.needs,
                "give it in with:",
            )


def _observations(agent: str, reach: Reach, bundle: Bundle, problems: Problems) -> dict[str, Call]:
    connector = bundle.agents[agent].connector or ""
    shapes = bundle.connectors[connector].observe
    return {
        name: Filler({"agent": agent}, bundle.file("connectors", connector), ("observe", name), problems).call(
            shape, reach
        )
        for name, shape in shapes.items()
    }
