"""Who is on call, as a product says; and the kit's own rules, aloud, where it says nothing."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from halon.connectors.http import new_client
from halon.evidence.store import EvidenceStore
from halon.incident.facts import Fact
from halon.kit import KitError, load, starter_path
from halon.ports.triage import Case
from halon.record.journal import Journal
from halon.record.store import RecordStore
from halon_activities import oncall
from halon_activities.hands import Hands
from halon_activities.oncall import who_is_on_call
from halon_activities.triage import Triage

NOW = "2026-11-22T09:00:00.000Z"
PAGERDUTY = """
from:
  kind: pagerduty
  token_env: ROTA_TOKEN
  url_env: ROTA_URL
  schedules: {commander: PCOM, technical_lead: PTEC}
  people: {PSUE1: sue, tom.t@pd.example: tom}
"""
OPSGENIE = """
from:
  kind: opsgenie
  token_env: ROTA_TOKEN
  url_env: ROTA_URL
  region: eu
  schedules: {commander: d875}
"""


def entry(schedule: str, user: str, email: str = "", level: int = 1) -> dict[str, Any]:
    return {"schedule": {"id": schedule}, "escalation_level": level,
            "user": {"id": user, "type": "user", "name": f"Name of {user}", "email": email}}  # fmt: skip


class Rota:
    """A product that says who is on call, or what it is told to say."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.says: Any = {"oncalls": [entry("PCOM", "PSUE1"), entry("PTEC", "PX", "Tom.T@pd.example")]}
        self.status = 200
        self.hangs = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        if self.hangs:
            await asyncio.sleep(20)
        told = json.dumps(self.says).encode()
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(told)}\r\n\r\n".encode() + told)
        await writer.drain()
        writer.close()


@pytest.fixture
async def rota() -> AsyncIterator[tuple[Rota, str]]:
    made = Rota()
    server = await asyncio.start_server(made, "127.0.0.1", 0)
    yield made, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


Make = Callable[..., Hands]


@pytest.fixture
async def make(tmp_path: Path, rota: tuple[Rota, str]) -> AsyncIterator[Make]:
    """Hands whose kit asks a product; ``clock`` tells the time."""
    clients: list[httpx.AsyncClient] = []

    def made(source: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC), **environ: str) -> Hands:
        folder = shutil.copytree(starter_path(), tmp_path / f"kit{len(clients)}")
        (folder / "oncall.yaml").write_text((folder / "oncall.yaml").read_text() + source)
        around = {"ROTA_TOKEN": "token", "ROTA_URL": rota[1]} | environ
        store = EvidenceStore.open(tmp_path / "store")
        clients.append(new_client())
        return Hands(
            kit=load(folder, around), evidence=store, record=RecordStore(store), journal=Journal(store),
            temporal=cast(Any, None), http=clients[-1], environ=around, home=tmp_path, clock=clock,
        )  # fmt: skip

    yield made
    for client in clients:
        await client.aclose()


async def test_pagerduty_says_who_commands(make: Make, rota: Any) -> None:
    """By user id or mail address, whatever its case; the commander is paged first, and nothing needs to be said."""
    hands = make(PAGERDUTY)
    found = await who_is_on_call(hands, "support-bot", NOW)
    assert (found.roster.commander, found.roster.technical_lead, found.reasons) == ("sue", "tom", ())
    assert found.roster.escalation == ("sue", "ann", "tom", "lee")
    assert found.roster.people == hands.kit.on_call("support-bot", NOW).people
    assert rota[0].asked[0].startswith("GET /oncalls?schedule_ids%5B%5D=PCOM&schedule_ids%5B%5D=PTEC&")
    assert "\r\nAuthorization: Token token=token\r\n" in rota[0].asked[0]


async def test_opsgenie_says_who_commands(make: Make, rota: Any) -> None:
    """By the mail addresses that the kit has; a role without a schedule is that of the rules."""
    rota[0].says = {"data": {"onCallRecipients": ["stranger@acme.example", "Pat@acme.example"]}}
    found = await who_is_on_call(make(OPSGENIE), "support-bot", NOW)
    assert (found.roster.commander, found.roster.technical_lead, found.reasons) == ("pat", "tom", ())
    assert rota[0].asked[0].startswith("GET /v2/schedules/d875/on-calls?")
    assert "\r\nAuthorization: GenieKey token\r\n" in rota[0].asked[0]


@pytest.mark.parametrize(
    ("status", "says", "told"),
    [
        (500, {}, "on call by oncall.yaml: PagerDuty did not answer (127.0.0.1 did not answer (it answered 500)"),
        (429, {}, "on call by oncall.yaml: PagerDuty could not be asked"),
        (401, {"error": "no"}, "on call by oncall.yaml: PagerDuty could not be asked (answered 401"),
        (200, {"nothing": 1}, "on call by oncall.yaml: PagerDuty could not be asked (answered 200: an answer without"),
    ],
)
async def test_without_an_answer_the_rules_count_and_it_is_said(
    make: Make, rota: Any, status: int, says: Any, told: str
) -> None:
    """The incident has its people all the same, and everybody can see where they come from."""
    rota[0].status, rota[0].says = status, says
    found = await who_is_on_call(make(PAGERDUTY), "support-bot", NOW)
    assert (found.roster.commander, found.roster.technical_lead) == ("ann", "tom")
    assert len(found.reasons) == 1
    assert found.reasons[0].startswith(told)


