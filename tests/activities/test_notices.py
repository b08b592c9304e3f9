"""Notices: drafted from templates, sent once through their gate; pages: better twice than never."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from typing import Any

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from halon.incident.about import about
from halon.incident.gates import Gate, Proof, gate_id
from halon.incident.messages import Message
from halon.incident.notices import Notice
from halon.incident.orders import GatePolicy, effect_key
from halon.incident.state import State
from halon.ports.notify import Draft, Page, Sending
from halon.record.holdings import Stores, holdings
from halon_activities.hands import Hands
from halon_activities.notify import Notify

INCIDENT = "incident-support-bot.unauthorised-tool:run-1"
NOW = "2026-11-22T09:00:00Z"
POLICY = GatePolicy(("privacy_officer",))


class Inbox:
    """Keeps mails; with ``gone`` the connection dies after the content."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.gone = False
        self.address = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        if self.gone:
            server.transport.abort()
        return "250 taken"


@pytest.fixture
def inbox(serving: Any) -> Iterator[Inbox]:
    with serving(Inbox()) as handler:
        yield handler


def notice(**changes: Any) -> Notice:
    made = Notice("eu-gdpr-33-notification", "regulator", "eu-gdpr-33", "notification", "regulator", "regulator-mail",
                  "breach-notices@authority.example", gate=POLICY)  # fmt: skip
    return replace(made, **changes)


def state() -> State:
    return State(
        INCIDENT, "incident-support-bot.unauthorised-tool", "INC-7F3A", "support-bot", "g", "2026-11-22T08:00:00Z"
    )


def gate_for(one: Notice, incident_id: str, *answers: Any) -> Gate:
    digest = one.digest_for(incident_id)
    return Gate(
        id=gate_id(one.id, digest), kind="notice", subject=one.id, digest=digest, title="", question=(), policy=POLICY,
        opened_at="2020-01-01T00:00:00Z", deadline_at="2099-01-01T00:00:00Z", escalate_at="2099-01-01T00:00:00Z",
        answers=answers, status="granted",
    )  # fmt: skip


async def drafted(hands: Hands, as_incident: Any) -> Notice:
    one: Notice = await as_incident(Notify(hands).draft, Draft(INCIDENT, notice(), about(state(), NOW)))
    return one


async def test_a_draft_has_what_article_33_asks_for_and_says_what_is_not_known(hands: Hands, as_incident: Any) -> None:
    """Nature, people and records, contact, consequences, measures; unknown is said; the record's head is printed."""
    one = await drafted(hands, as_incident)
    assert "INC-7F3A" in one.subject
    assert "\n" not in one.subject
    for needed in (
        "What happened", "Approximate number of people concerned: not known yet", "Approximate number of records",
        "Categories of data", "Contact for more information", "Likely consequences", "Measures taken",
        "What we do not know yet", "in phases", "record head: ", "at entry 0",
    ):  # fmt: skip
        assert needed in one.body, needed
    assert (one.status, one.recipient) == ("drafted", "breach-notices@authority.example")


@pytest.mark.parametrize(
    ("access", "sealed"), [("", "restricted"), ("open", "restricted"), ("privileged", "privileged")]
)
async def test_the_text_of_a_restricted_incident_is_sealed_for_few(
    hands: Hands, as_incident: Any, access: str, sealed: str
) -> None:
    """What is asked for narrows what the kit says of reports, and never widens it."""
    asked = Draft(INCIDENT, notice(), about(state(), NOW), keep=True, access=access)
    one = await as_incident(Notify(hands).draft, asked)
    held = await holdings(INCIDENT, Stores(hands.record, hands.evidence), hands.kit.evidence)
    assert [each.access for each in held if each.path == one.version["path"]] == [sealed]


@pytest.mark.parametrize("audience", ["regulator", "customers", "counterparty", "leadership", "responders"])
async def test_every_audience_has_its_template(hands: Hands, as_incident: Any, audience: Any) -> None:
    """Without a template of its own, and under the names by which kit and workflow call them."""
    for template in ("", audience, f"notices/{audience}.md.j2"):
        asked = Draft(INCIDENT, notice(audience=audience, template=template), about(state(), NOW))
        one = await as_incident(Notify(hands).draft, asked)
        assert one.subject
        assert "record head" in one.body


