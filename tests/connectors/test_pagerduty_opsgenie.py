"""PagerDuty and Opsgenie: every request fits the product's contract, and every answer has one meaning."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from halon.connectors import opsgenie, pagerduty
from halon.connectors.errors import MissingSecret, NoAnswer, Unexpected, Unreachable
from halon.connectors.marker import about, incident_of, is_ours, is_part, thread_key
from halon.connectors.product import Dispatch

INCIDENT = "incident-support-bot.unauthorised-tool~2:0198f0c2-7a4e-7c11-9c55-5b5f8f1f3c11"
KEY = "r" * 32
HOSTILE = "<!channel> [click](https://evil.example) \u202egnp.exe\u2069 {{7*7}} ${jndi:x}\nsecond line " + "x" * 10_000


def dispatch(**changes: Any) -> Dispatch:
    given = {
        "thread": thread_key(INCIDENT), "subject": "[INC-7F3A] SEV1: support-bot", "body": "It mails customer records.",
        "reference": "INC-7F3A", "severity": "SEV1", "link": "https://halon.acme.example/i/INC-7F3A",
    }  # fmt: skip
    return Dispatch(**{**given, **changes})


def test_the_key_is_the_incidents_own_and_leads_back_to_it() -> None:
    """One key an incident, with Halon's mark; from it the incident is known again, and from nothing else."""
    key = thread_key(INCIDENT)
    assert key == thread_key(INCIDENT) == f"halon:{INCIDENT}"
    assert incident_of(key) == incident_of(thread_key(INCIDENT, "warn:1")) == INCIDENT
    assert thread_key(INCIDENT, "a") != thread_key(INCIDENT, "b")
    for strange in ("", "halon:", "halon:x", INCIDENT, f"halon:{INCIDENT}' OR 1=1", "halon:incident-a:run\nx"):
        assert incident_of(strange) == ""
    long = "incident-" + "a" * 400 + ":run"
    assert len(thread_key(long, "x")) <= 255
    assert incident_of(thread_key(long)) == ""
    assert [is_ours(key), is_ours("x", "Boom (Halon)"), is_ours("", "Boom (Halon) "), is_ours("", "Boom")] == [
        True, False, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("gate:revoke-token@20261122T100000000Z", ("gate", "revoke-token")),
        ("clock:eu-gdpr-33@acme-eu/notification@20261122T100000000Z", ("clock", "eu-gdpr-33@acme-eu/notification")),
        ("page:1:ann/page/1", ("", "")),
        ("gate:<b>x</b>@20261122T100000000Z", ("", "")),
        (f"gate:{'x' * 190}@20261122T100000000Z", ("", "")),
        ("", ("", "")),
    ],
)
def test_an_alarm_of_a_part_leads_to_the_incident_and_says_what_it_is_about(part: str, told: tuple[str, str]) -> None:
    """A key of its own for each, ours, of at most 255 characters; what leaves no room, or is none, is named by its hash."""
    key = thread_key(INCIDENT, part)
    assert (about(key), is_part(key)) == (told, bool(part))
    assert (incident_of(key), is_ours(key)) == (INCIDENT, True)
    assert len(key) <= 255
    assert key == thread_key(INCIDENT, part) != thread_key(INCIDENT, f"{part}x")
    assert about(f"their/{part}") == about(part) == ("", "")


@pytest.mark.parametrize("name", ["pagerduty", "opsgenie"])
async def test_the_alarm_of_a_part_fits_the_contract(client: httpx.AsyncClient, product: Any, name: str) -> None:
    """Its key has signs that a path must not have as they are: it opens, is added to and is ended under one name."""
    part = thread_key(INCIDENT, "clock:eu-gdpr-33@acme-eu/notification@20261122T100000000Z")
    async with product(name) as served:
        environ = {"SECRET": KEY, "URL": served.url + ("/v2/enqueue" if name == "pagerduty" else "")}
        for first, kind in ((True, "page"), (False, "page"), (False, "resolve")):
            one = dispatch(thread=part, kind=kind)
            if name == "pagerduty":
                await pagerduty.enqueue(one, "SECRET", client=client, environ=environ, url_env="URL")
            else:
                await opsgenie.tell(one, "SECRET", first=first, client=client, environ=environ, url_env="URL")
    assert served.wrong == []
    known = {one.body["dedup_key"] for one in served.seen} if name == "pagerduty" else {served.seen[0].body["alias"]}
    assert known == {part}
    if name == "opsgenie":
        assert served.seen[-1].path.endswith(
            "%2Fclock%3Aeu-gdpr-33%40acme-eu%2Fnotification%4020261122T100000000Z/close"
        )


