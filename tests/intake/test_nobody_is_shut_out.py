"""Nobody takes another one's place: not a big group, not a loud source, not whoever holds no secret at all."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from temporalio.client import Client

from halon.client import connect
from halon.evidence.parts import read_part
from halon.evidence.store import EvidenceStore
from halon.incident.alerts import Alert
from halon.intake import lanes as lanes_module
from halon.intake import outer, wire
from halon.intake.admit import Admission
from halon.intake.lanes import LARGEST_BATCH, Lanes
from halon.intake.pace import Pace
from halon.intake.place import Placed
from halon.intake.problems import Unavailable
from halon.intake.room import Full
from halon.intake.serve import serve
from halon.intake.sources.reader import LEFT_OUT, Arrived
from halon.intake.sources.readers import READERS
from halon.kit import Source
from halon.kit.auth import Auth
from halon.kit.mapping import Mapped
from halon.kit.picking import Pick
from halon.settings import Limits, Settings

NOW = "2026-11-22T09:00:00.000Z"
AT = "2026-11-22T08:16:15.000Z"
KEY = "secret-of-the-sender-0001"


def labelled(number: int, severity: str, status: str) -> dict[str, Any]:
    labels = {"alertname": f"R{number}", "agent": "a", "severity": severity}
    return {"status": status, "labels": labels, "startsAt": "2026-11-22T08:16:00Z", "fingerprint": f"f{number}"}


def own(number: int, severity: str, status: str) -> dict[str, Any]:
    return {"agent": "a", "rule": f"R{number}", "severity": severity, "status": status, "started_at": AT, "id": "x"}


def event(number: int, severity: str, status: str) -> dict[str, Any]:
    data = own(number, severity, status)
    return {"specversion": "1.0", "id": str(number), "source": "/s", "type": "halon.alert", "data": data}


MAPPING = Mapped(
    file="sources/m.yaml", alerts="/items", when=(), unless=(), parse_json=(), labels={},
    fields={"rule": Pick(("/rule",)), "agent": Pick(("/agent",)), "fingerprint": Pick(("/rule",)),
            "status": Pick(("/status",)), "severity_hint": Pick(("/severity",))},
)  # fmt: skip
CROWDS = [
    ("alertmanager", labelled, lambda made: {"version": "4", "alerts": made}),
    ("grafana", labelled, lambda made: {"alerts": made}),
    ("halon", own, lambda made: {"alerts": made}),
    ("cloudevents", event, lambda made: made),
    ("mapped", own, lambda made: {"items": made}),
]


@pytest.mark.parametrize(("kind", "one", "whole"), CROWDS, ids=[kind for kind, _, _ in CROWDS])
def test_of_too_many_alerts_the_ones_that_count_are_taken(kind: str, one: Any, whole: Any) -> None:
    """Those that fire before those that are over, severe before mild, in their order; the last one says how many more."""
    kinds = [
        ("info", "firing"),
        ("critical", "resolved"),
        ("info", "firing"),
        ("critical", "firing"),
        ("high", "firing"),
    ]
    body = whole([one(number, *each) for number, each in enumerate(kinds)])
    source = Source("s", kind, "T", mapping=MAPPING if kind == "mapped" else None)
    arrived = Arrived(body, NOW, most=3)
    taken = READERS[kind].came(arrived, source).alerts
    assert [alert.rule for alert in taken] == ["R0", "R3", "R4"]
    assert sum(arrived.left) == 2
    assert [LEFT_OUT in alert.labels for alert in taken] == [False, False, True]
    assert taken[-1].labels[LEFT_OUT].startswith("2 more alerts")
    every = READERS[kind].came(Arrived(body, NOW, most=5), source).alerts
    assert (len(every), any(LEFT_OUT in alert.labels for alert in every)) == (5, False)


@pytest.mark.asyncio(loop_scope="session")
async def test_a_group_that_is_too_big_is_not_lost(
    temporal: Client, make_gateway: Any, alert: Any, delivery: Any, agent: str
) -> None:
    """Alertmanager drops what is answered with 4xx: the first ones are held, the rest counted, the payload has them all."""
    gateway = make_gateway(temporal, limits=Limits(alerts=2))
    body = delivery(*(alert(agent, labels={"n": str(number)}) for number in range(5)))
    answer = await gateway.deliver(body)
    told = answer.json()
    assert (answer.status_code, told["left_out"]) == (200, 3)
    assert len(await gateway.held(told["incidents"][0]["workflow_id"])) == 2
    assert json.loads((await read_part(gateway.store, told["raw"]))[0]) == body
    assert await gateway.counted('halon_intake_truncated_alerts_total{source="am"} 3.0')
    await gateway.stop()


def made(name: str, source: str, size: int = 10) -> Alert:
    return Alert(source=source, agent="a", group="g", rule="r", status="firing", fingerprint=name, started_at="t",
                 received_at="t", summary="y" * size)  # fmt: skip


class NoPause(Pace):
    """Never a pause."""

    def pause(self, key: str, took: float) -> float:
        return 0.0


@pytest.mark.asyncio(loop_scope="function")
async def test_within_a_lane_the_severe_goes_first_and_always_fits() -> None:
    """A flood of one source fills its share and no more: another source comes in, and what is severe is next in line."""
    order: list[list[str]] = []

    async def place(key: str, batch: Sequence[Alert], rank: int, eager: bool) -> Placed | None:
        order.append([alert.fingerprint for alert in batch])
        await asyncio.sleep(0.001)
        return Placed("INC-0000", "w", False)

    lanes = Lanes(place, NoPause())
    big = LARGEST_BATCH - 1_000
    flood = [asyncio.create_task(lanes.put("k", [made(f"l{n}", "loud", big)], 5)) for n in range(100)]
    await asyncio.sleep(0)
    also = asyncio.create_task(lanes.put("k", [made("quiet", "quiet", big)], 5))
    severe = asyncio.create_task(lanes.put("k", [made("severe", "third")], 1))
    began = len(order)
    await severe
    assert "severe" in (order[began][0], order[began + 1][0])  # one batch may be under way when it comes
    assert await also
    await asyncio.gather(*flood, return_exceptions=True)
    await lanes.aclose()
    assert sum(isinstance(task.exception(), Full) for task in flood) >= 20


@pytest.mark.asyncio(loop_scope="function")
async def test_a_source_that_calls_everything_critical_does_not_fill_the_lane() -> None:
    """Severe deliveries have shares as well."""
    free = asyncio.Event()

    async def place(key: str, batch: Sequence[Alert], rank: int, eager: bool) -> Placed | None:
        await free.wait()
        return Placed("INC-0000", "w", False)

    lanes = Lanes(place, NoPause())
    big = LARGEST_BATCH - 1_000
    most = lanes_module.LONGEST_SEVERE // LARGEST_BATCH + 20
    flood = [asyncio.create_task(lanes.put("k", [made(f"l{n}", "loud", big)], 1)) for n in range(most)]
    await asyncio.sleep(0.01)
    assert any(task.done() and isinstance(task.exception(), Full) for task in flood)
    severe = asyncio.create_task(lanes.put("k", [made("severe", "quiet")], 1))
    await asyncio.sleep(0.01)
    assert not severe.done()
    free.set()
    assert await severe
    await asyncio.gather(*flood, return_exceptions=True)
    await lanes.aclose()


@pytest.mark.asyncio(loop_scope="session")
async def test_what_temporal_does_not_take_in_time_is_counted_by_severity(
    temporal: Client, make_gateway: Any, alert: Any, delivery: Any, agent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only what finds the door full: 503 is 503, and the operator sees whose and how severe."""

    async def slow(self: Admission, alerts: Sequence[Alert], rank: int = 3) -> list[Any]:
        raise Unavailable("Temporal did not take the alert within 8 s; send it again")

    monkeypatch.setattr(Admission, "admit", slow)
    gateway = make_gateway(temporal)
    assert (await gateway.deliver(delivery(alert(agent, labels={"severity": "critical"})))).status_code == 503
    assert await gateway.counted('halon_intake_shed_total{severity="1",source="am"} 1.0')
    await gateway.stop()


