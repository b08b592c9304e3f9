"""One OpenTelemetry trace from the request to the activities, and not a word of the payload in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    import socketserver
    import threading
    import zlib
    from http.server import BaseHTTPRequestHandler

    import pytest
    from temporalio.client import Client
    from temporalio.worker import Worker

    from halon import tracing
    from halon.incident.opening import Opening
    from halon.worker import workflow_runner
    from halon_workflows.guard import SignalGuard

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@activity.defn
async def look(what: str) -> str:
    if what == "fail":
        raise RuntimeError("anna@example.org")
    return what


@workflow.defn(name="Incident")
class Traced:
    """Looks once for its start and once for each Signal."""

    def __init__(self) -> None:
        self.signals = 0

    @workflow.run
    async def run(self, opening: Opening) -> int:
        await self._look("start")
        await workflow.wait_condition(lambda: self.signals > 1)
        return self.signals

    @workflow.signal
    async def alerts(self, batch: dict[str, Any]) -> None:
        await self._look("signal")
        self.signals += 1

    async def _look(self, what: str) -> None:
        await workflow.execute_activity(look, what, start_to_close_timeout=timedelta(seconds=5))


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[Any]]]:
    """An OTLP/HTTP receiver on loopback: its address, and the spans that came."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    spans: list[Any] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                sent = zlib.decompress(sent, 31)
            for resource in ExportTraceServiceRequest.FromString(sent).resource_spans:
                spans.extend(span for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *said: object) -> None:
            """Nothing."""

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        yield url, spans
        tracing.end()
        server.shutdown()


async def test_one_trace_leads_from_the_request_to_the_activities(
    temporal: Client, make_gateway: Any, alert: Any, delivery: Any, agent: str, collector: tuple[str, list[Any]]
) -> None:
    """The sender's traceparent, the delivery, the start in Temporal, the workflow and its activity are one trace; a
    delivery that joins is a trace of its own, linked from the Signal's handling. Words of the payload are in none."""
    url, spans = collector
    assert tracing.begin("test", {"OTEL_EXPORTER_OTLP_ENDPOINT": url})
    client = Client(**{**temporal.config(), "interceptors": tracing.interceptors()})
    queue = f"traced-{agent}"
    gateway = make_gateway(client, task_queue=queue)
    worker = Worker(
        client, task_queue=queue, workflows=[Traced], activities=[look], interceptors=[SignalGuard()],
        workflow_runner=workflow_runner(strict=False),
    )  # fmt: skip
    async with worker:
        sent = {"Authorization": "Bearer token-of-the-alertmanager", "traceparent": PARENT,
                "tracestate": "vendor=unspeakable", "baggage": "name=unspeakable"}  # fmt: skip
        words = {"annotations": {"summary": "unspeakable"}}
        first = await gateway.http.post(
            "/v1/alerts/am?q=unspeakable", json=delivery(alert(agent, **words)), headers=sent
        )
        workflow_id = first.json()["incidents"][0]["workflow_id"]
        for number in range(2):
            joined = await gateway.deliver(delivery(alert(agent, labels={"n": str(number)}, **words)))
            assert joined.json()["incidents"][0]["status"] == "joined"
        await asyncio.wait_for(client.get_workflow_handle(workflow_id).result(), 20)
    await gateway.stop()
    await asyncio.to_thread(tracing.end)
    mine = [span for span in spans if span.trace_id.hex() == PARENT.split("-")[1]]
    names = {span.name for span in mine}
    assert {"delivery", "place", "StartWorkflow:Incident", "RunWorkflow:Incident", "StartActivity:look",
            "RunActivity:look", "HandleSignal:alerts"} <= names  # fmt: skip
    root = next(span for span in mine if span.name == "delivery")
    assert root.parent_span_id.hex() == PARENT.split("-")[2]
    told = {one.key: one.value.string_value for one in root.attributes}
    assert told["halon.delivery"] == first.headers["halon-delivery"]
    assert (told["halon.source"], told["halon.outcome"]) == ("am", "new")
    joining = {span.trace_id for span in spans if span.name == "SignalWorkflow:alerts"}
    linked = {link.trace_id for span in mine if span.name == "HandleSignal:alerts" for link in span.links}
    assert joining == linked
    assert len(joining) == 2
    assert b"unspeakable" not in b"".join(span.SerializeToString() for span in spans)


async def test_what_failed_is_traced_by_its_type_alone(
    temporal: Client, agent: str, collector: tuple[str, list[Any]]
) -> None:
    """The message of a failure, which can hold what a payload held, is not handed to the collector."""
    url, spans = collector
    tracing.begin("test", {"OTEL_EXPORTER_OTLP_ENDPOINT": url})
    interceptor: Any = tracing.interceptors()[0]
    with (
        pytest.raises(RuntimeError),
        interceptor._start_as_current_span("RunActivity:look", attributes={}, kind=_kind()),
    ):
        await look("fail")
    await asyncio.to_thread(tracing.end)
    (span,) = [span for span in spans if span.name == "RunActivity:look"]
    assert (span.status.code, span.status.message, len(span.events)) == (2, "RuntimeError", 0)
    assert b"example.org" not in span.SerializeToString()


def _kind() -> Any:
    from opentelemetry.trace import SpanKind

    return SpanKind.INTERNAL


def test_traces_are_off_without_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable, no interceptor; a variable without the packages is told with what to install."""
    assert tracing.begin("test", {}) is False
    assert tracing.interceptors() == []
    monkeypatch.setattr(tracing, "_installed", lambda name: False)
    with pytest.raises(tracing.TracingNotInstalled, match=r"halon\[otel\]"):
        tracing.begin("test", {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
