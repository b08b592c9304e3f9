"""Preapproved notices that would take the full gate tonight, because their approval no longer fits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from halon.incident import times
from halon.judgement.policy import Policy
from halon.kit.bundle import Bundle
from halon.kit.places import Problems
from halon.kit.preapproved import digest_of, may_not, objections, preapproved, sources
from halon.kit.tonight.finding import Finding, Item

ITEM: Item = "prepared notices"
SOON = timedelta(days=14)


def about_preapproved(bundle: Bundle, policy: Policy, now: datetime) -> Iterator[Finding]:
    """Each entry of ``preapproved:`` that does not hold at ``now``, or soon will not, or that no regime uses."""
    at = times.text(now)
    used = {one.template for regime in policy.regimes for one in regime.tells}
    named = tuple(one.template for one in bundle.communications.preapproved)
    for one in preapproved(bundle, named, Problems({})).values():
        source = sources(bundle.notices, one.template)
        full = [regime.gate for regime in policy.regimes if one.template in {each.template for each in regime.tells}]
        for why in dict.fromkeys((*objections(one, source, at), *(why for gate in full for why in may_not(one, gate)))):
            what = f"the preapproved notice {one.template} takes its full gate: {why}"
            step = f"have it read and run halon kit preapprove {one.template} (its digest is {digest_of(source)})"
            yield Finding("weak", ITEM, what, step)
        if at[:10] <= one.until <= f"{now + SOON:%Y-%m-%d}":
            yield Finding(
                "advice", ITEM, f"the approval of the notice {one.template} ends on {one.until}", "have it read again"
            )
        if one.template not in used:
            yield Finding("advice", ITEM, f"no regime uses the preapproved notice {one.template}",
                          "name it as template: of a regime, or leave it out")  # fmt: skip
