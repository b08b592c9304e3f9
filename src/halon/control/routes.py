"""The control API: what each path below the prefix shows and changes."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import urllib.parse
from typing import Any

from halon.control.agent import Agent
from halon.control.approvals import decide_approval
from halon.control.caps import spent, tokens_spent
from halon.control.changes import Done, advance_epoch, put_switch, settable
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
from halon.control.log import Log
from halon.control.memory import Memory
from halon.control.pins import check_pin, roll_back, show_pin
from halon.control.pool import Pool
from halon.control.problems import Problem, not_offered, not_understood
from halon.control.rehearsals import Rehearsals
from halon.control.sessions import end_all_sessions, end_session, show_session, show_sessions
from halon.control.shapes import (
    BOOL,
    EPOCH,
    NAMED,
    OF_AGENT,
    OF_TOOL,
    SET_OTHERWISE,
    WHO,
    name_in,
    switch_path,
    tool_path,
)
from halon.control.sources import show_source
from halon.control.store import UNUSABLE
from halon.control.switches import Switches
from halon.control.tools import Toolbox
from halon.control.traces import otlp
from halon.control.values import LONGEST, Json


class Routes:
    """The routes of one agent."""

    def __init__(self, agent: Agent, log: Log, tools: Toolbox, rehearsals: Rehearsals, memory: Memory) -> None:
        self.agent, self.log, self.store, self.tools = agent, log, log.store, tools
        self.rehearsals, self.memory = rehearsals, memory
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
            elif (method, parts) == ("GET", ["v1", "memory"]):
                answer = await self.memory.shown()
            else:
                keys = [value for name, value in headers if name == "idempotency-key"]
                query = scope.get("query_string", b"")
                if (method, parts) == ("POST", ["control", "memory", "clear"]):
                    answer, more = await self._clear_memory(query, raw, keys)
                else:
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
        path, change, key = "/" + "/".join(parts), self._change(method, parts, raw), _key_in(keys)
        text, replayed = carry_out(self.store, key, method, path, _seen_as(method, path, query, raw), change)
        return text, {"Idempotent-Replay": "true"} if replayed else {}

    async def _clear_memory(self, query: bytes, raw: bytes, keys: list[str]) -> tuple[str, dict[str, str]]:
        fields_of(raw or b"{}", {})
        path = "/control/memory/clear"
        text, replayed = await self.memory.clear(_key_in(keys), path, _seen_as("POST", path, query, raw))
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
                    **{f"{name}_set": now.named(name) for name in NAMED if name != "tools"},
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
            case ["control", "memory-cleared", "copy"]:
                return self.memory.copy()
            case ["control", "sessions", session] if 0 < len(session) <= LONGEST:
                self.log.flush()
                return show_session(self.store, now, session)
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
        """The switch at this path, with what belongs to it."""
        match path.partition("/")[0]:
            case "spend-cap":
                return now.shown(path) | {"spent_last_hour": round(spent(self.store), 6)}
            case "token-cap":
                return now.shown(path) | {"tokens_last_hour": tokens_spent(self.store)}
            case "browsing":
                return now.shown(path) | {"tools": self.tools.browsing()}
            case "sessions":
                self.log.flush()
                return show_sessions(self.store, now)
            case "sources":
                return show_source(self.store, now, name_in(path))
            case "pins":
                return show_pin(self.store, now, name_in(path))
        return now.shown(path)

    def _change(self, method: str, parts: list[str], raw: bytes) -> Change:
        """What carries out a change. Raises Problem if no route takes it."""

        def put(db: sqlite3.Connection, kept: Json) -> Done:
            body = fields_of(raw, settable(str(path)), optional=("share",))
            if str(path).startswith("pins/"):
                check_pin(db, name_in(str(path)), body["value"])
            return put_switch(kept, str(path), body)

        def advance(db: sqlite3.Connection, kept: Json) -> Done:
            wanted = fields_of(raw or b"{}", {"epoch": (EPOCH, 1)}, optional=("epoch",))
            return advance_epoch(kept, wanted.get("epoch"))

        def decide(db: sqlite3.Connection, kept: Json) -> Done:
            body = fields_of(raw, {"approve": (BOOL, None), "by": (WHO, None)})
            return decide_approval(db, parts[2], body["approve"], body["by"]), None

        def end(db: sqlite3.Connection, kept: Json) -> Done:
            fields_of(raw or b"{}", {})
            return end_session(db, kept, parts[2]) if len(parts) > 3 else end_all_sessions(kept)

        def back(db: sqlite3.Connection, kept: Json) -> Done:
            fields_of(raw or b"{}", {})
            return roll_back(db, kept, name_in(str(path)))

        match method, parts:
            case "POST", ["control", "token-epoch", "advance"]:
                return advance
            case "POST", ["control", "approvals", _]:
                return decide
            case "POST", ["control", "sessions", "end"]:
                return end
            case "POST", ["control", "sessions", session, "end"] if 0 < len(session) <= LONGEST:
                return end
            case "POST", ["control", "pins", what, "roll-back"] if path := self._path(["pins", what]):
                return back
            case "PUT", ["control", *rest] if (path := self._path(rest)) and path not in SET_OTHERWISE:
                return put
        raise not_offered(method, "/" + "/".join(parts))

    def _path(self, rest: list[str]) -> str | None:
        """The switch that these parts of a path name, or None. Raises Problem for a name that can't be."""
        match rest:
            case [one] if one in OF_AGENT:
                return one
            case ["tools", name, *more] if (switch := "/".join(("", *more))) in OF_TOOL:
                if name not in (known := self.tools.known()):
                    names = ", ".join(known) or "none"
                    raise Problem(404, "not-known", f"there is no tool {name[:80]!r}; known: {names}")
                return tool_path(name, switch)
            case [family, name] if family in NAMED:
                field, (words, fits) = NAMED[family]
                if not fits(name):
                    raise not_understood(f"{field} must be {words}")
                return switch_path(family, name)
        return None


def _key_in(keys: list[str]) -> str | None:
    """The one Idempotency-Key. Raises Problem."""
    if len(keys) > 1 or not all(0 < len(key) <= 255 and key.isascii() and key.isprintable() for key in keys):
        raise not_understood("Idempotency-Key is given once, as 1 to 255 printable ASCII characters")
    return keys[0] if keys else None


def _seen_as(method: str, path: str, query: bytes, raw: bytes) -> str:
    """The fingerprint of a call."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode("utf-8", "replace"), query, raw))).hexdigest()
