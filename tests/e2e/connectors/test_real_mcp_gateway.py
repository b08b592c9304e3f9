"""ContextForge, with a real MCP server behind it: a tool is taken from the agent and given back; a token is revoked."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PASSWORD = "Cont-ain-42-Forge!"
SERVER = '''
import sys
from mcp.server.fastmcp import FastMCP

mail = FastMCP("mail", host="127.0.0.1", port=int(sys.argv[1]))


@mail.tool()
def send_email(to: str) -> str:
    """Send a mail."""
    return f"sent to {to}"


@mail.tool()
def halon_test(to: str) -> str:
    """A tool that nobody calls."""
    return "called"


mail.run(transport="streamable-http")
'''


@dataclass
class Gateway:
    """The gateway as its administrator and as the agent see it."""

    url: str
    outside: Callable[..., Any]
    token: str = ""

    def say(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """One request with a token: the administrator's unless another is given."""
        return self.outside(method, self.url + path, body, Authorization=f"Bearer {token or self.token}")

    def call(self, token: str, tool: str = "mail-send-email") -> tuple[int, str]:
        """The agent calls its tool through the gateway."""
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                "params": {"name": tool, "arguments": {"to": "ada@hotel.example"}}}  # fmt: skip
        told = self.say("POST", "/rpc", body, token)
        return told.status, told.text

    def ids(self) -> dict[str, str]:
        """The gateway's ids of the tools, by name."""
        return {one["name"]: one["id"] for one in self.say("GET", "/v1/tools").json}

    def issue(self, name: str = "support-bot") -> tuple[str, str]:
        """A token for the agent: its id, and the token."""
        made = self.say("POST", "/v1/tokens", {"name": name, "expires_in_days": 1})
        assert made.status == 201, made.text
        return made.json["token"]["id"], made.json["access_token"]


@pytest.fixture
def gateway(
    tmp_path: Path, tools: Path, product: Callable[..., Any], free: Callable[[], int], outside: Callable[..., Any]
) -> Gateway:
    """ContextForge on SQLite, with the MCP server registered."""
    assert (tools / "contextforge/.ready").exists(), "ContextForge is not installed; run: tests/e2e/install"
    mcp, port, programs = free(), free(), tools / "contextforge/bin"
    (tmp_path / "mail.py").write_text(SERVER)
    product([str(programs / "python"), str(tmp_path / "mail.py"), str(mcp)], f"http://127.0.0.1:{mcp}/mcp")
    product(
        [str(programs / "mcpgateway"), "--host", "127.0.0.1", "--port", str(port)], f"http://127.0.0.1:{port}/health", 180,
        DATABASE_URL=f"sqlite:///{tmp_path}/gateway.db", JWT_SECRET_KEY=secrets.token_urlsafe(48),
        AUTH_ENCRYPTION_SECRET=secrets.token_urlsafe(48), PLATFORM_ADMIN_EMAIL="admin@example.com",
        PLATFORM_ADMIN_PASSWORD=PASSWORD, MCPGATEWAY_UI_ENABLED="false", MCPGATEWAY_ADMIN_API_ENABLED="true",
        SSRF_ALLOW_LOCALHOST="true", SSRF_ALLOW_PRIVATE_NETWORKS="true", LOG_LEVEL="WARNING",
    )  # fmt: skip
    made = Gateway(f"http://127.0.0.1:{port}", outside)
    entered = outside("POST", f"{made.url}/v1/auth/login", {"email": "admin@example.com", "password": PASSWORD})
    assert entered.status == 200, entered.text
    made.token = entered.json["access_token"]
    mail = {"name": "mail", "url": f"http://127.0.0.1:{mcp}/mcp", "transport": "STREAMABLEHTTP"}
    registered = made.say("POST", "/v1/gateways", mail)
    assert registered.status in (200, 201), registered.text
    assert set(made.ids()) == {"mail-send-email", "mail-halon-test"}
    return made


def test_contextforge_takes_the_tool_and_gives_it_back(gateway: Gateway, line: Callable[..., Any]) -> None:
    """The agent's call finds no tool once applied; the read-back sees that somebody activated it; the undo gives it back."""
    ids, (_, agent) = gateway.ids(), gateway.issue()
    environ = {"CONTEXTFORGE_URL": gateway.url, "CONTEXTFORGE_TOKEN": gateway.token}
    harmless = {"operation": "tool_off", "with": {"tool_id": ids["mail-halon-test"]}}
    tool = ids["mail-send-email"]
    halon = line("contextforge", "tool_off", {"tool_id": tool}, environ, harmless)
    assert "sent to ada" in gateway.call(agent)[1]
    assert halon.verify().holds is False

    halon.apply()
    assert halon.verify().holds is True
    assert "Tool not found" in gateway.call(agent)[1]

    assert gateway.say("POST", f"/v1/tools/{tool}/state?activate=true").status == 200
    assert halon.verify().holds is False
    assert "sent to ada" in gateway.call(agent)[1]

    halon.again()
    halon.apply()
    assert "Tool not found" in gateway.call(agent)[1]
    halon.undo()
    assert halon.verify_undo().holds is True
    assert "sent to ada" in gateway.call(agent)[1]

    done = halon.test("contextforge", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert gateway.token not in done.stdout + done.stderr
    assert "called" in gateway.call(agent, "mail-halon-test")[1]


def test_contextforge_revokes_a_token_for_good(gateway: Gateway, line: Callable[..., Any]) -> None:
    """The agent's token is refused at once, and the kit offers no way back; another token still works."""
    (token_id, agent), (_, other) = gateway.issue(), gateway.issue("billing-bot")
    environ = {"CONTEXTFORGE_URL": gateway.url, "CONTEXTFORGE_TOKEN": gateway.token}
    gate = {"roles": ["security_lead"], "quorum": 1}
    more = {"action": "revoke_token", "effect": "once", "reversible": False, "gate": gate, "covers": []}
    halon = line("contextforge", "revoke_token", {"token_id": token_id}, environ, **more)
    assert (gateway.call(agent)[0], halon.verify().holds) == (200, False)

    assert halon.order.undo is None
    revoked = halon.sent(halon.order.apply)
    assert revoked.status == 204
    assert halon.verify().holds is True
    assert gateway.call(agent)[0] == 401
    assert gateway.call(other)[0] == 200
