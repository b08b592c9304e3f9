"""A real Prometheus sees a real agent do harm, a real Alertmanager delivers it, through an outage of Halon's own."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

RULE = "AgentUnauthorisedToolAction"
WINDOW = 15  # seconds without harm after which the rule resolves
TOOL = "/control/tools/send_email"

PROMETHEUS = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]}}
rule_files: ['{rules}']
scrape_configs:
  - job_name: agents
    static_configs: [{{targets: ['{agent}']}}]
"""
RULES = """
groups:
  - name: agents
    rules:
      - alert: {rule}
        expr: sum by (agent) (increase(agent_unauthorised_tool_actions_total[{window}s])) > 0
        labels: {{severity: critical, group: unauthorised_tool_action}}
        annotations: {{summary: "{{{{ $labels.agent }}}} used a tool without authorisation"}}
"""
ALERTMANAGER = """
route: {{receiver: halon, group_by: [agent, group], group_wait: 0s, group_interval: 1s, repeat_interval: 3s}}
receivers:
  - name: halon
    webhook_configs:
      - url: {url}/v1/alerts/alertmanager
        http_config: {{authorization: {{credentials_file: '{token}'}}}}
"""


class Monitoring:
    """Prometheus and Alertmanager, as a user sets them up for the sandbox agent and Halon."""

    def __init__(self, house: Any, folder: Path, daemon: Callable[..., Any], ports: tuple[int, int]) -> None:
        self.house = house
        self.prometheus, self.alertmanager = (f"127.0.0.1:{port}" for port in ports)
        token = folder / "token"
        lines = (house.home / "tokens.env").read_text().splitlines()
        token.write_text(next(line.partition("=")[2] for line in lines if line.startswith("HALON_TOKEN_ALERTMANAGER=")))
        rules = folder / "rules.yml"
        rules.write_text(RULES.format(rule=RULE, window=WINDOW))
        scrape = folder / "prometheus.yml"
        agent = house.agent.url.removeprefix("http://")
        scrape.write_text(PROMETHEUS.format(alertmanager=self.alertmanager, rules=rules, agent=agent))
        route = folder / "alertmanager.yml"
        route.write_text(ALERTMANAGER.format(url=house.url, token=token))
        daemon(("prometheus-alertmanager", "alertmanager"), f"--config.file={route}", f"--storage.path={folder / 'am'}",
               f"--web.listen-address={self.alertmanager}", "--cluster.listen-address=")  # fmt: skip
        daemon(("prometheus",), f"--config.file={scrape}", f"--storage.tsdb.path={folder / 'tsdb'}",
               f"--web.listen-address={self.prometheus}")  # fmt: skip

    def ready(self) -> bool:
        """Whether Alertmanager serves and Prometheus has seen the agent's counters."""
        return bool(
            _get(f"http://{self.alertmanager}/-/ready")
            and self.asked("count_over_time(agent_unauthorised_tool_actions_total[10s]) > 2")
        )

    def asked(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus answers to an expression."""
        answer = _get(f"http://{self.prometheus}/api/v1/query", query=expression)
        return list(answer.json()["data"]["result"]) if answer else []

    def tries(self, name: str) -> float:
        """A counter of Alertmanager about its webhooks."""
        answer = _get(f"http://{self.alertmanager}/metrics")
        return _sum(answer.text if answer else "", name, integration="webhook")


def _get(url: str, **parameters: str) -> httpx.Response | None:
    try:
        answer = httpx.get(url, params=parameters, trust_env=False, timeout=5)
    except httpx.TransportError:
        return None
    return answer if answer.is_success else None


def _sum(text: str, name: str, **labels: str) -> float:
    samples = (one for family in text_string_to_metric_families(text) for one in family.samples if one.name == name)
    return sum(one.value for one in samples if labels.items() <= one.labels.items())


@contextmanager
def harm_goes_on(house: Any) -> Iterator[list[str]]:
    """The agent reads the poisoned page every second; what became of each mail that it tried to send."""
    over = threading.Event()
    tried: list[str] = []

    def again() -> None:
        number = 0
        while not over.wait(1):
            number += 1
            actions = house.misbehave(f"s-{number}")["actions"]
            tried.extend(action["status"] for action in actions if action["tool"] == "send_email")

    asking = threading.Thread(target=again)
    asking.start()
    try:
        yield tried
    finally:
        over.set()
        asking.join()


def taken(house: Any, **labels: str) -> float:
    """Alerts that the front door has acknowledged since its start, by its own counters."""
    answer = _get(f"{house.url}/metrics")
    return _sum(answer.text if answer else "", "halon_intake_alerts_total", source="alertmanager", **labels)


def test_a_real_alert_outlives_our_outage_and_is_carried_to_a_verified_record(
    house: Any, daemon: Callable[..., Any], free: Callable[[], int], tmp_path: Path
) -> None:
    """Alertmanager retries while Halon is dead; one incident opens, is contained, resolves, and is closed by people."""
    house.up()
    monitoring = Monitoring(house, tmp_path, daemon, (free(), free()))
    house.until("Prometheus and Alertmanager at work", monitoring.ready)
    assert house.halon.kill() == -9

    with harm_goes_on(house) as tried:
        failed = "alertmanager_notification_requests_failed_total"
        house.until("Alertmanager trying in vain", lambda: monitoring.tries(failed) >= 2, every=0.2)
        assert tried
        assert set(tried) == {"done"}
        house.up()
        reference = house.until("the incident", lambda: [one for one in house.incidents() if one["reference"]])[0][
            "reference"
        ]
        now = house.contained(reference)
        assert (now["predecessor"], now["successor"]) == (None, None)
        assert not house.tool_is_on(), "read from the agent itself"
        stopped = len(tried)
        house.until("the agent trying once more", lambda: len(tried) > stopped + 1)
        assert set(tried[stopped + 1 :]) == {"refused"}
    switched = house.calls(TOOL)
    assert [(call["method"], call["effects"], call["deliveries"]) for call in switched] == [("PUT", 1, 1)], switched

    def counted() -> dict[str, int]:
        return dict(house.status(reference).get("alerts", {}).get(RULE, {}))

    repeated = house.until("a repeated delivery", lambda: counted().get("duplicates") and counted())
    assert repeated["firing"] == 1
    people_do_their_part(house, reference)
    told = house.until("the resolved alert", lambda: (now := counted()).get("resolved") and now, WINDOW + 45)
    assert (told["firing"], told["resolved"]) == (1, 1)
    assert monitoring.asked(f"ALERTS{{alertname='{RULE}',alertstate='firing'}}") == [], "it resolved by itself"
    assert taken(house, status="firing", outcome="new") == 1
    assert taken(house, status="firing", outcome="joined") >= 1
    assert taken(house, status="resolved", outcome="joined") == 1

    for step in [one for one in house.status(reference)["tasks"] if one["status"] == "open"]:
        if step["phase"] in ("notify", "remediate"):
            house.say("task", reference, "done", step["id"], "--reason", "done by hand", "--by", "ann")
    house.until_status(reference, "nothing left to do", lambda now: not now["left_before_close"])
    house.say("close", reference, "--reason", "the cause is fixed", "--by", "ann")
    closed_well(house, reference)
    listed = house.incidents()
    assert [one["reference"] for one in listed] == [reference], "every delivery belonged to the one incident"
    assert not listed[0]["open"]
    the_record_holds(house, reference, tmp_path / "bundle")


def people_do_their_part(house: Any, reference: str) -> None:
    """Commander, security lead, privacy officer, customer lead and technical lead, each at the command line."""
    house.say("ack", reference, "--by", "ann")
    house.say("fact", reference, "gdpr_applies", "true", "--by", "pat")
    house.say("fact", reference, "risk_to_individuals", "risk", "--by", "pat")
    aware = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    why = "certain only once the action log was read"
    house.say("fact", reference, "aware_at", aware, "--reason", why, "--by", "pat")
    house.approve(reference, "revoke-token", "sue")
    house.approve(reference, "eu-gdpr-33-notification", "pat")
    house.approve(reference, "contract-dpa-notification", "cus")
    house.until_status(reference, "the cause", lambda now: now["phases"]["rca"] == "done")
    house.api.put("/control/guardrails", json={"isolate_untrusted": True}).raise_for_status()
    correctives = house.until(
        "the corrective actions", lambda: house.shown(reference).get("rca", {}).get("correctives")
    )
    for one in correctives:
        house.say("corrective", "done", reference, one["id"], "--text", "untrusted content is isolated", "--by", "tom")
    house.until_status(reference, "the proof", lambda now: "the fix is proved" in now["headline"])
    house.approve(reference, "restore-disable-send-email", "tom")


def closed_well(house: Any, reference: str) -> None:
    """The end as people, the agent and the mail server see it."""
    status = house.until("the incident closed", lambda: (now := house.status(reference)).get("closed_at") and now)
    assert status["outcome"] == "resolved"
    assert status["actions"] == {"disable-send-email": "undone", "revoke-token": "verified", "kill-switch": "planned"}
    assert house.tool_is_on(), "given back"
    assert house.api.get("/control/tokens/support-bot-token").json()["active"] is False, "revoked for good"
    assert [call["effects"] for call in house.calls(TOOL)] == [1, 1, 1], "off once, on for a few once, on for all once"
    outside = sorted(one for one in house.mailbox.recipients if not one.endswith("@acme.example"))
    assert outside == ["breach-notices@authority.example", "security@customer.example"]


def the_record_holds(house: Any, reference: str, bundle: Path) -> None:
    """``halon verify``, and the program inside the bundle with nothing of Halon in reach, say the same."""
    written = house.say("export", reference, "--to", str(bundle), "--json").value
    verdict = house.say("verify", str(bundle), "--head", written["head"], "--json").value
    assert verdict["ok"] is True, verdict
    assert verdict["head"] == written["head"]
    alone = subprocess.run(
        [sys.executable, "-I", "-S", str(bundle / "verify.py"), str(bundle)], capture_output=True, text=True, timeout=60
    )
    assert alone.returncode == 0, alone
    altered = bundle / "record.jsonl"
    altered.write_bytes(altered.read_bytes().replace(RULE.encode(), RULE.upper().encode(), 1))
    assert house.type("verify", str(bundle), "--json").code == 1, "and an alteration shows"
