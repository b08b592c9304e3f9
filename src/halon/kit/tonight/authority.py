"""On-call commanders who may not command, deciders who may not file, and gates that a typed name opens."""

from __future__ import annotations

from collections.abc import Iterator

from halon.incident.strength import CLAIMED, TOTP, at_least
from halon.kit.authority import AUTHORITY
from halon.kit.bundle import Bundle
from halon.kit.proving import IRREVERSIBLE
from halon.kit.tonight.finding import Finding, Item
from halon.kit.tonight.spoken import listed

ITEM: Item = "on-call and commander's playbook"
COMMANDER = "commander"
COMMANDING = {
    "close": "close",
    "false-alarm": "call a false alarm",
    "severity-down": "lower the severity",
    "assign": "hand out the lead",
}
"""What an incident needs of its commander, by command."""


def about_authority(bundle: Bundle) -> Iterator[Finding]:
    """What authority.yaml and oncall.yaml together leave open."""
    for name, places in _commanders(bundle).items():
        if COMMANDER not in bundle.oncall.people[name].roles:
            yield _powerless(name, places, bundle)
    yield from _filing(bundle)
    yield from _unproved(bundle)


def _commanders(bundle: Bundle) -> dict[str, list[str]]:
    """Everybody who is put on call as commander by name, with where that is written."""
    rota = bundle.oncall
    found: dict[str, list[str]] = {}
    for index, rule in enumerate(rota.rules):
        found.setdefault(rule.commander, []).append(f"rule {index + 1}")
    for index, override in enumerate(rota.overrides):
        if override.commander is not None:
            found.setdefault(override.commander, []).append(f"override {index + 1}")
    for name in list(found):
        for away in rota.people[name].away:
            if away.instead is not None:
                found.setdefault(away.instead, []).append(f"instead of {name}")
    return found


def _powerless(name: str, places: list[str], bundle: Bundle) -> Finding:
    kept = [words for command, words in COMMANDING.items() if name not in bundle.speakers(command)]
    so = f"and may not {listed(kept, 4)}" if kept else "so gates of this role pass them by"
    what = f"{name} is put on call as commander ({listed(places, 3)}) without the role {COMMANDER}, {so}"
    return Finding(
        "fails", ITEM, what, f"give {name} the role {COMMANDER} in oncall.yaml, or put somebody else on call"
    )


def _filing(bundle: Bundle) -> Iterator[Finding]:
    may = bundle.speakers("filed")
    roles = dict.fromkeys(law.decider for law in bundle.regimes.values() if may.isdisjoint(bundle.holders(law.decider)))
    if roles:
        what = f"{listed(list(roles), 4)} may decide that a notice is owed and may not say that it was filed"
        yield Finding("weak", ITEM, what, f"add the role to filed: in {AUTHORITY}")


def _unproved(bundle: Bundle) -> Iterator[Finding]:
    """Gates before what can't be undone, answered under a name that nothing proves."""
    final = [one for one in bundle.actions.actions.values() if not one.reversible]
    asked = bundle.authority.verifier.gates.get(IRREVERSIBLE, CLAIMED)
    bare = [one for one in final if one.gate is None or not at_least(one.gate.verifier or "", TOTP)]
    if not bare or at_least(asked, TOTP):
        return
    live = any(bundle.agents[name].mode != "observe" for one in bare for name in one.agents)
    fix = f"write verifier: {{gates: {{{IRREVERSIBLE}: {TOTP}}}}} in {AUTHORITY}, and enrol people: halon enrol NAME --totp"
    if bundle.organisation.development:
        what = f"what can't be undone is approved under unverified names (verifier: {CLAIMED})"
        yield Finding(
            "weak" if live else "advice", ITEM, what, f"{fix}; then take development: out of organisation.yaml"
        )
        return
    what = (
        f"{AUTHORITY} asks for no proof before what can't be undone, and this kit is not marked development: such gates take "
        f"{TOTP} all the same"
    )
    yield Finding("weak", ITEM, what, fix)
