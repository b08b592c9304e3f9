"""Whom a stage tells: its own addressee, where the law gives it one, else that of its duty."""

from __future__ import annotations

from dataclasses import replace

from halon.incident.assessment import Obligation, Stage


def addressed(duty: Obligation, stage: Stage | None) -> Obligation:
    """``duty`` as it stands for ``stage``: with that stage's own authority, audience, recipient, text, channel, contents."""
    told = stage.told if stage is not None else None
    if told is None:
        return duty
    return replace(
        duty,
        authority=told.authority,
        audience=told.audience,
        recipient=told.recipient,
        template=told.template,
        channel=told.channel,
        contents=told.contents,
        portal=told.portal,
    )


def audience(duty: Obligation, stage: Stage) -> str:
    """``regulator``, ``customers`` or ``counterparty``: who hears of ``duty`` by ``stage``."""
    return stage.told.audience if stage.told is not None else duty.audience