async def test_a_page_triggers_and_the_end_resolves_the_same_alert(client: httpx.AsyncClient, product: Any) -> None:
    """Both requests fit the contract and bear the incident's key; 202 is told as what it is: queued."""
    async with product("pagerduty") as served:
        environ = {"ROUTING": KEY, "PD": f"{served.url}/v2/enqueue"}
        for kind in ("page", "update", "resolve"):
            told = await pagerduty.enqueue(dispatch(kind=kind), "ROUTING", client=client, environ=environ, url_env="PD")
            assert told == f"queued as halon:{INCIDENT}"
    assert served.wrong == []
    assert [one.body["event_action"] for one in served.seen] == ["trigger", "trigger", "resolve"]
    assert {one.body["dedup_key"] for one in served.seen} == {thread_key(INCIDENT)}
    assert served.seen[0].body == {
        "routing_key": KEY,
        "dedup_key": f"halon:{INCIDENT}",
        "event_action": "trigger",
        "client": "Halon",
        "client_url": "https://halon.acme.example/i/INC-7F3A",
        "links": [{"href": "https://halon.acme.example/i/INC-7F3A", "text": "Open INC-7F3A"}],
        "payload": {
            "summary": "[INC-7F3A] SEV1: support-bot (Halon)",
            "source": "INC-7F3A",
            "severity": "critical",
            "class": "ai-agent-incident",
            "custom_details": {"text": "It mails customer records.", "reference": "INC-7F3A", "severity": "SEV1"},
        },
    }


@pytest.mark.parametrize(
    ("severity", "theirs", "priority"),
    [("SEV1", "critical", "P1"), ("SEV2", "error", "P2"), ("SEV3", "warning", "P3"), ("SEV4", "info", "P4"),
     ("", "error", "P2")],
)  # fmt: skip
def test_severities_have_one_counterpart_each(severity: str, theirs: str, priority: str) -> None:
    """What is not judged yet counts as serious."""
    assert pagerduty.event(dispatch(severity=severity), KEY)["payload"]["severity"] == theirs
    assert opsgenie.created(dispatch(severity=severity))["priority"] == priority


@pytest.mark.parametrize("name", ["pagerduty", "opsgenie"])
async def test_hostile_text_stays_text_and_within_bounds(client: httpx.AsyncClient, product: Any, name: str) -> None:
    """Ten thousand characters, marks that turn the writing, no subject, a link that is none: the contract still holds."""
    for subject, body, link in ((HOSTILE, HOSTILE, "javascript:alert(1)"), ("\n\u202e", "", "https://a.example/\n")):
        sent = dispatch(subject=subject, body=body, link=link, reference=HOSTILE)
        async with product(name) as served:
            environ = {"SECRET": KEY, "URL": served.url + ("/v2/enqueue" if name == "pagerduty" else "")}
            if name == "pagerduty":
                await pagerduty.enqueue(sent, "SECRET", client=client, environ=environ, url_env="URL")
            else:
                await opsgenie.tell(sent, "SECRET", first=False, client=client, environ=environ, url_env="URL")
        assert served.wrong == []
        shown = str([one.body for one in served.seen])
        assert "\\u202e" not in shown
        assert "javascript:" not in shown
        assert all("links" not in one.body and "client_url" not in one.body for one in served.seen)


async def test_opsgenie_opens_adds_and_closes_one_alert(client: httpx.AsyncClient, product: Any) -> None:
    """The alias is the incident's key; a change is a note and the priority, for a second create only counts up."""
    async with product("opsgenie") as served:
        environ = {"GENIE": KEY, "OG": served.url}
        for first, changes in ((True, {}), (False, {"severity": "SEV2"}), (False, {"kind": "resolve"})):
            await opsgenie.tell(dispatch(**changes), "GENIE", first=first, client=client, environ=environ, url_env="OG")
    assert served.wrong == []
    alert = f"/v2/alerts/halon%3A{INCIDENT.replace(':', '%3A')}"
    assert [(one.method, one.path) for one in served.seen] == [
        ("POST", "/v2/alerts"),
        ("POST", "/v2/alerts"), ("POST", f"{alert}/notes"), ("PUT", f"{alert}/priority"),
        ("POST", f"{alert}/close"),
    ]  # fmt: skip
    assert served.seen[0].body["alias"] == thread_key(INCIDENT)
    assert served.seen[0].body["message"] == "[INC-7F3A] SEV1: support-bot (Halon)"
    assert served.seen[3].body == {"priority": "P2"}
    assert {one.headers["authorization"] for one in served.seen} == {f"GenieKey {KEY}"}


async def _pagerduty(client: httpx.AsyncClient, environ: dict[str, str]) -> Any:
    return await pagerduty.enqueue(dispatch(), "SECRET", client=client, environ=environ, url_env="URL")


async def _opsgenie(client: httpx.AsyncClient, environ: dict[str, str]) -> Any:
    return await opsgenie.tell(dispatch(), "SECRET", first=True, client=client, environ=environ, url_env="URL")


