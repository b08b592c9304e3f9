"""How a sender shows that it is who it says: what fits, what is a little off, what is sent again too late."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from temporalio.client import Client

from halon.intake.guarded import DoorRefused, require_guarded, signing_names, token_names
from halon.intake.problems import Unauthorised
from halon.intake.proofs.signed import require_signature
from halon.intake.tokens import ensure_tokens
from halon.kit import Source
from halon.kit.auth import Auth
from halon.settings import Settings

NOW = 1_795_335_376
KEY, OTHER = "secret-of-the-sender-0001", "secret-of-the-sender-0002"
WHSEC = "whsec_" + base64.b64encode(b"k" * 32).decode()
BODY = b'{"a": 1}'
GRAFANA = Auth("grafana", timestamp_header="X-Grafana-Alerting-Timestamp")
GENERIC = Auth(
    "hmac", "X-Signature", prefix="sha512=", encoding="base64", algorithm="sha512", timestamp_header="X-Time"
)
PLAIN = Auth("hmac", "X-Hub-Signature-256", prefix="sha256=")


def hexed(key: str, text: bytes) -> str:
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()


def signed(auth: Auth, key: str, content: bytes = BODY, at: int = NOW) -> dict[str, str]:
    """The headers as the sender makes them, written down from each vendor's documentation."""
    match auth.scheme:
        case "pagerduty":
            return {"x-pagerduty-signature": f"v1={hexed(key, content)}"}
        case "sentry":
            return {"sentry-hook-signature": hexed(key, content), "sentry-hook-timestamp": str(at)}
        case "grafana":
            made = hexed(key, f"{at}:".encode() + content)
            return {"x-grafana-alerting-signature": made, "x-grafana-alerting-timestamp": str(at)}
        case "standard-webhooks":
            raw = base64.b64decode(key.removeprefix("whsec_"))
            digest = hmac.new(raw, f"msg_1.{at}.".encode() + content, hashlib.sha256).digest()
            made = f"v1,{base64.b64encode(digest).decode()}"
            return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": made}
    if auth.algorithm == "sha512":
        digest = hmac.new(key.encode(), f"{at}.".encode() + content, hashlib.sha512).digest()
        return {"x-signature": f"sha512={base64.b64encode(digest).decode()}", "x-time": str(at)}
    return {"x-hub-signature-256": f"sha256={hexed(key, content)}"}


def other_key(auth: Auth) -> str:
    return "whsec_" + base64.b64encode(b"o" * 32).decode() if auth.scheme == "standard-webhooks" else OTHER


def own_key(auth: Auth) -> str:
    return WHSEC if auth.scheme == "standard-webhooks" else KEY


SIGNED = [Auth("pagerduty"), Auth("sentry"), GRAFANA, Auth("standard-webhooks"), GENERIC, PLAIN]
TIMED = [auth for auth in SIGNED if auth.scheme in ("sentry", "grafana", "standard-webhooks") or auth.timestamp_header]


def refusal(headers: dict[str, str], auth: Auth, *keys: str, content: bytes = BODY, now: float = NOW) -> str:
    """Why the delivery is refused; empty if it is taken."""
    try:
        require_signature(headers, content, auth, keys, now)
    except Unauthorised as refused:
        return refused.detail
    return ""


@pytest.mark.parametrize("auth", SIGNED, ids=lambda auth: auth.scheme + auth.header)
def test_what_is_signed_comes_in_and_what_is_changed_does_not(auth: Auth) -> None:
    """Another key, another body, no signature, a signature that is cut, one in capitals where it is base64."""
    key, headers = own_key(auth), signed(auth, own_key(auth))
    assert refusal(headers, auth, key) == ""
    name = next(name for name in headers if "signature" in name)
    changed = [
        refusal(signed(auth, other_key(auth)), auth, key),
        refusal(headers, auth, key, content=BODY + b" "),
        refusal({}, auth, key),
        refusal({**headers, name: headers[name][:-1]}, auth, key),
        refusal({**headers, name: ""}, auth, key),
        refusal({**headers, name: "é" * 64}, auth, key),
    ]
    assert all(changed), changed
    assert not any(secret in str(changed) for secret in (key, key.removeprefix("whsec_"), OTHER))


