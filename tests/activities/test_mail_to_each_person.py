"""Each affected person is written to once, by a real mail server that refuses, says "later", is slow, or is not there."""

from __future__ import annotations

import asyncio
import csv
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from halon.connectors.errors import Unreachable
from halon.incident.notices import Notice
from halon.incident.orders import GatePolicy
from halon.judgement.communication.people import Affected, once, read, written
from halon.kit import Channel
from halon_activities import checking, effects, mailing
from halon_activities.channels import Mail
from halon_activities.failures import CheckFailed, NotDelivered, PartlySent, PutOff, Uncertain, Unfinished
from halon_activities.hands import Hands
from halon_activities.jurisdictions import places_of
from halon_activities.sealed import seal

INCIDENT = "incident-support-bot.mail-to-each:01a20000-0000-7000-8000-000000000001"
PEOPLE = Channel(
    "people", "smtp", server_env="HALON_SMTP", security="none", sender="trust@acme.example", each_affected=True
)
MAIL = Mail("incident/notice/send-each/1", "What happened", "Body\n", "INC-7F3A")
FIRST, LAST = mailing.Round(), mailing.Round(last=True)


class Server:
    """A mail server that does what it is told."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.asked: list[str] = []
        self.answers: dict[str, str] = {}
        self.takes_seconds = 0.0
        self.hangs_up = False
        self.hangs_up_on = ""
        self.address = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        self.asked.append(address)
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        await asyncio.sleep(self.takes_seconds)
        self.taken.append(envelope.rcpt_tos[0])
        if self.hangs_up or envelope.rcpt_tos[0] == self.hangs_up_on:
            server.transport.abort()
        return "250 taken"


@pytest.fixture
def server(serving: Any) -> Iterator[Server]:
    with serving(Server()) as handler:
        yield handler


async def listed(hands: Hands, *people: Affected) -> str:
    """The SHA-256 of the sealed list of these people."""
    label = hands.kit.evidence.label("other")
    done = await seal(
        hands.evidence, INCIDENT, "people.csv", written(once(people)), "text/csv", hands.now(), "whom", label
    )
    return done.sha256


def living(*names: str, place: str = "DE") -> tuple[Affected, ...]:
    return tuple(Affected(f"{name}@mail.example", place) for name in names)


async def to_each(
    hands: Hands, sha256: str, number: int = 1, this: mailing.Round = FIRST, **people: Any
) -> mailing.Mailed:
    return await mailing.each(hands, PEOPLE, MAIL, INCIDENT, sha256, f"n-{number}-recipients.csv", this=this, **people)


async def rows(hands: Hands, mailed: mailing.Mailed) -> dict[str, str]:
    text = (await hands.evidence.get(mailed.proof["path"])).decode()
    return {row["person"]: row["outcome"] for row in csv.DictReader(io.StringIO(text))}


async def test_whoever_may_have_been_reached_is_no_success(make_hands: Callable[..., Hands], server: Server) -> None:
    """The server took the mail and hung up: a person looks, and nobody is written to twice."""
    hands = make_hands(HALON_SMTP=server.address)
    sha256 = await listed(hands, *living("a", "b", "c"))
    server.hangs_up = True
    with pytest.raises(Uncertain, match="0 sent, 0 refused, 3 uncertain"):
        await to_each(hands, sha256)
    server.hangs_up = False
    with pytest.raises(Unfinished, match="may still be under way"):
        await to_each(hands, sha256, 2)
    later = replace(hands, clock=lambda: hands.clock() + timedelta(seconds=mailing.STILL_UNDER_WAY + 1))
    with pytest.raises(Uncertain):
        await to_each(later, sha256, 3)
    assert sorted(server.taken) == ["a@mail.example", "b@mail.example", "c@mail.example"]
    done = await to_each(later, sha256, 4, mailing.Round(attempt=2, anew=2))  # a person found out, and approved it anew
    assert (done.sent, len(server.taken)) == (3, 6)
    assert (await to_each(later, sha256, 5, mailing.Round(attempt=3, anew=2))).sent == 3
    assert len(server.taken) == 6


async def test_who_was_reached_is_not_written_to_again_for_those_who_may_have_been(
    make_hands: Callable[..., Hands], server: Server
) -> None:
    """One sent, one uncertain: approved anew, it goes to the second one alone, however often it is tried."""
    hands = make_hands(HALON_SMTP=server.address)
    sha256 = await listed(hands, *living("a", "b"))
    server.hangs_up_on = "b@mail.example"
    with pytest.raises(Uncertain, match="1 sent, 0 refused, 1 uncertain"):
        await to_each(hands, sha256)
    server.hangs_up_on = ""
    later = replace(hands, clock=lambda: hands.clock() + timedelta(seconds=mailing.STILL_UNDER_WAY + 1))
    for number in (2, 3):
        done = await to_each(later, sha256, number, mailing.Round(attempt=number, anew=number))
        assert (done.sent, done.uncertain) == (2, 0)
        assert sorted(server.taken) == ["a@mail.example", "b@mail.example", "b@mail.example"]


@pytest.mark.parametrize("answer", ["501 no", "503 bad sequence", "504 not here", "550 no such user"])
async def test_whatever_no_the_server_says_it_is_one(
    make_hands: Callable[..., Hands], server: Server, answer: str
) -> None:
    """A permanent reply of SMTP proves that this person got nothing; the others are the proof that the duty is met."""
    hands = make_hands(HALON_SMTP=server.address)
    sha256 = await listed(hands, *living("a", "b", "c"))
    server.answers = {"b@mail.example": answer}
    done = await to_each(hands, sha256)
    assert (done.sent, done.refused, done.uncertain) == (2, 1, 0)


async def test_a_server_that_goes_away_in_between_does_not_make_it_not_out(
    make_hands: Callable[..., Hands], server: Server
) -> None:
    """Some have it, also where those before them in the list were put off: it is said so, and goes on."""
    hands = make_hands(HALON_SMTP=server.address)
    sha256 = await listed(hands, *living("a", "b", "c"))
    server.answers = {"a@mail.example": "452 later", "c@mail.example": "550 no such user"}
    with pytest.raises(PutOff):
        await to_each(hands, sha256)
    away = replace(hands, environ={**hands.environ, "HALON_SMTP": "127.0.0.1:9"})
    with pytest.raises(PartlySent, match="1 of 3 were written to; then"):
        await to_each(away, sha256)
    server.answers = {}
    done = await to_each(hands, sha256)
    assert (done.sent, done.refused, server.taken) == (2, 1, ["b@mail.example", "a@mail.example"])


async def test_bounces_are_counted_and_not_asked_for_again(make_hands: Callable[..., Hands], server: Server) -> None:
    """Two of three refused: said with the number, remembered for this attempt, and tried again by the next one."""
    hands = make_hands(HALON_SMTP=server.address)
    sha256 = await listed(hands, *living("a", "b", "c"))
    server.answers = {"b@mail.example": "550 no such user", "c@mail.example": "452 mailbox full"}
    with pytest.raises(PutOff, match="1 of 3 are put off by the server"):
        await to_each(hands, sha256)
    done = await to_each(hands, sha256, 2, LAST)
    assert (done.sent, done.refused, done.put_off, done.unreached) == (1, 1, 1, 2)
    assert server.asked.count("b@mail.example") == 1
    assert await rows(hands, done) == {
        "a@mail.example": "sent", "b@mail.example": "refused", "c@mail.example": "put off",
    }  # fmt: skip
    server.answers = {}
    assert (await to_each(hands, sha256, 3, mailing.Round(attempt=2))).sent == 3
    assert sorted(server.taken) == ["a@mail.example", "b@mail.example", "c@mail.example"]


async def test_a_server_that_is_away_makes_nobody_uncertain(
    make_hands: Callable[..., Hands], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it was tried: it says how many were written to, and goes on where it ended."""
    monkeypatch.setattr(effects, "MOST_TRIES", 5)
    hands = make_hands(HALON_SMTP="127.0.0.1:9")
    sha256 = await listed(hands, *living("a", "b", "c"))
    for _ in range(4):
        with pytest.raises(NotDelivered, match="0 of 3 were written to; then"):
            await to_each(hands, sha256)
    up = replace(hands, environ={**hands.environ, "HALON_SMTP": server.address})
    assert (await to_each(up, sha256)).sent == 3
    assert len(server.taken) == 3


