"""Storms at the front door, as it is deployed: server on a file, gateway and worker as processes, the sender another.

Everything runs on the same processors, the sender and the sandbox agent as well. A delivery holds one alert.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace
from statistics import median

from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from benchmarks.counting import counted
from benchmarks.figures import Figure, milliseconds, ratio
from benchmarks.processes import Apart
from benchmarks.sending import PAYLOAD, Connection, Plan, body
from halon.incident import ids
from halon.incident.alerts import Alert
from halon.incident.opening import Opening
from halon.intake.place import FORM

ALERTS, CAUSES, CONNECTIONS = 10_000, 10, 50
SINGLES = 30
APART = 0.06
"""Seconds between two deliveries that come one at a time; a sender that is quicker is a stream, and has pauses."""
BURST, SEVERE = 500, 50
BURST_SECONDS = 120.0
"""Seconds that the burst is watched for. An incident needs about a second of processor time to be contained."""
TRIES = 6
STREAM = 6_000
LEAD = "tom"
"""Technical lead of the starter kit: may approve what contains."""
CONTAINED = "contain.apply"


async def one_at_a_time(halon: Apart) -> list[Figure]:
    """Deliveries one after the other, each beside a bare start or signal of the same alerts by the SDK's client.

    No worker runs meanwhile: what a worker does with an incident would be measured too.
    """
    halon.worker.kill()
    plan = replace(halon.plan(SINGLES, SINGLES, 1, prefix="single"), agent="measured")
    door = Connection(plan)
    await _post(door, body(plan, 0))  # the first one opens connections on all sides
    bare_starts, starts = [], []
    for number in range(1, SINGLES):
        bare_starts.append(await _bare_start(halon.client, plan, number))
        starts.append(await _post(door, body(plan, number)))
    one = replace(plan, groups=1, prefix="joined")
    await _post(door, body(one, 0))
    first = halon.client.get_workflow_handle("incident-bare-1")
    bare_signals, signals = [], []
    for number in range(1, SINGLES):
        began = time.perf_counter()
        await first.signal("alerts", {"form": FORM, "alerts": [_alert(one, number)]})
        bare_signals.append(time.perf_counter() - began)
        signals.append(await _post(door, body(one, number)))
        await asyncio.sleep(APART)
    door.close()
    halon.worker.start()
    await halon.ready("the worker", halon.worker, 1)
    figures = []
    for what, bare, ours in (("start", bare_starts, starts), ("signal", bare_signals, signals)):
        figures += [
            milliseconds(f"bare {what}", bare),
            milliseconds(f"delivery that is a {what}", ours),
            ratio(f"delivery against bare {what} (wanted: at most 1.5)", median(ours), median(bare)),
        ]
    return figures


async def of_few_causes(halon: Apart) -> list[Figure]:
    """10,000 alerts of 10 causes over 50 connections: the incidents are opened, contained and counted meanwhile."""
    before, began = halon.cpu(), time.perf_counter()
    came = await halon.send(halon.plan(ALERTS, CAUSES, CONNECTIONS))
    used = {name: spent - before[name] for name, spent in halon.cpu().items()}
    sent = time.perf_counter() - began
    found = await counted(halon.client, "storm", came.acknowledged)
    cpu = ", ".join(f"{name} {spent / ALERTS * 1000:.2f}" for name, spent in {**used, "sender": came.cpu}.items())
    return [
        Figure("accepted (wanted: at least 1,000 /s)", f"{len(came.spent) / came.seconds:,.0f} /s",
               f"{len(came.acknowledged):,} of {ALERTS:,} alerts of {PAYLOAD} bytes, {came.tried_again} tries again"),
        milliseconds("answered after (wanted: p95 under 250)", came.spent),
        Figure("incidents", str(found.incidents), f"wanted: {CAUSES}"),
        Figure("counted in them", f"{found.counted:,}", f"all after {sent + found.after:.1f} s"),
        Figure("acknowledged and in none", str(found.missing), f"counted twice: {found.twice}"),
        Figure("processor time of one alert", f"{(sum(used.values()) + came.cpu) / ALERTS * 1000:,.2f} ms", cpu),
    ]  # fmt: skip


async def approving(halon: Apart) -> list[Figure]:
    """Updates of an incident while 50 senders deliver to it: an approval, and notes one after the other.

    Raises WorkflowUpdateFailedError when one is refused: what is measured is a yes, not a no.
    """
    workflow_id = ids.workflow_id(ids.correlation_key("support-bot", "stream-0"))
    storm = asyncio.create_task(halon.send(halon.plan(STREAM, 1, CONNECTIONS, prefix="stream")))
    incident = halon.client.get_workflow_handle(workflow_id)
    approvals: list[float] = []
    notes: list[float] = []
    answered = ""
    while not storm.done():
        gate = await _open_gate(halon.client, workflow_id)
        began = time.perf_counter()
        with suppress(RPCError):  # until the incident stands
            if gate and gate != answered:
                told = {"by": LEAD, "gate": gate, "reason": "seen in the traces"}
                await incident.execute_update("approve", told)
                approvals.append(time.perf_counter() - began)
                answered = gate
            else:
                await incident.execute_update("note", {"by": LEAD, "text": f"note {len(notes)}"})
                notes.append(time.perf_counter() - began)
        await asyncio.sleep(0.2)
    came = await storm
    figures = [Figure("accepted meanwhile", f"{len(came.spent) / came.seconds:,.0f} /s", "all of one incident")]
    figures += [
        milliseconds("approval answered (wanted: within 1 s)", approvals) if approvals
        else Figure("approval answered (wanted: within 1 s)", "none", "no gate was open while they sent"),
        milliseconds("note answered", notes),
    ]  # fmt: skip
    runs = [found async for found in halon.client.list_workflows(f"WorkflowId = '{workflow_id}'")]
    return [*figures, Figure("runs of the incident", str(len(runs)), "renewed in the storm")]


async def burst(halon: Apart) -> list[Figure]:
    """500 causes at once, one in ten critical, in no order: none lost, and the critical ones contained first."""
    plan = halon.plan(BURST, BURST, CONNECTIONS, prefix="burst")
    plan = replace(plan, severities={"critical": SEVERE, "info": BURST - SEVERE}, shuffled=True)
    began = time.perf_counter()
    came = await halon.send(plan)
    end = began + BURST_SECONDS
    severe = {_workflow_id(plan, group) for group in range(SEVERE)}
    while time.perf_counter() < end:
        order = await _contained(halon.client, "burst", severe)
        if severe <= order.keys():
            break
        await asyncio.sleep(5)
    all_order = await _contained(halon.client, "burst")
    found = [name for name, _ in sorted(all_order.items(), key=lambda one: one[1])]
    opened = len(await _incidents(halon.client, "burst"))
    first = sum(name in severe for name in found[:SEVERE])
    last = max((place for place, name in enumerate(found, start=1) if name in severe), default=0)
    return [
        Figure("incidents", str(opened), f"of {BURST} causes; {len(came.acknowledged)} acknowledged"),
        Figure("accepted", f"{len(came.spent) / came.seconds:,.0f} /s", f"all after {came.seconds:.1f} s"),
        milliseconds("answered after", came.spent),
        Figure("severe ones contained", f"{len(severe & set(found))} of {SEVERE}",
               f"after {time.perf_counter() - began:.0f} s; of all, {len(found)} by then"),
        Figure("severe among the first as many contained", f"{first} of {min(SEVERE, len(found))}",
               f"the last severe one was contained as number {last}"),
    ]  # fmt: skip


async def _post(door: Connection, content: bytes) -> float:
    began = time.perf_counter()
    status = await door.post(content)
    if status != 200:
        raise RuntimeError(f"the front door answered {status}")
    return time.perf_counter() - began


def _alert(plan: Plan, number: int) -> Alert:
    """About what the door makes of alert ``number``."""
    group = number % plan.groups
    return Alert(
        source="alertmanager", agent=plan.agent, group=f"{plan.prefix}-{group}", rule=f"Rule{group}", status="firing",
        fingerprint=f"{plan.prefix}-{number:06d}", started_at="2026-11-22T08:16:15.508Z",
        received_at="2026-11-22T08:16:16.000Z", severity_hint="warning", summary="It used a tool. " * 3,
        labels={"pod": f"support-bot-{number}", "region": "eu-central-1", "alertname": f"Rule{group}"},
        raw="evidence/intake/2026-11-22/" + "0" * 32 + ".payloads.jsonl/1", raw_sha256="0" * 64,
    )  # fmt: skip


async def _bare_start(client: Client, plan: Plan, number: int) -> float:
    began = time.perf_counter()
    await client.start_workflow(
        "Incident", Opening(alerts=(_alert(plan, number),), form=FORM), id=f"incident-bare-{number}",
        task_queue="nobody", id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
    )  # fmt: skip
    return time.perf_counter() - began


async def _open_gate(client: Client, workflow_id: str) -> str:
    """The id of an open gate; empty while there is none."""
    try:
        gates = await client.get_workflow_handle(workflow_id).query("gates")
    except RPCError:
        return ""
    return next((str(one["id"]) for one in gates if one["status"] == "open"), "")


def _workflow_id(plan: Plan, group: int) -> str:
    return ids.workflow_id(ids.correlation_key(plan.agent, f"{plan.prefix}-{group}"))


async def _incidents(client: Client, prefix: str) -> set[str]:
    """The workflow ids of the incidents of these causes. A server that is busy with hundreds of them is asked again."""
    for _ in range(TRIES - 1):
        with suppress(RPCError):
            return await _list(client, prefix)
    return await _list(client, prefix)


async def _list(client: Client, prefix: str) -> set[str]:
    return {one.id async for one in client.list_workflows("WorkflowType = 'Incident'") if f".{prefix}-" in one.id}


async def _contained(client: Client, prefix: str, only: set[str] | None = None) -> dict[str, float]:
    """When the first containment of each incident was carried out, as its history says; those not yet are left out."""
    found: dict[str, float] = {}
    names = await _incidents(client, prefix) if only is None else only
    for name in names:
        with suppress(RPCError):
            scheduled: set[int] = set()
            async for event in client.get_workflow_handle(name).fetch_history_events():
                if event.HasField("activity_task_scheduled_event_attributes"):
                    if event.activity_task_scheduled_event_attributes.activity_type.name == CONTAINED:
                        scheduled.add(event.event_id)
                elif event.activity_task_completed_event_attributes.scheduled_event_id in scheduled:
                    found[name] = event.event_time.ToNanoseconds() / 1e9
                    break
    return found
