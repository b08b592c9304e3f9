"""Every obligation is carried out beside the others, and every stage that waits for none beside the other stages."""

from __future__ import annotations

from halon.incident.addressed import addressed
from halon.incident.standing import decided, decided_here, open_stage, open_stages, owed, settled, with_phase
from halon_workflows import notify, turns
from halon_workflows.durable import Durable


async def tell_those_owed(inc: Durable) -> None:
    """One task a stage that can be filed, for as long as the incident is open; what is found later gets its own.

    What an earlier release judged has one task an obligation.
    """
    while not inc.finished:
        for duty in inc.state.obligations:
            if settled(inc.state, duty):
                continue
            name = duty.name
            if not decided_here(inc.state):
                inc.spawn(f"notify.{name}", lambda name=name: fulfil(inc, name))  # type: ignore[misc]
                continue
            for stage in open_stages(inc.state, duty):
                inc.spawn(f"notify.{name}/{stage.id}", lambda name=name, stage=stage.id: fulfil_stage(inc, name, stage))  # type: ignore[misc]
        _phase(inc)
        before = _picture(inc)
        await inc.until(lambda before=before: inc.finished or _picture(inc) != before)  # type: ignore[misc]


async def fulfil_stage(inc: Durable, name: str, stage_id: str) -> None:
    """One stage: wait until it is its turn, then draft, ask, send and record."""
    while True:
        await inc.until(lambda: turns.over(inc, name, stage_id) or turns.its_turn(inc, name, stage_id))
        duty = turns.duty_of(inc, name)
        stage = turns.stage_of(duty, stage_id)
        if turns.over(inc, name, stage_id) or stage is None:
            return
        await notify.tell_of(inc, addressed(duty, stage), stage)


async def fulfil(inc: Durable, name: str) -> None:
    """One obligation as an earlier release judged it: stage by stage, in the order of its regime."""

    def anew() -> bool:  # judged by the rules of now since: each stage has its own task
        return decided_here(inc.state)

    while True:
        await inc.until(
            lambda: owed(inc.state, turns.duty_of(inc, name)) or settled(inc.state, turns.duty_of(inc, name)) or anew()
        )
        duty = turns.duty_of(inc, name)
        stage = open_stage(inc.state, duty)
        if settled(inc.state, duty) or stage is None or anew():
            return
        await notify.tell_of(inc, addressed(duty, stage), stage)


def _phase(inc: Durable) -> None:
    left = [duty.name for duty in inc.state.obligations if not settled(inc.state, duty)]
    if left:
        inc.state = with_phase(inc.state, "notify", "waiting", inc.now, f"a decision about {', '.join(left)}")
    else:
        inc.state = with_phase(inc.state, "notify", "done", inc.now)


def _picture(inc: Durable) -> tuple[tuple[str, bool, str, tuple[str, ...]], ...]:
    return tuple(
        (duty.name, settled(inc.state, duty), decided(inc.state, duty.name), _open(inc, duty.name))
        for duty in inc.state.obligations
    )


def _open(inc: Durable, name: str) -> tuple[str, ...]:
    if not decided_here(inc.state):
        return ()
    return tuple(one.id for one in open_stages(inc.state, turns.duty_of(inc, name)))
