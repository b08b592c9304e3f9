"""A hundred days of one incident under several laws, with time skipped: every warning, chain and miss at its minute."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter
from temporalio import activity
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from halon.client import data_converter
from halon.connectors.http import new_client
from halon.evidence.store import EvidenceStore
from halon.incident import ids, times
from halon.incident.alerts import Alert
from halon.incident.assessment import Stage
from halon.incident.opening import Opening
from halon.incident.state import State
from halon.kit import load, starter_path
from halon.record.journal import Journal
from halon.record.store import RecordStore
from halon.settings import Settings
from halon.worker import keep_kit, workflow_runner
from halon_activities.hands import Hands, activities
from halon_workflows import surface
from halon_workflows.guard import SignalGuard
from halon_workflows.incident import Incident

pytestmark = pytest.mark.long
ATTRIBUTES = (
    surface.REF, surface.AGENT, surface.SEVERITY, surface.PHASE, surface.COMMANDER, surface.CATEGORY,
    surface.WAITING_ON, surface.NEXT_DEADLINE, surface.DRILL,
)  # fmt: skip
DAY = timedelta(days=1)
ASKED, ANSWERED_WITHIN = 16, timedelta(seconds=15)


class Unlisted:
    """A client of a server that can't list: there are no other incidents."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def list_workflows(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        none: tuple[Any, ...] = ()
        for one in none:
            yield one


def prepared(folder: Path) -> Path:
    """The starter kit of a bank: DORA beside GDPR; the privacy officer works in office hours; nobody is told by the hour."""
    shutil.copytree(starter_path(), folder)
    law = (folder / "packs" / "eu" / "regimes" / "eu-dora-19.yaml").read_text()
    law = law.replace("deadline_minutes: 60", "deadline_minutes: 10080").replace(
        "escalate_after_minutes: 10", "escalate_after_minutes: 1440"
    )
    (folder / "regimes" / "eu-dora-19.yaml").write_text(law)
    entity = folder / "entities" / "acme-eu.yaml"
    entity.write_text(
        entity.read_text().replace("roles: [controller, processor]", "roles: [controller, financial_entity_dora]")
    )
    oncall = folder / "oncall.yaml"
    told = yaml.load(oncall.read_text(), Loader=yaml.CSafeLoader)
    told["people"]["pat"]["hours"] = {"between": ["08:00", "18:00"], "zone": "UTC"}
    for one in told["people"].values():
        one["channels"] = ["pages-file"]
    oncall.write_text(yaml.safe_dump(told))
    organisation = folder / "organisation.yaml"
    organisation.write_text(organisation.read_text().replace("update_minutes: 60", "update_minutes: 1440"))
    agent = folder / "agents" / "support-bot.yaml"
    agent.write_text(re.sub(r"^mode: act", "mode: observe", agent.read_text(), flags=re.MULTILINE))
    return folder


def clock() -> datetime:
    """The server's time, not that of this machine."""
    return activity.info().started_time.astimezone(UTC) if activity.in_activity() else datetime.now(UTC)


@pytest.fixture
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """A server that skips the time in which nothing happens."""
    beside = Path(sys.executable).parent / "temporal-test-server"
    found = str(beside) if beside.exists() else str(shutil.which("temporal-test-server"))
    made = await WorkflowEnvironment.start_time_skipping(test_server_existing_path=found, data_converter=data_converter)
    attributes: dict[str, Any] = {one.name: int(one.indexed_value_type) for one in ATTRIBUTES}
    await made.client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(namespace=made.client.namespace, search_attributes=attributes)
    )
    yield made
    await made.shutdown()


