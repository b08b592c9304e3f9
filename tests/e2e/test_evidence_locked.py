"""What a whole incident sealed stays: SeaweedFS with object lock, and curl as whoever has the keys and wants it gone.

``curl`` signs its requests itself and shares no code with Halon.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

ROOT = Path(__file__).parents[2]
WEED = ROOT / ".e2e/deployed/bin"
BUCKET = "evidence"
BYPASS = "x-amz-bypass-governance-retention: true"


@dataclass
class Store:
    """The store, as curl sees it with Halon's own keys."""

    url: str
    key: str
    secret: str

    def ask(
        self, method: str, key: str, query: dict[str, str] | None = None, *head: str, content: str = ""
    ) -> tuple[int, str]:
        """Status and body of one signed request for ``key`` (empty: the bucket)."""
        sent = "&".join(f"{one}={quote(value, safe='')}" for one, value in sorted((query or {}).items()))
        where = f"{self.url}/{BUCKET}" + (f"/{quote(key)}" if key else "") + (f"?{sent}" if sent else "")
        digest = hashlib.sha256(content.encode()).hexdigest()
        words = ["curl", "--silent", "--show-error", "--max-time", "20", "--noproxy", "*", "--request", method,
                 "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", f"{self.key}:{self.secret}", "--write-out",
                 "\n%{http_code}"]  # fmt: skip
        for one in (f"x-amz-content-sha256: {digest}", *head):
            words += ["--header", one]
        words += ["--data-binary", content] if content else []
        done = subprocess.run([*words, where], capture_output=True, text=True, timeout=30, check=True)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def versions(self, prefix: str) -> list[tuple[str, str]]:
        """Key and version of every object below ``prefix``."""
        status, told = self.ask("GET", "", {"prefix": prefix, "versions": ""})
        assert status == 200, told
        found = re.findall(r"<Version>(.*?)</Version>", told, re.DOTALL)
        return [
            (re.search(r"<Key>(.*?)</Key>", one)[1], re.search(r"<VersionId>(.*?)</VersionId>", one)[1])  # type: ignore[index]
            for one in found
        ]


@pytest.fixture
def store(tmp_path: Path, free: Callable[[], int]) -> Iterator[Store]:
    """SeaweedFS as it is deployed, by its own two scripts, on ports of this test."""
    assert (WEED / "weed").exists(), "SeaweedFS is not installed; run: tests/e2e/install"
    ports = {name: free() for name in ("master", "filer", "s3", "volume")}
    grpc = {name: free() for name in ports}
    key, secret = secrets.token_hex(10), secrets.token_hex(20)
    environment = {
        "PATH": f"{WEED}:{os.environ['PATH']}", "HOME": str(tmp_path), "EVIDENCE_ACCESS_KEY": key,
        "EVIDENCE_SECRET_KEY": secret, "EVIDENCE_BUCKET": BUCKET, "EVIDENCE_DATA": str(tmp_path / "data"),
        "EVIDENCE_RUN": str(tmp_path / "run"),
        "EVIDENCE_MASTER": f"127.0.0.1:{ports['master']}.{grpc['master']}",
        "EVIDENCE_FILER": f"127.0.0.1:{ports['filer']}.{grpc['filer']}",
    }  # fmt: skip
    (tmp_path / "data").mkdir()
    options = [f"-{name}.port={port}" for name, port in ports.items()]
    options += [f"-{name}.port.grpc={port}" for name, port in grpc.items()]
    log = tmp_path / "weed.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["sh", str(ROOT / "deploy/evidence-start.sh"), *options], env=environment, stdout=output, stderr=output
        )
    made = Store(f"http://127.0.0.1:{ports['s3']}", key, secret)
    try:
        for _ in range(300):
            if process.poll() is not None or _answers(made.url):
                break
            time.sleep(0.2)
        assert _answers(made.url), log.read_text("utf-8", "replace")[-3000:]
        job = subprocess.run(["sh", str(ROOT / "deploy/evidence-bucket.sh")], env=environment, capture_output=True,
                             text=True, timeout=120)  # fmt: skip
        assert job.returncode == 0, job.stdout + job.stderr
        yield made
    finally:
        process.kill()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _retention(store: Store, key: str, version: str) -> tuple[int, str] | None:
    answer = store.ask("GET", key, {"versionId": version, "retention": ""})
    return answer if answer[0] == 200 else None


