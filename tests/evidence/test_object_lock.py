"""Asking a store to lock: what is sent, what an answer other than yes becomes, and what can't be asked for."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from halon.evidence.errors import BadLock, NoCredentials, NotLocked, StoreUnreachable
from halon.evidence.lock import Lock, lock_of
from halon.evidence.s3 import Place
from halon.evidence.store import EvidenceStore

KEYS = {"AWS_ACCESS_KEY_ID": "key-of-a-test", "AWS_SECRET_ACCESS_KEY": "secret-of-a-test"}
UNTIL = "2027-11-22T08:16:15.000Z"


class Asked:
    """A store that answers every request with one status, and keeps what came."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.url = ""


@pytest.fixture
def store() -> Iterator[Asked]:
    """The store, on a port of its own."""
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            asked.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, content))
            self.send_response(asked.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    asked.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield asked
    server.shutdown()
    server.server_close()


def lock(url: str, **more: str) -> Lock:
    made = lock_of(Place("bucket-one", "some/where", url), {**KEYS, "HALON_EVIDENCE_LOCK": "compliance", **more})
    assert made is not None
    return made


async def test_retention_and_hold_are_asked_for_by_their_names(store: Asked) -> None:
    """One request each, with date, digest of the body and a signature; no hold unless it is wanted."""
    await lock(store.url, AWS_REGION="eu-central-1").set("evidence/a b.json", UNTIL, hold=True)
    (path, headers, body), (held, _, hold) = store.requests
    assert (path, held) == (
        "/bucket-one/some/where/evidence/a%20b.json?retention=", "/bucket-one/some/where/evidence/a%20b.json?legal-hold=",
    )  # fmt: skip
    assert b"<Mode>COMPLIANCE</Mode><RetainUntilDate>2027-11-22T08:16:15Z</RetainUntilDate>" in body
    assert hold == b"<LegalHold><Status>ON</Status></LegalHold>"
    assert headers["content-md5"] == base64.b64encode(hashlib.md5(body).digest()).decode()
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=key-of-a-test/")
    assert "/eu-central-1/s3/aws4_request" in headers["authorization"]
    assert "secret-of-a-test" not in str(store.requests)
    store.requests.clear()
    await lock(store.url).set("evidence/a", UNTIL, hold=False)
    assert len(store.requests) == 1


@pytest.mark.parametrize("status", [400, 403, 404, 501])
async def test_what_the_store_refuses_is_not_called_locked(store: Asked, status: int) -> None:
    """The artefact is sealed all the same, and the message says both."""
    store.status = status
    with pytest.raises(NotLocked, match=f"is sealed and was not locked .the store answered {status}") as caught:
        await lock(store.url).set("evidence/a", UNTIL, hold=True)
    assert (caught.value.status, len(store.requests)) == (status, 1)


async def test_a_store_that_is_away_is_tried_again(store: Asked) -> None:
    """Nothing is known then: it is trouble with the store, as with any other request."""
    with pytest.raises(StoreUnreachable):
        await lock("http://127.0.0.1:9").set("evidence/a", UNTIL, hold=False)
    assert store.requests == []


def test_a_lock_that_cannot_be_is_refused_at_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mode that is none, no keys to sign with, a folder; without the setting nothing is asked for."""
    place = Place("bucket-one", "", "http://127.0.0.1:9")
    assert lock_of(place, KEYS) is None
    with pytest.raises(BadLock, match="governance or compliance"):
        lock("http://127.0.0.1:9", HALON_EVIDENCE_LOCK="forever")
    with pytest.raises(NoCredentials, match="AWS_SECRET_ACCESS_KEY"):
        lock("http://127.0.0.1:9", AWS_SECRET_ACCESS_KEY="")
    assert EvidenceStore.open(tmp_path).locks is False
    monkeypatch.setenv("HALON_EVIDENCE_LOCK", "governance")
    with pytest.raises(BadLock, match="takes a bucket"):
        EvidenceStore.open(tmp_path)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    assert EvidenceStore.open("s3://bucket-one").locks is True


async def test_a_folder_locks_nothing_and_says_so_by_its_word(tmp_path: Path) -> None:
    """Asked to lock without the setting, a store does nothing."""
    opened = EvidenceStore.open(tmp_path)
    await opened.put("evidence/a", b"1")
    await opened.lock("evidence/a", UNTIL, hold=True)
    assert (opened.locks, await opened.get("evidence/a")) == (False, b"1")