@asynccontextmanager
async def world(
    env: WorkflowEnvironment, home: Path, made: Callable[[Path], Path] = prepared
) -> AsyncIterator[tuple[Any, datetime]]:
    """One incident with a worker, on the kit that ``made`` puts into a folder, and when it began."""
    environ = {"HALON_HOME": str(home), "HALON_KIT": str(made(home / "kit")), "HALON_TASK_QUEUE": "hundred",
               "SANDBOX_AGENT_TOKEN": "token", "HALON_SUPPORT_BOT_URL": "http://127.0.0.1:9", "HALON_SMTP": "127.0.0.1:9"}  # fmt: skip
    settings = Settings.from_environ(environ)
    kit, store = load(settings.kit, environ), EvidenceStore.open(settings.evidence)
    await keep_kit(store, kit)
    async with new_client() as http:
        client: Any = Unlisted(env.client)
        hands = Hands(kit=kit, evidence=store, record=RecordStore(store), journal=Journal(store), temporal=client,
                      http=http, environ=environ, home=home, clock=clock)  # fmt: skip
        worker = Worker(env.client, task_queue="hundred", workflows=[Incident], activities=activities(hands),
                        interceptors=[SignalGuard()], workflow_runner=workflow_runner(strict=False))  # fmt: skip
        async with worker:
            began = await env.get_current_time()
            at = times.text(began)
            alert = Alert(source="alertmanager", agent="support-bot", group="leak", rule="AgentUnauthorisedToolAction",
                          status="firing", fingerprint="fp", started_at=at, received_at=at, summary="it mailed records out")  # fmt: skip
            handle = await env.client.start_workflow("Incident", Opening(alerts=(alert,)), id=f"{ids.PREFIX}support-bot.leak",
                                                     task_queue="hundred")  # fmt: skip
            yield handle, began


async def skip(env: WorkflowEnvironment, span: timedelta) -> None:
    """Let time pass, a day at a time: what happens in it takes a moment of real time."""
    while span > timedelta(0):
        await env.sleep(min(span, DAY))
        span -= DAY


async def carried(handle: Any) -> Any:
    """What the incident answers to a query. The test server never answers one that meets a run's end: the next run is asked."""
    for _ in range(ASKED - 1):
        with suppress(RPCError):
            return await handle.query("carry", rpc_timeout=ANSWERED_WITHIN)
    return await handle.query("carry", rpc_timeout=ANSWERED_WITHIN)


async def state_of(handle: Any) -> State:
    """The whole state of the incident."""
    return TypeAdapter(State).validate_python(await carried(handle))


async def until(handle: Any, true: Callable[[State], bool], seconds: float = 240) -> State:
    """The state once it holds; a judgement takes a moment of real time, on a machine with much else to do a longer one."""
    end, told = asyncio.get_running_loop().time() + seconds, ["there is no state yet"]
    while asyncio.get_running_loop().time() < end:
        if (known := await carried(handle)) is not None:
            state = TypeAdapter(State).validate_python(known)
            if state.assessed_version == state.facts_version and true(state):
                return state
            told = [line.text for line in state.tail][-20:]
        await asyncio.sleep(0.05)
    raise AssertionError(told)


async def say(handle: Any, command: str, by: str, /, **fields: Any) -> str:
    """A command; a refusal is the answer, with its type."""
    try:
        return str(await handle.execute_update(command, {"by": by, **fields}, result_type=str))
    except WorkflowUpdateFailedError as error:
        return f"{getattr(error.cause, 'type', '')}: {error.cause}"


def stage(state: State, name: str) -> Stage:
    duty, _, wanted = name.rpartition("/")
    return next(one for each in state.obligations if each.name == duty for one in each.stages if one.id == wanted)


def due(state: State, name: str) -> datetime:
    return times.parse(stage(state, name).due)


def expected(start: datetime, end: datetime, approval: int) -> set[datetime]:
    """When pat, who works from 8 to 18 UTC every day, is to be warned: made anew here, by nothing of Halon's."""
    span = end - start
    shares = [start] if span < timedelta(hours=8) else [start + span * part for part in (0.5, 0.75, 0.9)]
    settle = max(start, end - timedelta(minutes=approval))
    found = {*shares, settle, *last_hour(start, end), *last_hour(start, settle)}
    return found if last_hour(start, settle) else {*found, start}


def last_hour(start: datetime, end: datetime) -> list[datetime]:
    """When pat's last whole working hour before ``end`` begins, if there is one since ``start``."""
    day = end.replace(hour=0, minute=0, second=0, microsecond=0)
    opens, shuts = day + timedelta(hours=8), day + timedelta(hours=18)
    last = (
        min(end, shuts) - timedelta(hours=1) if end - opens >= timedelta(hours=1) else shuts - DAY - timedelta(hours=1)
    )
    return [last] if last >= max(start, last.replace(hour=8, minute=0, second=0, microsecond=0)) else []


