"""confirmed.yaml: rules that needed a lawyer's reading, and who confirmed them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from halon.kit.files.shapes import Day, Line, Name, Shape

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ConfirmationShape(Shape):
    """Who confirmed one rule, when, and what they read. ``rule`` is the digest of the rule's file as they read it."""

    by: Name
    at: Day
    source: Line
    rule: Sha256


class ConfirmedFile(Shape):
    """The whole file: confirmations by the id of the regime. ``halon regimes confirm`` writes it."""

    regimes: dict[Name, ConfirmationShape] = Field(default_factory=dict)
