"""The senders of alerts: those that sources.yaml names, and those with a file of their own in sources/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from halon.judgement.trust import REPORT, Trust
from halon.kit.bundle import Bundle
from halon.kit.mapping import mapping
from halon.kit.places import Problems
from halon.kit.reading import Path
from halon.kit.rota import check_known_as, known_as
from halon.kit.sender import sender
from halon.kit.source import Source

FILE = "sources.yaml"
PAGERS = ("pagerduty", "opsgenie")
MAPPED = "mapped"


def sources(bundle: Bundle, groups: Mapping[str, str], problems: Problems) -> dict[str, Source]:
    """Every source, with the ``groups`` that rules belong to. People and agents that names are mapped to must exist.

    What ``from`` in oncall.yaml says of the same product counts too, so that nobody has to be named twice.
    """
    found: dict[str, Source] = {}
    rota = bundle.oncall.source
    for name, given in bundle.sources.sources.items():
        path: Path = ("sources", name)
        made = sender(name, given.kind, given, FILE, path, bundle, problems)
        check_known_as(given.people, FILE, (*path, "people"), bundle, problems)
        for called, agent in given.agents.items():
            problems.refers(FILE, (*path, "agents", called), "agent", agent, bundle.agents)
        if given.people and given.kind not in PAGERS:
            what = f"people is for {' and '.join(PAGERS)}, and {name} is of kind {given.kind}"
            problems.add(FILE, (*path, "people"), what, (), "take it out")
        people: dict[str, str] = {}
        if given.kind in PAGERS:
            same = rota.people if rota is not None and rota.kind == given.kind else {}
            people = known_as(bundle, {**same, **given.people})
        agents = {called.lower(): agent for called, agent in given.agents.items()}
        found[name] = replace(made, people=people, agents=agents, groups=groups)
    _mapped(bundle, groups, found, problems)
    return found


def _mapped(bundle: Bundle, groups: Mapping[str, str], found: dict[str, Source], problems: Problems) -> None:
    """Add the sources that have a file of their own. A name can be in one place only: it is part of the address."""
    for name, given in bundle.mapped.items():
        file = bundle.file("sources", name)
        if name in found:
            problems.add(file, (), f"{name!r} is already in {FILE}", (), "rename this file, or take it out there")
            continue
        read = mapping(file, given, bundle.agents, problems)
        found[name] = replace(sender(name, MAPPED, given, file, (), bundle, problems), groups=groups, mapping=read)


def trust_of(found: Mapping[str, Source]) -> dict[str, Trust]:
    """What the alerts of each source may set off, by the name that is on the alerts: people's reports have one name."""
    return {REPORT if one.kind == REPORT else name: one.trust for name, one in found.items()}
