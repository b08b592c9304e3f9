"""An agent as people write them: a Starlette app with one tool, its controls in front. Arguments: port, state, outbox."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route

from halon.control import Control

port, state, outbox = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
control = Control("my-agent", state=state, fallback="A person will answer you soon.", version="1.4.0")


@control.tool(authorised=lambda call: call["to"].endswith("@ours.example"), recipient=lambda call: call["to"])
def send_email(to: str, body: str) -> str:
    with outbox.open("a") as file:
        file.write(f"{to}\n")
    return f"Mailed {to}."


async def chat(request: Request) -> JSONResponse:
    said = await request.json()
    control.retrieved([{"id": "kb-17", "source": "wiki"}])
    return JSONResponse({"reply": await asyncio.to_thread(send_email, said["message"], "hello")})


async def words() -> AsyncIterator[bytes]:
    for word in (b"one ", b"two ", b"three"):
        yield word
        await asyncio.sleep(0.2)


async def stream(request: Request) -> StreamingResponse:
    return StreamingResponse(words(), media_type="text/plain")


routes = [Route("/chat", chat, methods=["POST"]), Route("/stream", stream), Route("/free", stream)]
app = control.asgi(Starlette(routes=routes), turns=["/chat", "/stream"])

if __name__ == "__main__":
    uvicorn.run(app, port=port, log_level="error")