@pytest.mark.parametrize("auth", SIGNED, ids=lambda auth: auth.scheme + auth.header)
def test_while_a_secret_is_changed_either_fits(auth: Auth) -> None:
    """Both are compared, whichever stands first; a third one fits nothing."""
    old, new = own_key(auth), other_key(auth)
    for used in (old, new):
        assert refusal(signed(auth, used), auth, old, new) == refusal(signed(auth, used), auth, new, old) == ""
    assert refusal(signed(auth, own_key(auth)), auth, other_key(auth))


@pytest.mark.parametrize("auth", TIMED, ids=lambda auth: auth.scheme)
@pytest.mark.parametrize(("off", "told"), [(301, "seconds ago"), (-301, "ahead of the clock"), (299, ""), (-299, "")])
def test_what_is_sent_again_too_late_is_refused_with_the_reason(auth: Auth, off: int, told: str) -> None:
    """Five minutes either way; the reason is told to who holds the secret, and to nobody else."""
    headers = signed(auth, own_key(auth))
    said = refusal(headers, auth, own_key(auth), now=NOW + off)
    assert (told in said) if told else said == ""
    assert "seconds" not in refusal(headers, auth, other_key(auth), now=NOW + off)
    assert refusal(headers, replace(auth, tolerance=3600), own_key(auth), now=NOW + off) == ""


@pytest.mark.parametrize("auth", [GRAFANA, Auth("standard-webhooks"), GENERIC], ids=lambda auth: auth.scheme)
def test_the_time_is_part_of_what_is_signed(auth: Auth) -> None:
    """Whoever puts another time on a recorded delivery has no signature for it."""
    headers = signed(auth, own_key(auth))
    name = next(name for name in headers if "time" in name)
    assert "no signature" in refusal({**headers, name: str(NOW + 1000)}, auth, own_key(auth), now=NOW + 1000)


@pytest.mark.parametrize("at", ["", "soon", "-1", "1e9", "9" * 40, "１７９５"])
def test_a_time_that_is_none_is_refused(at: str) -> None:
    """Sentry's time is not signed, so anything can stand there."""
    headers = {**signed(Auth("sentry"), KEY), "sentry-hook-timestamp": at}
    assert refusal(headers, Auth("sentry"), KEY)


def test_a_time_in_milliseconds_is_one_too() -> None:
    """Some senders count in milliseconds."""
    headers = {**signed(Auth("sentry"), KEY), "sentry-hook-timestamp": f"{NOW}000"}
    assert refusal(headers, Auth("sentry"), KEY) == ""


def test_standard_webhooks_of_the_specification() -> None:
    """The example that the specification prints: secret, id, time, body, signature."""
    headers = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
               "webhook-signature": "v1a,x v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}  # fmt: skip
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    assert refusal(headers, Auth("standard-webhooks"), secret, content=body, now=1614265330) == ""
    assert refusal(headers, Auth("standard-webhooks"), secret, content=body + b"\n", now=1614265330)


@dataclass(frozen=True)
class Kit:
    sources: dict[str, Source] = field(default_factory=dict)
    digest: str = "sha256:0000"
    redaction: dict[str, str] = field(default_factory=dict)


def halon_body(agent: str) -> bytes:
    return json.dumps({"agent": agent, "rule": "R", "started_at": "2026-11-22T08:16:00Z"}).encode()


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


