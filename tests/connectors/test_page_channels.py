"""Pages by web hook and into a file."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from halon.connectors.errors import MissingSecret, Refused
from halon.connectors.filelog import append
from halon.connectors.webhook import asked


async def test_a_page_is_posted_to_the_address_that_the_environment_holds(
    client: httpx.AsyncClient, serve: Any
) -> None:
    """The URL comes from the variable; the payload is JSON, whatever characters it holds."""
    bodies = []

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = int(next(line for line in head.split("\r\n") if line.lower().startswith("content-length")).split(":")[1])
        bodies.append((head.split(" ")[1], json.loads(await reader.readexactly(size))))
        writer.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with serve(handler) as port:
        environ = {"PAGE_URL": f"http://127.0.0.1:{port}/hook/T1"}
        status = (await asked("PAGE_URL", {"text": 'a "quoted"\nline'}, client=client, environ=environ)).status
    assert (status, bodies) == (204, [("/hook/T1", {"text": 'a "quoted"\nline'})])


async def test_a_web_hook_without_its_variable_is_named_and_its_address_never_shown(client: httpx.AsyncClient) -> None:
    """The address of a web hook is a secret: errors name the variable."""
    with pytest.raises(MissingSecret, match="PAGE_URL"):
        await asked("PAGE_URL", {}, client=client, environ={})
    with pytest.raises(Refused) as caught:
        await asked("PAGE_URL", {}, client=client, environ={"PAGE_URL": "ftp://hook.example/secret-path"})
    assert "secret-path" not in str(caught.value)


async def test_the_page_file_gets_one_json_line_a_page(tmp_path: Path) -> None:
    """Appended, readable by the owner alone, line breaks inside a value kept inside it."""
    await append(tmp_path, "pages.log", {"body": "one\ntwo"})
    path = await append(tmp_path, "pages.log", {"body": "three"})
    assert [json.loads(line)["body"] for line in path.read_text().splitlines()] == ["one\ntwo", "three"]
    assert path.stat().st_mode & 0o077 == 0


async def test_the_page_file_stays_at_home(tmp_path: Path) -> None:
    """A name that leads out of Halon's home is refused."""
    for name in ("../outside.log", "/etc/passwd", "."):
        with pytest.raises(Refused):
            await append(tmp_path, name, {})
    assert not (tmp_path.parent / "outside.log").exists()
