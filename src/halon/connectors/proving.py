"""Prove that an order can be applied, seen, undone and seen to be undone. Whatever goes wrong, the undo is tried."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal

import httpx

from halon.connectors.errors import ConnectorError, MissingSecret, Refused, Unexpected, Unreachable
from halon.connectors.http import Response, send
from halon.connectors.pointers import unmet
from halon.incident.orders import Call, Order

READ_BACK_SECONDS = 10.0
_PAUSE = 0.5
Name = Literal["look", "apply", "verify", "undo", "verify undo"]


@dataclass(frozen=True, slots=True)
class Proved:
    """One step. ``note`` says what arrived where it failed, or what is worth knowing; ``status`` 0: no answer.

    ``changed``: the target may stand otherwise than before the test, as far as this step knows.
    """

    step: Name
    ok: bool
    status: int
    note: str
    changed: bool


async def prove(
    order: Order, *, key: str, client: httpx.AsyncClient, environ: Mapping[str, str], seconds: float = READ_BACK_SECONDS
) -> AsyncIterator[Proved]:
    """The steps, as they are done: look, apply, verify, undo, verify undo. ``order`` must have all four calls.

    Nothing is applied if the state can't be read first, or is already what apply would bring about: the undo would then
    change what somebody else has done. ``key`` makes the idempotency keys; ``seconds`` bound each read-back.
    """
    undo, undo_verify = order.undo, order.undo_verify
    if undo is None or undo_verify is None:
        raise ValueError(f"{order.id} can't be undone, so it can't be tried out")
    looked = await _look(order, undo_verify, client, environ)
    yield looked
    if not looked.ok:
        return
    applied, arrived = await _carry_out("apply", order.apply, f"{key}/apply", client, environ)
    yield applied
    if not arrived:
        return
    yield await _read_back("verify", order.verify, client, environ, seconds, changed=True)
    undone, _ = await _carry_out("undo", undo, f"{key}/undo", client, environ)
    yield undone
    yield await _read_back("verify undo", undo_verify, client, environ, seconds, changed=False)


async def _look(order: Order, after: Call, client: httpx.AsyncClient, environ: Mapping[str, str]) -> Proved:
    try:
        seen = await send(order.verify, key=None, client=client, environ=environ)
        later = await send(after, key=None, client=client, environ=environ)
    except ConnectorError as error:
        return Proved("look", False, _status(error), f"the state can't be read, so nothing was changed: {error}", False)
    if not unmet(order.verify.expect_json, seen.json):
        note = "it stands already as apply would set it, so nothing was changed; set it back, then try again"
        return Proved("look", False, seen.status, note, False)
    wrong = unmet(after.expect_json, later.json)
    note = f"not quite as undo will leave it: {'; '.join(wrong)}" if wrong else ""
    return Proved("look", True, seen.status, note, False)


async def _carry_out(
    step: Name, call: Call, key: str, client: httpx.AsyncClient, environ: Mapping[str, str]
) -> tuple[Proved, bool]:
    """The step, and whether it may have arrived."""
    try:
        answer: Response = await send(call, key=key, client=client, environ=environ)
    except (Refused, MissingSecret, Unreachable) as error:
        return Proved(step, False, 0, str(error), step == "undo"), False
    except ConnectorError as error:
        said_no = isinstance(error, Unexpected) and 300 <= error.status < 500
        return Proved(step, False, _status(error), str(error), step == "undo" or not said_no), not said_no
    wrong = unmet(call.expect_json, answer.json)
    return Proved(step, not wrong, answer.status, "; ".join(wrong), step == "apply" or bool(wrong)), True


async def _read_back(
    step: Name, call: Call, client: httpx.AsyncClient, environ: Mapping[str, str], seconds: float, *, changed: bool
) -> Proved:
    """Read until it is as expected, for ``seconds`` at most; then what was seen last."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        status = 0
        try:
            answer = await send(call, key=None, client=client, environ=environ)
        except ConnectorError as error:
            status, note = _status(error), str(error)
        else:
            wrong = unmet(call.expect_json, answer.json)
            if not wrong:
                return Proved(step, True, answer.status, "", changed)
            status, note = answer.status, "; ".join(wrong)
        if asyncio.get_running_loop().time() >= end:
            return Proved(step, False, status, note, True)
        await asyncio.sleep(_PAUSE)


def _status(error: ConnectorError) -> int:
    return error.status if isinstance(error, Unexpected) else 0
