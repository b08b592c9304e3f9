"""The rules of redaction.yaml, each of which compiles, matches something, and leaves every mask alone."""

from __future__ import annotations

from collections.abc import Mapping

from halon.kit.bundle import Bundle
from halon.kit.places import Problems
from halon.sensitive_also import fault

FILE = "redaction.yaml"


def masking(whole: Bundle, problems: Problems) -> Mapping[str, str]:
    """The patterns by name. What can't be used is noted with its line."""
    rules = whole.redaction.rules
    for name, rule in rules.items():
        why = fault(name, rule.pattern, rules)
        if why:
            what, _, step = why.partition("; ")
            problems.add(FILE, ("rules", name, "pattern"), f"the rule {name!r} can't be used: {what}", (), step)
    return {name: rule.pattern for name, rule in rules.items()}
