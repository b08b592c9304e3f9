"""The front door as one application: deliveries, reports, incidents, health, metrics, OpenAPI at ``/docs``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, FastAPI, Response
from temporalio.client import Client

import halon
from halon.evidence.store import EvidenceStore
from halon.intake import deliveries, health, problems, reading
from halon.intake.acknowledging import Acknowledging
from halon.intake.admit import Admission
from halon.intake.guarded import Kit, require_guarded
from halon.intake.metrics import Metrics
from halon.intake.signatures import Keys
from halon.settings import Settings

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
    app = FastAPI(
        title="Halon",
        summary="Durable incident response for AI agents in production.",
        description=_ABOUT,
        version=halon.__version__,
        redoc_url=None,
    )
    problems.install(app)
    metrics, keys = Metrics(), Keys(environ)
    taking = deliveries.Deliveries(door, settings.limits, evidence, metrics)
    app.include_router(deliveries.router(taking, kit, keys, settings.limits, metrics, Acknowledging(client)))
    app.include_router(reading.router(client, keys))
    app.include_router(health.router(health.Health(client, settings.task_queue, evidence, kit)))
    for router in routers:
        app.include_router(router)

    @app.get("/metrics", tags=["operations"], summary="Prometheus metrics", response_class=Response)
    async def exposition() -> Response:
        """Counters of this front door, in the Prometheus text format."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return app
