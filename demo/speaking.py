"""How the demo speaks: ``halon`` and ``temporal`` as typed by a person, HTTP to the front door and to the agent."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from programs import BIN, Programs

TYPED_SECONDS = 60.0
RULE = "AgentUnauthorisedToolAction"
AGENT = "support-bot"


@dataclass
class Typed:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        """The JSON that it printed; an empty object if it printed none."""
        try:
            return json.loads(self.out)
        except ValueError:
            return {}

    @property
    def refusal(self) -> str:
        """The type and text of the refusal that ``halon --json`` printed, or what was said on stderr."""
        error = self.value.get("error", {}) if isinstance(self.value, dict) else {}
        return f"{error.get('type', '')}: {error.get('message', '')}" if error else " ".join(self.err.split())


def now() -> str:
    """The time as Alertmanager writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Speaking:
    """One person's terminal, and one HTTP client each for the front door and for the agent."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self.reference = ""
        self.workflow_id = ""
        self._agent = httpx.Client(base_url=programs.agent_url, trust_env=False, timeout=15,
                                   headers={"Authorization": f"Bearer {programs.agent_token}"})  # fmt: skip
        # A connection for each of fifty deliveries at once.
        self._door = httpx.Client(base_url=programs.door_url, trust_env=False, timeout=30,
                                  limits=httpx.Limits(max_connections=64))  # fmt: skip

    def halon(self, *words: str) -> Typed:
        """Type ``halon`` with these words."""
        return self._type(str(BIN / "halon"), *words)

    def temporal(self, *words: str) -> Typed:
        """Type ``temporal workflow`` with these words, about our incident."""
        return self._type(str(BIN / "temporal"), "workflow", *words, "--workflow-id", self.workflow_id)

    def update(self, name: str, **fields: str) -> Typed:
        """``temporal workflow update execute``; ``out`` is the answer alone."""
        done = self.temporal("update", "execute", "--name", name, "--input", json.dumps(fields))
        return Typed(done.code, " ".join(done.out.partition("Result")[2].split()), done.err)

    def query(self, name: str) -> Any:
        """``temporal workflow query``: one of the incident's own answers; None if nobody answered."""
        return self.ask(self.workflow_id, name)

    def ask(self, workflow_id: str, name: str) -> Any:
        """The same of any incident."""
        words = ("workflow", "query", "--type", name, "--output", "json", "--workflow-id", workflow_id)
        told = self._type(str(BIN / "temporal"), *words).value
        return told["queryResult"][0] if isinstance(told, dict) and told.get("queryResult") else None

    def status(self) -> dict[str, Any]:
        """The incident's status, by a query: much faster than ``halon status``. (The CLI prints an empty list as null.)"""
        told = self.query("status")
        return dict(told) if isinstance(told, dict) else {}

    def timeline(self) -> list[dict[str, Any]]:
        """``halon timeline --json``: the whole log."""
        told = self.halon("timeline", self.reference, "--json").value
        return told if isinstance(told, list) else []

    def gate(self, subject: str) -> dict[str, Any]:
        """The newest gate about a subject, or an empty object."""
        found = [one for one in self.query("gates") or [] if one["subject"] == subject]
        return found[-1] if found else {}

    def action(self, name: str) -> dict[str, Any]:
        """An action of the incident, or an empty object."""
        return next((one for one in self.query("actions") or [] if one["order"]["id"] == name), {})

    def agent(self, path: str) -> dict[str, Any]:
        """Read something from the agent."""
        return dict(self._agent.get(path).raise_for_status().json())

    def agent_is_there(self) -> bool:
        """Whether the agent answers."""
        try:
            return self._agent.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    def set_at_agent(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Change something at the agent, as its owner does."""
        return dict(self._agent.put(path, json=body).raise_for_status().json())

    def post_at_agent(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make something at the agent, as its owner does."""
        return dict(self._agent.post(path, json=body).raise_for_status().json())

    def ask_agent(self, session: str, message: str) -> dict[str, Any]:
        """A customer asks the agent something."""
        body = {"session": session, "customer": "C-1001", "message": message}
        return dict(self._agent.post("/v1/chat", json=body).raise_for_status().json())

    def calls(self, path: str) -> list[dict[str, Any]]:
        """The control calls that the agent received on a path, one row per idempotency key."""
        answer = self._agent.get("/control/calls", params={"path": path}).raise_for_status().json()
        return list(answer["calls"])

    def deliver(self, body: dict[str, Any]) -> httpx.Response:
        """POST a delivery as Alertmanager does."""
        lines = (self._programs.home / "tokens.env").read_text("utf-8").splitlines()
        tokens = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        headers = {"Authorization": f"Bearer {tokens['HALON_TOKEN_ALERTMANAGER']}"}
        return self._door.post("/v1/alerts/alertmanager", json=body, headers=headers)

    def deliver_or_not(self, body: dict[str, Any]) -> dict[str, Any]:
        """What the front door told of the one incident; empty if nobody answered or it did not take the delivery."""
        try:
            answer = self.deliver(body)
        except httpx.TransportError:
            return {}
        return dict(answer.json()["incidents"][0]) if answer.status_code == 200 else {}

    def close(self) -> None:
        """Close the connections."""
        self._agent.close()
        self._door.close()

    def _type(self, *command: str) -> Typed:
        done = subprocess.run(command, env=self._programs.environment, cwd=self._programs.folder, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=TYPED_SECONDS)  # fmt: skip
        return Typed(done.returncode, done.stdout, done.stderr)


def delivery(fingerprint: str, started: str, trace: str, *, ended: str = "") -> dict[str, Any]:
    """One delivery of Alertmanager's webhook, payload version 4; with ``ended`` it says resolved."""
    status = "resolved" if ended else "firing"
    labels = {"alertname": RULE, "agent": AGENT, "group": "unauthorised_tool_action", "severity": "critical"}
    annotations = {"summary": f"{AGENT} mailed somebody outside", "trace_id": trace}
    alert = {"status": status, "labels": labels, "annotations": annotations, "startsAt": started,
             "endsAt": ended or "0001-01-01T00:00:00Z", "generatorURL": "http://prometheus.example/graph",
             "fingerprint": fingerprint}  # fmt: skip
    return {"receiver": "halon", "status": status, "alerts": [alert], "groupLabels": {"alertname": RULE},
            "commonLabels": labels, "commonAnnotations": annotations, "externalURL": "http://alertmanager.example",
            "version": "4", "groupKey": f'{{}}:{{alertname="{RULE}"}}', "truncatedAlerts": 0}  # fmt: skip
