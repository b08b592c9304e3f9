"""An MCP server under ``halon.control``: put ``@control.tool`` under ``@server.tool()``, and wrap the app.

Whichever agent calls the tool, the control holds here, at the server.
"""

import sys

import uvicorn
from halon_control import Control
from mcp.server import MCPServer  # before mcp 2: from mcp.server.fastmcp import FastMCP

control = Control("concierge", state="concierge.db", fallback="Our front desk will answer you soon.")
server = MCPServer("concierge")


@server.tool()
@control.tool(
    authorised=lambda call: call["to"].endswith("@hotel.example"),
    recipient=lambda call: call["to"],
)  # a refusal is raised, and the caller gets it as an MCP tool error
def send_message(to: str, text: str) -> str:
    """Send a message to an address."""
    return f"sent to {to}"


if __name__ == "__main__":
    uvicorn.run(control.asgi(server.streamable_http_app(), turns=[]), port=int(sys.argv[1]))