async def test_an_approved_notice_is_sent_once(
    temporal: Client, make_hands: Any, opened: Any, as_incident: Any, asked: Any, inbox: Inbox
) -> None:
    """One mail under the effect's Message-ID; asked for again, the first receipt comes back."""
    hands = make_hands(HALON_SMTP=inbox.address)
    async for incident in opened(temporal, hands, "notice-once"):
        one = await drafted(hands, as_incident)
        name = gate_for(one, incident.incident_id).id
        proof = await incident.say("approve", by="pat", gate=name)
        gate = gate_for(one, incident.incident_id, asked.answer("pat", proof))
        request = Sending(incident.incident_id, one, gate)
        first = await incident.act("notify.send", request)
        again = await incident.act("notify.send", request)
        assert (first["already"], again["already"], first["receipt"]) == (False, True, again["receipt"])
        assert len(inbox.mails) == 1
        assert first["receipt"].split()[0] in inbox.mails[0].content.decode()
        assert inbox.mails[0].rcpt_tos == ["breach-notices@authority.example"]


async def test_a_notice_without_its_approval_is_not_sent(
    temporal: Client, make_hands: Any, opened: Any, as_incident: Any, asked: Any, inbox: Inbox
) -> None:
    """No gate, a forged grant, and another text than was approved: all refused."""
    hands = make_hands(HALON_SMTP=inbox.address)
    async for incident in opened(temporal, hands, "notice-refused"):
        one = await drafted(hands, as_incident)
        proof = await incident.say("approve", by="pat", gate=gate_for(one, incident.incident_id).id)
        granted = gate_for(one, incident.incident_id, asked.answer("pat", proof))
        forged = gate_for(one, incident.incident_id, asked.answer("pat", Proof(incident.run_id, "update", "none")))
        other = replace(one, body=one.body + "\nAnd one more thing.")
        for request in (
            Sending(incident.incident_id, one),
            Sending(incident.incident_id, one, forged),
            Sending(incident.incident_id, other, granted),
            Sending(incident.incident_id, replace(one, gate=None), granted),
            Sending(incident.incident_id, replace(one, audience="customers", gate=None)),
        ):
            with pytest.raises(WorkflowUpdateFailedError) as caught:
                await incident.act("notify.send", request)
            assert "ProofMissing" in repr(root(caught.value))
        assert inbox.mails == []


