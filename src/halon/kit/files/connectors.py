"""connectors/*.yaml: how agents, and what stands around them, are reached: calls as data, one kind of API a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from halon.kit.files.shapes import ConnectorAuth, Line, Name, Shape, Variable

Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,60}$")]
UrlPath = Annotated[str, StringConstraints(pattern=r"^/[^\s?#\\]*$", max_length=500)]
Pointer = Annotated[str, StringConstraints(pattern=r"^(/[^/\s]*)+$", max_length=200)]
QueryName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.$\[\]{}-]{1,100}$")]
ContentType = Annotated[str, StringConstraints(pattern=r"^(form|[a-z]+/[A-Za-z0-9.+-]+(; ?[a-z-]+=[A-Za-z0-9.-]+)*)$")]
"""``form``, or what the body is besides ``application/json``; it is sent as JSON all the same."""
Observation = Literal[
    "traces", "actions", "describe", "controls", "config", "prompts", "permissions", "memory", "logs",
    "replay", "evals", "calls",
]  # fmt: skip
"""How an agent is looked at. Those of the first row are sealed as evidence, each as far as the connector has it."""
Option = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class ExpectShape(Shape):
    """What the answer must be: one of these statuses, these values at these JSON pointers, and these texts in it.

    ``absent`` are pointers at which there must be nothing. ``read`` says that it is XML, or plain text, instead of JSON;
    ``text`` reads it as plain text.
    """

    status: list[Annotated[int, Field(ge=200, le=299)]] = Field(default_factory=lambda: [200], min_length=1)
    values: dict[Pointer, Any] = Field(default_factory=dict, alias="json")
    absent: list[Pointer] = Field(default_factory=list, max_length=10)
    read: Literal["json", "xml", "text"] = "json"
    text: list[Line] = Field(default_factory=list, max_length=10)

    @property
    def says_something(self) -> bool:
        """Whether an answer could disagree."""
        return bool(self.values or self.absent or self.text)

    @model_validator(mode="after")
    def _one_way_to_read(self) -> ExpectShape:
        if self.text and (self.values or self.absent or self.read != "json"):
            raise ValueError("text: reads the answer as plain text; leave json:, absent: and read: out")
        return self


class CallShape(Shape):
    """One call. ``{name}`` in path, query, headers, body and expected values stands for an inventory value."""

    method: Literal["GET", "PUT", "POST", "PATCH", "DELETE"]
    path: UrlPath
    query: dict[QueryName, Line | int | bool] = Field(default_factory=dict)
    headers: dict[Header, Line] = Field(default_factory=dict)
    body: Any = None
    content_type: ContentType | None = None
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


class HarmlessShape(Shape):
    """What ``halon connector test`` may switch off and on again: an operation on something that nobody uses."""

    operation: Name
    values: dict[Name, Any] = Field(default_factory=dict, alias="with")


class ConnectorFile(Shape):
    """The whole file: a kind of agent API. An agent's own address and secret come first. ``timeout`` is in seconds.

    ``auth_with`` and ``secrets`` hold what the auth scheme needs besides ``secret``: ``secrets`` names variables.
    ``near``: the address may be this machine, also behind a name.
    """

    base_url: Line | None = None
    base_url_env: Variable | None = None
    near: bool = False
    auth: ConnectorAuth
    auth_with: dict[Option, Line] = Field(default_factory=dict)
    secret: Variable | None = None
    secrets: dict[Option, Variable] = Field(default_factory=dict)
    timeout: float = Field(default=10.0, gt=0, le=60)
    operations: dict[Name, OperationShape] = Field(default_factory=dict)
    observe: dict[Observation, CallShape] = Field(default_factory=dict)
    harmless: HarmlessShape | None = None
