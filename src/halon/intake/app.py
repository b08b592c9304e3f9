"""The front door as one application: deliveries, reports, incidents, health, metrics, OpenAPI at ``/docs``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, FastAPI, Request, Response
from temporalio.client import Client

import halon
from halon.evidence.store import EvidenceStore
from halon.intake import deliveries, health, problems, reading
from halon.intake.acknowledging import Acknowledging
from halon.intake.admit import Admission
from halon.intake.guarded import Kit, require_guarded
from halon.intake.metrics import Metrics
from halon.intake.outer import Outer
from halon.intake.signatures import READING, Keys
from halon.intake.straight import StraightAway
from halon.redaction import mask_also
from halon.settings import Settings, is_loopback

_ABOUT = """Alerts come in here, and a 2xx means that Temporal holds them. Everything else is not acknowledged:
send it again. Refusals are problem+json (RFC 9457), with a `type` to branch on and the next step in `detail`."""


def create_app(
    door: Admission,
    settings: Settings,
    kit: Kit,
    evidence: EvidenceStore,
    client: Client,
    environ: Mapping[str, str],
    *,
    routers: Sequence[APIRouter] = (),
) -> FastAPI:
    """The application. ``environ`` holds the tokens; ``routers`` are added as they are, such as the pages.

    The caller owns door, store and client, and closes the door. Raises DoorRefused if a source would stand open.
    """
    require_guarded(settings, kit, environ)
    mask_also(kit.redaction)
    app = FastAPI(
        title="Halon",
        summary="Durable incident response for AI agents in production.",
        description=_ABOUT,
        version=halon.__version__,
        redoc_url=None,
        # A redirect would repeat whatever Host a sender wrote.
        redirect_slashes=False,
        # Traces are ours, see ``tracing.py``: the framework's would hold query strings.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    metrics, keys = Metrics(), Keys(environ)
    app.state.metrics = metrics
    app.state.on_full = metrics.turned_away.labels("connections").inc
    problems.install(app)
    door.observe(metrics)
    taking = deliveries.Deliveries(door, settings.limits, evidence, metrics, Acknowledging(client))
    intake = deliveries.router(taking, kit, keys)
    app.add_middleware(StraightAway, routes=intake.routes)
    app.add_middleware(Outer, on_busy=metrics.turned_away.labels("requests").inc)
    app.include_router(intake)
    app.include_router(reading.router(client, keys))
    app.include_router(health.router(health.Health(client, settings.task_queue, evidence, kit)))
    for router in routers:
        app.include_router(router)

    @app.get("/metrics", tags=["operations"], summary="Prometheus metrics", response_class=Response)
    async def exposition(request: Request) -> Response:
        """Counters of this front door, in the Prometheus text format. Beyond this machine with the reading token."""
        if not settings.metrics_open and not is_loopback(settings.gateway_host):
            keys.require(request, READING, "reading metrics")
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return app
