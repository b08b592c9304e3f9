"""What changes the place that evidence is taken from is refused by the hands until the evidence is sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from halon.incident.orders import Order
from halon.ports.contain import Step


async def test_promise_2_what_touches_the_evidence_is_refused_without_a_seal(
    incident: Any, hands: Any, orders: Mapping[str, Order]
) -> None:
    """Reversible and without a gate, and all the same not before the evidence; the same order that touches none runs."""
    order = replace(orders["disable-send-email"], touches_evidence=True)
    step = Step(incident_id=incident.incident_id, order=order, attempt=1)
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await incident.act("contain.apply", step)
    cause: BaseException | None = caught.value.cause
    while cause is not None and not isinstance(cause, ApplicationError):
        cause = cause.__cause__
    assert cause is not None
    assert cause.type == "EvidenceMissing"
    done = await incident.act("contain.apply", replace(step, order=orders["disable-send-email"]))
    assert done["status"] == 200
