"""What docker-compose.yml starts, started here without an engine: its own scripts, commands and environment.

Temporal's server image does not run here: the development server of the same version stands in for it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import pytest
import yaml

from halon import embedded
from halon.evidence.errors import BucketMissing, ObjectExists, ObjectMissing, StoreRefused, StoreUnreachable, Tampered
from halon.evidence.labels import Handling
from halon.evidence.seal import seal, verify_sealed
from halon.evidence.store import EvidenceStore

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".e2e/deployed/bin"
HERE = Path(sys.executable).parent
_REFERENCE = re.compile(r"\$\{(?P<name>[A-Z_]+):[-?](?P<rest>[^}]*)\}")
_SPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass
class Composed:
    """docker-compose.yml with the secrets of a .env that its own script wrote."""

    services: dict[str, Any]

    def environment(self, name: str) -> dict[str, str]:
        """What one service is given, and the little of this machine that every program needs."""
        bare = {one: os.environ[one] for one in ("LANG", "TMPDIR") if one in os.environ}
        given = {key: str(value) for key, value in self.services[name].get("environment", {}).items()}
        return bare | {"PATH": f"{TOOLS}:{HERE}:{os.environ['PATH']}"} | given

    def command(self, name: str) -> list[str]:
        """What one service runs: a script of deploy/ by the shell that it names, or a command of halon."""
        words = list(self.services[name]["command"])
        shell = self.services[name].get("entrypoint")
        return [*shell, str(ROOT / words[0].lstrip("/")), *words[1:]] if shell else [str(HERE / "halon"), *words]


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Composed:
    """The file, resolved."""
    written = tmp_path_factory.mktemp("compose") / ".env"
    subprocess.run([ROOT / "deploy/make-env", written], check=True, capture_output=True)
    secrets = dict(line.split("=", 1) for line in written.read_text().splitlines() if line and line[0] != "#")
    text = (ROOT / "docker-compose.yml").read_text()
    return Composed(yaml.safe_load(_REFERENCE.sub(lambda it: secrets.get(it["name"]) or it["rest"], text))["services"])


@dataclass
class Bucket:
    """The evidence store that runs here, and a client of it that shares no code with Halon."""

    port: int
    name: str
    key: str
    secret: str
    process: subprocess.Popen[bytes]
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def make(self, composed: Composed) -> subprocess.CompletedProcess[str]:
        """Run the job that makes the bucket."""
        return subprocess.run(
            composed.command("evidence-bucket"), env=self.environment, capture_output=True, text=True, timeout=120
        )

    def ask(
        self, method: str, path: str, query: dict[str, str] | None = None, content: bytes = b"", signed: bool = True
    ) -> httpx.Response:
        """One request, signed by AWS Signature Version 4 as its documentation writes it down."""
        sent = "&".join(
            f"{quote(one, safe='')}={quote(value, safe='')}" for one, value in sorted((query or {}).items())
        )
        stamp, host = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"), f"127.0.0.1:{self.port}"
        held = hashlib.sha256(content).hexdigest()
        headers = {"host": host, "x-amz-content-sha256": held, "x-amz-date": stamp}
        names, scope = ";".join(sorted(headers)), f"{stamp[:8]}/us-east-1/s3/aws4_request"
        wanted = [method, quote(path), sent, *(f"{one}:{headers[one]}" for one in sorted(headers)), "", names, held]
        hashed = hashlib.sha256("\n".join(wanted).encode()).hexdigest()
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.new(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}".encode(), "sha256").hexdigest()
        if signed:
            headers["authorization"] = (
                f"AWS4-HMAC-SHA256 Credential={self.key}/{scope}, SignedHeaders={names}, Signature={signature}"
            )
        url = f"{self.url}{quote(path)}" + (f"?{sent}" if sent else "")
        return httpx.request(method, url, headers=headers, content=content, trust_env=False, timeout=20)

    def objects(self, prefix: str) -> list[str]:
        """The keys below ``prefix``."""
        answer = self.ask("GET", f"/{self.name}", {"list-type": "2", "prefix": prefix, "max-keys": "1000"})
        assert answer.status_code == 200, answer.text
        return [key.text or "" for key in ElementTree.fromstring(answer.content).iter(f"{_SPACE}Key")]


@pytest.fixture(scope="module")
def bucket(composed: Composed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """The evidence store, started by its service's own script on ports of this test, and its bucket."""
    assert (TOOLS / "weed").exists(), "SeaweedFS is not installed; run: tests/e2e/install"
    folder, ports = tmp_path_factory.mktemp("evidence"), [_free() for _ in range(8)]
    (folder / "data").mkdir()
    given = composed.environment("evidence") | {
        "EVIDENCE_DATA": str(folder / "data"),
        "EVIDENCE_RUN": str(folder / "run"),
    }
    options = ("master.port", "master.port.grpc", "filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc",
               "volume.port", "volume.port.grpc")  # fmt: skip
    words = [*composed.command("evidence"), *(f"-{one}={port}" for one, port in zip(options, ports, strict=True))]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(words, env=given, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    given |= {
        "EVIDENCE_MASTER": f"127.0.0.1:{ports[0]}.{ports[1]}",
        "EVIDENCE_FILER": f"127.0.0.1:{ports[2]}.{ports[3]}",
    }
    found = Bucket(ports[4], given["EVIDENCE_BUCKET"], given["EVIDENCE_ACCESS_KEY"], given["EVIDENCE_SECRET_KEY"],
                   process, given)  # fmt: skip
    try:
        _until("the evidence store to answer", lambda: _ok(f"{found.url}/healthz"), 60, folder / "log")
        made = found.make(composed)
        assert made.returncode == 0, made.stdout + made.stderr + (folder / "log").read_text()[-2000:]
        yield found
    finally:
        process.kill()
        process.wait(20)


def _free() -> int:
    from socket import socket

    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ok(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _until(what: str, look: Callable[[], Any], seconds: float, log: Path) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.2)
    raise AssertionError(f"not seen within {seconds:g} s: {what}\n{log.read_text('utf-8', 'replace')[-3000:]}")


def _open(monkeypatch: pytest.MonkeyPatch, bucket: Bucket, address: str, **other: str) -> EvidenceStore:
    given = {"AWS_ENDPOINT_URL": bucket.url, "AWS_ACCESS_KEY_ID": bucket.key, "AWS_SECRET_ACCESS_KEY": bucket.secret}
    for name, value in (given | other).items():
        monkeypatch.setenv(name, value)
    return EvidenceStore.open(address)


def test_the_bucket_is_locked_and_only_its_owner_may_use_it(composed: Composed, bucket: Bucket) -> None:
    """Making it again changes nothing; no credentials, other buckets and new buckets are refused at the door."""
    again = bucket.make(composed)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "with object lock" in again.stdout
    first, second = (bucket.ask("PUT", f"/{bucket.name}/probe").headers["x-amz-version-id"] for _ in range(2))
    assert first != second, "a bucket with object lock keeps every version"
    assert bucket.ask("GET", f"/{bucket.name}/probe", {"versionId": first}).status_code == 200
    suspended = b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
    unlocked = b"<ObjectLockConfiguration></ObjectLockConfiguration>"
    assert bucket.ask("PUT", f"/{bucket.name}", {"versioning": ""}, suspended).status_code >= 400
    assert bucket.ask("PUT", f"/{bucket.name}", {"object-lock": ""}, unlocked).status_code == 403
    assert bucket.ask("DELETE", f"/{bucket.name}").status_code == 403
    assert bucket.ask("GET", f"/{bucket.name}", {"list-type": "2"}, signed=False).status_code == 403
    assert bucket.ask("PUT", "/another").status_code == 403
    assert bucket.ask("GET", "/another", {"list-type": "2"}).status_code == 403


async def test_a_bucket_keeps_the_word_of_the_store(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written once whoever else writes, replaced where that is allowed, listed, read back, sealed and verified."""
    store = _open(monkeypatch, bucket, f"s3://{bucket.name}/word/of")
    await store.put("a/b/one", b"1")
    with pytest.raises(ObjectExists):
        await store.put("a/b/one", b"2")
    assert await store.get("a/b/one") == b"1"
    raced = await asyncio.gather(*(store.put("a/raced", bytes([at])) for at in range(12)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in raced) == ["NoneType"] + ["ObjectExists"] * 11
    assert await store.get("a/raced") == bytes([raced.index(None)])
    large = os.urandom(9_000_000)
    await store.put("a/large", large)
    with pytest.raises(ObjectExists):
        await store.put("a/large", large[:-1])
    assert await store.get("a/large") == large
    await store.replace("c/one.json", b"1")
    await store.replace("c/one.json", b"2")
    assert await store.get("c/one.json") == b"2"
    assert (await store.exists("a/raced"), await store.exists("a/none")) == (True, False)
    with pytest.raises(ObjectMissing):
        await store.get("a/none")
    assert await store.list("a") == ["a/b/one", "a/large", "a/raced"]
    assert (await store.folders("a"), await store.folders("none"), await store.list("none")) == (["b"], [], [])
    sealed = await seal(store, "wf:run", "trace.json", b"[1]", "application/json", "test", "2026-11-22T08:16:15Z")
    assert (await seal(store, "wf:run", "trace.json", b"[1]", "x/y", "other", "2026-11-23T08:16:15Z")).already
    await verify_sealed(store, sealed)
    assert f"word/of/{sealed.path}" in bucket.objects("word/of/evidence/")


async def test_sealed_evidence_cannot_be_deleted_or_shortened(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locked by Halon; a client with the same keys removes no version, brings no date nearer, and lifts no mode."""
    store = _open(monkeypatch, bucket, f"s3://{bucket.name}/kept/safe", HALON_EVIDENCE_LOCK="compliance")
    now, label = datetime.now(UTC), Handling(legal_hold=True).label("traces")
    sealed = await seal(store, "wf:run", "t.json", b"[1]", "a/b", "test", now.isoformat(), label=label)
    for _ in range(2):  # and again, as after a crash
        await store.lock(sealed.path, sealed.retain_until, hold=sealed.hold)
    where = f"/{bucket.name}/kept/safe/{sealed.path}"
    version = bucket.ask("HEAD", where).headers["x-amz-version-id"]
    assert "<Status>ON</Status>" in bucket.ask("GET", where, {"legal-hold": ""}).text
    assert bucket.ask("DELETE", where, {"versionId": version}).status_code == 403
    for mode, days in (("COMPLIANCE", 1), ("GOVERNANCE", 400)):
        end = (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = f"<Retention><Mode>{mode}</Mode><RetainUntilDate>{end}</RetainUntilDate></Retention>"
        assert bucket.ask("PUT", where, {"retention": ""}, told.encode()).status_code >= 400, mode
    held = bucket.ask("GET", where, {"retention": ""}).text
    assert ("COMPLIANCE" in held, sealed.retain_until[:19] in held) == (True, True)
    # What covers it is found, what hides it too, and the version that was sealed stays below.
    for method, content in (("PUT", b"[2]"), ("DELETE", b"")):
        assert bucket.ask(method, where, content=content).status_code < 300
        with pytest.raises(Tampered):
            await verify_sealed(store, sealed)
    assert bucket.ask("GET", where, {"versionId": version}).content == b"[1]"


async def test_what_is_wrong_with_the_store_has_a_type_and_no_credentials(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused, away: each of the store's doors says so, with the next step, and repeats neither key nor answer."""
    wrong = _open(monkeypatch, bucket, f"s3://{bucket.name}", AWS_SECRET_ACCESS_KEY="wrong-" + "0" * 30)
    away = _open(monkeypatch, bucket, f"s3://{bucket.name}", AWS_ENDPOINT_URL=f"http://127.0.0.1:{_free()}")
    for store, kind, next_step in ((wrong, StoreRefused, "check AWS_ACCESS_KEY_ID"), (away, StoreUnreachable, "runs")):
        for ask in (store.put("a/x", b""), store.replace("a/x", b""), store.get("a/x"), store.exists("a/x"),
                    store.list("a"), store.folders("a")):  # fmt: skip
            with pytest.raises(kind, match=next_step) as caught:
                await ask
            assert isinstance(caught.value, OSError)
            assert caught.value.__cause__ is None
            assert not any(word in str(caught.value) for word in (bucket.key, bucket.secret, "wrong-", "<Error>"))


async def test_a_bucket_that_is_not_there_is_not_taken_for_an_empty_one(
    composed: Composed, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A missing object and a missing bucket answer alike; Halon tells them apart before it believes that nothing is there."""
    identities = Path(bucket.environment["EVIDENCE_RUN"]) / "s3.json"
    assert identities.stat().st_mode & 0o077 == 0
    wide = dict(composed.environment("evidence"), EVIDENCE_BUCKET="not-there", EVIDENCE_RUN=str(tmp_path / "run"))
    ports = [_free() for _ in range(8)]
    (tmp_path / "data").mkdir()
    options = [f"-{one}={port}" for one, port in zip(
        ("s3.port", "s3.port.grpc", "master.port", "master.port.grpc", "filer.port", "filer.port.grpc", "volume.port",
         "volume.port.grpc"), ports, strict=True)]  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([*composed.command("evidence"), *options], stdout=log, stderr=log,
                                   env=wide | {"EVIDENCE_DATA": str(tmp_path / "data")})  # fmt: skip
    try:
        _until("the other store", lambda: _ok(f"http://127.0.0.1:{ports[0]}/healthz"), 60, tmp_path / "log")
        for ask in ("get", "exists", "list", "folders"):
            store = _open(monkeypatch, bucket, "s3://not-there", AWS_ENDPOINT_URL=f"http://127.0.0.1:{ports[0]}")
            with pytest.raises(BucketMissing, match="make it, with object lock"):
                await getattr(store, ask)("a/x")
        with pytest.raises(BucketMissing):
            await store.put("a/x", b"")
    finally:
        process.kill()
        process.wait(20)


def setup_temporal(composed: Composed, address: str) -> None:
    """Run the job that makes the namespace, twice, and look at what there is then with Temporal's own command line."""
    given = composed.environment("temporal-setup") | {"TEMPORAL_ADDRESS": address}
    namespace, retention = given["TEMPORAL_NAMESPACE"], given["TEMPORAL_RETENTION"].removesuffix("d")
    for _ in range(2):
        ended = subprocess.run(
            composed.command("temporal-setup"), env=given, capture_output=True, text=True, timeout=120
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def told(*words: str) -> str:
        command = [str(HERE / "temporal"), "operator", *words, "--address", address, "--namespace", namespace]
        return subprocess.run(command, env={"PATH": given["PATH"]}, capture_output=True, text=True, check=True).stdout

    listed = dict(re.findall(r"^\s*(Halon\w+)\s+(\w+)", told("search-attribute", "list"), re.MULTILINE))
    assert listed == {key.name: embedded._TYPES[key.indexed_value_type][0] for key in embedded.ATTRIBUTES}
    assert f"{int(retention) * 24}h0m0s" in told("namespace", "describe")


def test_the_composed_parts_carry_an_incident_and_outlive_a_worker(
    house: Any, free: Callable[[], int], composed: Composed, bucket: Bucket, tmp_path: Path
) -> None:
    """Setup job, gateway and workers with their own commands: an alert is contained, its evidence lies in the bucket, and
    when a worker is killed the other one carries on."""
    address, door = f"127.0.0.1:{free()}", str(free())
    values = yaml.safe_load((ROOT / "deploy/temporal-dynamic.yaml").read_text())
    dynamic = [word for name, value in values.items()
               for word in ("--dynamic-config-value", f"{name}={str(value[0]['value']).lower()}")]  # fmt: skip
    # Hosts of the networks, folders of the containers, ports that others may hold: nothing else differs here.
    moved = {"TEMPORAL_ADDRESS": address, "AWS_ENDPOINT_URL": bucket.url, "AWS_ACCESS_KEY_ID": bucket.key,
             "AWS_SECRET_ACCESS_KEY": bucket.secret, "HALON_HOME": str(house.home),
             "HALON_KIT": str(ROOT / "templates/halon_templates/kit")}  # fmt: skip
    kit_env = {name: house.environment[name] for name in ("SANDBOX_AGENT_TOKEN", "HALON_SUPPORT_BOT_URL", "HALON_SMTP")}
    gateway = composed.environment("gateway") | moved | kit_env | {"HALON_GATEWAY_PORT": door}
    worker = composed.environment("worker") | moved | kit_env
    house.environment = gateway
    program = type(house.halon)
    with ExitStack() as ending:

        def start(name: str, command: list[str], environment: dict[str, str]) -> Any:
            started = program(command, tmp_path / f"{name}.log", environment)
            house.logs.append(started.log)
            started.start()
            ending.callback(started.close)
            return started

        host, port = address.split(":")
        start("temporal", [str(HERE / "temporal"), "server", "start-dev", "--headless", "--ip", host, "--port", port,
                           "--db-filename", str(tmp_path / "temporal.db"), "--log-level", "warn", *dynamic],
              {"PATH": gateway["PATH"], "HOME": str(tmp_path)})  # fmt: skip
        setup_temporal(composed, address)
        start("gateway", composed.command("gateway"), gateway)
        copies = composed.services["worker"]["deploy"]["replicas"]
        workers = [start(f"worker-{at}", composed.command("worker"), worker) for at in range(copies)]

        def healthy(name: str, **other: str) -> bool:
            words = [sys.executable, str(ROOT / "deploy/healthy.py"), name]
            given = (gateway if name == "gateway" else worker) | other
            return not subprocess.run(words, env=given, capture_output=True).returncode

        house.until("the workers at work", lambda: all("worker ready" in one.log.read_text() for one in workers))
        house.until("the gateway's own health check", lambda: healthy("gateway"))
        assert healthy("worker")
        assert not healthy("worker", HALON_TASK_QUEUE="another"), "a worker that does not poll is not healthy"
        assert not healthy("gateway", HALON_GATEWAY_PORT=str(free())), "a door that does not answer is not healthy"

        house.misbehave("s-1")
        alert = {"status": "firing", "startsAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "annotations": {},
                 "labels": {"alertname": "AgentUnauthorisedToolAction", "agent": "support-bot",
                            "group": "unauthorised_tool_action"}}  # fmt: skip
        to, token = f"http://127.0.0.1:{door}/v1/alerts/alertmanager", gateway["HALON_TOKEN_ALERTMANAGER"]
        body = {"version": "4", "alerts": [alert]}
        assert httpx.post(to, json=body, trust_env=False).status_code == 401
        told = httpx.post(to, json=body, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=20)
        assert told.status_code == 200, told.text
        raw = told.json()["raw"]
        reference = house.until("the incident", lambda: (house.incidents() or [{}])[0].get("reference"))
        house.contained(reference)
        assert not house.tool_is_on()

        path, _, number = raw.rpartition("/")
        lines = bucket.ask("GET", f"/{bucket.name}/{path}").content.splitlines()
        assert json.loads(json.loads(lines[int(number)])["text"]) == body, "the raw payload, read by another client"
        sealed = [
            key for key in bucket.objects("evidence/") if not key.endswith("+seal.json") and "/intake/" not in key
        ]
        assert sealed
        for key in sealed:
            content = bucket.ask("GET", f"/{bucket.name}/{key}").content
            assert key.rpartition("/")[2].startswith(hashlib.sha256(content).hexdigest()[:16]), key

        assert workers[0].kill() == -9
        house.approve(reference, "revoke-token", "sue")
        house.until_status(reference, "the other worker carried on",
                           lambda now: now["actions"].get("revoke-token") == "verified")  # fmt: skip
        assert len(house.calls("/control/tokens/support-bot-token/revoke")) == 1
        house.say("export", reference, "--to", str(tmp_path / "bundle"))
        assert house.say("verify", str(tmp_path / "bundle"), "--json").value["ok"] is True
        assert workers[1].kill(15, 60) == 0, "SIGTERM ends it in order"
