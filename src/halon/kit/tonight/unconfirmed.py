"""Rules that still need a lawyer's reading: their clocks run and warn, and nobody has said that they hold."""

from __future__ import annotations

from collections.abc import Iterator

from halon.judgement.policy import Policy
from halon.kit.bundle import Bundle
from halon.kit.tonight.finding import Finding, Item
from halon.kit.tonight.spoken import listed

ITEM: Item = "prepared notices"


def about_unconfirmed(bundle: Bundle, policy: Policy) -> Iterator[Finding]:
    """Which rules that bind an entity of the kit wait for ``halon regimes confirm``, and whose wording changed since."""
    waiting = [
        one
        for one in policy.regimes
        if one.status == "review_required" and one.confirmed is None
        and (not one.roles or set(one.roles) & set(policy.entities[one.entity].roles))
    ]  # fmt: skip
    changed = sorted({one.id for one in waiting} & set(bundle.confirmed.regimes))
    fresh = list(dict.fromkeys(one.id for one in waiting if one.id not in changed))
    fix = "have a lawyer read the source, then: halon regimes confirm ID --by NAME --source TEXT"
    if fresh:
        yield Finding(
            "advice", ITEM, f"nobody has confirmed {listed(fresh, 12)}: the clock runs in case it applies", fix
        )
    if changed:
        what = f"{listed(changed, 12)} was changed after it was confirmed, so the confirmation no longer counts"
        yield Finding("weak", ITEM, what, fix)