def warned(state: State, name: str) -> dict[datetime, datetime]:
    """Each moment for which a warning was set, with when it came."""
    mark = f"warn:{name}@"
    return {
        times.parse(key.removeprefix(mark)): times.parse(at) for key, at in state.ledger.items() if key.startswith(mark)
    }


def close(one: datetime, other: datetime) -> bool:
    return abs(one - other) < timedelta(minutes=1)


def at_their_minute(state: State, name: str, since: datetime, until: datetime, wanted: set[datetime]) -> None:
    """Between ``since`` and ``until`` exactly the wanted warnings came, each at its minute, to who was there."""
    came = {moment: at for moment, at in warned(state, name).items() if since < moment <= until}
    assert sorted(came) == sorted(
        one.replace(microsecond=one.microsecond // 1000 * 1000) for one in wanted if since < one <= until
    )
    for moment, at in came.items():
        assert close(moment, at), (name, moment, at)
        told = {key.rpartition(":")[2] for key in state.ledger if key.startswith(f"told:warn:{name}:{times.text(at)}:")}
        assert told == ({"pat"} if 8 <= moment.hour < 18 else {"ann", "pat"}), (name, moment, told)


async def test_promise_5_a_hundred_days_each_at_its_minute(env: WorkflowEnvironment, tmp_path: Path) -> None:
    """DORA in three stages from actual filings, GDPR missed and filed late with its reason, a hold that stops no clock."""
    gdpr, initial, middle, final = (
        "eu-gdpr-33/notification",
        "eu-dora-19/initial",
        "eu-dora-19/intermediate",
        "eu-dora-19/final",
    )
    async with world(env, tmp_path) as (handle, began):
        await until(handle, lambda state: bool(state.level))
        assert "Acknowledged" in await say(handle, "ack", "ann")
        await skip(env, timedelta(hours=1))
        aware = times.text(began + timedelta(minutes=30))
        facts = {
            "gdpr_applies": True,
            "personal_data_involved": True,
            "risk_to_individuals": "risk",
            "major_ict_incident": True,
        }
        for name, value in {  # when it was classified before the yes: else the saying of the yes stands in for it
            "aware_at": aware,
            "classified_major_at": times.text(began + timedelta(hours=1)),
            **facts,
        }.items():
            assert "Refused" not in await say(handle, "fact", "pat", name=name, value=value, reason="found out")
        assert "declined" in await say(
            handle, "decline", "cus", obligation="contract-dpa", reason="no data of customers"
        )
        said = began + timedelta(hours=1)
        state = await until(
            handle, lambda state: not stage(state, gdpr).provisional and not stage(state, initial).provisional
        )
        assert due(state, gdpr) == times.parse(aware) + timedelta(hours=72)
        assert due(state, initial) == times.parse(times.text(said)) + timedelta(hours=4)

        # A fact moves the anchor: earlier needs no role beyond saying it, and the log says from when to when.
        before, sooner = stage(state, gdpr).due, times.text(began + timedelta(minutes=5))
        await say(handle, "fact", "pat", name="aware_at", value=sooner, reason="the vendor's mail was it")
        state = await until(handle, lambda state: stage(state, gdpr).due != before)
        after = stage(state, gdpr).due
        assert times.parse(after) == times.parse(sooner) + timedelta(hours=72)
        assert any(f"due moves from {before} to {after}" in line.text for line in state.tail)

        # The first stage is filed in time, by hand: the second counts from that and is no longer provisional.
        await skip(env, timedelta(hours=2))
        filed = await env.get_current_time()
        assert "was filed" in await say(
            handle,
            "filed",
            "pat",
            obligation="eu-dora-19",
            reference="D-1",
            receipt="sealed as ev-1",
            reason="on the portal",
        )
        state = await until(handle, lambda state: not stage(state, middle).provisional)
        assert close(due(state, middle), filed + timedelta(hours=72))
        assert stage(state, final).provisional
        at_their_minute(state, initial, said, filed, expected(said, due(state, initial), 30))
        second = due(state, middle), times.parse(stage(state, middle).started)

        # Nobody files for GDPR: it is missed at its minute, and said again after a day.
        end = due(state, gdpr)
        await skip(env, end - await env.get_current_time() - timedelta(minutes=2))
        assert gdpr not in (await state_of(handle)).missed
        await skip(env, timedelta(minutes=3))
        state = await until(handle, lambda state: gdpr in state.missed)
        assert close(times.parse(state.ledger[f"missed:{gdpr}@{times.text(end)}"]), end)
        at_their_minute(state, gdpr, said, end, expected(times.parse(sooner), end, 240))
        late = await say(handle, "filed", "pat", obligation="eu-gdpr-33", reference="G-1")
        assert late.startswith("NeedsReason"), late
        asked = [one for one in state.gates if one.subject == "eu-gdpr-33-notification"]
        assert len(asked) == 1
        assert asked[0].attempt == 2
        for time, opened in ((1, began + timedelta(hours=1)), (2, times.parse(asked[0].opened_at))):
            escalated = times.parse(state.ledger[f"gate-escalate:{asked[0].id}:{time}"])
            assert opened <= escalated - timedelta(hours=2) < opened + timedelta(minutes=1)
        assert close(times.parse(state.ledger[f"gate-deadline:{asked[0].id}:1"]), times.parse(asked[0].opened_at))

        # The second stage of DORA comes in time; the last one counts a month from it, then from its update.
        state = await until(handle, lambda state: True)
        filed = await env.get_current_time()
        assert filed < second[0]
        assert "was filed" in await say(
            handle, "filed", "pat", obligation="eu-dora-19", reference="D-2", reason="on the portal"
        )
        state = await until(handle, lambda state: not stage(state, final).provisional)
        at_their_minute(state, middle, filed - timedelta(hours=70), filed, expected(second[1], second[0], 240))
        month = due(state, final)
        assert timedelta(days=28) <= month - filed < timedelta(days=32)
        await skip(env, DAY + timedelta(minutes=5))
        state = await state_of(handle)
        reminder = [times.parse(at) for key, at in state.ledger.items() if key.startswith("missed-again:")]
        assert [close(one, end + DAY) for one in reminder] == [True]
        assert "says why" in await say(
            handle, "late-reason", "pat", obligation="eu-gdpr-33", reason="the decider was ill"
        )
        assert "Late because: the decider was ill" in await say(
            handle, "filed", "pat", obligation="eu-gdpr-33", reference="G-1", reason="on the portal"
        )
        state = await until(handle, lambda state: bool(stage(state, gdpr).filed_at))
        assert [(one.stage, one.late_because) for one in state.filings if one.obligation == "eu-gdpr-33"] == [
            ("notification", "the decider was ill")]  # fmt: skip
        assert gdpr in state.missed

        await skip(env, 10 * DAY)
        updated = await env.get_current_time()
        assert "was updated" in await say(
            handle, "filed", "pat", obligation="eu-dora-19", reference="D-2b", update=True, reason="more is known"
        )
        state = await until(handle, lambda state: due(state, final) != month)
        assert timedelta(days=28) <= due(state, final) - updated < timedelta(days=32)
        assert [one.reference for one in state.filings if one.obligation == "eu-dora-19"] == ["D-1", "D-2", "D-2b"]

        # A hold that outlasts the due time is told loudly; the clock warns and is missed all the same.
        third = due(state, final)
        lasts = times.text(third + 5 * DAY)
        told = await say(
            handle, "hold", "pat", obligation="eu-dora-19", until=lasts, by_whom="legal", reason="counsel reads it"
        )
        assert "IT OUTLASTS THE DUE TIME" in told
        await skip(env, third - await env.get_current_time() + timedelta(minutes=1))
        state = await until(handle, lambda state: final in state.missed)
        assert close(times.parse(state.ledger[f"missed:{final}@{times.text(third)}"]), third)
        at_their_minute(state, final, updated, third, expected(times.parse(stage(state, final).started), third, 480))
        await skip(env, 5 * DAY + timedelta(minutes=1))
        state = await until(handle, lambda state: bool(state.holds[0].ended_at))
        assert close(times.parse(state.holds[0].ended_at), times.parse(lasts))

        await skip(env, began + 100 * DAY - await env.get_current_time())
        assert "was filed" in await say(
            handle, "filed", "pat", obligation="eu-dora-19", reference="D-3", reason="held back by counsel"
        )
        state = await until(handle, lambda state: bool(stage(state, final).filed_at))
        assert sorted(state.missed) == [final, gdpr]
        assert len(state.filings) == 5
