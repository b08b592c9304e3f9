"""authority.yaml: who may say which command and fact, and the gates that belong to no single action."""

from __future__ import annotations

from pydantic import Field

from halon.incident.assessment import Level
from halon.judgement.gate_rules import GateRuleKind
from halon.kit.files.shapes import GateShape, Line, Name, Shape, When


class GatePolicyShape(Shape):
    """``gate`` in place of every gate of ``kind`` at one of these severities, in one of these categories, before one of
    these actions; what is left out fits all, and the first that fits counts."""

    kind: GateRuleKind
    severity: list[Level] = Field(default_factory=list)
    category: list[Name] = Field(default_factory=list)
    action: list[Name] = Field(default_factory=list)
    gate: GateShape


class GatesShape(Shape):
    """``restore``: before anything taken is given back. ``ask``: before any action on an agent in mode ``suggest``.
    ``policies``: other gates by severity, category and action."""

    restore: GateShape
    ask: GateShape
    policies: list[GatePolicyShape] = Field(default_factory=list, max_length=50)


class ReadersShape(Shape):
    """The roles that read sealed evidence of each access class.

    Left out: open is for who may say ``note``, restricted for who may say ``finding``, privileged for who may say
    ``override``.
    """

    open: list[Name] | None = None
    restricted: list[Name] | None = None
    privileged: list[Name] | None = None


class VerifierShape(Shape):
    """What must prove who spoke, by command and by kind of gate; ``claimed`` where nothing is named."""

    commands: dict[Name, Name] = Field(default_factory=dict)
    gates: dict[Name, Name] = Field(default_factory=dict)


class RestrictedShape(Shape):
    """Incidents that only named people see from the first judgement on: ``when`` it holds, the ``people`` by name and those
    who hold one of ``roles``. ``words`` say why."""

    when: When
    words: Line
    people: list[Name] = Field(default_factory=list)
    roles: list[Name] = Field(default_factory=list)


class AuthorityFile(Shape):
    """The whole file: commands, and facts or groups of facts, each with the roles that may say it; and who reads evidence.

    ``enrol`` are the roles that enrol other people's devices and keys; left out, those that may say ``override``.
    """

    commands: dict[Name, list[Name]]
    facts: dict[Name, list[Name]] = Field(default_factory=dict)
    verifier: VerifierShape = Field(default_factory=VerifierShape)
    gates: GatesShape
    evidence: ReadersShape = Field(default_factory=ReadersShape)
    enrol: list[Name] | None = None
    restricted: RestrictedShape | None = None


SEVERITY_DOWN = "severity-down"
"""Lowering the severity takes more than setting it: a permission of its own."""
FACT_DOWN = "fact-down"
"""So does a fact that loosens a severity or a clock: a lower count, a later time, back to not known."""
HALT, RESUME = "halt", "resume"
"""The global stop for Halon's own actions, and its end: not said to one incident, and open to the roles named here."""
OVERRIDE, CONTAIN = "override", "contain"
RESTRICT = "restrict"
BREAK_GLASS, REVIEW = "break-glass", "review"
UNLESS_NAMED = (CONTAIN, HALT, RESUME, RESTRICT, BREAK_GLASS, REVIEW)
"""Permissions that a kit of before does not name: then they are those of ``override``, who may set a rule of safety aside."""
SAME_AS = {"late-reason": "filed", "hold": "decline"}
"""Permissions that a kit of before does not name either: then they are those of the command beside them."""
EVIDENCE = "evidence"
"""The command that reads evidence. Who may say it follows from who reads which class."""
LOOK = "look"
"""The command that looks at a restricted incident. Who may say it follows from who is named there."""
