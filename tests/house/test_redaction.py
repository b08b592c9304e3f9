"""Personal data and secrets are masked; hashes, ids, times and addresses of machines stay."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from halon.redaction import LONGEST_KEY, LONGEST_TEXT, MOST_ITEMS, redact, redact_tree

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nTm90IGEga2V5IGF0IGFsbCwganVzdCB0ZXh0\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write to anna.o'neil+x@mail.example.co.uk, now", "write to [email], now"),
        ("From: <jörg@bücher.example>", "From: <[email]>"),
        ("paid with 4111 1111 1111 1111 today", "paid with [card] today"),
        ("4111-1111-1111-1111 378282246310005 3782 822463 10005", "[card] [card] [card]"),
        ("5555555555554444,6011111111111117;30569309025904", "[card],[card];[card]"),
        ("on 2026-11-22 4111 1111 1111 1111 was charged", "on 2026-11-22 [card] was charged"),
        ("to DE89 3704 0044 0532 0130 00 PLEASE", "to [iban] PLEASE"),
        ("GB82WEST12345698765432, NL91 ABNA 0417 1643 00.", "[iban], [iban]."),
        ("de89370400440532013000", "[iban]"),
        ("AB12 CDEF DE89 3704 0044 0532 0130 00", "AB12 CDEF [iban]"),
        ("SSN 123-45-6789 or ssn: 123456789", "SSN [ssn] or ssn: [ssn]"),
        ("call +49 30 1234567 or +14155552671", "call [phone] or [phone]"),
        ("+1 (415) 555-2671, (415) 555-2671, 415-555-2671", "[phone], [phone], [phone]"),
        ("tel: 030 1234567", "tel: [phone]"),
        ("+4930123456 2026-11-22", "[phone]-11-22"),
        ("AKIAIOSFODNN7EXAMPLE", "[api-key]"),
        ("use sk-proj-Abcdefghijklmnop1234 here", "use [api-key] here"),
        ("ghp_Abcdefghijklmnopqrst12 xoxb-123456789012-abcdef", "[api-key] [api-key]"),
        (f"token was {JWT}.", "token was [token]."),
        ("Authorization: Bearer test-token", "Authorization: Bearer [token]"),
        ("authorization: Basic dXNlcjpwYXNz", "authorization: Basic [token]"),
        ('{"Authorization": "abcdefghij0123456789"}', '{"Authorization": "[secret]"}'),
        (f"before {PEM} after", "before [private-key] after"),
        (PEM[:50], "[private-key]"),
        ("password=hunter2&next=1", "password=[secret]&next=1"),
        ("DB_PASSWORD='two words' x", "DB_PASSWORD='[secret]' x"),
        ('{"api_key": "ab cd", "n": 1}', '{"api_key": "[secret]", "n": 1}'),
        (r"{\"client_secret\": \"ab cd\", \"n\": 1}", r"{\"client_secret\": \"[secret]\", \"n\": 1}"),
        ('password="cut in the midd', 'password="[secret]'),
        ("pwd: don't", "pwd: [secret]"),
        ("one-time token=123456", "one-time token=[secret]"),
        ("postgres://user:p@ss@db.example:5432/x", "postgres://[secret]@db.example:5432/x"),
        ("a@b.example4111111111111111", "[email][card]"),
        ("DNI 12345678Z, NIE X1234567L", "DNI [national-id], NIE [national-id]"),
        ("NIR 1 85 05 78 006 084 91", "NIR [national-id]"),
        ("RSSMRA85T10A562S", "[national-id]"),
        ("NI number: AB 12 34 56 C", "NI number: [national-id]"),
        ("Steuer-ID: 86095742719", "Steuer-ID: [national-id]"),
        ("bsn 111222333, PESEL 44051401359", "bsn [national-id], PESEL [national-id]"),
        ("111.444.777-35 or cpf 11144477735", "[national-id] or cpf [national-id]"),
        ("SIN 130-692-544", "SIN [national-id]"),
        ("2341 2341 2346", "[national-id]"),
        ("640823-3234 and 131052-308T", "[national-id] and [national-id]"),
        ("11010519491231002X", "[national-id]"),
        ("756.9217.0769.85", "[national-id]"),
        ("85.07.30-033.28", "[national-id]"),
    ],
)
def test_what_is_personal_or_secret_is_masked(text: str, masked: str) -> None:
    """Each kind by its own mask, and what stands around it stays."""
    assert masked == redact(text).text
    assert masked.count("[") == sum(redact(text).counts.values())


@pytest.mark.parametrize(
    "text",
    [
        "54bf908880aa6dfd",
        "0af7651916cd43dd8448eb211c80319c",
        "traceparent 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "2b6c1a52-0d0c-4d0c-9f5e-3f8b2f7b7a11",
        "12345678-1234-1234-1234-123456789012",
        "2026-11-22T08:18:28.246857011Z",
        "2026-11-22T08:16:15.508+01:00",
        "0001-01-01T00:00:00Z",
        "127.0.0.1:18009",
        "192.168.10.10 and [2001:db8::1]:8080",
        "http://prometheus.example.test:18002/graph?g0.expr=up%7Bjob%3D%22agent%22%7D+%3D%3D+0&g0.tab=1",
        "http://prometheus.example.test:18002/graph?g0.expr=vector%281500%29+%3E+1000&g0.tab=1",
        '{}:{severity="critical"}',
        "Spend 1500 tokens/min, max_tokens: 4096",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "unicode ünïcødé ✓",
        "at 1795335376528210200 ns, 1795335376528 ms",
        "0.4111111111111111",
        "a4111111111111111b",
        "4111 1111 1111 1112",
        "DE89 3704 0044 0532 0130 01",
        "be68539007547034abcdef0123456789",
        "000-12-3456 and 123-45-67890",
        "task-1234567890123456789",
        "bearer certificates",
        "INC-7F3A, order 2026-000123, v1.2.3",
        "halon:incident-support-bot.tool-misuse:2b6c1a52-0d0c-4d0c-9f5e-3f8b2f7b7a11/stop-agent/1",
        "pip install lodash@4.17.21",
        "order 12345678A, 2341 2341 2345, 12345678Z9",
        "id 20261122-1234 of pod web-7d4b9c6f5-x2x1z",
        "span 00f067aa0ba902b7 build 1850578006084",
        "bsn 111222334; pesel 44051401358; sin 123 456 789",
        "111.444.777-36, 111.111.111-11, 756.9217.0769.84",
        "part AB123456C",
    ],
)
def test_hashes_ids_times_and_machines_stay(text: str) -> None:
    """What responders search for must survive: it is no one's personal data."""
    assert text == redact(text).text
    assert redact(text).counts == {}


