"""The order with which a connector is tried out: on the harmless target that the kit names, and on nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from halon.incident.errors import HalonError
from halon.incident.orders import Call, Order
from halon.judgement.vocabulary import near
from halon.kit.bundle import Bundle
from halon.kit.calling import Filler, Reach
from halon.kit.errors import KitError
from halon.kit.files.connectors import CallShape, HarmlessShape, OperationShape
from halon.kit.loading import files_of
from halon.kit.operations import WHOLE
from halon.kit.places import Problems
from halon.kit.reaching import check_auth, reach_agent, reach_connector


class NothingToTry(HalonError):
    """The connector can't be tried out as the kit is. The text says what is missing and the next step."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What would be tried: ``order`` on ``target``, as ``declared_in`` says (file of the kit)."""

    connector: str
    target: str
    declared_in: str
    order: Order


def trial(path: Path, connector: str, agent: str | None, environ: Mapping[str, str]) -> Trial:
    """The trial of ``connector`` in the kit at ``path``, at the address of ``agent`` if one is given.

    Raises KitError for a kit that can't be read or does not fit together here, NothingToTry.
    """
    bundle, problems = files_of(path)
    _require(connector, bundle.connectors, "connector")
    if agent is not None:
        _require(agent, bundle.agents, "agent")
    check_auth(connector, bundle, problems)
    harmless, file = _harmless(connector, agent, bundle)
    operations = bundle.connectors[connector].operations
    if not problems.refers(file, ("harmless", "operation"), "operation", harmless.operation, operations):
        raise KitError(problems.found)
    operation = operations[harmless.operation]
    reach = _reach(connector, agent, bundle, environ, problems)
    _check(harmless, operation, file, problems)
    if problems.found or reach is None or operation.verify is None:
        raise KitError(problems.found)
    values = {"share": WHOLE, **harmless.values, "agent": agent or "halon-test"}
    filler = Filler(values, file, ("harmless", "with"), problems)

    def filled(shape: CallShape | None) -> Call | None:
        return filler.call(shape, reach) if shape is not None else None

    target = ", ".join(f"{name} {value}" for name, value in harmless.values.items()) or f"the whole of {reach.host}"
    order = Order(
        id=f"test-{connector}",
        action=harmless.operation,
        title=f"Try out {connector}",
        agent=agent or "",
        target=target,
        reversible=True,
        effect="repeatable",
        apply=filler.call(operation.apply, reach),
        verify=filler.call(operation.verify, reach),
        undo=filled(operation.undo),
        undo_verify=filled(operation.undo_verify),
    )
    if problems.found:
        raise KitError(problems.found)
    return Trial(connector, target, file, order)


def _harmless(connector: str, agent: str | None, bundle: Bundle) -> tuple[HarmlessShape, str]:
    if agent is not None and bundle.agents[agent].connector == connector:
        own = bundle.agents[agent].harmless
        if own is not None:
            return own, bundle.file("agents", agent)
    file = bundle.file("connectors", connector)
    found = bundle.connectors[connector].harmless
    if found is None:
        raise NothingToTry(
            f"{file} names no harmless target, so nothing was sent; name something that nobody uses, such as "
            "harmless: {operation: disable_tool, with: {tool: halon-test}}"
        )
    return found, file


def _reach(
    connector: str, agent: str | None, bundle: Bundle, environ: Mapping[str, str], problems: Problems
) -> Reach | None:
    if agent is not None and bundle.agents[agent].connector == connector:
        return reach_agent(agent, bundle.agents[agent], bundle, environ, problems)
    shape = bundle.connectors[connector]
    users = [name for name, one in bundle.agents.items() if one.connector == connector]
    if users and shape.base_url is None and shape.base_url_env is None:
        raise NothingToTry(
            f"{connector} has no address of its own; say at whose it is tried: --agent {' or --agent '.join(users)}"
        )
    return reach_connector(connector, bundle, environ, problems)


def _check(harmless: HarmlessShape, operation: OperationShape, file: str, problems: Problems) -> None:
    for name in harmless.values:
        problems.refers(file, ("harmless", "with", name), "value of this operation", name, operation.needs)
    for name in (name for name in operation.needs if name not in harmless.values):
        what = f"{harmless.operation} needs a value for {name!r}"
        problems.add(file, ("harmless",), what, operation.needs, "give it in with:")
    calls = {"verify": operation.verify, "undo": operation.undo, "undo_verify": operation.undo_verify}
    for name, call in calls.items():
        if call is None:
            what = f"{harmless.operation} has no {name}, so a test would leave the target changed, or not know"
            problems.add(
                file, ("harmless", "operation"), what, (), "choose an operation that can be undone and read back"
            )
        elif name != "undo" and not call.expect.says_something:
            problems.add(file, ("harmless", "operation"), f"{name} expects nothing, so it would agree with anything")


def _require(name: str, known: Mapping[str, object], kind: str) -> None:
    if name not in known:
        close = near(name, known, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        step = " Those that come with Halon: halon connector list" if kind == "connector" else ""
        raise NothingToTry(f"the kit has no {kind} {name[:60]!r}; {hint}it has: {', '.join(known) or 'none'}.{step}")
