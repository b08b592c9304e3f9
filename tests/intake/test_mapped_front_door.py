"""Mapped sources at the real front door, in front of a real Temporal: a file in the kit is all that it takes."""

from __future__ import annotations

import base64
import json
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client

from halon.incident import ids
from halon.intake.sources import mapped
from halon.intake.sources.reader import Arrived
from halon.kit import Kit, load, starter_path
from halon.kit.shipped import shipped

TOKEN = "token-of-the-mapped-sources"


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """The starter kit, with every shipped file put into its folder as the docs say."""
    folder = shutil.copytree(starter_path(), tmp_path_factory.mktemp("mapped") / "kit")
    (folder / "sources").mkdir(exist_ok=True)
    for one in shipped().values():
        (folder / one.file).write_text(one.text, "utf-8")
    return load(folder, {})


@pytest_asyncio.fixture(loop_scope="session")
async def door(temporal: Client, make_gateway: Callable[..., Any], kit: Kit) -> AsyncIterator[Any]:
    """A front door whose kit has the shipped files."""
    made = make_gateway(temporal, kit=kit, environ={one.token_env: TOKEN for one in kit.sources.values()})
    yield made
    await made.stop()


def _shown(kit: Kit, name: str) -> dict[str, str]:
    """The header with which this source shows who it is."""
    auth = kit.sources[name].auth
    if auth.scheme == "basic":
        return {"Authorization": "Basic " + base64.b64encode(f"{auth.user}:{TOKEN}".encode()).decode()}
    return {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize("name", sorted(shipped()))
async def test_a_shipped_sample_becomes_an_incident(door: Any, kit: Kit, name: str) -> None:
    """The sample is answered with 200 when Temporal holds its alert, in the incident of its agent and group."""
    # An agent of this test alone stands in the sample wherever the file finds one; else the incident is shared.
    own = f"bot-{secrets.token_hex(4)}"
    body = shipped()[name].sample.replace("support-bot", own).replace("proj_xyz789", own).replace("ep-abc123", own)
    [alert] = mapped.read(Arrived(json.loads(body), "2026-11-22T09:00:00.000Z"), kit.sources[name])
    headers = {**_shown(kit, name), "Content-Type": "application/json"}
    answer = await door.http.post(f"/v1/alerts/{name}", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    [incident] = answer.json()["incidents"]
    assert (incident["agent"], incident["group"], incident["alerts"]) == (alert.agent, alert.group, 1)
    assert incident["workflow_id"].startswith(ids.workflow_id(ids.correlation_key(alert.agent, alert.group)))
    held = await door.state(incident["workflow_id"])
    assert alert.fingerprint in {one["identity"].partition("|")[0] for one in held["held"]}


async def test_a_subscription_to_confirm_is_acknowledged_and_nothing_comes_of_it(door: Any, kit: Kit) -> None:
    """SNS gets its 2xx; no incident is opened, and the link that it brings is not followed."""
    body = {
        "Type": "SubscriptionConfirmation",
        "Token": "t",
        "SubscribeURL": "http://127.0.0.1:1/?Action=ConfirmSubscription",
    }
    answer = await door.http.post("/v1/alerts/cloudwatch", json=body, headers=_shown(kit, "cloudwatch"))
    assert (answer.status_code, answer.json()["incidents"]) == (200, [])


async def test_a_refusal_is_problem_json_that_names_the_pointer(door: Any, kit: Kit) -> None:
    """422, the pointer, the file, and nothing of what the payload says."""
    body = {"Type": "Notification", "Message": json.dumps({"NewStateValue": "ALARM", "note": "ann@acme.example"})}
    answer = await door.http.post("/v1/alerts/cloudwatch", json=body, headers=_shown(kit, "cloudwatch"))
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("application/problem+json")
    told = answer.json()
    assert told["errors"][0]["where"] == "/Message/AlarmName"
    assert "sources/cloudwatch.yaml maps rule to it" in told["detail"]
    assert "ann@" not in answer.text


async def test_a_mapped_source_needs_its_token(door: Any) -> None:
    """Whoever can reach the door can't make up alarms."""
    answer = await door.http.post("/v1/alerts/langfuse", content=shipped()["langfuse"].sample,
                                  headers={"Authorization": "Bearer guess", "Content-Type": "application/json"})  # fmt: skip
    assert answer.status_code == 401