PIECES = (
    *("a@b.example", "4111111111111111", "4111 1111 1111 1111", "DE89370400440532013000", "123-45-6789"),
    *("+14155552671", "415-555-2671", "sk-abcdefghijklmnop", "AKIAIOSFODNN7EXAMPLE", "Bearer abcdefgh"),
    *("password=", "token:", "ssn", JWT, PEM, PEM[:40], "://", "[secret]", "[email]", "[card", "secret]"),
    *('"', "'", "\\", "=", ":", " ", "-", "+", "@", ".", "(", "_", "\n", "x", "7", "ü", "\ud800", "İ"),
    *("authorization", "basic", "tel"),
)
MESSY = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=24).map("".join)


@settings(max_examples=400, deadline=None)
@given(MESSY)
@example("password=" * 40)
@example("a@b.example4111111111111111" * 30)
@example("4111 1111 1111 1111 " * 30)
def test_redacting_twice_changes_nothing(text: str) -> None:
    """A text passes through several doors: masks are never masked, and nothing shows only the second time."""
    once = redact(text)
    assert once.text == redact(once.text).text
    assert redact(once.text).counts == {}


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | MESSY,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["password", "X-Api-Key", "token", "note", "a@b.example", "c@d.example"]) | MESSY,
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(VALUES, st.integers(1, 4))
def test_redacting_a_tree_twice_changes_nothing(value: Any, depth: int) -> None:
    """The same for whole values, with every bound."""
    once = redact_tree(value, max_depth=depth).value
    again = redact_tree(once, max_depth=depth)
    assert (once, {}) == (again.value, again.counts)