def retention(mode: str, until: datetime) -> str:
    return f"<Retention><Mode>{mode}</Mode><RetainUntilDate>{until:%Y-%m-%dT%H:%M:%SZ}</RetainUntilDate></Retention>"


def test_nothing_that_an_incident_sealed_can_be_deleted_or_shortened(house: Any, store: Store, tmp_path: Path) -> None:
    """Every version of every artefact: not deleted, not in bulk, not with a bypass; no date nearer, no mode weaker. What
    covers it up is found by ``halon evidence --verify``."""
    house.environment |= {
        "HALON_EVIDENCE": f"s3://{BUCKET}/halon", "HALON_EVIDENCE_LOCK": "compliance", "AWS_ENDPOINT_URL": store.url,
        "AWS_ACCESS_KEY_ID": store.key, "AWS_SECRET_ACCESS_KEY": store.secret, "AWS_REGION": "us-east-1",
    }  # fmt: skip
    house.up()
    house.misbehave("s-1")
    opened = house.say("report", "It mailed a customer's records to a stranger.", "--agent", "support-bot", "--what",
                     "unauthorised_tool_action", "--by", "ann", "--json")  # fmt: skip
    reference = opened.value["incidents"][0]["incident"]
    house.until("the evidence sealed", lambda: "Sealed logs" in house.say("timeline", reference).out)
    sealed = [(key, version) for key, version in store.versions("halon/evidence/") if "/intake/" not in key]
    assert len(sealed) >= 10, sealed
    soon = datetime.now(UTC) + timedelta(days=1)
    locked = 0
    for key, version in sealed:
        at = {"versionId": version}
        # Sealed a moment ago, beside this test's own look: it is locked right after.
        status, held = house.until(f"{key} to be locked", partial(_retention, store, key, version))
        assert status == 200, (key, held)
        assert "COMPLIANCE" in held, (key, held)
        locked += 1
        assert store.ask("DELETE", key, at)[0] == 403, key
        assert store.ask("DELETE", key, at, BYPASS)[0] == 403, key
        for mode in ("COMPLIANCE", "GOVERNANCE"):
            for head in ((), (BYPASS,)):
                told = store.ask("PUT", key, {**at, "retention": ""}, *head, content=retention(mode, soon))
                assert told[0] >= 400, (key, mode, head, told)
    assert locked == len(sealed)
    rows = "".join(f"<Object><Key>{key}</Key><VersionId>{version}</VersionId></Object>" for key, version in sealed)
    bulk = f"<Delete>{rows}</Delete>"
    md5 = base64.b64encode(hashlib.md5(bulk.encode()).digest()).decode()
    _, said = store.ask(
        "POST", "", {"delete": ""}, f"Content-MD5: {md5}", "Content-Type: application/xml", content=bulk
    )
    assert "<Deleted>" not in said, said[:500]
    assert sorted(set(sealed) - set(store.versions("halon/evidence/"))) == [], "all of them are still there"

    good = house.say("evidence", reference, "--verify", "--json")
    assert good.code == 0
    victim = next(key for key, _ in sealed if "action" in key and not key.endswith("+seal.json"))
    assert store.ask("PUT", victim, content="[]")[0] == 200, "a new version may be put on top of it"
    found = house.type("evidence", reference, "--verify", "--json")
    assert found.code == 1, found.out + found.err
    original = next(version for key, version in sealed if key == victim)
    status, kept = store.ask("GET", victim, {"versionId": original})
    assert (status, len(kept) > 2) == (200, True), "and what was sealed lies below"
