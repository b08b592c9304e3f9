"""connectors/*.yaml: how agents are reached: calls as data, one kind of agent API a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from halon.kit.files.shapes import AuthScheme, Line, Name, Shape, Variable

Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,60}$")]
UrlPath = Annotated[str, StringConstraints(pattern=r"^/[^\s?#\\]*$", max_length=500)]
Pointer = Annotated[str, StringConstraints(pattern=r"^(/[^/\s]*)+$", max_length=200)]
Observation = Literal["traces", "actions", "describe", "controls", "replay", "evals", "calls"]


class ExpectShape(Shape):
    """What the answer must be: one of these statuses, and these values at these JSON pointers."""

    status: list[Annotated[int, Field(ge=200, le=299)]] = Field(default_factory=lambda: [200], min_length=1)
    values: dict[Pointer, Any] = Field(default_factory=dict, alias="json")


class CallShape(Shape):
    """One call. ``{name}`` in path, headers, body and expected values stands for an inventory value."""

    method: Literal["GET", "PUT", "POST", "PATCH", "DELETE"]
    path: UrlPath
    headers: dict[Header, Line] = Field(default_factory=dict)
    body: Any = None
    expect: ExpectShape = Field(default_factory=ExpectShape)
    key_header: Header | None = None


class OperationShape(Shape):
    """Something that can be done to an agent: apply it, read it back, undo it, read that back.

    ``needs`` names the inventory values that an action must give.
    """

    needs: list[Name] = Field(default_factory=list)
    apply: CallShape
    verify: CallShape | None = None
    undo: CallShape | None = None
    undo_verify: CallShape | None = None


class ConnectorFile(Shape):
    """The whole file: a kind of agent API. An agent's own address and secret come first. ``timeout`` is in seconds."""

    base_url: Line | None = None
    base_url_env: Variable | None = None
    auth: AuthScheme
    secret: Variable | None = None
    timeout: float = Field(default=10.0, gt=0, le=60)
    operations: dict[Name, OperationShape] = Field(default_factory=dict)
    observe: dict[Observation, CallShape] = Field(default_factory=dict)
