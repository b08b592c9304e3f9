"""Draft a notice, send it once through its gate, page people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from temporalio import activity

from halon.connectors import smtp
from halon.connectors.errors import ConnectorError, Refused
from halon.connectors.product import Kind
from halon.incident.errors import Malformed
from halon.incident.notices import Notice
from halon.incident.orders import Effect, effect_key
from halon.incident.paging import compose
from halon.ports.notify import Draft, Page, Paged, Sending, Sent
from halon.redaction import redact
from halon.rendering import render, render_own
from halon_activities import effects, proofs
from halon_activities.beat import beating
from halon_activities.channels import Mail, channel_of, deliver
from halon_activities.failures import HandError, NoChannel, NotDelivered, in_words, typed
from halon_activities.guard import require_incident
from halon_activities.hands import Hands
from halon_activities.people import person

_TEMPLATES = {
    "regulator": "notices/regulator.txt.j2",
    "customers": "notices/customers.txt.j2",
    "leadership": "notices/leadership.txt.j2",
    "responders": "notices/responders.txt.j2",
}
_GATED = ("regulator", "customers")
_SUBJECT = "Subject: "
_KINDS: dict[str, Kind] = {"page": "page", "inform": "update", "leadership": "update", "resolve": "resolve"}
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
            text = self._rendered(notice.template or _TEMPLATES[notice.audience], _values(request))
            first, _, body = text.partition("\n")
            if not first.startswith(_SUBJECT):
                raise Malformed(f"the template of {notice.id} must begin with a line 'Subject: …'")
            head = request.about.get("record") or {}
            return replace(
                notice,
                subject=first.removeprefix(_SUBJECT).strip(),
                body=body.strip("\n") + "\n",
                recipient=notice.recipient or self._recipient(notice),
                record_head=str(head.get("head", "")) if isinstance(head, dict) else "",
                status="drafted",
            )

    def _rendered(self, template: str, values: dict[str, Any]) -> str:
        """The organisation's own template of this name comes before the one that comes with Halon."""
        name = template.removeprefix("notices/").removesuffix(".txt.j2")
        mine = self._hands.kit.notices.get(name)
        return render(template, values) if mine is None else render_own(f"notices/{name}.txt.j2", mine, values)

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
                        policy=notice.gate,
                        subject=notice.id,
                        digest=digest,
                    )
                effect: Effect = "once" if notice.audience in _GATED else "repeatable"
                return await self._send(request, digest, effect)

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

    async def _send(self, request: Sending, digest: str, effect: Effect) -> Sent:
        hands, notice = self._hands, request.notice
        key = effect_key(request.incident_id, notice.id, "send", notice.attempt)
        channel = channel_of(hands, notice.channel)
        reference = request.incident_id.rpartition(":")[0]
        mail = Mail(key, notice.subject, notice.body, reference, _addresses(notice.recipient))
        if not notice.body.strip():
            raise Malformed(f"{notice.id} has no text; draft it first")

        async def carry() -> dict[str, Any]:
            receipt = await deliver(hands, channel, mail)
            return {"receipt": receipt, "at": hands.now(), "channel": channel.name}

        done = await effects.carry_out(hands.journal, key, {"digest": digest, "notice": notice.id}, effect, carry)
        return Sent(at=str(done.receipt["at"]), receipt=str(done.receipt["receipt"]), already=done.replayed)

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


def _values(request: Draft) -> dict[str, Any]:
    """What a notice's template may say: ``about``, and of the notice whom it is for and which duty it meets."""
    notice, about = request.notice, request.about
    duty = next(
        (one for one in about.get("obligations", ()) if one.get("key", one.get("id")) == notice.obligation), None
    )
    late = next(
        (
            {"due": one.get("due", ""), "reason": ""}
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
    return {**about, "notice": told, "obligation": duty, "late": late}


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
