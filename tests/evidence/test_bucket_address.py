"""A bucket as the evidence store: what its address and its variables may be, and what is said when it can't be used."""

from __future__ import annotations

import pickle
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from halon.evidence import s3
from halon.evidence.errors import (
    BadAddress,
    BucketMissing,
    EvidenceError,
    NoCredentials,
    NoSuchStore,
    ObjectMissing,
    StoreRefused,
    StoreUnreachable,
    StoreUnusable,
)
from halon.evidence.store import EvidenceStore
from halon_activities.failures import as_failure

KEYS = {"AWS_ACCESS_KEY_ID": "key-of-the-tests", "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests"}


@pytest.fixture(autouse=True)
def _no_credentials_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*s3.ENDPOINTS, *s3.KEYS, *s3._ELSEWHERE):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("address", "bucket", "prefix"),
    [("s3://evidence", "evidence", ""), ("s3://evidence/", "evidence", ""), ("S3://evidence/a", "evidence", "a"),
     ("s3://my.evidence-1/halon/eu/", "my.evidence-1", "halon/eu")],
)  # fmt: skip
def test_an_address_is_a_bucket_and_perhaps_a_prefix(address: str, bucket: str, prefix: str) -> None:
    """Slashes at the end mean nothing."""
    found = s3.place(address, {})
    assert (found.bucket, found.prefix, found.endpoint) == (bucket, prefix, "")


@pytest.mark.parametrize(
    "address",
    ["s3://", "s3:///a", "s3://UPPER", "s3://a", "s3://a..b", "s3://key:hidden@evidence/a", "s3://hidden@evidence",
     "s3://evidence/../hidden", "s3://evidence/a//hidden", "s3://evidence?hidden=1", "s3://evidence/a#hidden",
     "s3://evidence/hidden space", "s3://evidence/" + "hidden" * 40, "s3://evidence:9000/hidden"],
)  # fmt: skip
def test_another_address_is_refused_without_repeating_it(address: str) -> None:
    """It may hold credentials, so the answer says what is wrong and what to write, and nothing of what was written."""
    with pytest.raises(BadAddress, match="HALON_EVIDENCE=s3://bucket/prefix") as caught:
        EvidenceStore.open(address)
    assert isinstance(caught.value, NoSuchStore)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["evidence:8333", "ftp://evidence", "http://", "http://key:hidden@evidence:8333",
                                      "http://evidence:hidden", "http://evidence/?hidden"])  # fmt: skip
@pytest.mark.parametrize("name", s3.ENDPOINTS)
def test_an_endpoint_that_is_no_address_is_named_and_not_repeated(name: str, endpoint: str) -> None:
    """The variable is what has to be looked at."""
    with pytest.raises(BadAddress, match=name) as caught:
        s3.place("s3://evidence", {name: endpoint})
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "missing"),
    [({"AWS_ENDPOINT_URL": "http://evidence:8333"}, s3.KEYS),
     ({"AWS_ENDPOINT_URL": "http://evidence:8333", **KEYS, "AWS_SECRET_ACCESS_KEY": " "}, s3.KEYS[1:]),
     ({"AWS_SECRET_ACCESS_KEY": "hidden"}, s3.KEYS[:1])],
)  # fmt: skip
def test_missing_credentials_are_named_at_once(environ: dict[str, str], missing: tuple[str, ...]) -> None:
    """A store elsewhere than AWS has no other place to take them from; half of them is never meant."""
    with pytest.raises(NoCredentials, match=" and ".join(missing)) as caught:
        s3.bucket(s3.place("s3://evidence", environ), environ)
    assert caught.value.names == missing
    assert "hidden" not in str(caught.value)


def test_on_aws_a_machine_may_have_credentials_of_its_own() -> None:
    """Without an endpoint and without keys, a role of the machine is asked for when the store is used."""
    assert s3.bucket(s3.place("s3://evidence/a", {}), {}).prefix == "a"


class _Answers(BaseHTTPRequestHandler):
    status = 404

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b"" if self.command == "HEAD" else b"<Error><AWSAccessKeyId>key-of-the-tests</AWSAccessKeyId></Error>"
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = _answer

    def log_message(self, *ignored: object) -> None:
        """Silent."""


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Answers]]:
    """A server where a store should be; it gives the same answer to everything."""
    answers = type("Answers", (_Answers,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}.items():
        monkeypatch.setenv(name, value)
    yield answers
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("ask", ["put", "replace", "get", "exists", "list", "folders"])
@pytest.mark.parametrize(("status", "kind"), [(403, StoreRefused), (404, BucketMissing), (501, StoreUnreachable)])
async def test_what_the_store_answers_has_a_type_and_is_not_repeated(
    answering: type[_Answers], ask: str, status: int, kind: type[StoreUnusable]
) -> None:
    """Refused, no such bucket, or nothing that can be used: whatever was asked, and without the store's own words."""
    answering.status = status
    store = EvidenceStore.open("s3://evidence/a")
    call = getattr(store, ask)("x/y", b"1") if ask in ("put", "replace") else getattr(store, ask)("x/y")
    with pytest.raises(StoreUnusable) as caught:
        await call
    assert type(caught.value) is kind
    assert "s3://evidence/a at http://127.0.0.1:" in str(caught.value)
    assert not any(value in str(caught.value) for value in KEYS.values())
    assert (caught.value.__cause__, caught.value.__suppress_context__) == (None, True)


async def test_a_store_that_is_away_is_tried_again_like_a_disk_in_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not an error of the evidence, so that no activity gives up on it and nothing is taken for lost."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{probe.getsockname()[1]}"
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": away}.items():
        monkeypatch.setenv(name, value)
    store = EvidenceStore.open("s3://evidence")
    with pytest.raises(StoreUnreachable, match="check that it runs") as caught:
        await store.get("x/y")
    assert isinstance(caught.value, OSError)
    assert not isinstance(caught.value, EvidenceError | ObjectMissing)
    assert as_failure(caught.value).non_retryable is False


@pytest.mark.parametrize("error", [StoreUnreachable("s3://b"), StoreRefused("s3://b"), BucketMissing("s3://b"),
                                   BadAddress("why"), NoCredentials(s3.KEYS)])  # fmt: skip
def test_the_errors_travel_between_processes(error: Exception) -> None:
    """As themselves, with the same words."""
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy)) == (type(error), str(error))
