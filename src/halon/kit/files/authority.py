"""authority.yaml: who may say which command, and the gates that belong to no single action."""

from __future__ import annotations

from halon.kit.files.shapes import GateShape, Name, Shape


class GatesShape(Shape):
    """``restore``: before anything taken is given back. ``ask``: before any action on an agent in mode ``suggest``."""

    restore: GateShape
    ask: GateShape


class AuthorityFile(Shape):
    """The whole file: each command with the roles that may say it."""

    commands: dict[Name, list[Name]]
    gates: GatesShape


SEVERITY_DOWN = "severity-down"
"""Lowering the severity takes more than setting it: a permission of its own."""
FACT_DOWN = "fact-down"
"""So does a fact that loosens a severity or a clock: a lower count, a later time, back to not known."""