async def test_a_notice_that_may_have_arrived_is_asked_about(
    make_hands: Any, as_incident: Any, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection died after the content: Uncertain, and nothing is sent on the next try."""
    from halon_activities import proofs

    async def approved(*_: object, **__: object) -> tuple[str, ...]:
        return ("pat",)

    monkeypatch.setattr(proofs, "require_approval", approved)
    hands = make_hands(HALON_SMTP=inbox.address)
    one = await drafted(hands, as_incident)
    inbox.gone = True
    for _ in range(2):
        with pytest.raises(ApplicationError) as caught:
            await as_incident(Notify(hands).send, Sending(INCIDENT, one, gate_for(one, INCIDENT)))
        assert (caught.value.type, caught.value.non_retryable) == ("Uncertain", True)
    assert len(inbox.mails) == 1


async def test_a_mail_server_that_is_away_leaves_the_notice_to_be_sent(
    make_hands: Any, as_incident: Any, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Provably not delivered: the same notice goes out when the server is back, once."""
    from halon_activities import proofs

    async def approved(*_: object, **__: object) -> tuple[str, ...]:
        return ("pat",)

    monkeypatch.setattr(proofs, "require_approval", approved)
    away, back = make_hands(HALON_SMTP="127.0.0.1:1"), make_hands(HALON_SMTP=inbox.address)
    request = Sending(INCIDENT, await drafted(back, as_incident), None)
    for _ in range(2):
        with pytest.raises(ApplicationError) as caught:
            await as_incident(Notify(away).send, request)
        assert (caught.value.type, caught.value.non_retryable) == ("Unreachable", False)
    assert (await as_incident(Notify(back).send, request)).already is False
    assert len(inbox.mails) == 1


async def test_leadership_is_told_without_a_gate(hands: Hands, as_incident: Any) -> None:
    """An internal message: into the channel that the kit names."""
    told = notice(audience="leadership", template="leadership", channel="leadership", gate=None, recipient="")
    one = await as_incident(Notify(hands).draft, Draft(INCIDENT, told, about(state(), NOW)))
    sent = await as_incident(Notify(hands).send, Sending(INCIDENT, one))
    line = json.loads((hands.home / "leadership.log").read_text())
    assert sent.receipt == "leadership: leadership.log"
    assert line["key"] == effect_key(INCIDENT, one.id, "send", 1)


@pytest.mark.parametrize(
    ("named", "against"), [("breach-notices@authority.example", []), ("jo@somewhere.example", ["sensitive"])]
)
async def test_leadership_hears_of_a_gate_by_the_address_that_the_kit_names_and_by_no_other(
    hands: Hands, as_incident: Any, named: str, against: list[str]
) -> None:
    """While people are asked for a notice its gate says where it goes: that holds back no status, another address does."""
    waits = notice(status="waiting")
    asked = replace(gate_for(waits, INCIDENT), status="open", title=f"send the GDPR notice to {named}")
    now = about(replace(state(), notices=(waits,), gates=(asked,)), NOW)
    told = notice(audience="leadership", template="leadership", channel="leadership", gate=None, recipient="")
    one = await as_incident(Notify(hands).draft, Draft(INCIDENT, told, now))
    assert f"to {named} - " in one.body
    assert [each.rule for each in one.objections] == against


async def test_a_page_goes_out_on_every_channel_of_the_person(make_hands: Any, as_incident: Any, inbox: Inbox) -> None:
    """File and mail for pat; one channel that fails is said, and the page counts as delivered."""
    hands = make_hands(HALON_SMTP=inbox.address)
    page = Page(INCIDENT, "INC-7F3A", Message("m1", "page", "pat", "Wake up\nBcc: x@y.example", "It burns.", NOW))
    paged = await as_incident(Notify(hands).page, page)
    assert (paged.delivered, paged.failed) == (("pages-file", "mail"), ())
    assert inbox.mails[0].rcpt_tos == ["pat@acme.example"]
    assert b"\r\nBcc:" not in inbox.mails[0].content
    inbox.address = ""
    half = await as_incident(Notify(make_hands(HALON_SMTP="127.0.0.1:1")).page, page)
    assert (half.delivered, len(half.failed)) == (("pages-file",), 1)
    assert "can't be reached" in half.failed[0]


async def test_a_page_is_short_in_one_thread_and_leads_to_the_incident(
    make_hands: Any, as_incident: Any, inbox: Inbox
) -> None:
    """Two pages of one incident, one conversation; the link of this installation, nothing personal, and the level."""
    hands = replace(make_hands(HALON_SMTP=inbox.address), link="https://halon.example")
    for number in (1, 2):
        told = Message(
            f"m{number}", "page", "pat", f"[INC-7F3A] number {number}", "b" * 900, NOW, until="2026-11-22T13:05:00Z"
        )
        page = Page(
            INCIDENT,
            "INC-7F3A",
            told,
            harm="support-bot wrote to ann.example@mail.example.",
            done="Nothing yet.",
            severity="SEV2",
        )
        await as_incident(Notify(hands).page, page)
    mails = [message_from_bytes(mail.content) for mail in inbox.mails]
    assert len({mail["References"] for mail in mails}) == 1
    text = mails[0].get_payload(decode=True).decode()
    assert len(" ".join(text.split())) + len(str(mails[0]["Subject"])) <= 320
    assert text.startswith("SEV2 support-bot wrote to [email]")
    assert "Until 14:05 on 22 Nov (Europe/Berlin). https://halon.example/i/INC-7F3A INC-7F3A" in " ".join(text.split())


async def test_the_end_of_a_page_goes_only_where_something_rings(make_hands: Any, as_incident: Any) -> None:
    """A mail or a file needs no end; nothing is delivered, and nothing fails."""
    hands = make_hands()
    over = await as_incident(
        Notify(hands).page, Page(INCIDENT, "INC-7F3A", Message("m2", "resolve", "pat", "s", "b", NOW))
    )
    assert (over.delivered, over.failed) == ((), ())
    assert not (hands.home / "pages.log").exists()


async def test_a_page_that_reaches_nobody_is_tried_again(make_hands: Any, as_incident: Any) -> None:
    """No channel took it: retryable. Nobody of that name: final."""
    message = Message("m1", "page", "pat", "s", "b", NOW, channels=("mail",))
    with pytest.raises(ApplicationError) as caught:
        await as_incident(Notify(make_hands()).page, Page(INCIDENT, "INC-7F3A", message))
    assert (caught.value.type, caught.value.non_retryable) == ("NotDelivered", False)
    with pytest.raises(ApplicationError) as stranger:
        await as_incident(
            Notify(make_hands()).page, Page(INCIDENT, "INC-7F3A", replace(message, to="mallory", channels=()))
        )
    assert (stranger.value.type, stranger.value.non_retryable) == ("NoChannel", True)


def root(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