@pytest.mark.parametrize("send", [_pagerduty, _opsgenie])
@pytest.mark.parametrize(
    ("status", "error"), [(429, Unreachable), (500, NoAnswer), (503, NoAnswer), (400, Unexpected), (401, Unexpected)]
)
async def test_an_answer_means_not_taken_perhaps_taken_or_refused(
    client: httpx.AsyncClient, product: Any, send: Any, status: int, error: type[Exception]
) -> None:
    """429 was not taken, 5xx may have been, 4xx was refused; no error repeats the key."""
    async with product() as served:
        served.says = [(status, {"message": f"what about {KEY}?"})]
        with pytest.raises(error) as caught:
            await send(client, {"SECRET": KEY, "URL": served.url})
    assert type(caught.value) is error
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("send", [_pagerduty, _opsgenie])
async def test_nothing_is_sent_without_the_secret_or_to_nowhere(client: httpx.AsyncClient, send: Any) -> None:
    """A missing variable is named; a port where nobody listens provably got nothing."""
    with pytest.raises(MissingSecret, match="SECRET"):
        await send(client, {"URL": "http://127.0.0.1:9"})
    with pytest.raises(MissingSecret, match="URL"):
        await send(client, {"SECRET": KEY})
    with pytest.raises(Unreachable):
        await send(client, {"SECRET": KEY, "URL": "http://127.0.0.1:9"})


async def test_a_wrong_request_is_caught_by_the_contract(client: httpx.AsyncClient, product: Any) -> None:
    """The fake refuses what the documentation does not know: a routing key of the wrong length, for one."""
    async with product("pagerduty") as served:
        environ = {"SECRET": "short-key", "URL": f"{served.url}/v2/enqueue"}
        with pytest.raises(Unexpected):
            await _pagerduty(client, environ)
    assert served.wrong == ["POST /v2/enqueue: body.routing_key has 9 characters"]


def test_the_regions_have_their_own_hosts() -> None:
    """Europe's data stays at Europe's addresses."""
    assert [pagerduty.EVENTS[region] for region in ("us", "eu")] == [
        "https://events.pagerduty.com/v2/enqueue", "https://events.eu.pagerduty.com/v2/enqueue",
    ]  # fmt: skip
    assert [opsgenie.API[region] for region in ("us", "eu")] == [
        "https://api.opsgenie.com", "https://api.eu.opsgenie.com",
    ]  # fmt: skip
    assert [pagerduty.REST[region] for region in ("us", "eu")] == [
        "https://api.pagerduty.com", "https://api.eu.pagerduty.com",
    ]  # fmt: skip


async def test_pagerduty_says_who_is_on_call_lowest_level_first(client: httpx.AsyncClient, product: Any) -> None:
    """By schedule; who is on call without a schedule counts for none."""
    async with product("pagerduty") as served:
        environ = {"TOKEN": "t", "PD": served.url}
        found = await pagerduty.on_calls(("PI7DH85", "PEMPTY1"), "TOKEN", client=client, environ=environ, url_env="PD")
    assert served.wrong == []
    assert [one["id"] for one in found["PI7DH85"]] == ["PANN111", "PT23IWX"]
    assert found["PI7DH85"][0] == {"id": "PANN111", "email": "ann@acme.example", "name": "Ann Archer"}
    assert found["PEMPTY1"] == ()
    assert [value for name, value in served.seen[0].query if name == "schedule_ids[]"] == ["PI7DH85", "PEMPTY1"]


async def test_opsgenie_says_who_is_on_call_by_mail_address(client: httpx.AsyncClient, product: Any) -> None:
    """One question a schedule."""
    async with product("opsgenie") as served:
        environ = {"GENIE": KEY, "OG": served.url}
        found = await opsgenie.on_calls(("d875", "e986"), "GENIE", client=client, environ=environ, url_env="OG")
    assert served.wrong == []
    assert [one["email"] for one in found["d875"]] == ["ann@acme.example", "tom@acme.example"]
    assert [one.path for one in served.seen] == ["/v2/schedules/d875/on-calls", "/v2/schedules/e986/on-calls"]


@pytest.mark.parametrize("answer", ["nonsense", {"oncalls": {}}, {"data": {"onCallRecipients": "ann"}}, []])
async def test_a_strange_rota_is_an_error_and_no_crash(client: httpx.AsyncClient, product: Any, answer: Any) -> None:
    """What is no list of people is answered as such, whatever it is."""
    for ask in (pagerduty.on_calls, opsgenie.on_calls):
        async with product() as served:
            served.says = [(200, answer)]
            with pytest.raises(Unexpected):
                await ask(("P1",), "TOKEN", client=client, environ={"TOKEN": "t", "URL": served.url}, url_env="URL")
