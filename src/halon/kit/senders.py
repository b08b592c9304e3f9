"""The senders of alerts that sources.yaml names."""

from __future__ import annotations

from collections.abc import Mapping

from halon.kit.bundle import Bundle
from halon.kit.kit import Source
from halon.kit.places import Problems
from halon.kit.rota import check_known_as, known_as

FILE = "sources.yaml"
PAGERS = ("pagerduty", "opsgenie")


def sources(bundle: Bundle, groups: Mapping[str, str], problems: Problems) -> dict[str, Source]:
    """Every source, with the ``groups`` that rules belong to. The people and agents that a paging product's names are mapped to must exist.

    What ``from`` in oncall.yaml says of the same product counts too, so that nobody has to be named twice.
    """
    found: dict[str, Source] = {}
    rota = bundle.oncall.source
    for name, given in bundle.sources.sources.items():
        check_known_as(given.people, FILE, ("sources", name, "people"), bundle, problems)
        for called, agent in given.agents.items():
            problems.refers(FILE, ("sources", name, "agents", called), "agent", agent, bundle.agents)
        if (given.people or given.agents) and given.kind not in PAGERS:
            what = f"people and agents are for {' and '.join(PAGERS)}, and {name} is of kind {given.kind}"
            problems.add(FILE, ("sources", name), what, (), "take them out")
        people: dict[str, str] = {}
        if given.kind in PAGERS:
            same = rota.people if rota is not None and rota.kind == given.kind else {}
            people = known_as(bundle, {**same, **given.people})
        agents = {called.lower(): agent for called, agent in given.agents.items()}
        found[name] = Source(
            name, given.kind, given.token_env, given.agent_label, given.group_label, people, agents, groups
        )
    return found
