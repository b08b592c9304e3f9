"""Draft a notice, send it once through its gate, page people."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio import activity

from halon.connectors import smtp
from halon.connectors.errors import ConnectorError, Refused
from halon.connectors.marker import thread_key
from halon.connectors.product import Kind
from halon.evidence.labels import Label, stricter
from halon.incident.errors import Malformed
from halon.incident.notices import Notice
from halon.incident.orders import Effect, effect_key
from halon.incident.paging import compose
from halon.judgement.communication.checks import duty_of
from halon.kit import Channel
from halon.ports.notify import Draft, Page, Paged, Sending, Sent
from halon.redaction import redact
from halon_activities import checking, effects, mailing, preapproval, proofs, sealed, wording
from halon_activities.beat import beating
from halon_activities.channels import Mail, channel_of, deliver
from halon_activities.failures import CheckFailed, HandError, NoChannel, NotDelivered, Uncertain, in_words, typed
from halon_activities.guard import require_incident
from halon_activities.hands import Hands
from halon_activities.jurisdictions import places_of
from halon_activities.people import person

_GATED = ("regulator", "customers", "counterparty")
_SUBJECT = "Subject: "
_KINDS: dict[str, Kind] = {"page": "page", "inform": "update", "leadership": "update", "resolve": "resolve"}
_TO_END, _TURN = 30.0, 30.0
"""Seconds of a try that are left for the last mail begun in it; and for which mails are begun in one try at most: a hold,
or a yes that is taken back, counts before the next one."""
RINGING = ("pagerduty", "opsgenie")
"""Kinds of channel that ring until somebody, or we, say that it is over."""


class Notify:
    """The activities of ``halon.ports.notify``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    @activity.defn(name="notify.draft")
    async def draft(self, request: Draft) -> Notice:
        """Render subject and body from the notice's template."""
        with typed():
            notice = request.notice
            asked = wording.language_of(notice, request.about)
            text = wording.chosen(self._hands, notice, asked)
            places = places_of(self._hands.kit, notice.obligation) if self._to_each_of(notice) else ()
            told = wording.in_language(notice, request.about, text.language, places)
            first, _, body = text.rendered(_values(request, told, text.language)).partition("\n")
            if not first.startswith(_SUBJECT):
                raise Malformed(f"the template of {notice.id} must begin with a line 'Subject: …'")
            head = request.about.get("record") or {}
            drafted = replace(
                notice,
                subject=first.removeprefix(_SUBJECT).strip(),
                body=body.strip("\n") + "\n",
                recipient=notice.recipient or self._recipient(notice),
                record_head=str(head.get("head", "")) if isinstance(head, dict) else "",
                status="drafted",
                language=asked,
                written=text.language if asked else "",
            )
            listed = str((request.about.get("affected") or {}).get("sha256", ""))
            drafted = replace(drafted, affected=preapproval.to_each(self._hands, drafted, listed))
            places = places_of(self._hands.kit, notice.obligation) if drafted.affected else ()
            drafted = replace(drafted, places=places)
            drafted = checking.checked(self._hands, drafted, request.about, text.own,
                                       ahead=preapproval.ahead(self._hands, drafted, text.name))  # fmt: skip
            drafted = preapproval.with_gate(self._hands, drafted, text.name)
            return await self._sealed(request, drafted) if request.keep else drafted

    async def _sealed(self, request: Draft, drafted: Notice) -> Notice:
        """With its text sealed, each version by itself: what was asked about and sent can be read for good."""
        require_incident(request.incident_id)
        hands = self._hands
        content = f"Subject: {drafted.subject}\nTo: {drafted.recipient}\n\n{drafted.body}".encode()
        done = await sealed.seal(
            hands.evidence, request.incident_id, f"{drafted.id}-{drafted.attempt}-notice.txt", content,
            "text/plain; charset=utf-8", hands.now(), f"draft {drafted.attempt} of {drafted.id}",
            self._label(request.access),
        )  # fmt: skip
        return replace(drafted, version={"path": done.path, "sha256": done.sha256, "size": done.size})

    def _label(self, access: str) -> Label:
        """The kit's word on reports, and no wider than ``access``."""
        label = self._hands.kit.evidence.label("report", "redacted")
        return replace(label, access=stricter(label.access, access))

    def _to_each_of(self, notice: Notice) -> bool:
        """Whether the notice goes to each of the people on the list by itself."""
        channel = self._hands.kit.channels.get(notice.channel)
        return channel is not None and channel.each_affected

    @activity.defn(name="notify.send")
    async def send(self, request: Sending) -> Sent:
        """Send a notice, once. Raises ``Uncertain`` where it may have arrived before: then a person is asked."""
        with typed():
            info = require_incident(request.incident_id)
            notice = request.notice
            async with beating():
                digest = notice.digest_for(request.incident_id)
                if notice.audience in _GATED or request.gate is not None:
                    await proofs.require_approval(
                        self._hands,
                        info,
                        incident_id=request.incident_id,
                        kind="notice",
                        what=f"sending {notice.id}",
                        gate=request.gate,
                        policy=notice.policy,
                        subject=notice.id,
                        digest=digest,
                    )
                if await self._nothing_sent(request):  # what went out is not checked: asked again, it is only looked up
                    text = wording.chosen(self._hands, notice, notice.language)
                    preapproval.require_still(self._hands, notice, text.name)
                    await checking.require_checked(self._hands, info, request, text.own)
                effect: Effect = "once" if notice.audience in _GATED else "repeatable"
                try:
                    return await self._send(request, digest, effect)
                except Exception as error:
                    await self._require_nothing_open(request, effect, error)
                    raise

    @activity.defn(name="notify.page")
    async def page(self, request: Page) -> Paged:
        """Page a person or inform a channel; better twice than never."""
        with typed():
            require_incident(request.incident_id)
            message = request.message
            names, addresses = self._where(request)
            if message.kind == "resolve":
                names = tuple(one for one in names if channel_of(self._hands, one).kind in RINGING)
                if not names:
                    return Paged(self._hands.now())
            key = effect_key(request.incident_id, message.id, "page", 1)
            mail = self._paged(request, key, addresses)
            delivered: list[str] = []
            failed: list[str] = []
            for name in names:
                try:
                    await deliver(self._hands, channel_of(self._hands, name), mail)
                except (ConnectorError, HandError) as error:
                    failed.append(f"{name}: {in_words(error)}")
                else:
                    delivered.append(name)
            if not delivered:
                raise NotDelivered(f"{message.to} could not be reached: {'; '.join(failed)}")
            rang = tuple(one for one in delivered if channel_of(self._hands, one).kind in RINGING)
            return Paged(self._hands.now(), tuple(delivered), tuple(failed), rang)

    def _paged(self, request: Page, key: str, addresses: tuple[str, ...]) -> Mail:
        """The page as it goes out: in the incident's one thread, in the reader's own time, with the link if there is one."""
        who = person(self._hands.kit, request.message.to)
        link = f"{self._hands.link}/i/{request.reference}" if self._hands.link and not request.restricted else ""
        subject, body = compose(
            request.message, request.reference, harm=redact(request.harm).text, done=request.done,
            severity=request.severity, zone=who.zone if who else "", link=link,
        )  # fmt: skip
        return Mail(
            key, subject, body, request.reference, addresses, incident=request.incident_id, severity=request.severity,
            link=link, kind=_KINDS[request.message.kind], part=request.message.part,
        )  # fmt: skip

    async def _require_nothing_open(self, request: Sending, effect: Effect, error: Exception) -> None:
        """Raises Uncertain where an earlier try may have arrived: no other error may say then that nothing was sent."""
        key = _key(request)
        channel = self._hands.kit.channels.get(request.notice.channel)
        each = channel is not None and channel.each_affected
        if effect != "once" or each or isinstance(error, Uncertain):
            return
        if await effects.unanswered(self._hands.journal, key):
            raise Uncertain(f"an earlier try may have arrived; since then: {in_words(error)}") from error

    async def _nothing_sent(self, request: Sending) -> bool:
        key = _key(request)
        begun = await effects.unanswered(self._hands.journal, key)
        return not begun and await effects.settled(self._hands.journal, key) is None

    async def _send(self, request: Sending, digest: str, effect: Effect) -> Sent:
        hands, notice = self._hands, request.notice
        key = _key(request)
        channel = channel_of(hands, notice.channel)
        reference = request.incident_id.rpartition(":")[0]
        mail = Mail(key, notice.subject, notice.body, reference, _addresses(notice.recipient))
        if notice.audience == "leadership":  # one conversation an incident, apart from that of its responders
            mail = replace(mail, thread=thread_key(request.incident_id, "leadership"), kind="update")
        if not notice.body.strip():
            raise Malformed(f"{notice.id} has no text; draft it first")

        if channel.each_affected:
            return await self._to_each(request, mail, channel, digest)

        async def carry() -> dict[str, Any]:
            receipt = await deliver(hands, channel, mail)
            return {"receipt": receipt, "at": hands.now(), "channel": channel.name}

        what = {"digest": digest, "notice": notice.id}
        done = await mailing.letting_end(effects.carry_out(hands.journal, key, what, effect, carry))
        proof = (await self._proof(request, done.receipt),) if effect == "once" else ()
        return Sent(str(done.receipt["at"]), str(done.receipt["receipt"]), already=done.replayed, sealed=proof)

    async def _to_each(self, request: Sending, mail: Mail, channel: Channel, digest: str) -> Sent:
        """One mail to each person of the list that was approved with the text.

        That it was begun is written down: from then on the approved text goes to everybody, whatever is said meanwhile.
        """
        notice, journal = request.notice, self._hands.journal
        if not notice.affected:
            raise CheckFailed(
                f"{notice.id} goes to each affected person, and no list of them is named: halon affected ID --csv FILE"
            )
        people = await mailing.whom(self._hands, request.incident_id, notice.affected, notice.places)
        begun = await journal.intend(mail.key, {"digest": digest, "notice": notice.id})
        if begun.receipt is not None:
            return Sent(**_told(begun.receipt), already=True)
        name = f"{notice.id}-{notice.attempt}-recipients.csv"
        this = mailing.Round(notice.attempt, request.anew, request.last, _ends())
        each = replace(mail, key=effect_key(request.incident_id, notice.id, "send-each", 1))
        done = await mailing.each(
            self._hands, channel, each, request.incident_id, notice.affected, name, request.access, people, this
        )
        receipt = {
            "at": self._hands.now(),
            "receipt": done.receipt,
            "sealed": [done.proof],
            "unreached": done.unreached,
        }
        return Sent(**_told(await journal.settle(mail.key, receipt)))

    async def _proof(self, request: Sending, receipt: dict[str, Any]) -> dict[str, Any]:
        """What the receiver answered, sealed as the proof of delivery."""
        notice, hands = request.notice, self._hands
        content = json.dumps(
            {"notice": notice.id, "attempt": notice.attempt, "to": notice.recipient, **receipt}, indent=2
        )
        done = await sealed.seal(
            hands.evidence, request.incident_id, f"{notice.id}-{notice.attempt}-receipt.json", content.encode(),
            "application/json", str(receipt["at"]), f"proof of delivery of {notice.id}",
            self._label(request.access),
        )  # fmt: skip
        return {"path": done.path, "sha256": done.sha256, "size": done.size}

    def _where(self, request: Page) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The channels and the addresses for a message."""
        message, kit = request.message, self._hands.kit
        who = person(kit, message.to)
        names = message.channels or (who.channels if who is not None else ())
        if not names and message.to in kit.channels:
            names = (message.to,)
        if not names:
            raise NoChannel(f"the kit has no channel to reach {message.to[:80]!r}; add one to oncall.yaml")
        address = kit.addresses.get(who.name) if who is not None else None
        return names, (address,) if address else ()

    def _recipient(self, notice: Notice) -> str:
        channel = self._hands.kit.channels.get(notice.channel)
        return ", ".join(channel.recipients) if channel is not None else ""


def _key(request: Sending) -> str:
    """The effect that this is: of a notice that goes to several channels, each is one."""
    one = request.notice
    subject = f"{one.id}@{one.channel}" if request.beside else one.id
    return effect_key(request.incident_id, subject, "send", one.attempt)


def _ends() -> float:
    """When no further mail is begun in this try (``time.monotonic``): the last one has time to end by itself."""
    whole = (activity.info().start_to_close_timeout or timedelta(seconds=60)).total_seconds()
    return time.monotonic() + min(max(whole - _TO_END, whole / 2), _TURN)


def _told(receipt: dict[str, Any]) -> dict[str, Any]:
    """What stands in the journal of a notice that everybody was written to, as the fields of ``Sent``."""
    return {**receipt, "sealed": tuple(receipt["sealed"])}


def _values(request: Draft, values: dict[str, Any], language: str) -> dict[str, Any]:
    """What a notice's template may say: ``values``, and of the notice whom it is for and which duty it meets."""
    notice, about = request.notice, request.about
    duty = duty_of(notice, about)
    late = next(
        (
            {"due": one.get("due", ""), "reason": _why_late(duty, notice.stage)}
            for one in about.get("deadlines", ())
            if one.get("obligation") == notice.obligation and one.get("stage") == notice.stage and one.get("overdue")
        ),
        None,
    )
    told = {
        "id": notice.id,
        "audience": notice.audience,
        "obligation": notice.obligation,
        "stage": notice.stage,
        "recipient": notice.recipient,
    }
    promised = {"next_update": notice.promise} if notice.audience != "regulator" and notice.promise else {}
    phases = checking.phases(notice, about, language)
    return {**values, **promised, "notice": told, "obligation": duty, "late": late, **phases}


def _why_late(duty: Any, stage: str) -> str:
    """Why this stage is late, as somebody said it last; empty where nobody did."""
    said = duty.get("late_reasons") or () if isinstance(duty, dict) else ()
    return next((str(one["reason"]) for one in reversed(said) if one.get("stage") == stage), "")


def _addresses(recipient: str) -> tuple[str, ...]:
    """The mail addresses in a recipient; words that are none are left to the channel."""
    found = []
    for part in recipient.split(","):
        try:
            smtp.require_address(part.strip())
        except Refused:
            continue
        found.append(part.strip())
    return tuple(found)