async def test_a_product_that_hangs_is_waited_for_shortly_and_once(
    make: Make, rota: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounded in time; those who ask at once wait for one answer, and for a minute nobody asks again."""
    monkeypatch.setattr(oncall, "SECONDS", 0.5)
    rota[0].hangs = True
    hands = make(PAGERDUTY)
    began = asyncio.get_running_loop().time()
    found = await asyncio.gather(*(who_is_on_call(hands, "support-bot", NOW) for _ in range(5)))
    again = await who_is_on_call(hands, "support-bot", NOW)
    assert asyncio.get_running_loop().time() - began < 2
    assert {one.reasons for one in (*found, again)} == {again.reasons}
    assert "PagerDuty did not answer" in again.reasons[0]
    assert len(rota[0].asked) == 1


async def test_an_answer_counts_for_a_minute(make: Make, rota: Any) -> None:
    """After it the product is asked anew, and a handover there is one here."""
    clock = [datetime(2026, 11, 22, 9, tzinfo=UTC)]
    hands = make(PAGERDUTY, lambda: clock[0])
    commanders = []
    for seconds, user in ((0, "PSUE1"), (59, "PX"), (2, "PX")):
        clock[0] += timedelta(seconds=seconds)
        rota[0].says = {"oncalls": [entry("PCOM", user, "tom.t@pd.example"), entry("PTEC", "PSUE1")]}
        commanders.append((await who_is_on_call(hands, "support-bot", NOW)).roster.commander)
    assert commanders == ["sue", "sue", "tom"]
    assert len(rota[0].asked) == 2


async def test_people_whom_the_kit_does_not_know_are_named(make: Make, rota: Any) -> None:
    """The rules stand in for that role alone; who is meant and what to do is said, without a mail address."""
    rota[0].says = {"oncalls": [entry("PCOM", "PNEW", "new@acme.example"), entry("PTEC", "PSUE1")]}
    found = await who_is_on_call(make(PAGERDUTY), "support-bot", NOW)
    assert (found.roster.commander, found.roster.technical_lead) == ("ann", "sue")
    assert found.reasons == (
        "commander by oncall.yaml: PagerDuty says Name of PNEW (PNEW), whom the kit does not know; map them under "
        "from: people: in oncall.yaml",
    )
    rota[0].says = {"oncalls": []}
    found = await who_is_on_call(make(PAGERDUTY), "support-bot", NOW)
    assert found.reasons[0] == "commander by oncall.yaml: nobody is on call in PagerDuty's schedule PCOM"


async def test_without_a_token_nothing_is_asked(make: Make, rota: Any) -> None:
    """The missing variable is named in the reason."""
    found = await who_is_on_call(make(PAGERDUTY, ROTA_TOKEN=""), "support-bot", NOW)
    assert "ROTA_TOKEN is not set" in found.reasons[0]
    assert rota[0].asked == []


async def test_the_assessment_has_the_roster_and_the_reason(make: Make, rota: Any, as_incident: Any) -> None:
    """What triage returns names who commands, and why where the product did not say."""
    case = Case(
        "incident-support-bot.x:run-1", "INC-7F3A", "support-bot", "x", (), (Fact("confirmed", True, "t", NOW),), NOW
    )
    good = await as_incident(Triage(make(PAGERDUTY)).assess, case)
    rota[0].status = 500
    bad = await as_incident(Triage(make(PAGERDUTY)).assess, case)
    plain = await as_incident(Triage(make("")).assess, case)
    assert (good.roster.commander, bad.roster.commander) == ("sue", "ann")
    assert any(reason.startswith("on call by oncall.yaml: PagerDuty") for reason in bad.reasons)
    assert good.reasons == plain.reasons
    assert replace(bad, reasons=plain.reasons, kit_digest=plain.kit_digest) == plain


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("PSUE1: sue", "PSUE1: susi", "no person 'susi'"),
        ("{commander: PCOM, technical_lead: PTEC}", "{}", "it names no schedule"),
        ("PCOM", '"P COM"', "does not have the form that is needed"),
        ("kind: pagerduty", "kind: pager", "pager"),
    ],
)
def test_a_wrong_source_is_refused_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    """A typo in oncall.yaml is told before the night in which it counts."""
    folder = shutil.copytree(starter_path(), tmp_path / "kit")
    file = folder / "oncall.yaml"
    file.write_text(file.read_text() + PAGERDUTY.replace(old, new))
    with pytest.raises(KitError) as caught:
        load(folder, {})
    assert "oncall.yaml:" in str(caught.value)
    assert told in str(caught.value)
