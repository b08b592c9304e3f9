"""What is sound in a kit and would still go wrong tonight: findings, worst first, each with its fix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from halon.judgement.policy import Policy
from halon.kit.bundle import Bundle
from halon.kit.tonight.agents import about_agents
from halon.kit.tonight.authority import about_authority
from halon.kit.tonight.finding import ITEMS, RANKS, Finding, Item, Rank
from halon.kit.tonight.languages import about_languages
from halon.kit.tonight.mutes import about_mutes
from halon.kit.tonight.needs import about_needs
from halon.kit.tonight.policies import about_policies
from halon.kit.tonight.preapproved import about_preapproved
from halon.kit.tonight.reach import reach
from halon.kit.tonight.recipients import about_recipients
from halon.kit.tonight.rota import about_rota
from halon.kit.tonight.sources import about_sources
from halon.kit.tonight.templates import about_templates
from halon.kit.tonight.unconfirmed import about_unconfirmed
from halon.kit.tonight.ways import about_ways
from halon.kit.tonight.words import about_words


def tonight(
    bundle: Bundle, policy: Policy, secrets: Mapping[str, tuple[str, ...]], environ: Mapping[str, str], now: datetime
) -> tuple[Finding, ...]:
    """All findings about a sound kit, the worst first. ``now`` is from when four weeks of rota are played."""
    found = (
        *reach(bundle, policy, secrets, environ),
        *about_sources(bundle),
        *about_agents(bundle, policy),
        *about_ways(bundle, policy),
        *about_needs(bundle),
        *about_authority(bundle),
        *about_rota(bundle, policy, now),
        *about_policies(bundle, policy),
        *about_words(bundle, policy),
        *about_recipients(bundle, policy),
        *about_languages(bundle),
        *about_unconfirmed(bundle, policy),
        *about_preapproved(bundle, policy, now),
        *about_templates(bundle, policy, now),
        *about_mutes(policy, now),
    )
    return ranked(found)


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """``findings``, the worst first."""
    return tuple(sorted(findings, key=lambda finding: RANKS.index(finding.rank)))


def items(findings: tuple[Finding, ...]) -> dict[Item, Rank | None]:
    """Each item of the kit that an incident needs, with the worst that was found about it (None: nothing)."""
    return {
        item: next((rank for rank in RANKS if any(one.item == item and one.rank == rank for one in findings)), None)
        for item in ITEMS
    }
