"""authority.yaml's word on incidents that only named people see."""

from __future__ import annotations

from halon.judgement.policy import RestrictionRule
from halon.kit.bundle import Bundle
from halon.kit.files.authority import OVERRIDE, RESTRICT
from halon.kit.gates import check_role
from halon.kit.places import Problems
from halon.kit.trees import tree

FILE = "authority.yaml"


def restriction(bundle: Bundle, problems: Problems) -> RestrictionRule | None:
    """The rule, if there is one. It must name somebody, and somebody who may lift it again."""
    given = bundle.authority.restricted
    if given is None:
        return None
    when = tree(given.when, FILE, ("restricted", "when"), problems)
    found: dict[str, None] = {}
    sound = True
    for index, name in enumerate(given.people):
        sound = problems.refers(FILE, ("restricted", "people", index), "person", name, bundle.oncall.people) and sound
        found[name] = None
    for index, role in enumerate(given.roles):
        sound = check_role(role, FILE, ("restricted", "roles", index), bundle, problems) and sound
        found.update(dict.fromkeys(bundle.holders(role)))
    if not given.people and not given.roles:
        problems.add(FILE, ("restricted",), "it is not said who may see such an incident", (), "add people: or roles:")
    elif sound and not _may_lift(bundle) & set(found):
        who = ", ".join(found)
        problems.add(FILE, ("restricted",), f"none of those who see it ({who}) may say restrict, so nobody could lift it",
                     (), "name somebody who may, or add a role to restrict: under commands:")  # fmt: skip
    return RestrictionRule(when, tuple(found), given.words)


def _may_lift(bundle: Bundle) -> frozenset[str]:
    return bundle.speakers(RESTRICT if RESTRICT in bundle.authority.commands else OVERRIDE)
