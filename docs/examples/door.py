"""The door of an agent that has no web server: run it beside the agent, on the same host and state file."""

import sys
from typing import Any

import uvicorn
from halon_control import Control

control = Control("payer", state="payer.db")


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """There is nothing here but the controls."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body"})


if __name__ == "__main__":
    uvicorn.run(control.asgi(nothing), port=int(sys.argv[1]), lifespan="off")
