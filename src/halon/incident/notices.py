"""A rendered message to a regulator, customers, the other party of a contract, leadership or responders."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from halon.incident.canonical import digest
from halon.incident.orders import GatePolicy, without_later

_LATER = ("promise", "light", "preapproved", "portal", "affected", "places", "language", "written")
Audience = Literal["regulator", "customers", "counterparty", "leadership", "responders"]
NoticeStatus = Literal[
    "planned", "drafted", "waiting", "sending", "put_off", "by_hand", "sent", "uncertain", "failed", "denied", "dropped"
]


@dataclass(frozen=True, slots=True)
class Objection:
    """What a check before sending found: the rule, the sentence (empty: something is not there), and what to do."""

    rule: str
    sentence: str
    why: str

    @property
    def matter(self) -> str:
        """What it is about: the sentence, or what is not there and what is known of that."""
        return self.sentence or self.why


@dataclass(frozen=True, slots=True)
class Overridden:
    """A named person lets a notice go out although a rule objects to these sentences. ``at`` is ISO 8601 UTC.

    Of what is not in the text, ``sentences`` hold why the rule objects; in an incident that an earlier release judged one
    empty sentence, which lets all of that pass.
    """

    notice: str
    rule: str
    sentences: tuple[str, ...]
    by: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class Content:
    """One thing that the regime asks the notice to hold.

    ``facts`` name what fills it, ``missing`` those among them that are not known, ``unsaid`` those that are known and do
    not stand in the text. Without any, a person writes it and sees to it.
    """

    what: str
    facts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unsaid: tuple[str, ...] = ()

    @property
    def filled(self) -> bool:
        """Whether everything that fills it is known, and stands in the text."""
        return bool(self.facts) and not self.missing and not self.unsaid


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice, as it will be sent. ``channel`` names a channel of the kit, ``recipient`` its address in words.

    Notices to a regulator, to customers and to a counterparty are sent once and only through a gate; leadership and responders need none. One that is
    ``put_off`` is approved, and its channel takes nothing now: it is tried again as long as its yes is kept.

    ``promise`` is the time (ISO 8601 UTC) by which its reader is told more, empty if it promises none. ``objections`` are
    what the checks found when it was drafted, ``contents`` how far it holds what the regime asks for. ``version`` refers
    to the sealed text: path, sha256 (hex), size (bytes); empty where an earlier release drafted it.

    ``light`` is the gate of a ``preapproved`` text (by whom, until when); ``full_because`` says why one that is named so
    takes the full gate all the same. ``affected`` is the SHA-256 (hex) of the list of people, each of whom is written to;
    ``places`` are those of the law behind it, where it counts people by place: who lives elsewhere is not written to. With a ``portal`` a person files it there, and Halon sends nothing.

    ``language`` (BCP 47 primary tag) is the one that it is asked for in, ``written`` that of the template that was taken;
    both are empty where its duty names none: then it is English.
    """

    id: str
    audience: Audience
    obligation: str = ""
    stage: str = ""
    template: str = ""
    channel: str = ""
    recipient: str = ""
    subject: str = ""
    body: str = ""
    gate: GatePolicy | None = None
    status: NoticeStatus = "planned"
    attempt: int = 1
    sent_at: str = ""
    receipt: str = ""
    note: str = ""
    record_head: str = ""
    promise: str = ""
    objections: tuple[Objection, ...] = ()
    contents: tuple[Content, ...] = ()
    version: dict[str, Any] = field(default_factory=dict)
    light: GatePolicy | None = None
    preapproved: str = ""
    full_because: str = ""
    portal: str = ""
    affected: str = ""
    places: tuple[str, ...] = ()
    language: str = ""
    written: str = ""

    @property
    def policy(self) -> GatePolicy | None:
        """The gate that it takes: the lighter one where its text is preapproved, never none."""
        return self.light or self.gate

    def digest_for(self, incident_id: str) -> str:
        """SHA-256 (hex) over the incident and all that decides what is sent to whom; not over how far it has come."""
        told = asdict(self)
        for progress in ("status", "sent_at", "receipt", "note", "objections", "contents", "version", "full_because"):
            told.pop(progress)
        for later in _LATER:
            if not told[later]:  # what was asked before there was such a thing keeps its digest
                del told[later]
        without_later(told["gate"])
        without_later(told.get("light"))
        return digest({"incident": incident_id, "verb": "send", "notice": told})


def objected(one: Notice, overridden: tuple[Overridden, ...]) -> tuple[Objection, ...]:
    """The objections to ``one`` that nobody has overridden. An override counts for the sentences that it was said of, and
    for what is missing as it was told then."""
    let = {(each.rule, sentence) for each in overridden if each.notice == one.id for sentence in each.sentences}
    return tuple(each for each in one.objections if not {(each.rule, each.sentence), (each.rule, each.matter)} & let)
