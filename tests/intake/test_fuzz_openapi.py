"""Whatever comes in at any route of the OpenAPI page, in its shape or out of it: an answer of the page, never a 500.

Schemathesis makes the requests from the page itself, one source a kind, with the source's secret shown as it asks.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import queue
import threading
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from halon.client import connect
from halon.evidence.store import EvidenceStore
from halon.intake.bodies import request_body
from halon.intake.serve import serve
from halon.kit import Source
from halon.kit.auth import Auth
from halon.settings import Settings

pytestmark = pytest.mark.long

CHECKED = settings(
    max_examples=25, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
TOKEN = "0123456789abcdef0123456789abcdef"
KINDS = ("alertmanager", "pagerduty", "opsgenie", "grafana", "datadog", "sentry", "langsmith", "cloudevents", "halon")


@pytest.fixture(scope="module")
def served(temporal: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A front door for one source of each kind, on a real socket, before a real Temporal server."""
    home = tmp_path_factory.mktemp("home")
    own = {"HALON_HOME": str(home), "HALON_GATEWAY_PORT": "0", "HALON_TASK_QUEUE": "fuzz"}
    made = Settings.from_environ(own)
    auth = Auth()
    kit = SimpleNamespace(
        sources={kind: Source(kind, kind, "FUZZ_TOKEN", auth=auth, agent="bot") for kind in KINDS},
        digest="sha256:0", redaction={},
    )  # fmt: skip
    environ = {"FUZZ_TOKEN": TOKEN, "HALON_TOKEN_REPORT": TOKEN, "HALON_TOKEN_READ": TOKEN}
    told: queue.Queue[Any] = queue.Queue()

    async def run() -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        target, namespace = temporal.service_client.config.target_host, temporal.namespace
        client = await connect(made, environ={}, target_host=target, namespace=namespace)
        told.put(lambda: loop.call_soon_threadsafe(stop.set))
        await serve(made, kit, EvidenceStore.open(made.evidence), client, environ, stop, on_ready=told.put)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    end, url = told.get(timeout=20), told.get(timeout=20)
    page = httpx.get(f"{url}/openapi.json").json()
    yield SimpleNamespace(url=url, page=page)
    end()
    thread.join(30)
    assert not thread.is_alive()


def only(page: dict[str, Any], kind: str) -> dict[str, Any]:
    """The OpenAPI page with one operation: deliveries of the source of this kind."""
    operation = copy.deepcopy(page["paths"]["/v1/alerts/{source}"]["post"])
    operation.pop("parameters")
    operation |= request_body({kind})
    return {**page, "paths": {f"/v1/alerts/{kind}": {"post": operation}}}


def seen(url: str, case: Any, expected: set[int]) -> int:
    """The status of the answer, which is one of those expected, and problem+json of its own size if it is a refusal."""
    try:
        answer = case.call(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20)
    except (requests.exceptions.InvalidHeader, UnicodeError, requests.exceptions.InvalidURL):
        return 0  # the library that sends can't write it
    assert answer.status_code in expected, (answer.status_code, answer.text)
    if answer.status_code >= 400 and not case.path.endswith("/healthz"):  # which answers 503 with what it looked at
        assert answer.headers["content-type"] == ["application/problem+json"]
        told = answer.json()
        assert told["status"] == answer.status_code
        assert told["instance"].endswith(answer.headers["halon-delivery"][0])
        assert len(answer.text) < 12_000
        assert "Traceback" not in answer.text
    return int(answer.status_code)


@pytest.mark.parametrize("kind", [*KINDS, "report"])
def test_no_delivery_of_any_kind_of_source_is_a_500(served: SimpleNamespace, kind: str) -> None:
    """In the shape that the API page says, a delivery is taken or its place is named; out of it, it is refused."""
    schema = schemathesis.openapi.from_dict(
        {**served.page, "paths": {"/v1/reports": served.page["paths"]["/v1/reports"]}}
        if kind == "report" else only(served.page, kind)
    )  # fmt: skip
    path = "/v1/reports" if kind == "report" else f"/v1/alerts/{kind}"
    statuses: Counter[int] = Counter()

    @CHECKED
    @given(case=schema[path]["POST"].as_strategy(generation_mode=GenerationMode.POSITIVE))
    def in_shape(case: Any) -> None:
        statuses[seen(served.url, case, {200, 422})] += 1

    @CHECKED
    @given(case=schema[path]["POST"].as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def out_of_shape(case: Any) -> None:
        seen(served.url, case, {200, 401, 413, 415, 422})

    in_shape()
    out_of_shape()
    # What Sentry's data holds depends on a header, which the page can't say.
    assert statuses[200] >= CHECKED.max_examples // 5 or kind == "sentry", statuses


def test_no_other_route_of_the_page_answers_500(served: SimpleNamespace) -> None:
    """Lists, incidents by any name, health, metrics: arguments in their shape and out of it."""
    schema = schemathesis.openapi.from_dict(served.page)
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @CHECKED
            @given(case=operation.as_strategy(generation_mode=mode))
            def any_case(case: Any) -> None:
                nonlocal asked
                asked += 1
                seen(served.url, case, {200, 401, 404, 405, 413, 415, 422, 503})

            with contextlib.suppress(Unsatisfiable):  # a route without arguments has none that are wrong
                any_case()
    assert asked > 100


@CHECKED
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
        max_leaves=12,
    ),
    kind=st.sampled_from(KINDS),
)
def test_no_json_at_all_is_a_500(served: SimpleNamespace, body: Any, kind: str) -> None:
    """Any JSON value for any kind of source."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    answer = httpx.post(f"{served.url}/v1/alerts/{kind}", content=json.dumps(body), headers=headers)
    assert answer.status_code in (200, 422), answer.text