async def test_tries_that_provably_failed_are_never_uncertain(
    make_hands: Callable[..., Hands], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When all tries of an effect are used up, nothing has arrived, and that is what is said."""
    monkeypatch.setattr(effects, "MOST_TRIES", 3)
    hands = make_hands()

    async def refused() -> dict[str, Any]:
        raise Unreachable("mail.example", "refused")

    for _ in range(3):
        with pytest.raises(Unreachable):
            await effects.carry_out(hands.journal, "k", {}, "once", refused)
    with pytest.raises(NotDelivered, match="3 tries of 'k' did not arrive"):
        await effects.carry_out(hands.journal, "k", {}, "once", refused)
    assert not await effects.unanswered(hands.journal, "k")


async def test_many_are_written_to_in_several_tries(make_hands: Callable[..., Hands], server: Server) -> None:
    """A try ends between two mails; one that is cut off lets the mail under way end. Everybody gets one."""
    hands = make_hands(HALON_SMTP=server.address)
    names = [f"u{number}" for number in range(8)]
    sha256 = await listed(hands, *living(*names))
    server.takes_seconds = 0.2
    with pytest.raises(Unfinished, match="of 8 are done"):
        await to_each(hands, sha256, this=mailing.Round(ends=time.monotonic() + 0.3))
    began = len(server.taken)
    assert 1 <= began < 8
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(to_each(hands, sha256, 2), 0.3)
    done = await to_each(hands, sha256, 3)
    assert (done.sent, done.uncertain) == (8, 0)
    assert sorted(server.taken) == sorted(f"{name}@mail.example" for name in names)


async def test_the_law_of_a_place_tells_those_who_live_there(make_hands: Callable[..., Hands], server: Server) -> None:
    """California's law: Californians, and of whom nobody knows where they live; not the people of Berlin or New York."""
    hands = make_hands(HALON_SMTP=server.address)
    people = (*living("de"), *living("ca", place="US-CA"), *living("ny", place="US-NY"), *living("us", place="US"),
              *living("unknown", place=""))  # fmt: skip
    sha256 = await listed(hands, *people)
    found = await mailing.whom(hands, INCIDENT, sha256, ("US-CA",))
    done = await to_each(hands, sha256, people=found)
    assert done.sent == 3
    assert sorted(server.taken) == ["ca@mail.example", "unknown@mail.example", "us@mail.example"]
    assert (await mailing.whom(hands, INCIDENT, sha256)).count == 5
    with pytest.raises(CheckFailed, match="nobody on the list lives in JP"):
        await mailing.whom(hands, INCIDENT, await listed(hands, *living("de")), ("JP",))


def test_the_places_of_a_duty_stand_in_its_law(make_hands: Callable[..., Hands]) -> None:
    """Where the law counts residents of a place, those are its people; where it does not, everybody is."""
    from halon.judgement.predicates import All, Leaf, Not

    hands = make_hands()
    law = hands.kit.policy.regimes[0]
    resident = Leaf("affected_by_jurisdiction", "above", 0, "US-CA")
    abroad = Not(Leaf("affected_by_jurisdiction", "above", 0, "MX"))
    california = replace(law, id="us-ca", when=All((Leaf("personal_data_involved", "is"), All((resident, abroad)))))
    kit = replace(hands.kit, policy=replace(hands.kit.policy, regimes=(*hands.kit.policy.regimes, california)))
    assert places_of(kit, "us-ca@acme-us") == ("US-CA",)
    assert places_of(kit, "eu-gdpr-33") == ()


@pytest.mark.parametrize(("places", "counts", "objects"), [
    ((), {}, True), (("US-CA",), {"US-CA": 400, "DE": 300}, False), (("US-CA",), {"US-CA": 600, "DE": 100}, True),
], ids=["everybody", "those of the place", "too many there"])  # fmt: skip
def test_a_list_that_is_too_long_is_said_before_anybody_approves(
    make_hands: Callable[..., Hands], places: tuple[str, ...], counts: dict[str, int], objects: bool
) -> None:
    """More people than Halon writes to itself is an objection to the draft."""
    hands = make_hands()
    kit = replace(hands.kit, channels={**hands.kit.channels, "people": PEOPLE})
    one = Notice(
        "n", "customers", channel="people", gate=GatePolicy(("customer_lead",)), affected="ab" * 32, places=places
    )
    about = {"affected": {"sha256": "ab" * 32, "count": 700, "places": counts, "reviewed_by": "ann"}}
    found = {each.rule: each.why for each in checking.checked(replace(hands, kit=kit), one, about, "").objections}
    assert ("list-too-long" in found) is objects
    assert "halon affected ID --export FILE" in found.get("list-too-long", "halon affected ID --export FILE")


async def test_no_cell_of_the_proof_is_a_formula(make_hands: Callable[..., Hands], server: Server) -> None:
    """Whatever an address or a server's answer begins with, a spreadsheet shows it as text."""
    hands = make_hands(HALON_SMTP=server.address)
    sha256 = await listed(hands, Affected("=HYPERLINK(1)"), Affected("＝cmd"), *living("a"))
    found = await rows(hands, await to_each(hands, sha256))
    assert found == {"'=HYPERLINK(1)": "refused", "'＝cmd": "refused", "a@mail.example": "sent"}


def test_an_accent_makes_no_second_person() -> None:
    """Composed or decomposed, José is one person; a handed-off list is read back as it was."""
    found = read("person\njos\u00e9@mail.example\njose\u0301@mail.example\n'＝x\n".encode())
    assert (found.count, found.doubles) == (2, 1)
    assert "＝x" in [one.person for one in found.all]
