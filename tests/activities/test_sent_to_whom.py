"""An approved notice goes to those it is for and to nobody else, and what may have arrived is never called not sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from halon.connectors.errors import Unexpected
from halon.incident.notices import Notice, Overridden
from halon.incident.orders import GatePolicy
from halon.judgement.communication.people import Affected, once, written
from halon.kit import Channel
from halon.ports.notify import Sending
from halon_activities import channels, proofs
from halon_activities.hands import Hands
from halon_activities.notify import Notify
from halon_activities.sealed import seal

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"
POLICY = GatePolicy(("privacy_officer",))


class Server:
    """A mail server that keeps to whom it was; with ``gone`` the connection dies after the content."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.gone = False
        self.address = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken += envelope.rcpt_tos
        if self.gone:
            server.transport.abort()
        return "250 taken"


@pytest.fixture
def server(serving: Any) -> Iterator[Server]:
    with serving(Server()) as handler:
        yield handler


@pytest.fixture(autouse=True)
def approved(monkeypatch: pytest.MonkeyPatch) -> None:
    """That it was approved is another test's; here it is."""

    async def stands(*given: Any, **named: Any) -> None:
        return None

    monkeypatch.setattr(proofs, "require_approval", stands)
    monkeypatch.setattr(proofs, "require_override", stands)


def with_channels(hands: Hands, *more: Channel) -> Hands:
    return replace(hands, kit=replace(hands.kit, channels={one.name: one for one in more}))


def mail_channel(name: str, **fields: Any) -> Channel:
    return Channel(name, "smtp", server_env="HALON_SMTP", security="none", sender="trust@acme.example", **fields)


@pytest.mark.parametrize(("places", "expected"), [
    ((), ["ca@mail.example", "de@mail.example", "nowhere@mail.example"]),
    (("US-CA",), ["ca@mail.example", "nowhere@mail.example"]),
], ids=["everybody", "those of the place"])  # fmt: skip
async def test_a_notice_by_the_law_of_a_place_goes_to_its_people(
    make_hands: Callable[..., Hands], as_incident: Any, server: Server, places: tuple[str, ...], expected: list[str]
) -> None:
    """The places that were approved with the text, when it is sent too."""
    hands = with_channels(make_hands(HALON_SMTP=server.address), mail_channel("people", each_affected=True))
    people = (Affected("ca@mail.example", "US-CA"), Affected("de@mail.example", "DE"), Affected("nowhere@mail.example"))
    listed = await seal(hands.evidence, INCIDENT, "people.csv", written(once(people)), "text/csv", hands.now(), "whom",
                        hands.kit.evidence.label("other"))  # fmt: skip
    one = Notice("n", "leadership", channel="people", subject="s", body="b\n", affected=listed.sha256, places=places)
    sent = await as_incident(
        Notify(hands).send, Sending(INCIDENT, one, about={}), start_to_close_timeout=timedelta(minutes=2)
    )
    assert sent.receipt.startswith(f"{len(expected)} sent, 0 refused")
    assert sorted(server.taken) == expected


async def test_an_error_after_a_try_that_may_have_arrived_says_so(
    make_hands: Callable[..., Hands], as_incident: Any, server: Server
) -> None:
    """The connection died with the mail under way; then the kit lost the channel: nobody reads that nothing was sent."""
    hands = with_channels(make_hands(HALON_SMTP=server.address), mail_channel("authority"))
    one = Notice(
        "n", "regulator", channel="authority", recipient="in@authority.example", subject="s", body="b\n", gate=POLICY
    )
    request = Sending(INCIDENT, one, about={})
    server.gone = True
    for sender in (hands, with_channels(hands, mail_channel("another"))):
        with pytest.raises(ApplicationError) as caught:
            await as_incident(Notify(sender).send, request)
        assert caught.value.type == "Uncertain"
    assert "since then: the kit has no channel" in caught.value.message
    never = replace(request, notice=replace(one, attempt=2))
    with pytest.raises(ApplicationError) as caught:
        await as_incident(Notify(with_channels(hands, mail_channel("another"))).send, never)
    assert caught.value.type == "NoChannel"
    assert server.taken == ["in@authority.example"]


@pytest.mark.parametrize(("error", "kind", "final"), [
    (Unexpected(524, "timeout"), "Uncertain", True), (Unexpected(503, "later"), "Uncertain", True),
    (Unexpected(503, "bad sequence", "smtp"), "Unexpected", True), (Unexpected(454, "later", "smtp"), "Unexpected", False),
], ids=["HTTP 524", "HTTP 503", "SMTP 503", "SMTP 454"])  # fmt: skip
async def test_what_a_code_proves_hangs_on_its_protocol(
    make_hands: Callable[..., Hands], as_incident: Any, monkeypatch: pytest.MonkeyPatch, error: Unexpected, kind: str,
    final: bool,
) -> None:  # fmt: skip
    """A web hook that broke may have taken it: a person looks, and it is posted once. A mail server's no is one."""
    hands = with_channels(make_hands(), mail_channel("authority"))
    calls: list[str] = []

    async def answered(hands: Hands, channel: Channel, mail: channels.Mail) -> str:
        calls.append(mail.key)
        raise error

    monkeypatch.setattr("halon_activities.notify.deliver", answered)
    one = Notice(
        "n", "regulator", channel="authority", recipient="in@authority.example", subject="s", body="b\n", gate=POLICY
    )
    for _ in range(3):
        with pytest.raises(ApplicationError) as caught:
            await as_incident(Notify(hands).send, Sending(INCIDENT, one, about={}))
        assert (caught.value.type, caught.value.non_retryable) == (kind, final)
    assert len(calls) == (1 if kind == "Uncertain" else 3)


async def test_what_leadership_is_let_read_reaches_each_of_its_channels(
    make_hands: Callable[..., Hands], as_incident: Any, server: Server
) -> None:
    """One override by name, of one notice: every channel gets it, each once."""
    hands = with_channels(
        make_hands(HALON_SMTP=server.address),
        mail_channel("leadership"),
        mail_channel("board", recipients=("b@acme.example",)),
    )
    text = "We guarantee that this will never happen again."
    one = Notice("leadership", "leadership", recipient="l@acme.example", subject="s", body=f"{text}\n")
    about: dict[str, Any] = {"figures": {}}
    rules = [each.rule for each in _objected(hands, one, about)]
    assert rules, "nothing objects to it: the test says nothing"
    let = tuple(
        Overridden("leadership", each.rule, (each.sentence,), "cus", "r", "t") for each in _objected(hands, one, about)
    )
    for _ in range(2):
        for channel, beside in (("leadership", False), ("board", True)):
            request = Sending(INCIDENT, replace(one, channel=channel), None, about, let, beside=beside)
            await as_incident(Notify(hands).send, request)
    assert sorted(server.taken) == ["b@acme.example", "l@acme.example"]


def _objected(hands: Hands, one: Notice, about: dict[str, Any]) -> tuple[Any, ...]:
    from halon_activities import checking

    return checking.checked(hands, one, about, "").objections
