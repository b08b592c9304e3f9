"""Real counterparts for connectors: the sandbox agent's process, small servers that misbehave on purpose, and products
that hold every request against the contract that is written down for them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
import pytest
import yaml

from halon.connectors.http import new_client
from halon.drill.launch import RunningAgent, running_agent

TOKEN = "connector-tests-token"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def agent() -> Iterator[RunningAgent]:
    """One sandbox agent for all tests of a file."""
    with running_agent(token=TOKEN) as running:
        yield running


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """The client that workers use."""
    async with new_client() as made:
        yield made


@pytest.fixture
def serve() -> Callable[[Handler], object]:
    """Serve TCP connections with a handler; gives the port."""

    @asynccontextmanager
    async def serving(handler: Handler) -> AsyncIterator[int]:
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()

    return serving


CONTRACTS = Path(__file__).parent / "contracts"
Json = Any


def violations(value: Json, schema: dict[str, Any], where: str = "body") -> list[str]:
    """What of ``value`` does not fit ``schema``, a JSON Schema of the keywords below. An unknown keyword is an error:
    a rule that nobody checks would be no rule."""
    known = {
        "type", "required", "properties", "additionalProperties", "enum", "minLength", "maxLength", "pattern", "items",
        "maxItems", "oneOf",
    }  # fmt: skip
    assert set(schema) <= known, set(schema) - known
    if "oneOf" in schema:
        each = [violations(value, one, where) for one in schema["oneOf"]]
        fitting = [one for one in each if not one]
        return [] if len(fitting) == 1 else min(each, key=len) or [f"{where} fits several"]
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool}
    found: list[str] = []
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        return [f"{where} is not of type {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where} is none of {schema['enum']}")
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0) or len(value) > schema.get("maxLength", 10**9):
            found.append(f"{where} has {len(value)} characters")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            found.append(f"{where} does not match {schema['pattern']}")
    if isinstance(value, list):
        if len(value) > schema.get("maxItems", 10**9):
            found.append(f"{where} has {len(value)} items")
        for index, item in enumerate(value):
            found += violations(item, schema.get("items", {}), f"{where}[{index}]")
    if isinstance(value, dict):
        found += [f"{where}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, item in value.items():
            if name in schema.get("properties", {}):
                found += violations(item, schema["properties"][name], f"{where}.{name}")
            elif schema.get("additionalProperties") is False:
                found.append(f"{where}.{name} is not in the contract")
            elif isinstance(schema.get("additionalProperties"), dict):
                found += violations(item, schema["additionalProperties"], f"{where}.{name}")
    return found


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Json


@dataclass
class Product:
    """A product behind HTTP. ``wrong`` collects what broke its contract; ``says`` replaces its answers, in order."""

    contract: dict[str, Any] | None = None
    seen: list[Seen] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    says: list[tuple[int, Json]] = field(default_factory=list)
    hangs: bool = False
    url: str = ""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = head.strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        split = urlsplit(target)
        one = Seen(method, split.path, parse_qsl(split.query), headers, json.loads(content) if content else None)
        self.seen.append(one)
        if self.hangs:
            await asyncio.sleep(30)
        status, answer = self._answer(one)
        told = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        kind = "text/plain" if isinstance(answer, str) else "application/json"
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(told)}\r\n\r\n".encode() + told
        )
        await writer.drain()
        writer.close()

    def _answer(self, one: Seen) -> tuple[int, Json]:
        if self.contract is None:
            return self.says.pop(0) if self.says else (200, "ok")
        operation, found = self._held_against(one)
        self.wrong += [f"{one.method} {one.path}: {each}" for each in found]
        if found:
            return 400, {"status": "invalid event", "errors": found}
        if self.says:
            return self.says.pop(0)
        (status, told), *_ = operation["responses"].items()
        return int(status), told["content"]["application/json"]["example"]

    def _held_against(self, one: Seen) -> tuple[dict[str, Any], list[str]]:
        assert self.contract is not None
        for template, methods in self.contract["paths"].items():
            matched = re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template), one.path)
            if matched is None or one.method.lower() not in methods:
                continue
            operation = methods[one.method.lower()]
            given = {"path": {name: unquote(value) for name, value in matched.groupdict().items()}}
            given |= {"header": one.headers, "query": dict(one.query)}
            found = []
            rules = operation.get("parameters", [])
            for rule in rules:
                name = rule["name"].lower() if rule["in"] == "header" else rule["name"]
                if name in given[rule["in"]]:
                    found += violations(given[rule["in"]][name], rule["schema"], name)
                elif rule.get("required"):
                    found.append(f"{name} is missing in the {rule['in']}")
            spoken = {rule["name"] for rule in rules if rule["in"] == "query"}
            found += [f"the query's {name} is not in the contract" for name, _ in one.query if name not in spoken]
            if "requestBody" in operation:
                if one.headers.get("content-type", "").split(";")[0] != "application/json":
                    found.append("the body is not application/json")
                found += violations(one.body, operation["requestBody"]["content"]["application/json"]["schema"])
            return operation, found
        return {}, ["no such path in the contract"]


@pytest.fixture
def product(serve: Callable[[Handler], Any]) -> Callable[..., Any]:
    """Serve a product: ``async with product("pagerduty") as served``; without a contract it takes everything."""

    @asynccontextmanager
    async def serving(name: str = "") -> AsyncIterator[Product]:
        made = Product(
            yaml.load((CONTRACTS / f"{name}.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader) if name else None
        )
        async with serve(made) as port:
            made.url = f"http://127.0.0.1:{port}"
            yield made

    return serving
