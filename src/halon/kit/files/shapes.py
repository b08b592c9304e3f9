"""Shapes that several files share."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from halon.incident.orders import GatePolicy


class Shape(BaseModel):
    """Base of all shapes: unknown keys are refused, and no value is turned into another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("holds a line break or control character; write it on one line")
    return text


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
"""A name that is safe in ids, URLs and on the phone: lower case, digits, ``-`` and ``_``."""
Thing = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
"""The name of something an agent works with, which may be a domain: as a name, with dots as well."""
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,99}$")]
"""The name of an environment variable."""
Line = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_printable)]
"""A short text on one line."""
AuthScheme = Annotated[str, StringConstraints(pattern=r"^(none|bearer|basic|header:[A-Za-z0-9-]{1,60})$")]
"""How one secret becomes a header: none, bearer, basic, or ``header:X-Api-Key``."""
ConnectorAuth = Annotated[
    str, StringConstraints(pattern=r"^(none|bearer|basic|header:[A-Za-z0-9-]{1,60}|oauth2|hmac|mtls|aws-sigv4)$")
]
"""How secrets get into a connector's request: as above, or oauth2, hmac, mtls, aws-sigv4."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]
"""A longer text; line breaks are allowed."""
Calendar = Literal["US", "BR", "EU", "weekends"]
"""Which days are business days."""
TemplateName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}(\.[a-z]{2,3})?$")]
"""The name of a notice template, with its language perhaps: ``customers-first``, ``customers-first.de``."""
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
"""A language as a BCP 47 primary tag, such as de."""
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
"""A date such as 2026-11-22."""

When = Annotated[
    Any,
    WithJsonSchema(
        {
            "description": "always, a comparison {fact, <op>: value} (at a place of counts: {fact, place, <op>: value}), or "
            "all / any / not / unless_shown of such trees",
            "anyOf": [
                {"const": "always"},
                {
                    "type": "object",
                    "required": ["fact"],
                    "minProperties": 2,
                    "maxProperties": 3,
                    "properties": {
                        "fact": {"type": "string"},
                        "place": {"type": "string"},
                        "is": {},
                        "is_not": {},
                        "at_least": {"type": "number"},
                        "at_most": {"type": "number"},
                        "above": {"type": "number"},
                        "below": {"type": "number"},
                        "contains": {},
                        "any_of": {"type": "array"},
                        "exists": {"type": "boolean"},
                    },
                    "additionalProperties": False,
                },
                {"type": "object", "required": ["all"], "properties": {"all": {"type": "array", "minItems": 1}}},
                {"type": "object", "required": ["any"], "properties": {"any": {"type": "array", "minItems": 1}}},
                {"type": "object", "required": ["not"], "properties": {"not": {}}},
                {"type": "object", "required": ["unless_shown"], "properties": {"unless_shown": {}}},
            ],
        }
    ),
]
"""A predicate tree as YAML writes it; ``halon.kit.trees`` reads it."""

Due = Annotated[
    Any,
    WithJsonSchema(
        {
            "description": "{after: anchor, hours: n}, or calendar_days, business_days (with of: a calendar) or months in "
            "place of hours; not_later_than: a second such span; end_of: year; earliest / latest / first_known of such; "
            "cases: a list of {when, due}",
            "type": ["object", "null"],
        }
    ),
]
"""A deadline expression as YAML writes it; ``halon.kit.trees`` reads it."""


class GlassShape(Shape):
    """Break-glass: in an emergency ``people`` of them say yes for all; ``roles`` left out are those who may answer."""

    people: int = Field(ge=1, le=10)
    roles: list[Name] = Field(default_factory=list)


class AskedShape(Shape):
    """What a gate may ask for beside its roles.

    ``quorum`` people of its roles, and for each role of ``every`` a person of its own among them. ``veto`` are the roles
    that may say no; left out, whoever may say yes.
    """

    quorum: int = Field(default=1, ge=1, le=10)
    exclude_proposer: bool = True
    deadline_minutes: int = Field(default=60, ge=1, le=43_200)
    escalate_after_minutes: int = Field(default=15, ge=1, le=43_200)
    escalate_to: Name = "commander"
    otherwise: Words | None = None
    verifier: Name | None = None
    every: list[Name] = Field(default_factory=list, max_length=5)
    veto: list[Name] = Field(default_factory=list)
    break_glass: GlassShape | None = None
    remind_minutes: int | None = Field(default=None, ge=1, le=10_080)


class GateShape(AskedShape):
    """Who must agree. At least one role and one answer: a gate can be light, never empty."""

    roles: list[Name] = Field(min_length=1)

    def policy(self) -> GatePolicy:
        """The gate as judgement and workflow know it: times in seconds."""
        policy = GatePolicy(
            roles=tuple(self.roles),
            quorum=self.quorum,
            exclude_proposer=self.exclude_proposer,
            deadline=self.deadline_minutes * 60,
            escalate_after=self.escalate_after_minutes * 60,
            escalate_to=self.escalate_to,
            verifier=self.verifier or "",
            remind_every=(self.remind_minutes or 0) * 60,
            every=tuple(self.every),
            veto=tuple(self.veto),
            break_glass=self.break_glass.people if self.break_glass else 0,
            break_glass_roles=tuple(self.break_glass.roles) if self.break_glass else (),
        )
        return policy if self.otherwise is None else replace(policy, otherwise=self.otherwise)