@pytest.mark.asyncio(loop_scope="session")
async def test_a_busy_door_counts_whom_it_turns_away(
    temporal: Client, make_gateway: Any, alert: Any, delivery: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes when too many requests are under way is counted, though nothing of the request was read."""
    monkeypatch.setattr(outer.Outer.__init__, "__defaults__", (0, lambda: None))
    gateway = make_gateway(temporal)
    answer = await gateway.deliver(delivery(alert("a")))
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:halon:problem:busy")
    monkeypatch.undo()
    value = gateway.app.state.metrics.registry.get_sample_value
    assert value("halon_intake_turned_away_total", {"reason": "requests"}) == 1.0
    await gateway.stop()


@pytest.mark.asyncio(loop_scope="session")
async def test_a_delivery_without_alerts_is_sealed_too(temporal: Client, make_gateway: Any, agent: str) -> None:
    """The token of a subscription to confirm is found there; nothing is done with it. Of many, exemplars are kept."""
    mapping = replace(MAPPING, alerts="", when=(("/Type", ("Notification",)),))
    kit = SimpleNamespace(
        sources={"sns": Source("sns", "mapped", "SNS", mapping=mapping)}, digest="sha256:0", redaction={}
    )
    gateway = make_gateway(temporal, kit=kit, environ={"SNS": KEY, "HALON_TOKEN_READ": KEY})
    body = {"Type": "SubscriptionConfirmation", "Token": "2336412f37", "SubscribeURL": "https://sns.example/confirm"}
    told = [(await gateway.deliver(body, "sns", KEY)).json() for _ in range(22)]
    assert told[0]["incidents"] == []
    assert json.loads((await read_part(gateway.store, told[0]["raw"]))[0]) == body
    assert [one["raw"] is None for one in told[-2:]] == [True, True]
    await gateway.stop()


@pytest_asyncio.fixture(loop_scope="function")
async def url(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[str]:
    """A served front door without Temporal: one source shows a token, the others sign."""
    sources = {
        "am": Source("am", "alertmanager", "S"),
        "pd": Source("pd", "pagerduty", "S", auth=Auth("pagerduty")),
        "se": Source("se", "sentry", "S", auth=Auth("sentry")),
    }
    kit = SimpleNamespace(sources=sources, digest="sha256:0", redaction={})
    settings = Settings.from_environ({"HALON_HOME": str(tmp_path)})
    settings = replace(settings, gateway_port=0, temporal_port=unused_tcp_port, metrics_open=True)
    client = await connect(settings, role="gateway", environ={}, lazy=True)
    stop, found = asyncio.Event(), asyncio.get_running_loop().create_future()
    store = EvidenceStore.open(settings.evidence)
    door = asyncio.create_task(serve(settings, kit, store, client, {"S": KEY}, stop, on_ready=found.set_result))
    yield await asyncio.wait_for(found, 10)
    stop.set()
    await asyncio.wait_for(door, 30)


async def begun(url: str, source: str, headers: str, content: bytes = b"") -> tuple[Any, Any]:
    """A delivery that says it has a megabyte, and sends ``content`` of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    head = f"POST /v1/alerts/{source} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}"
    writer.write(f"{head}Content-Length: 1048576\r\n\r\n".encode() + content)
    await writer.drain()
    return reader, writer


@pytest.mark.asyncio(loop_scope="function")
async def test_a_signing_source_wants_its_headers_before_the_body(url: str) -> None:
    """Without a signature, or with a time that is far off, the answer is 401 though no byte of the body has come."""
    late = f"Sentry-Hook-Signature: 00\r\nSentry-Hook-Timestamp: {int(time.time()) - 1000}\r\n"
    for source, headers, why in (("pd", "", b"is missing"), ("pd", "X-PagerDuty-Signature: v0=1\r\n", b"no signature"),
                                 ("se", "Sentry-Hook-Signature: 00\r\n", b"is missing"), ("se", late, b"300 s away")):  # fmt: skip
        reader, writer = await begun(url, source, headers)
        answer = await asyncio.wait_for(reader.read(2000), 2)
        assert answer.startswith(b"HTTP/1.1 401"), answer
        assert why in answer
        writer.close()


@pytest.mark.asyncio(loop_scope="function")
async def test_whoever_holds_no_secret_shuts_the_door_for_nobody(url: str) -> None:
    """Forty that say they send a megabyte, and ten that send most of it: a source with a token has its room, and they
    are counted as unproven, under no severity."""
    signed = "X-PagerDuty-Signature: v1=00\r\n"
    open_ones = [await begun(url, "pd", signed) for _ in range(40)]
    async with httpx.AsyncClient(base_url=url) as http:
        refused = await http.post("/v1/alerts/pd", content=b"{}", headers={"X-PagerDuty-Signature": "v1=00",
                                                                           "Content-Type": "application/json"})  # fmt: skip
        assert refused.status_code == 401  # read, and not signed: what is only claimed takes no room
        open_ones += [await begun(url, "pd", signed, b" " * 900_000) for _ in range(10)]
        token = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        taken = await http.post("/v1/alerts/am", content=b"[" + b" " * 900_000 + b"]", headers=token)
        assert taken.status_code == 422  # it was read whole
        lines = (await http.get("/metrics")).text.splitlines()
    shed = [line for line in lines if line.startswith("halon_intake_shed_total")]
    assert [line.split("}")[0] for line in shed] == ['halon_intake_shed_total{severity="unproven",source="pd"']
    for _, writer in open_ones:
        writer.close()


@pytest.mark.asyncio(loop_scope="function")
async def test_a_connection_too_many_is_counted(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is turned away before it says anything."""
    async with httpx.AsyncClient(base_url=url) as http:
        await http.get("/metrics")
        monkeypatch.setattr(wire, "MOST_CONNECTIONS", 1)
        reader, _ = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        assert (await asyncio.wait_for(reader.read(200), 2)).startswith(b"HTTP/1.1 503")
        found = (await http.get("/metrics")).text
    assert 'halon_intake_turned_away_total{reason="connections"} 1.0' in found.splitlines()
