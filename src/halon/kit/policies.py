"""gates.policies of authority.yaml: gates by severity, category and action, in place of those that stand elsewhere."""

from __future__ import annotations

from halon.judgement.assess import DEFAULT_CATEGORY
from halon.judgement.gate_rules import GateRule
from halon.kit.bundle import Bundle
from halon.kit.gates import check_gate
from halon.kit.places import Problems
from halon.kit.reading import Path

AUTHORITY = "authority.yaml"


def gate_rules(bundle: Bundle, problems: Problems) -> tuple[GateRule, ...]:
    """The rules in the order of the file; the first that fits counts. What names nothing, or nobody could answer, is noted."""
    categories = (*dict.fromkeys(one.category for one in bundle.severity.categories), DEFAULT_CATEGORY)
    found: list[GateRule] = []
    for at, one in enumerate(bundle.authority.gates.policies):
        path: Path = ("gates", "policies", at)
        for index, name in enumerate(one.category):
            problems.refers(AUTHORITY, (*path, "category", index), "category", name, categories)
        for index, name in enumerate(one.action):
            problems.refers(AUTHORITY, (*path, "action", index), "action", name, bundle.actions.actions)
        check_gate(one.gate, AUTHORITY, (*path, "gate"), bundle, problems)
        found.append(GateRule(one.kind, one.gate.policy(), tuple(one.severity), tuple(one.category), tuple(one.action)))
    return tuple(found)
