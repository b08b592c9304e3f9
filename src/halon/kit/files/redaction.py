"""redaction.yaml: what is masked beside what Halon masks anyway: your customer numbers, your names of machines."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from halon.kit.files.shapes import Line, Name, Shape
from halon.sensitive_also import LONGEST, MOST

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]
"""A regular expression in RE2's syntax, whose time grows with the text's length alone."""


class RedactionRule(Shape):
    """One rule: what ``pattern`` (RE2) matches becomes the rule's name in brackets; ``why`` is for whoever reads this."""

    pattern: Pattern
    why: Line


class RedactionFile(Shape):
    """The whole file."""

    rules: dict[Name, RedactionRule] = Field(default_factory=dict, max_length=MOST)
