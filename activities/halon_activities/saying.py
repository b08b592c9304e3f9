"""What speaks against a command besides the role: a reason that is missing, or people who can't be named."""

from __future__ import annotations

from halon.incident.commands import unreasoned
from halon.judgement.vocabulary import near
from halon.kit import Kit
from halon.ports.triage import Claimed
from halon_activities.people import people, person

NEEDS_REASON = "NeedsReason"
RESTRICT = "restrict"


def objection(kit: Kit, claimed: Claimed) -> tuple[str, str]:
    """The type of the refusal and why, with the next step; two empty texts if nothing speaks against it.

    A restriction must be open to be lifted: of those named, one at least may say ``restrict``.
    """
    # A severity that is lowered is asked about as another permission than its command.
    if why := unreasoned(claimed.command, claimed.parameters):
        return NEEDS_REASON, why
    named = claimed.parameters.get("people")
    if claimed.command != RESTRICT or not isinstance(named, list) or not named:
        return "", ""
    found = {str(one): person(kit, str(one)) for one in named}
    for one, who in found.items():
        if who is None:
            known = sorted(each.name for each in people(kit))
            close = near(one, known, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            return "UnknownPerson", f"nobody called {one[:80]!r} is in the kit{hint}"
    if not any(who is not None and kit.may(RESTRICT, who.roles)[0] for who in found.values()):
        roles = " or ".join(kit.authority.get(RESTRICT, ()))
        return (
            "NobodyCouldLift",
            f"none of those named may say restrict, so nobody could lift it; name one who is {roles}",
        )
    return "", ""
