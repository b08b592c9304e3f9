"""What a kind of action asks to be there beforehand, and whether the kit has it for one agent."""

from __future__ import annotations

from halon.kit.bundle import Bundle
from halon.kit.calling import filled_in
from halon.kit.files.actions import ActionShape
from halon.kit.files.agents import AgentFile
from halon.kit.files.kinds import Listed, NeedShape

SAID_ELSEWHERE: tuple[Listed, ...] = ("fallback", "fallback_probe", "tools")
"""What ``kit check`` tells of each agent in any case."""


def lacking(action: ActionShape, agent: str, bundle: Bundle) -> tuple[str, ...]:
    """What the action's kind needs of ``agent`` and the kit does not have, in words. Facts are asked at judgement."""
    needs = action.kind.needs if action.kind is not None else ()
    return tuple(need.words for need in needs if not need.fact and not there(need, action, agent, bundle))


def asked(action: ActionShape) -> tuple[tuple[tuple[str, ...], str], ...]:
    """The facts of which the action's kind needs at least one, with the same in words."""
    needs = action.kind.needs if action.kind is not None else ()
    return tuple((tuple(need.fact), need.words) for need in needs if need.fact)


def there(need: NeedShape, action: ActionShape, agent: str, bundle: Bundle) -> bool:
    """Whether the agent's file, or its connector, has what ``need`` asks for. Facts are in no kit."""
    if need.observe is not None:
        connector = bundle.connectors.get(bundle.agents[agent].connector or "")
        return connector is not None and need.observe in connector.observe
    return need.inventory is None or _listed(need.inventory, bundle.agents[agent], action)


def _listed(what: Listed, agent: AgentFile, action: ActionShape) -> bool:
    """Whether the agent's file says it. Of a credential that the action takes, it has to say it of that one."""
    if what == "replacement":
        taken = _credentials(action)
        named = [one for key, one in agent.credentials.items() if not taken or key in taken]
        return bool(named) and all(one.replacement for one in named)
    if what == "credentials":
        return _credentials(action) <= agent.credentials.keys() and bool(agent.credentials)
    if what == "fallback_probe":
        return agent.fallback is not None and agent.fallback.probe is not None
    return bool(getattr(agent, what))


def _credentials(action: ActionShape) -> set[str]:
    ways = (filled_in(one, action.values) for one in (*action.covers, *(action.kind.covers if action.kind else ())))
    return {way.partition(":")[2] for way in ways if way and way.startswith("credential:")}
