"""The JSON bodies that the sandbox agent accepts. Unknown names are refused."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

DocumentIds = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)]
Message = Annotated[str, Field(max_length=4000)]
CustomerId = Annotated[str, Field(max_length=64)]
TokenId = Annotated[str, Field(min_length=1, max_length=200)]


class Body(BaseModel):
    """A body that refuses unknown names and silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ChatBody(Body):
    """One message of a customer. ``session`` names the conversation."""

    session: Annotated[str, Field(min_length=1, max_length=128)]
    customer: CustomerId | None = None
    message: Annotated[str, Field(min_length=1, max_length=4000)]


class SwitchBody(Body):
    """A switch that is on or off."""

    on: bool


class ToolBody(Body):
    """Whether a tool is enabled, and for how many percent of sessions."""

    enabled: bool
    share: Annotated[int, Field(ge=0, le=100)] = 100


class ScopesBody(Body):
    """The scopes that a token is to have, all of them."""

    token: TokenId
    scopes: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)]


class TokenBody(Body):
    """Whether a token is active. Kept to answer: a revoked token never is again."""

    active: bool


class ReplacementBody(Body):
    """The token that a new one takes the place of."""

    replaces: TokenId


class RateLimitBody(Body):
    """Chats a minute; null for no limit."""

    per_minute: Annotated[int, Field(ge=0, le=1_000_000)] | None


class GuardrailsBody(Body):
    """Whether text in retrieved documents is kept from giving orders."""

    isolate_untrusted: bool


class IsolationBody(Body):
    """Whether a tenant or user is set apart."""

    isolated: bool


class QuarantineBody(Body):
    """Whether a source is kept out of what is retrieved."""

    quarantined: bool


class BlockBody(Body):
    """Whether something is blocked."""

    blocked: bool


class RuleBody(Body):
    """The text that may not pass, with * for any run of characters; null takes the rule back."""

    blocks: Annotated[str, Field(max_length=200, pattern=r"[^*\s].*[^*\s]")] | None


class PinBody(Body):
    """The version to use; null lifts the pin."""

    value: Annotated[str, Field(min_length=1, max_length=200)] | None


class RoutingBody(Body):
    """Percent of sessions that reach the agent."""

    share: Annotated[int, Field(ge=0, le=100)]


class ReplayCase(Body):
    """The case to replay; documents null means: retrieve by keyword as in a chat."""

    message: Message
    documents: DocumentIds | None = None
    customer: CustomerId | None = None


class ReplayBody(Body):
    """A case, the guardrails to try it with (null: the current ones), and documents to leave out."""

    case: ReplayCase
    config: GuardrailsBody | None = None
    without_documents: DocumentIds = []


class EvalsBody(Body):
    """Nothing to choose: the suite is built in."""
