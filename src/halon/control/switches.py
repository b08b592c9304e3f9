"""The switches at one moment, and what is asked of them on each turn and each call."""

from __future__ import annotations

import dataclasses
import time

from halon.control.shapes import NAMED, name_in, tool_path, untouched
from halon.control.values import Json, utc


@dataclasses.dataclass
class Switches:
    """All switches at one moment: what was set by path below /control, and what is asked for on each call."""

    kept: dict[str, Json] = dataclasses.field(default_factory=dict)
    readable: bool = True

    def __post_init__(self) -> None:
        self.hard_stopped: bool = self.of("hard-stop")["on"]
        self.stopped: bool = self.of("kill-switch")["on"] or self.hard_stopped
        self.read_only: bool = self.of("read-only")["on"]
        self.turns: int | None = self.of("rate-limit")["per_minute"]
        self.at_once: int | None = self.of("concurrency-cap")["turns"]
        self.cap: float | None = self.of("spend-cap")["eur_per_hour"]
        self.token_cap: int | None = self.of("token-cap")["tokens_per_hour"]
        self.epoch: int = self.of("token-epoch")["epoch"]
        self.recalls: bool = self.of("memory")["enabled"] and not self.of("memory-quarantine")["on"]
        self.remembers: bool = self.of("memory")["enabled"]
        self.no_browsing, self.no_links = self.of("browsing")["blocked"], self.of("links")["blocked"]
        self.tools = {path.split("/")[1] for path in self.kept if path.startswith("tools/")}
        self.tenants, self.sources = set(self.named("tenants")), set(self.named("sources"))
        self.blocked, self.only = tuple(self.named("egress")), self.of("egress")["only"]
        self.rules = tuple((rule, str(one["blocks"])) for rule, one in self.named("guardrails").items())
        self.pins: dict[str, str] = {what: one["value"] for what, one in self.named("pins").items()}
        drain, ended = self.of("drain"), self.of("sessions")
        self.drained_at: float | None = drain["since"] if drain["on"] else None
        self.ended_before: float = ended["all_ended"]
        self.some_ended: bool = ended["ended"] > 0
        # Most agents have none of these set: one look tells that there is nothing to look at.
        self.asks_session = bool(self.tenants or drain["on"] or self.ended_before or self.some_ended)
        self.asks_call = bool(self.rules or self.blocked or self.only is not None)
        self.asks_answer = bool(self.rules or self.no_links)

    def of(self, path: str) -> Json:
        """The switch at this path, as it was set."""
        return self.kept.get(path) or untouched(path)

    def named(self, family: str) -> dict[str, Json]:
        """What was set in a family of switches behind names, by name."""
        found = {path: one for path, one in self.kept.items() if path.startswith(f"{family}/")}
        return {name_in(path): one for path, one in found.items() if one != untouched(path)}

    def shown(self, path: str) -> Json:
        """The switch at this path, as its route shows it."""
        switch = dict(self.of(path))
        if path == "token-epoch":
            switch |= _moment("advanced", switch.pop("advanced"))
        elif path == "memory-cleared":
            switch |= _moment("cleared", switch.pop("cleared"))
        elif path == "sessions":
            moment = switch.pop("all_ended")
            switch |= {"all_ended_at": utc(moment) if moment else None, "ended_lately": _lately(moment)}
        elif path == "drain":
            switch["since"] = utc(switch["since"]) if switch["on"] else None
        family, _, name = path.partition("/")
        return {NAMED[family][0]: name_in(path)} | switch if name else switch

    def of_tool(self, name: str) -> Json:
        """All switches of a tool."""
        approval, limit = self.of(tool_path(name, "/approval")), self.of(tool_path(name, "/rate-limit"))
        return self.of(tool_path(name)) | {"approval": approval, "rate_limit": limit}


def _moment(what: str, moment: float) -> Json:
    return {f"{what}_at": utc(moment) if moment else None, f"{what}_lately": _lately(moment)}


def _lately(moment: float) -> bool:
    """Within the last hour."""
    return time.time() - moment < 3600
