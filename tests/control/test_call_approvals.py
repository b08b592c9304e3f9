"""Approval per call: a person agrees to exactly these arguments, once."""

from __future__ import annotations

import dataclasses
import decimal
from typing import Any

import httpx
import pytest

from halon.control import ApprovalNeeded
from halon.control import approvals as module


@pytest.fixture
async def guarded(agent: Any, http: httpx.AsyncClient) -> Any:
    """The agent, whose mail tool needs approval."""
    answer = await http.put("/control/tools/send_email/approval", json={"required": True})
    assert answer.json() == {"tool": "send_email", "required": True}
    return agent


def ask(agent: Any, to: str, **more: Any) -> str:
    with pytest.raises(ApprovalNeeded) as caught:
        agent.send_email(to, **more)
    return str(caught.value.approval)


async def decide(http: httpx.AsyncClient, ident: str, approve: bool, by: str = "ann") -> httpx.Response:
    return await http.post(f"/control/approvals/{ident}", json={"approve": approve, "by": by})


async def test_an_approved_call_runs_once_with_exactly_these_arguments(guarded: Any, http: httpx.AsyncClient) -> None:
    """Not before, not with another argument, and not a second time."""
    ident = ask(guarded, "ann@ours.example", body="hi")
    assert ask(guarded, "ann@ours.example", body="hi") == ident
    listed = (await http.get("/control/approvals")).json()["approvals"]
    assert [(row["id"], row["tool"], row["status"], row["arguments"]["body"]) for row in listed] == [
        (ident, "send_email", "pending", "hi")
    ]
    decided = (await decide(http, ident, True)).json()
    assert (decided["status"], decided["by"]) == ("approved", "ann")
    other = ask(guarded, "ann@ours.example", body="hi!")
    assert other != ident
    assert guarded.send_email(body="hi", to="ann@ours.example") == "sent to ann@ours.example"
    assert ask(guarded, "ann@ours.example", body="hi") not in (ident, other)
    assert guarded.sent == ["ann@ours.example"]
    assert guarded.lookup(1) == "order 1"


async def test_a_denial_holds_and_says_who(guarded: Any, http: httpx.AsyncClient) -> None:
    """A model that asks again and again does not fill the list."""
    ident = ask(guarded, "ann@ours.example")
    await decide(http, ident, False, "lee")
    for _ in range(3):
        with pytest.raises(ApprovalNeeded, match="was refused by lee"):
            guarded.send_email("ann@ours.example")
    assert len((await http.get("/control/approvals")).json()["approvals"]) == 1
    assert (await decide(http, ident, True)).status_code == 409
    assert (await decide(http, "0000", True)).status_code == 404
    assert guarded.sent == []


async def test_an_approval_expires(guarded: Any, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was agreed to an hour ago is asked for again."""
    ident = ask(guarded, "ann@ours.example")
    await decide(http, ident, True)
    monkeypatch.setattr(module, "APPROVAL_LASTS", 0.0)
    assert ask(guarded, "ann@ours.example") != ident
    assert guarded.sent == []


@dataclasses.dataclass
class Money:
    amount: decimal.Decimal


class Opaque:
    pass


async def test_only_what_can_be_shown_can_be_approved(agent: Any, http: httpx.AsyncClient) -> None:
    """Dataclasses and decimals are pinned down by value; an object that can't be written down is refused for good."""
    paid: list[Any] = []
    pay = agent.control.tool("pay")(paid.append)
    await http.put("/control/tools/pay/approval", json={"required": True})
    with pytest.raises(ApprovalNeeded) as caught:
        pay(Money(decimal.Decimal("10.00")))
    await decide(http, caught.value.approval, True)
    with pytest.raises(ApprovalNeeded):
        pay(Money(decimal.Decimal("99.00")))
    pay(Money(decimal.Decimal("10.00")))
    with pytest.raises(ApprovalNeeded, match="Opaque can't be written down") as unknown:
        pay(Opaque())
    assert unknown.value.approval == ""
    assert paid == [Money(decimal.Decimal("10.00"))]
