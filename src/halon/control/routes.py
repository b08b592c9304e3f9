"""The control API: what each path below the prefix shows and changes."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
import urllib.parse
from typing import Any

from halon.control.agent import Agent
from halon.control.approvals import decide_approval
from halon.control.http import (
    Receive,
    Scope,
    Send,
    authenticate,
    body_of,
    fields_of,
    limit_of,
    respond,
    respond_problem,
    since_of,
)
from halon.control.ledger import Change, carry_out
from halon.control.limits import spent
from halon.control.log import Log
from halon.control.pool import Pool
from halon.control.problems import Problem, not_offered, not_understood
from halon.control.rehearsals import Rehearsals
from halon.control.store import UNUSABLE
from halon.control.switches import BOOL, EPOCH, OF_AGENT, OF_TOOL, WHO, Switches, shape_of, tool_path
from halon.control.tools import Toolbox
from halon.control.traces import otlp
from halon.control.values import Json


class Routes:
    """The routes of one agent."""

    def __init__(self, agent: Agent, log: Log, tools: Toolbox, rehearsals: Rehearsals) -> None:
        self.agent, self.log, self.store, self.tools, self.rehearsals = agent, log, log.store, tools, rehearsals
        self.pool = Pool("halon-control", 4)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        agent, method = self.agent, scope["method"]
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        raw_path = (scope.get("raw_path") or urllib.parse.quote(scope["path"]).encode()).decode("latin-1")
        root = urllib.parse.quote(str(scope.get("root_path", ""))) + agent.prefix
        parts = [urllib.parse.unquote(part) for part in raw_path.removeprefix(root).split("/")[1:]]
        more: dict[str, str] = {}
        try:
            if (method, parts) == ("GET", ["healthz"]):
                await respond(send, 200, {"ok": True, **self._about("version")}, {})
                return
            authenticate(agent.token_env, [value for name, value in headers if name == "authorization"])
            raw = await body_of(receive)
            if (method, parts) == ("POST", ["control", "replay"]):
                answer: Any = await self.rehearsals.replay(raw)
            elif (method, parts) == ("POST", ["control", "evals"]):
                answer = await self.rehearsals.evaluate()
            else:
                keys = [value for name, value in headers if name == "idempotency-key"]
                query = scope.get("query_string", b"")
                answer, more = await self.pool.run(self._answer, method, parts, query, raw, keys)
            await respond(send, 200, answer, more)
        except Problem as problem:
            await respond_problem(send, problem)
        except UNUSABLE as error:
            why = f"the control state can't be used: {error}. Tools that write are refused. Restore the file, or move it away and restart"
            await respond_problem(send, Problem(503, "state-unreadable", why))

    def _answer(
        self, method: str, parts: list[str], query: bytes, raw: bytes, keys: list[str]
    ) -> tuple[Any, dict[str, str]]:
        """The answer as JSON or as its text, with its headers. Raises Problem."""
        if not (now := self.store.switches()).readable:
            raise OSError(f"{self.store.path} can't be read")
        if method == "GET":
            asked = urllib.parse.parse_qs(query.decode("latin-1"), max_num_fields=20)
            return self._look(now, parts, {name: values[-1] for name, values in asked.items()}), {}
        path, change = "/" + "/".join(parts), self._change(method, parts, raw)
        if len(keys) > 1 or not all(0 < len(key) <= 255 and key.isascii() and key.isprintable() for key in keys):
            raise not_understood("Idempotency-Key is given once, as 1 to 255 printable ASCII characters")
        seen = hashlib.sha256(b"\n".join((method.encode(), path.encode("utf-8", "replace"), query, raw))).hexdigest()
        text, replayed = carry_out(self.store, keys[0] if keys else None, method, path, seen, change)
        return text, {"Idempotent-Replay": "true"} if replayed else {}

    def _look(self, now: Switches, parts: list[str], asked: dict[str, str]) -> Any:
        about = self._about("version", "config_hash")
        match parts:
            case ["v1", "agent"]:
                return about | self.tools.described()
            case ["v1", "actions"]:
                return {"actions": self._latest("action", asked)}
            case ["v1", "traces"]:
                return otlp(self.agent, self._latest("trace", asked))
            case ["control", "state"]:
                return about | {
                    "pid": os.getpid(), "state_since": self.store.since,
                    **{path.replace("-", "_"): self._shown(now, path) for path in OF_AGENT},
                    "tools": {name: now.of_tool(name) for name in self.tools.known()},
                    "approvals_pending": sum(one["status"] == "pending" for one in self._kept("approval")),
                }  # fmt: skip
            case ["control", "calls"]:
                calls = [
                    one for one in self._kept("call") if all(asked.get(k, one[k]) == one[k] for k in ("key", "path"))
                ]
                hidden = ("response", "fingerprint")
                shown = [{name: value for name, value in one.items() if name not in hidden} for one in calls]
                return {"calls": shown, "total": len(shown)}
            case ["control", "approvals"]:
                return {"approvals": self._kept("approval")}
            case ["control", *rest] if path := self._path(rest):
                return self._shown(now, path)
        raise not_offered("GET", "/" + "/".join(parts))

    def _about(self, *names: str) -> Json:
        """The agent's name, and those of these that it says of itself."""
        said = {name: getattr(self.agent, name) for name in names}
        return {"name": self.agent.name} | {name: value for name, value in said.items() if value}

    def _latest(self, kind: str, asked: dict[str, str]) -> list[Json]:
        """Rows of log or traces, the oldest first: those since a moment, or else the last ones."""
        self.log.flush()
        limit, since = limit_of(asked.get("limit", "100")), since_of(asked["since"]) if "since" in asked else None
        more, values = ("AND key = ?", [asked["trace_id"]]) if kind == "trace" and "trace_id" in asked else ("", [])
        way = "DESC" if since is None else "ASC"
        query = f"{more} AND at >= ? ORDER BY at {way}, seq {way} LIMIT ?"
        found = self._kept(kind, query, *values, since or 0.0, limit)
        return found[::-1] if since is None else found

    def _kept(self, kind: str, more: str = "ORDER BY seq", *values: Any) -> list[Json]:
        return [json.loads(row[3]) for row in self.store.rows(kind, more, *values)]

    def _shown(self, now: Switches, path: str) -> Json:
        more = {"spent_last_hour": round(spent(self.store), 6)} if path == "spend-cap" else {}
        return now.shown(path) | more

    def _change(self, method: str, parts: list[str], raw: bytes) -> Change:
        """What carries out a change. Raises Problem if no route takes it."""

        def put(db: sqlite3.Connection, kept: Json) -> Json:
            shape = shape_of(str(path))
            body = fields_of(raw, shape, optional=("share",))
            kept[str(path)] = {field: body.get(field, default) for field, (_, default) in shape.items()}
            return Switches(kept).shown(str(path))

        def advance(db: sqlite3.Connection, kept: Json) -> Json:
            old = Switches(kept).epoch
            wanted = fields_of(raw or b"{}", {"epoch": (EPOCH, 1)}, optional=("epoch",)).get("epoch", old + 1)
            if wanted > old + 1:
                raise Problem(409, "too-far", f"the epoch is {old}; it goes one step at a time")
            if wanted > old:
                kept["token-epoch"] = {"epoch": wanted, "advanced": time.time()}
            return Switches(kept).shown("token-epoch")

        def decide(db: sqlite3.Connection, kept: Json) -> Json:
            body = fields_of(raw, {"approve": (BOOL, None), "by": (WHO, None)})
            return decide_approval(db, parts[2], body["approve"], body["by"])

        match method, parts:
            case "POST", ["control", "token-epoch", "advance"]:
                return advance
            case "POST", ["control", "approvals", _]:
                return decide
            case _, ["control", *rest] if (path := self._path(rest)) and method == "PUT" and path != "token-epoch":
                return put
        raise not_offered(method, "/" + "/".join(parts))

    def _path(self, rest: list[str]) -> str | None:
        """The switch that these parts of a path name, or None. Raises Problem for a tool that nobody knows."""
        match rest:
            case [one] if one in OF_AGENT:
                return one
            case ["tools", name, *more] if (switch := "/".join(("", *more))) in OF_TOOL:
                if name not in (known := self.tools.known()):
                    names = ", ".join(known) or "none"
                    raise Problem(404, "not-known", f"there is no tool {name[:80]!r}; known: {names}")
                return tool_path(name, switch)
        return None