def test_a_captured_delivery_keeps_everything_but_its_credentials() -> None:
    """A real Alertmanager 0.25 delivery: only the authorization header goes."""
    delivery = {
        "headers": {
            "Host": "127.0.0.1:18001",
            "User-Agent": "Alertmanager/0.25.0",
            "Authorization": "Bearer test-token",
        },
        "received_at": 1795335376.5282102,
        "body": {
            "status": "firing",
            "alerts": [
                {
                    "labels": {"agent": "support-bot", "instance": "127.0.0.1:18009", "tool": "send_email"},
                    "annotations": {
                        "runbook_url": "https://runbooks.example.test/agent-down",
                        "summary": "blocked tool called 7 times",
                        "trace_id": "0af7651916cd43dd8448eb211c80319c",
                    },
                    "startsAt": "2026-11-22T08:18:28.246857011Z",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "generatorURL": "http://prometheus.example.test:18002/graph?g0.expr=vector%281500%29+%3E+1000&g0.tab=1",
                    "fingerprint": "a91c65fc4d5126fb",
                }
            ],
            "groupKey": '{}:{severity="critical"}',
            "truncatedAlerts": 0,
        },
    }
    redacted = redact_tree(delivery)
    assert redacted.counts == {"secret": 1}
    assert redacted.value["headers"].pop("Authorization") == "[secret]"
    del delivery["headers"]["Authorization"]  # type: ignore[attr-defined]
    assert delivery == redacted.value


@pytest.mark.parametrize(
    "key", ["authorization", "Password", "client_secret", "token", "X-API-Key", "refreshToken", "Set-Cookie", "secrets"]
)
def test_the_value_of_a_telling_key_is_masked_whole(key: str) -> None:
    """Whatever it holds: a text, a number that is a secret, a list, an object."""
    for value in ("anything", ["a"], {"a": {"b": "c"}}):
        assert ({key: "[secret]"}, {"secret": 1}) == ((tree := redact_tree({key: value})).value, tree.counts)
    assert {key: None} == redact_tree({key: None}).value


def test_a_count_of_tokens_is_no_secret() -> None:
    """Usage figures of a model carry the word and must stay."""
    usage = {"gen_ai.usage.input_tokens": 1500, "max_tokens": 5, "password": 12345}
    assert {**usage, "password": "[secret]"} == redact_tree(usage).value


def test_keys_are_masked_too_and_no_item_is_lost() -> None:
    """Two addresses as keys become the same mask, and both items stay."""
    assert redact_tree({"a@b.example": 1, "c@d.example": 2}).value == {"[email]": 1, "[email]#2": 2}


def test_a_card_number_written_as_a_number_is_masked() -> None:
    """Some senders don't quote."""
    assert redact_tree([4111111111111111, 4111111111111112, 1795335376528210200]).value == [
        "[card]",
        4111111111111112,
        1795335376528210200,
    ]


def test_a_tree_is_bounded_and_each_cut_is_visible() -> None:
    """Depth, items, keys and texts have a bound; a secret at the cut does not slip through in half."""
    deep: Any = "end"
    for _ in range(40):
        deep = [deep]
    cut = redact_tree(
        {"deep": deep, "long": "x " * LONGEST_TEXT, "k" * 300: 1, "many": list(range(MOST_ITEMS + 5))}
    ).value
    assert "[too deep]" in str(cut["deep"])
    assert "end" not in str(cut["deep"])
    assert len(cut["long"]) <= LONGEST_TEXT
    assert cut["long"].endswith("… [cut]")
    assert all(len(key) <= LONGEST_KEY for key in cut)
    assert (len(cut["many"]), cut["many"][-1]) == (MOST_ITEMS, "[6 more]")
    wide = redact_tree({f"k{number}": number for number in range(MOST_ITEMS + 5)}).value
    assert (len(wide), wide["[cut]"]) == (MOST_ITEMS, "6 more")
    for shift in range(0, 80, 3):
        text = "x" * (LONGEST_TEXT - 90 + shift) + " 4111 1111 1111 1111 " + "y" * 200
        assert "1111" not in redact_tree(text).value


def test_what_is_not_json_is_refused() -> None:
    """A caller that hands in something else learns it at once."""
    for value in (b"bytes", {1: 2}, object()):
        with pytest.raises(TypeError, match="JSON"):
            redact_tree(value)


@pytest.mark.parametrize(
    "part",
    [
        "a@",
        "1 ",
        "+1",
        "eyJ",
        "://a:",
        "password=",
        'token="',
        "-----BEGIN PRIVATE KEY-----",
        "DE89 ",
        "4111 ",
        "Bearer ",
        "a.",
        "x@y.z ",
    ],
)
def test_time_grows_with_the_length_alone(part: str) -> None:
    """Text made to be slow is not: 100 kB of any repetition is done in seconds on a busy machine, not in minutes."""
    started = time.process_time()
    redact(part * (100_000 // len(part)))
    assert time.process_time() - started < 5
