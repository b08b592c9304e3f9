"""The starter kit's orders against the real sandbox agent: applied, read back, undone, read back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from halon.connectors.http import Response, new_client, send
from halon.connectors.pointers import unmet
from halon.drill.launch import running_agent
from halon.incident.orders import Call, Order
from halon.kit import Kit, load, starter_path

TOKEN = "control-token-of-the-tests"
ENVIRON = {"SANDBOX_AGENT_TOKEN": TOKEN}


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    with running_agent(token=TOKEN) as agent:
        yield load(starter_path(), {**ENVIRON, "HALON_SUPPORT_BOT_URL": agent.url})


def sent(call: Call, key: str | None = None) -> Response:
    async def once() -> Response:
        async with new_client() as client:
            return await send(call, key=key, client=client, environ=ENVIRON)

    return asyncio.run(once())


def order(kit: Kit, name: str) -> Order:
    return {one.order.id: one.order for one in kit.policy.agents["support-bot"].prepared}[name]


def fits(call: Call, response: Response) -> bool:
    return unmet(call.expect_json, response.json) == ()


@pytest.mark.parametrize("name", ["disable-send-email", "kill-switch"])
def test_what_can_be_undone_is_undone(kit: Kit, name: str) -> None:
    """Before, the read-back disagrees; after apply it agrees; after undo the undo's read-back does."""
    one = order(kit, name)
    assert one.undo is not None
    assert one.undo_verify is not None
    assert not fits(one.verify, sent(one.verify))
    assert fits(one.apply, sent(one.apply, f"{name}/apply"))
    assert fits(one.verify, sent(one.verify))
    for number, stage in enumerate(one.restore_stages, 1):
        assert fits(stage.apply, sent(stage.apply, f"{name}/undo-{number}"))
        assert [each for each in one.restore_stages if fits(each.verify, sent(each.verify))] == [stage]
    assert fits(one.undo, sent(one.undo, f"{name}/undo"))
    assert fits(one.undo_verify, sent(one.undo_verify))
    assert not fits(one.verify, sent(one.verify))


def test_revoking_takes_effect_once_for_its_key(kit: Kit) -> None:
    """The token is revoked and read back; the same key again is answered as a replay."""
    one = order(kit, "revoke-token")
    assert not fits(one.verify, sent(one.verify))
    first, again = sent(one.apply, "revoke/1"), sent(one.apply, "revoke/1")
    assert fits(one.apply, first)
    assert not first.replayed
    assert fits(one.apply, again)
    assert again.replayed
    assert fits(one.verify, sent(one.verify))


@pytest.mark.parametrize("name", ["traces", "actions", "describe", "controls", "calls", "evals"])
def test_the_agent_can_be_looked_at(kit: Kit, name: str) -> None:
    """Each observe call that needs no body of its own is answered as expected."""
    response = sent(kit.calls("support-bot")[name])
    assert response.status == 200
    assert response.json is not None
