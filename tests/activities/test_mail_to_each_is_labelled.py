"""What became of each recipient is sealed, and read by nobody who may not read the incident's other papers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from halon.evidence.seal import read_sidecar
from halon.kit import Channel
from halon_activities.channels import Mail
from halon_activities.hands import Hands
from halon_activities.mailing import each
from halon_activities.sealed import seal

INCIDENT = "incident-support-bot.mail-to-each:01a20000-0000-7000-8000-000000000001"


@pytest.mark.parametrize(("access", "expected"), [("", "restricted"), ("privileged", "privileged")])
async def test_the_proof_is_as_closed_as_the_incident(
    make_hands: Callable[..., Hands], access: str, expected: str
) -> None:
    """The kit's own label holds; a restricted incident closes it further."""
    hands = make_hands()
    listed = b"email,place\nann@mail.example,DE\n"
    named = await seal(
        hands.evidence,
        INCIDENT,
        "people.csv",
        listed,
        "text/csv",
        hands.now(),
        "whom to tell",
        hands.kit.evidence.label("other"),
    )
    mail = Mail("key-of-this-notice", "s", "b", "INC-7F3A", incident=INCIDENT)
    channel = Channel("drop", "file", path="outbox/mail.jsonl")
    done: Any = await each(hands, channel, mail, INCIDENT, named.sha256, "n-1-recipients.csv", access)
    beside = await read_sidecar(hands.evidence, done.proof["path"])
    assert done.receipt.startswith("1 sent, 0 refused")
    assert beside is not None
    assert str(beside.access) == expected
