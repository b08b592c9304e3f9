"""What operators see of a delivery: its id, one log line, metrics behind a token, and no 500 while Temporal is away."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from halon.client import connect
from halon.logs import Line
from halon.settings import Settings, SettingsError

READ = {"Authorization": "Bearer token-for-reading-incidents"}


def said(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The lines of deliveries, as ``HALON_LOG=json`` writes them."""
    return [json.loads(Line("json").format(one)) for one in caplog.records if one.name == "halon.delivery"]


async def test_each_delivery_has_one_line_with_its_id_and_no_word_of_it(
    gateway: Any, alert: Any, delivery: Any, agent: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The id in the answer's head stands in the log, with source, outcome, incident and milliseconds; so for refusals."""
    caplog.set_level(logging.INFO, "halon.delivery")
    taken = await gateway.deliver(delivery(alert(agent, annotations={"summary": "unspeakable"})))
    refused = await gateway.deliver({"version": "4", "alerts": "unspeakable"})
    stranger = await gateway.http.post("/v1/alerts/unspeakable", json={})
    ids = [answer.headers["halon-delivery"] for answer in (taken, refused, stranger)]
    lines = said(caplog)
    assert [line["delivery"] for line in lines] == ids
    assert [(line["source"], line["outcome"], line["status"]) for line in lines] == [
        ("am", "new", 200), ("am", "bad-payload", 422), ("unknown", "unknown-source", 404),
    ]  # fmt: skip
    assert lines[0]["incident"] == taken.json()["incidents"][0]["incident"]
    assert (lines[0]["alerts"], lines[0]["ms"] > 0) == (1, True)
    assert refused.json()["instance"] == f"urn:halon:delivery:{ids[1]}"
    assert "unspeakable" not in json.dumps(lines)
    text = Line("text").format(next(one for one in caplog.records if one.name == "halon.delivery"))
    assert f"delivery={ids[0]} source=am outcome=new" in text


async def test_a_failure_of_the_door_is_logged_masked_with_its_id(
    gateway: Any,
    alert: Any,
    delivery: Any,
    agent: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What a bug's message holds of a payload is masked in the log, and the log names the delivery."""

    async def broken(*given: object) -> None:
        raise KeyError("anna@example.org")

    monkeypatch.setattr(gateway.door, "admit", broken)
    answer = await gateway.deliver(delivery(alert(agent)))
    failed = next(one for one in caplog.records if "a request failed" in one.getMessage())
    line = json.loads(Line("json").format(failed))
    assert answer.status_code == 500
    assert (line["delivery"], line["level"]) == (answer.headers["halon-delivery"], "ERROR")
    assert "[email]" in line["error"]
    assert "example.org" not in json.dumps(line)


async def test_metrics_beyond_loopback_need_the_reading_token(make_gateway: Any, temporal: Any) -> None:
    """A door that listens for others shows its numbers to whoever may read, or to all if that is set."""
    beyond = make_gateway(temporal, gateway_host="0.0.0.0", peer="192.0.2.7", host="halon.example")
    assert (await beyond.http.get("/metrics")).status_code == 401
    assert (await beyond.http.get("/metrics", headers=READ)).status_code == 200
    assert (await beyond.http.get("/healthz")).status_code in (200, 503)
    await beyond.stop()
    untold = make_gateway(temporal, gateway_host="0.0.0.0", peer="192.0.2.7", environ={"AM_TOKEN": "t" * 20})
    assert (await untold.http.get("/metrics")).status_code == 403
    await untold.stop()
    shown = make_gateway(temporal, gateway_host="0.0.0.0", peer="192.0.2.7", metrics_open=True)
    assert (await shown.http.get("/metrics")).status_code == 200
    await shown.stop()
    here = make_gateway(temporal)
    assert (await here.http.get("/metrics")).status_code == 200
    await here.stop()


async def test_strangers_are_not_told_the_names_of_sources(make_gateway: Any, temporal: Any) -> None:
    """Whoever asks from another machine for a source that is none learns no other."""
    beyond = make_gateway(temporal, gateway_host="0.0.0.0", peer="192.0.2.7", host="halon.example")
    answer = await beyond.http.post("/v1/alerts/guess", json={})
    await beyond.stop()
    assert answer.status_code == 404
    assert "known" not in answer.json()


async def test_the_metrics_tell_of_batches_and_of_what_waits(
    gateway: Any, alert: Any, delivery: Any, agent: str
) -> None:
    """One delivery of three alerts is one batch of three, and afterwards nothing waits."""
    alerts = [alert(agent, labels={"n": str(number)}) for number in range(3)]
    assert (await gateway.deliver(delivery(*alerts))).status_code == 200
    assert await gateway.counted("halon_intake_batch_alerts_sum 3.0")
    assert await gateway.counted("halon_intake_batch_alerts_count 1.0")
    assert await gateway.counted('halon_intake_waiting_bytes{part="holding"} 0.0')


async def test_reading_without_temporal_is_503(make_gateway: Any, settings: Settings, unused_tcp_port: int) -> None:
    """A door whose Temporal can't be reached says so on every route, and no 500."""
    client = await connect(replace(settings, temporal_port=unused_tcp_port), environ={}, lazy=True)
    alone = make_gateway(client)
    found = [await alone.http.get(path, headers=READ) for path in ("/v1/incidents", "/v1/incidents/incident-a--b",
                                                                    "/v1/incidents/INC-7F3A")]  # fmt: skip
    await alone.stop()
    assert [answer.status_code for answer in found] == [503, 503, 503]


@pytest.mark.parametrize(("name", "value"), [("HALON_LOG", "xml"), ("HALON_METRICS_OPEN", "yes")])
def test_a_setting_that_is_none_is_refused(name: str, value: str) -> None:
    """The message names the variable and what it may be."""
    with pytest.raises(SettingsError, match=name):
        Settings.from_environ({name: value})
