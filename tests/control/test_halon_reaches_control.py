"""Halon's own connector, as the starter kit has it, on a running agent under control."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from halon.connectors.http import new_client, send
from halon.connectors.pointers import unmet
from halon.incident.orders import Call, Order
from halon_activities.telemetry import deeds_in, spans_in

TO = {"session": "s-1", "message": "ann@ours.example"}
WITH: Mapping[str, dict[str, Any]] = {
    "disable_tool": {"tool": "send_email"}, "kill_switch": {}, "read_only": {}, "require_approval": {"tool": "send_email"},
    "rate_limit": {"per_minute": 0}, "tool_rate_limit": {"tool": "send_email", "per_minute": 0},
    "spend_cap": {"eur_per_hour": 0}, "advance_token_epoch": {},
}  # fmt: skip


async def carry(call: Call | None, key: str | None) -> Any:
    assert call is not None
    async with new_client() as client:
        answer = await send(call, key=key, client=client, environ={"HALON_CONTROL_TOKEN": "control-tests-token"})
    assert unmet(call.expect_json, answer.json) == ()
    return answer


@pytest.mark.parametrize("operation", list(WITH))
async def test_each_operation_is_applied_read_back_and_taken_back(
    serve: Callable[[], Any], orders_at: Callable[..., dict[str, Order]], operation: str
) -> None:
    """The answers are what the kit expects, the mail does not leave meanwhile, and a repetition is told as one."""
    served = serve()
    order = orders_at(served.url, WITH)[operation]
    assert order.apply.url.startswith(f"{served.url}/halon/control/")
    first = await carry(order.apply, "inc/a/apply/1")
    again = await carry(order.apply, "inc/a/apply/1")
    assert (first.replayed, again.replayed) == (False, True)
    await carry(order.verify, None)
    with served.client() as client:
        stopped = client.post("/chat", json=TO).json().get("fallback", False)
        assert stopped is order.reversible
        assert served.mails() == (0 if order.reversible else 1)
        if order.reversible:
            await carry(order.undo, "inc/a/undo/1")
            await carry(order.undo_verify, None)
            assert client.post("/chat", json=TO).json()["reply"] == "Mailed ann@ours.example."
    assert served.mails() == 1


async def test_halon_looks_at_the_agent(serve: Callable[[], Any], kit_for: Callable[..., Any], tmp_path: Path) -> None:
    """All of the connector's observations that need no hook answer in the shape that Halon reads."""
    served = serve()
    calls = kit_for(tmp_path / "kit", served.url, WITH).calls("my-agent")
    with served.client() as client:
        client.post("/chat", json=TO).raise_for_status()
    seen = {
        name: (await carry(calls[name], None)).json for name in ("traces", "actions", "describe", "controls", "calls")
    }
    deeds, spans = deeds_in(seen["actions"]), spans_in(seen["traces"])
    assert deeds is not None
    assert spans is not None
    assert [(one.tool, one.status, one.authorised) for one in deeds] == [("send_email", "done", True)]
    assert {span.operation for span in spans} == {"invoke_agent", "retrieval", "execute_tool"}
    assert (seen["describe"]["name"], seen["controls"]["kill_switch"]) == ("my-agent", {"on": False})
    assert set(calls) == {"traces", "actions", "describe", "controls", "logs", "memory", "replay", "evals", "calls"}
