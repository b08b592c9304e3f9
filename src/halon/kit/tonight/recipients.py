"""Notices that would go nowhere: to an address that only stands for an example, or to words that are no address."""

from __future__ import annotations

from collections.abc import Iterator

from halon.incident.assessment import Addressee
from halon.judgement.obligations import Regime
from halon.judgement.policy import Policy
from halon.kit.bundle import Bundle
from halon.kit.tonight.finding import Finding, Item, Rank
from halon.kit.tonight.spoken import listed

ITEM: Item = "prepared notices"
_KEPT_FREE = (".example", ".invalid", ".test", "@example.com", "@example.net", "@example.org")
"""Names that lead nowhere for good (RFC 2606)."""
_OVER = ("repealed", "superseded", "proposed")


def about_recipients(bundle: Bundle, policy: Policy) -> Iterator[Finding]:
    """Each notice that nobody would get, ranked by how soon it could be due.

    It fails where the duty is in force for an entity whose agents Halon may act on (mode suggest or act): the notice
    would count as sent, and nobody has it. It is weak where agents are only observed or the rule still needs a lawyer's
    reading, and advice where nobody holds the role that it binds.
    """
    lost: dict[tuple[Rank, str, str], list[str]] = {}
    for regime in policy.regimes:
        for told in regime.tells:
            if regime.status not in _OVER and (wrong := _wrong(regime, told, bundle)):
                lost.setdefault((_rank(regime, policy), *wrong), []).append(regime.id)
    for (rank, what, fix), names in lost.items():
        once = list(dict.fromkeys(names))
        yield Finding(rank, ITEM, f"the notice{'s' if len(once) > 1 else ''} {listed(once, 6)} {what}", fix)
    people = [name for name, one in bundle.oncall.people.items() if one.mail and _leads_nowhere(one.mail)]
    if people:
        what = f"pages by mail to {listed(people, 6)} would go nowhere: their addresses are only examples"
        yield Finding("advice", ITEM, what, "write their mail: in oncall.yaml")


def _wrong(regime: Regime, told: Addressee, bundle: Bundle) -> tuple[str, str] | None:
    """What is wrong with where it goes, as the end of a sentence, and the fix; None if nothing is."""
    channel = bundle.communications.channels.get(told.channel)
    if channel is None or channel.kind != "smtp":
        return None
    parts = channel.recipients or [part.strip() for part in told.recipient.split(",")]
    addresses = [part for part in parts if "@" in part and " " not in part]
    if not addresses:
        what = f"would go nowhere: {told.recipient!r} is no mail address, and the channel {told.channel} has no to:"
        folder = _file(regime, bundle).rpartition("/")[0]
        return what, f"write recipient: in the files of {folder}/, or send it by hand and say `filed`"
    kept = [one for one in addresses if _leads_nowhere(one)]
    if kept:
        file = "communications.yaml (to:)" if channel.recipients else f"{_file(regime, bundle)} (recipient:)"
        what = f"would go nowhere: {listed(kept, 2)} {'is' if len(kept) == 1 else 'are'} only an example"
        return what, f"write the address where it is really taken in {file}"
    return None


def _file(regime: Regime, bundle: Bundle) -> str:
    """Where the recipient is written: in the file of the duty, else in that of the entity."""
    for stem, law in bundle.regimes.items():
        by_contract = law.contract and law.id in bundle.entities[regime.entity].contracts
        if law.id == regime.id and law.authority.recipient is not None and not by_contract:
            return bundle.file("regimes", stem)
    return bundle.file("entities", regime.entity)


def _leads_nowhere(address: str) -> bool:
    return address.lower().rstrip(".").endswith(_KEPT_FREE)


def _rank(regime: Regime, policy: Policy) -> Rank:
    entity = policy.entities[regime.entity]
    if regime.roles and not set(regime.roles) & set(entity.roles):
        return "advice"
    acting = any(agent.entity == regime.entity and agent.mode != "observe" for agent in policy.agents.values())
    return "fails" if acting and regime.status in ("in_force", "adopted_not_yet_applicable") else "weak"