SHOWN: list[tuple[Auth, dict[str, str], list[dict[str, str]]]] = [
    (Auth(), {"Authorization": f"Bearer {KEY}"}, [{"Authorization": f"Basic {KEY}"}, {"X-Halon-Token": KEY}, {}]),
    (Auth(header="X-Halon-Token"), {"X-Halon-Token": KEY}, [{"Authorization": f"Bearer {KEY}"}, {"X-Halon-Token": KEY[1:]}]),
    (Auth("basic", user="dd"), basic("dd", KEY), [basic("dd", OTHER), basic("halon", KEY), {"Authorization": "Basic !!"},
                                                  {"Authorization": "Basic " + base64.b64encode(b"\xff").decode()}]),
]  # fmt: skip


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(("auth", "good", "bad"), SHOWN, ids=["bearer", "header", "basic"])
async def test_a_secret_that_is_shown(
    temporal: Client, make_gateway: Any, agent: str, auth: Auth, good: dict[str, str], bad: list[dict[str, str]]
) -> None:
    """A bearer token, a header of the sender's own, a password: 200, or a 401 that tells nothing of the secret."""
    source = Source("own", "halon", "OWN_SECRET", auth=auth, also_env="OWN_BEFORE")
    environ = {"OWN_SECRET": KEY, "OWN_BEFORE": OTHER, "HALON_TOKEN_READ": KEY}
    gateway = make_gateway(temporal, kit=Kit({"own": source}), environ=environ)

    async def post(headers: dict[str, str]) -> Any:
        sent = {"Content-Type": "application/json", **headers}
        return await gateway.http.post("/v1/alerts/own", content=halon_body(agent), headers=sent)

    assert (await post(good)).status_code == 200
    before = json.loads(json.dumps(good).replace(KEY, OTHER)) if auth.scheme != "basic" else basic("dd", OTHER)
    assert (await post(before)).status_code == 200
    for headers in [one for one in bad if one != before]:
        answer = await post(headers)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), headers
        assert answer.headers["WWW-Authenticate"].startswith("Basic" if auth.scheme == "basic" else "Bearer")
        assert not any(secret in answer.text for secret in (KEY, OTHER, "OWN_SECRET", "OWN_BEFORE"))
    await gateway.stop()


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("kind", ["grafana", "sentry", "cloudevents", "halon"])
async def test_a_signed_delivery_through_the_door(
    temporal: Client, make_gateway: Any, agent: str, kind: str, sent: Callable[[str, str], tuple[bytes, str]]
) -> None:
    """Signed, and of the kind's own media type: Temporal holds it. The same with one byte changed: 401 and nothing."""
    auth = {"grafana": GRAFANA, "sentry": Auth("sentry")}.get(kind, Auth("standard-webhooks"))
    source = Source("own", kind, "OWN_SECRET", auth=auth)
    gateway = make_gateway(temporal, kit=Kit({"own": source}), environ={"OWN_SECRET": own_key(auth)})
    body, media_type = sent(kind, agent)
    headers = {"Content-Type": media_type, "Sentry-Hook-Resource": "event_alert"}

    async def post(content: bytes, signed_as: bytes) -> Any:
        made = {**headers, **signed(auth, own_key(auth), signed_as, int(time.time()))}
        return await gateway.http.post("/v1/alerts/own", content=content, headers=made)

    taken = await post(body, body)
    assert (taken.status_code, [one["agent"] for one in taken.json()["incidents"]]) == (200, [agent]), taken.text
    assert (await post(body + b" ", body)).status_code == 401
    assert len(await gateway.held(taken.json()["incidents"][0]["workflow_id"])) == 1
    await gateway.stop()


