"""Mails of one incident are one conversation, for anybody who reads mail."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any

from halon.connectors.marker import thread_key
from halon.connectors.smtp import compose, message_id

SENDER = "halon@acme.example"
THREAD = thread_key("incident-support-bot.x:run-1")


def read(key: str, thread: str) -> Any:
    written = compose(key, SENDER, ["ann@acme.example"], "[INC-7F3A] " + "x" * 90, "text", thread)
    return message_from_bytes(written.as_bytes(), policy=policy.default)


def test_all_mails_of_an_incident_answer_to_one_id() -> None:
    """Each has an id of its own and refers to the same root, which is made from the incident's key alone."""
    first, second, other = read("k/1", THREAD), read("k/2", THREAD), read("k/3", thread_key("incident-b.x:run-1"))
    root = message_id(THREAD, SENDER)
    assert [first["In-Reply-To"], first["References"], second["References"]] == [root, root, root]
    assert len({first["Message-ID"], second["Message-ID"], other["Message-ID"], root}) == 4
    assert other["References"] != root


def test_a_notice_stands_alone() -> None:
    """Without a thread a mail refers to nothing."""
    alone = read("k/1", "")
    assert alone["In-Reply-To"] is None
    assert alone["References"] is None
