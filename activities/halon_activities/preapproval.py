"""Whether a notice takes the lighter gate of a preapproved text; and where a person files it instead of Halon."""

from __future__ import annotations

from dataclasses import replace

from halon.incident.notices import Notice
from halon.kit.preapproved import may_not, objections, sources
from halon_activities.failures import CheckFailed
from halon_activities.hands import Hands


def with_gate(hands: Hands, notice: Notice, template: str) -> Notice:
    """``notice`` with the gate that its template takes now, and with the portal of its channel.

    ``template`` is the plain name. A text that a check objects to takes the full gate: nobody approved that ahead.
    """
    channel = hands.kit.channels.get(notice.channel)
    plain = replace(notice, light=None, preapproved="", full_because="", portal=channel.link if channel else "")
    entry = hands.kit.preapproved.get(template)
    if entry is None or notice.gate is None:
        return plain
    why = [*objections(entry, sources(hands.kit.notices, template), hands.now()), *may_not(entry, notice.gate)]
    why += ["a check before sending objects to it"] if notice.objections else []
    if why:
        return replace(plain, full_because="; ".join(why))
    light = replace(
        notice.gate, roles=entry.roles, quorum=1, every=(), break_glass=0, break_glass_roles=(), exclude_proposer=False
    )
    told = f"by {entry.by} until {entry.until}, template {template} with digest {entry.digest[:12]}"
    return replace(plain, light=light, preapproved=told)


def ahead(hands: Hands, notice: Notice, template: str) -> bool:
    """Whether somebody approved the text ahead, and that holds now: then it is a first word, which tells no details."""
    entry = hands.kit.preapproved.get(template)
    if entry is None or notice.gate is None:
        return False
    return not [*objections(entry, sources(hands.kit.notices, template), hands.now()), *may_not(entry, notice.gate)]


def to_each(hands: Hands, notice: Notice, listed: str) -> str:
    """The SHA-256 (hex) of the list of people to whom ``notice`` goes one by one; empty where its channel does not do that."""
    channel = hands.kit.channels.get(notice.channel)
    return listed if channel is not None and channel.each_affected else ""


def require_still(hands: Hands, notice: Notice, template: str) -> None:
    """Raises CheckFailed for a notice with a lighter gate whose preapproval does not hold any more, or never did."""
    if notice.light is not None and with_gate(hands, notice, template).light != notice.light:
        why = with_gate(hands, notice, template).full_because or "the kit does not name it as preapproved"
        raise CheckFailed(f"{notice.id} takes its full gate: {why}")
