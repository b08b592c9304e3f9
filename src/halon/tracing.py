"""OpenTelemetry traces from a delivery to the incident's activities: off unless installed and given an endpoint.

``pip install halon[otel]`` brings what is needed; ``OTEL_EXPORTER_OTLP_ENDPOINT`` says where spans go (OTLP over HTTP),
and the other ``OTEL_`` variables mean what OpenTelemetry says. A span names what was done, never with what words: no
event, no message of an exception, no baggage and no trace state of a sender is handed on.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from temporalio.client import Interceptor

from halon.incident.errors import HalonError

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""The variables of which one switches traces on."""
_NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
_FLUSH_MILLISECONDS = 3_000
_MOST_LINKS = 32


class TracingNotInstalled(HalonError):
    """An endpoint for traces is set, and the packages are not there."""


@dataclass(frozen=True, slots=True)
class _On:
    provider: Any
    tracer: Any
    interceptor: Interceptor


_on: _On | None = None


class Span:
    """What a delivery's span is told. Nothing while traces are off."""

    def __init__(self, span: Any = None) -> None:
        self._span = span

    def tell(self, fields: Mapping[str, str | int | float]) -> None:
        """Put ``fields`` on the span as ``halon.…`` attributes."""
        if self._span is not None:
            self._span.set_attributes({f"halon.{name}": value for name, value in fields.items()})


def begin(role: str, environ: Mapping[str, str], exporter: Any = None) -> bool:
    """Switch traces on in this process if ``environ`` names an endpoint; before a client is connected.

    ``role`` is the service's name unless OTEL_SERVICE_NAME is set; ``exporter`` stands in for the one of OTLP.
    Raises TracingNotInstalled.
    """
    global _on
    if exporter is None and not any(environ.get(name, "").strip() for name in ENDPOINTS):
        return False
    if exporter is None and environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if not all(map(_installed, _NEEDED)):
        named = next((name for name in ENDPOINTS if environ.get(name)), ENDPOINTS[1])
        raise TracingNotInstalled(f"{named} is set and OpenTelemetry is not installed; run: pip install 'halon[otel]'")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from temporalio.contrib.opentelemetry import TracingInterceptor

    from halon.tracing_export import Wordless

    service = environ.get("OTEL_SERVICE_NAME", "").strip() or f"halon-{role}"
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(Wordless(exporter or OTLPSpanExporter())))
    tracer = provider.get_tracer("halon")
    _on = _On(provider, tracer, TracingInterceptor(tracer))
    return True


def end() -> None:
    """Send what is left, for at most three seconds, and switch traces off."""
    global _on
    if _on is not None:
        _on.provider.force_flush(_FLUSH_MILLISECONDS)
        _on = None


def interceptors() -> list[Interceptor]:
    """What a client of Temporal, and every worker with that client, needs for traces."""
    return [_on.interceptor] if _on is not None else []


@contextmanager
def delivery(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[Span]:
    """The span of a delivery, in the trace that the sender's ``traceparent`` names, or in a new one."""
    if _on is None:
        yield Span()
        return
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    parent = next((value.decode("latin-1") for name, value in headers if name == b"traceparent"), "")
    context = TraceContextTextMapPropagator().extract({"traceparent": parent} if parent else {})
    with _on.tracer.start_as_current_span(
        "delivery", context=context, kind=SpanKind.SERVER, record_exception=False
    ) as span:
        yield Span(span)


def carried() -> Any:
    """The trace that is under way here, to be gone on with in another task; None while traces are off."""
    if _on is None:
        return None
    from opentelemetry.context import get_current

    return get_current()


@contextmanager
def batch(carried: Sequence[Any]) -> Iterator[None]:
    """The span of what is done for several at once: in the trace of the first, linked to those of the others."""
    contexts = [context for context in carried if context is not None]
    if _on is None or not contexts:
        yield
        return
    from opentelemetry.trace import Link, get_current_span

    links = [Link(get_current_span(context).get_span_context()) for context in contexts[1 : 1 + _MOST_LINKS]]
    with _on.tracer.start_as_current_span("place", context=contexts[0], links=links, record_exception=False) as span:
        span.set_attribute("halon.deliveries", len(contexts))
        yield


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