@pytest.fixture
def sent() -> Callable[[str, str], tuple[bytes, str]]:
    """One delivery of a kind about an agent: its bytes and its media type."""
    labels = {"alertname": "R", "agent": ""}

    def make(kind: str, agent: str) -> tuple[bytes, str]:
        own = {"agent": agent, "rule": "R", "started_at": "2026-11-22T08:16:00Z"}
        event = {"specversion": "1.0", "id": "1", "source": "/x", "type": "halon.alert", "data": own}
        alert = {"status": "firing", "labels": {**labels, "agent": agent}, "startsAt": "2026-11-22T08:16:00Z"}
        tagged = {"event_id": "e1", "issue_id": "7", "title": "T", "tags": [["agent", agent]]}
        bodies: dict[str, Any] = {
            "grafana": {"version": "1", "orgId": 1, "alerts": [alert]},
            "sentry": {"action": "triggered", "data": {"event": tagged, "triggered_rule": "R"}},
            "cloudevents": event,
            "halon": own,
        }
        media = "application/cloudevents+json" if kind == "cloudevents" else "application/json"
        return json.dumps(bodies[kind]).encode(), media

    return make


@pytest.mark.parametrize(
    ("auth", "environ", "told"),
    [
        (Auth("standard-webhooks"), {"S": KEY}, "does not begin with whsec_"),
        (Auth("standard-webhooks"), {"S": "whsec_###############"}, "not base64"),
        (Auth("standard-webhooks"), {"S": "whsec_" + base64.b64encode(b"short").decode() + "=" * 8}, "not base64"),
        (Auth("standard-webhooks"), {"S": "whsec_" + base64.b64encode(b"k" * 8).decode()}, "a key of 8 bytes"),
        (Auth("sentry"), {}, "set S to the client secret of its integration"),
        (Auth("pagerduty"), {}, "set S to the one of its web hook subscription"),
        (Auth(), {"S": KEY, "S2": "short"}, "S2 has 5 characters"),
        (Auth(), {"S2": KEY}, ""),
        (Auth("standard-webhooks"), {"S": WHSEC}, ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["halon", "grafana", "cloudevents"])
def test_a_secret_that_can_not_fit_keeps_the_door_shut(
    kind: str, auth: Auth, environ: dict[str, str], told: str
) -> None:
    """Found at start and not by the first alert; no message holds a secret."""
    kit = Kit({"own": Source("own", kind, "S", auth=auth, also_env="S2")})
    try:
        require_guarded(Settings.from_environ({}), kit, environ)
        said = ""
    except DoorRefused as refused:
        said = str(refused)
    assert (told in said) if told else said == ""
    assert not any(secret in said for secret in environ.values() if len(secret) > 5)


@pytest.mark.parametrize("kind", ["grafana", "datadog", "sentry", "langsmith", "cloudevents", "halon", "mapped"])
def test_no_kind_is_open_beyond_this_machine(kind: str) -> None:
    """Marked open it comes from here; on another address the door stays shut whatever the kit says."""
    kit = Kit({"own": Source("own", kind, "", allow_open=True)})
    here = Settings.from_environ({})
    require_guarded(here, kit, {})
    with pytest.raises(DoorRefused, match=r"listens on 0\.0\.0\.0"):
        require_guarded(replace(here, gateway_host="0.0.0.0"), kit, {})
    with pytest.raises(DoorRefused, match="has no token"):
        require_guarded(here, Kit({"own": Source("own", kind, "")}), {})


def test_a_first_start_makes_what_each_sender_can_use(tmp_path: Any) -> None:
    """A token for most, a secret of Standard Webhooks where that is asked for, none where the sender makes it."""
    kit = Kit({
        "am": Source("am", "alertmanager", "A"), "own": Source("own", "halon", "B", auth=Auth("standard-webhooks")),
        "pd": Source("pd", "pagerduty", "C", auth=Auth("pagerduty")), "se": Source("se", "sentry", "D", auth=Auth("sentry")),
    })  # fmt: skip
    made = ensure_tokens(tmp_path, {}, token_names(kit), signing_names(kit))
    assert set(made) == {"A", "B", "HALON_TOKEN_READ", "HALON_TOKEN_REPORT"}
    assert made["B"].startswith("whsec_")
    assert not made["A"].startswith("whsec_")
    require_guarded(Settings.from_environ({}), kit, {**made, "C": KEY, "D": KEY})
    assert ensure_tokens(tmp_path, {}, token_names(kit), signing_names(kit)) == made
