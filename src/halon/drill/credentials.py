"""The tokens with which the agent's tools reach other systems: scopes, revocation for good, replacement."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from halon.drill.problems import Irreversible, NotKnown, NotUnderstood, TooMany
from halon.drill.tools import CUSTOMERS_READ, SCOPES

MAIN_TOKEN = "support-bot-token"  # noqa: S105 - the name of a pretended token
READ_TOKEN = "crm-readonly"  # noqa: S105 - the name of a pretended token
NEIGHBOUR = "billing-bot"
"""Another agent that shares ``MAIN_TOKEN``: revoking the token hits it too."""

_MOST_TOKENS = 100


@dataclass(slots=True)
class Token:
    """One token, known by its id; a sandbox token has no secret value."""

    id: str
    scopes: list[str]
    used_by: list[str]
    active: bool = True
    last_used_at: datetime | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """Whether a tool call may use a credential: the token's id, or why not."""

    token: str
    error_type: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class Credentials:
    """All tokens that were ever issued in this sandbox."""

    tokens: dict[str, Token] = field(default_factory=dict)

    def get(self, token_id: str) -> Token:
        """The token of this id. Raises NotKnown."""
        token = self.tokens.get(token_id)
        if token is None:
            raise NotKnown(f"there is no token {token_id!r}; known: {', '.join(self.tokens)}")
        return token

    def in_use(self, token_id: str) -> Token:
        """The token that took the place of this one, however often it was replaced."""
        token = self.get(token_id)
        while token.replaced_by is not None:
            token = self.get(token.replaced_by)
        return token

    def grant(self, tool: str, scopes: tuple[str, ...]) -> Grant:
        """Find the token for a tool call: the agent's own, and for lookups the read-only one when that won't do."""
        own = self.in_use(MAIN_TOKEN)
        candidates = [own, self.in_use(READ_TOKEN)] if tool == "lookup_customer" else [own]
        for token in candidates:
            if token.active and set(scopes) <= set(token.scopes):
                token.last_used_at = datetime.now(UTC)
                return Grant(token.id)
        if not own.active:
            return Grant(own.id, "credential_revoked", "credential revoked")
        missing = [scope for scope in scopes if scope not in own.scopes]
        return Grant(own.id, "scope_missing", f"scope {', '.join(missing)} is missing on {own.id}")

    def set_scopes(self, token_id: str, scopes: list[str]) -> Token:
        """Set the scopes of an active token.

        Raises:
            NotUnderstood: a scope that no tool knows. NotKnown: no such token. Irreversible: the token is revoked.
        """
        token = self.get(token_id)
        unknown = [scope for scope in scopes if scope not in SCOPES]
        if unknown:
            raise NotUnderstood(f"unknown scope {', '.join(map(repr, unknown))}; known: {', '.join(SCOPES)}")
        if not token.active:
            raise Irreversible(f"token {token_id} is revoked for good; issue a replacement with POST /control/tokens")
        token.scopes = list(dict.fromkeys(scopes))
        return token

    def revoke(self, token_id: str) -> bool:
        """Revoke a token for good. Returns False when it was revoked before."""
        token = self.get(token_id)
        was_active = token.active
        token.active = False
        return was_active

    def set_active(self, token_id: str, active: bool) -> Token:
        """Confirm that a token is active. A revoked one can't come back, and revoking has a door of its own.

        Raises:
            NotKnown: no such token. Irreversible: what is asked differs from what the token is.
        """
        token = self.get(token_id)
        if active and not token.active:
            raise Irreversible(f"token {token_id} is revoked for good; issue a replacement with POST /control/tokens")
        if not active and token.active:
            raise Irreversible(f"revoking can't be undone; say so with POST /control/tokens/{token_id}/revoke")
        return token

    def replace(self, token_id: str, agent: str) -> Token:
        """Issue a token with the same scopes, which the agent uses from now on. Other users of the old one do not.

        Raises:
            NotKnown: no such token. TooMany: the sandbox holds no more than 100 tokens.
        """
        old = self.get(token_id)
        if len(self.tokens) >= _MOST_TOKENS:
            raise TooMany(f"the sandbox holds {_MOST_TOKENS} tokens already; start it with a fresh state")
        number = len(self.tokens)
        while f"{token_id}-{number}" in self.tokens:
            number += 1
        new = Token(f"{token_id}-{number}", list(old.scopes), [agent])
        self.tokens[new.id] = new
        old.replaced_by = new.id
        old.used_by = [user for user in old.used_by if user != agent]
        return new


def first_credentials(agent: str) -> Credentials:
    """The tokens of a fresh sandbox."""
    return Credentials(
        {
            MAIN_TOKEN: Token(MAIN_TOKEN, list(SCOPES), [agent, NEIGHBOUR]),
            READ_TOKEN: Token(READ_TOKEN, [CUSTOMERS_READ], [agent]),
        }
    )
