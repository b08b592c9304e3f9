"""The checks before sending, with the hands: what is sensitive, what was overridden by name, and what that leaves."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from temporalio import activity

from halon.incident.affected_people import counted_in
from halon.incident.notices import Notice, Objection, objected
from halon.judgement.communication.checks import check, duty_of
from halon.judgement.communication.contents import completeness, wanted
from halon.judgement.communication.phases import phases as phases
from halon.ports.notify import Sending
from halon.redaction import redact
from halon_activities import mailing, proofs
from halon_activities.failures import CheckFailed
from halon_activities.hands import Hands

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{6,24}[0-9]")
_MOST_SHOWN = 5


def checked(hands: Hands, notice: Notice, about: Mapping[str, Any], template: str, *, ahead: bool = False) -> Notice:
    """``notice`` with what the checks object to, and how far it holds what its regime asks for.

    ``template`` is the organisation's own text, empty if it is Halon's; ``ahead``: somebody approved it ahead.
    """
    duty = duty_of(notice, about)
    found = check(notice, about, _masked(hands, notice, about, template), ahead=ahead)
    channel = hands.kit.channels.get(notice.channel)
    if channel is not None and channel.each_affected and not notice.affected:
        why = "it goes to each affected person, and no list of them is named: halon affected ID --csv FILE"
        found = (*found, Objection("list-named", "", why))
    if notice.affected and (listed := about.get("affected")):
        count = counted_in(int(listed["count"]), listed.get("places") or {}, notice.places)
        if count > mailing.MOST:
            found = (*found, Objection("list-too-long", "", mailing.too_many(count)))
    return replace(
        notice,
        objections=found,
        contents=completeness(wanted(duty, notice.stage), about, notice.body) if duty else (),
    )


async def require_checked(hands: Hands, info: activity.Info, request: Sending, template: str) -> None:
    """Raises CheckFailed for what the checks object to now and nobody overrode; each override is read from history.

    Raises ProofMissing for an override that does not stand there.
    """
    notice = request.notice
    now = {**request.about, "now": hands.now()} if request.about else {}
    ahead = notice.light is not None
    against = check(notice, now, _masked(hands, notice, now, template), sending=True, ahead=ahead)
    found = replace(notice, objections=against)
    counted = []
    for one in request.overridden:
        if one.notice == notice.id and any(each.rule == one.rule for each in found.objections):
            said = {"notice": one.notice, "rule": one.rule}
            await proofs.require_override(hands, info, request.incident_id, one.by, "notice", said)
            counted.append(one)
    left = objected(found, tuple(counted))
    if left:
        told = "; ".join(
            f"{one.rule}{f' in {one.sentence!r}' if one.sentence else ''}: {one.why}" for one in left[:_MOST_SHOWN]
        )
        more = f"; and {len(left) - _MOST_SHOWN} more" if len(left) > _MOST_SHOWN else ""
        raise CheckFailed(f"{notice.id} is not sent as it stands: {told}{more}")


def _masked(
    hands: Hands, notice: Notice, about: Mapping[str, Any], template: str
) -> Callable[[str], Mapping[str, int]]:
    """What the redaction rules find in a sentence, but for addresses that the organisation itself wrote there.

    Among them is where the incident's notices go: leadership is told of a gate by its title, which says to whom it sends.
    """
    own = {notice.recipient, *hands.kit.addresses.values()}
    own |= {str(one.get("recipient") or "") for one in about.get("notices") or ()}
    own |= {channel.sender for channel in hands.kit.channels.values()}
    own |= {one for channel in hands.kit.channels.values() for one in channel.recipients}
    own |= {*_ADDRESS.findall(template), *_PHONE.findall(template)}
    spared = sorted((one for one in own if len(one) > 5), key=len, reverse=True)

    def masked(sentence: str) -> Mapping[str, int]:
        for one in spared:
            sentence = sentence.replace(one, "our address")
        return redact(sentence).counts

    return masked
