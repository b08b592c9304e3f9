"""The one way in which Halon reaches Temporal: environment configuration, data converter, codec, identity."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle, WorkflowQueryFailedError
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig

from halon import tracing
from halon.codec import MarkingCodec
from halon.converter import SharedPayloadConverter, TracelessFailures
from halon.incident.errors import HalonError
from halon.settings import Settings

ASKED_AGAIN = 5
REBUILDING = 0.5
"""Seconds between two tries of a query that met a state being rebuilt."""
data_converter = DataConverter(
    payload_converter_class=SharedPayloadConverter, payload_codec=MarkingCodec(),
    failure_converter_class=TracelessFailures,
)  # fmt: skip
"""What every client and worker of Halon converts payloads with."""


class TemporalUnreachable(HalonError):
    """Temporal did not answer, or its environment configuration can't be used."""

    def __init__(self, target: str, why: str) -> None:
        super().__init__(
            f"no connection to Temporal at {target}: {why}; check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the "
            "TEMPORAL_TLS settings, or start everything with: halon up"
        )
        self.target = target
        self.why = why

    def __reduce__(self) -> tuple[type[TemporalUnreachable], tuple[str, str]]:
        return type(self), (self.target, self.why)


def identity(role: str) -> str:
    """What Temporal's history names as the sender. A label for readers, never evidence: any client may claim any."""
    return f"halon-{role}@{socket.gethostname()}"


async def connect(
    settings: Settings, *, role: str = "client", environ: Mapping[str, str] | None = None, **overrides: Any
) -> Client:
    """A client by Temporal's environment configuration (``TEMPORAL_*`` variables, profiles, TLS, API key).

    Without an address there, the embedded server's port on this machine. ``overrides`` are arguments of
    ``temporalio.client.Client.connect`` and win; ``target_host`` among them. With ``lazy=True`` nothing is dialled yet.
    Raises TemporalUnreachable.
    """
    arguments: dict[str, Any] = {
        "target_host": f"127.0.0.1:{settings.temporal_port}",
        "data_converter": data_converter,
        "identity": identity(role),
        "interceptors": tracing.interceptors(),
    }
    try:
        found = ClientConfig.load_client_connect_config(
            override_env_vars=dict(os.environ if environ is None else environ)
        )
    except (RuntimeError, ValueError, OSError) as error:
        raise TemporalUnreachable("the configured address", f"its configuration can't be read ({error})") from error
    arguments |= {name: value for name, value in found.items() if value is not None}
    arguments |= overrides
    target = str(arguments.pop("target_host"))
    try:
        return await Client.connect(target, **arguments)
    except (RuntimeError, ValueError, OSError) as error:
        raise TemporalUnreachable(target, str(error)[:300]) from error


async def ask(handle: WorkflowHandle[Any, Any], name: str, seconds: float) -> Any:
    """The answer to a query within ``seconds`` seconds a try.

    Just after a worker died, the next one may answer that the state is being rebuilt (see ``runner.py``): it is asked
    again. Raises RPCError, WorkflowQueryFailedError.
    """
    for _ in range(ASKED_AGAIN):
        try:
            return await handle.query(name, rpc_timeout=timedelta(seconds=seconds))
        except WorkflowQueryFailedError:
            await asyncio.sleep(REBUILDING)
    return await handle.query(name, rpc_timeout=timedelta(seconds=seconds))
