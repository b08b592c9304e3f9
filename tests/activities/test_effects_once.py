"""One effect: what crash, retry and silence mean for each class of effect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from halon.connectors.errors import NoAnswer, Unexpected, Unreachable
from halon.evidence.store import EvidenceStore
from halon.incident.orders import Effect
from halon.record.errors import JournalConflict
from halon.record.journal import Journal
from halon_activities.effects import carry_out, header_key, settled
from halon_activities.failures import Uncertain

WHAT = {"digest": "d"}


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(EvidenceStore.open(tmp_path))


class Receiver:
    """Answers with what it is given, in turn, and counts."""

    def __init__(self, *answers: Exception | dict[str, Any]) -> None:
        self.answers = list(answers)
        self.calls = 0

    async def __call__(self) -> dict[str, Any]:
        self.calls += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize("effect", ["keyed", "once", "repeatable"])
async def test_what_has_its_receipt_is_not_sent_again(journal: Journal, effect: Effect) -> None:
    """The second call gets the first one's receipt."""
    receiver = Receiver({"at": "1"}, {"at": "2"})
    first = await carry_out(journal, "k", WHAT, effect, receiver)
    again = await carry_out(journal, "k", WHAT, effect, receiver)
    assert (first.receipt, first.replayed, again.receipt, again.replayed) == ({"at": "1"}, False, {"at": "1"}, True)
    assert receiver.calls == 1


async def test_a_once_effect_that_may_have_arrived_is_asked_about(journal: Journal) -> None:
    """Silence after sending: Uncertain at once, and on every retry, without sending."""
    receiver = Receiver(NoAnswer("h", "silence"), {"at": "2"})
    for _ in range(3):
        with pytest.raises(Uncertain):
            await carry_out(journal, "k", WHAT, "once", receiver)
    assert receiver.calls == 1


async def test_promise_4_a_crash_while_a_once_effect_was_sent_is_uncertain(journal: Journal) -> None:
    """The intent stands without a receipt: a worker died in between."""
    await journal.intend("k", WHAT)
    receiver = Receiver({"at": "1"})
    with pytest.raises(Uncertain, match="may have arrived"):
        await carry_out(journal, "k", WHAT, "once", receiver)
    assert receiver.calls == 0


@pytest.mark.parametrize("error", [
    Unreachable("h", "refused"), Unexpected(429, "slow down"), Unexpected(404, "no"),
    *(Unexpected(code, "no", "smtp") for code in (421, 451, 501, 503, 504, 550)),
])  # fmt: skip
async def test_a_once_effect_that_provably_did_not_arrive_may_be_tried_again(
    journal: Journal, error: Exception
) -> None:
    """No connection or a refusal: the next try goes out, once."""
    receiver = Receiver(error, error, {"at": "3"}, {"at": "4"})
    for _ in range(2):
        with pytest.raises(type(error)):
            await carry_out(journal, "k", WHAT, "once", receiver)
    assert await settled(journal, "k") is None
    done = await carry_out(journal, "k", WHAT, "once", receiver)
    assert (await carry_out(journal, "k", WHAT, "once", receiver)).replayed is True
    assert (done.receipt, receiver.calls, await settled(journal, "k")) == ({"at": "3"}, 3, {"at": "3"})


@pytest.mark.parametrize("status", [500, 503, 521, 524, 599])
async def test_a_server_that_broke_may_have_broken_afterwards(journal: Journal, status: int) -> None:
    """HTTP 500 and above to a once effect is no refusal, also from a proxy that waited for the server in vain."""
    with pytest.raises(Uncertain):
        await carry_out(journal, "k", WHAT, "once", Receiver(Unexpected(status, "oops")))
    assert (await journal.look("k")).state == "intended"


@pytest.mark.parametrize("effect", ["keyed", "repeatable"])
async def test_effects_that_may_come_twice_are_sent_again_after_silence(journal: Journal, effect: Effect) -> None:
    """A keyed one goes out under the same key, and the receiver tells them apart."""
    receiver = Receiver(NoAnswer("h", "silence"), Unexpected(500, "oops"), {"at": "3"})
    for kind in (NoAnswer, Unexpected):
        with pytest.raises(kind):
            await carry_out(journal, "k", WHAT, effect, receiver)
    assert (await carry_out(journal, "k", WHAT, effect, receiver)).receipt == {"at": "3"}


async def test_promise_4_a_key_stands_for_one_effect(journal: Journal) -> None:
    """The same key for something else is refused."""
    await carry_out(journal, "k", WHAT, "keyed", Receiver({"at": "1"}))
    with pytest.raises(JournalConflict):
        await carry_out(journal, "k", {"digest": "other"}, "keyed", Receiver({"at": "2"}))


def test_keys_fit_into_headers() -> None:
    """Long or unusual keys become a hash; usual ones stay readable."""
    assert header_key("incident-a.b:1/x/apply/1") == "incident-a.b:1/x/apply/1"
    assert header_key("ü") != header_key("ö")
    assert len(header_key("x" * 900)) < 100
