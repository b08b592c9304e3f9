"""People of whom a proof is asked, and who have nothing to give it with."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping

from halon.identity.errors import NoIdentityKey
from halon.identity.seeds import VARIABLE, identity_key
from halon.identity.ssh import MISSING, PROGRAM
from halon.incident.strength import CLAIMED, PRINCIPAL, SSH, TOTP, at_least, strongest
from halon.kit.kit import Kit
from halon.kit.signers import SIGNERS, holders
from halon.kit.tonight.finding import Finding, Item
from halon.kit.tonight.spoken import listed

ITEM: Item = "on-call and commander's playbook"
_FIX = {
    TOTP: "halon enrol NAME --totp, or halon enrol NAME --ssh FILE",
    SSH: f"halon enrol NAME --ssh FILE, and the line into {SIGNERS}",
    PRINCIPAL: "principal: for each of them in oncall.yaml",
}


def about_proofs(kit: Kit, enrolled: Collection[str] | None, environ: Mapping[str, str]) -> Iterator[Finding]:
    """What keeps people from proving who they are. ``enrolled`` have a device for codes; None: that can't be seen."""
    proving = kit.proving
    keys = holders(proving.signers)
    missing: dict[str, list[str]] = {}
    for name, person in kit.people.items():
        needed = strongest(*(proving.asked_of.get(role, "") for role in person.roles))
        has = strongest(
            TOTP if enrolled is None or name in enrolled else "",
            SSH if name in keys else "",
            PRINCIPAL if name in proving.principals else "",
        )
        if needed != CLAIMED and not at_least(has, needed):
            missing.setdefault(needed, []).append(name)
    for needed, names in missing.items():
        have = "has" if len(names) == 1 else "have"
        what = f"{listed(names, 6)} must prove who they are ({needed}) and {have} nothing to prove it with"
        yield Finding("fails", ITEM, what, _FIX.get(needed, "mend verifier: in authority.yaml"))
    asked = set(proving.asked_of.values())
    if TOTP in asked and enrolled is None:
        what = "whether people have devices for codes can't be seen: the evidence store does not answer"
        yield Finding("weak", ITEM, what, "set HALON_EVIDENCE to the store that the worker uses")
    if TOTP in asked and not keys:
        try:
            identity_key(environ)
        except NoIdentityKey as error:
            yield Finding("fails", ITEM, "codes are asked for and can't be checked here", f"set {VARIABLE}: {error}")
    if keys and asked & {TOTP, SSH} and shutil.which(PROGRAM) is None:
        yield Finding("fails", ITEM, "signatures are asked for and can't be checked here", MISSING)
