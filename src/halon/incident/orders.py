"""An action resolved in full: the calls to apply, verify and undo it. What is approved is exactly what runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from halon.incident.canonical import digest

Effect = Literal["keyed", "once", "repeatable"]
OrderStatus = Literal[
    "planned", "would run", "waiting", "applying", "applied", "verified", "failed", "unverified", "denied", "undone"
]


@dataclass(frozen=True, slots=True)
class Call:
    """One outside call as data. ``secret`` names an environment variable; its value never enters a history.

    ``expect_json`` maps JSON pointers to required values. ``hosts`` are the only hosts that may be reached.
    ``timeout`` is in seconds. ``auth_with`` holds what the auth scheme needs beside secrets, ``secrets`` the variables
    of further secrets, by what each is to the scheme. ``encoding`` is how the body is sent (empty: JSON), ``answer`` how
    the answer is read (empty: JSON). ``near``: the host may be this machine or its own link, also behind a name.
    """

    method: str
    url: str
    hosts: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    expect_status: tuple[int, ...] = (200,)
    expect_json: dict[str, Any] = field(default_factory=dict)
    key_header: str = ""
    auth: str = ""
    secret: str = ""
    timeout: float = 10.0
    auth_with: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    encoding: str = ""
    answer: str = ""
    near: bool = False


_LATER = ("auth_with", "secrets", "encoding", "answer", "near")
"""Fields of a call that came later: left out of a digest where they are empty, so that older ones stay as they were."""

_LATER_OF_ORDER = ("restore_stages", "proposed_by", "covers", "touches_evidence", "takes_effect")
_NOT_AGREED = ("why", "in_act", "if_seen")
"""Fields of an order that are told beside what people agree to, and change nothing about it: never in a digest."""


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """Who must agree before something runs. Times are in seconds from the gate's opening.

    ``quorum`` distinct people of ``roles``, and among those who agree for each role of ``every`` a person of its own.
    ``veto`` are the roles that may say no and thereby end it; empty: whoever may say yes. In an emergency ``break_glass``
    people of ``break_glass_roles`` (empty: whoever may say yes) stand in for all that; 0: nobody can. ``verifier`` is the
    least that must prove who answers; empty: what the kit says for this kind of gate. ``remind_every`` is how often those
    who have not answered are reminded; 0: never.
    """

    roles: tuple[str, ...]
    quorum: int = 1
    exclude_proposer: bool = True
    deadline: int = 3600
    escalate_after: int = 900
    escalate_to: str = "commander"
    otherwise: str = "It does not run; what already stops the harm stays on."
    verifier: str = ""
    remind_every: int = 0
    every: tuple[str, ...] = ()
    veto: tuple[str, ...] = ()
    break_glass: int = 0
    break_glass_roles: tuple[str, ...] = ()


_LATER_OF_GATE = ("verifier", "remind_every", "every", "veto", "break_glass", "break_glass_roles")


def without_later(policy: dict[str, Any] | None) -> None:
    """Take out of ``policy`` (a GatePolicy as JSON) what came later and is empty: what was asked before keeps its digest."""
    for name in _LATER_OF_GATE:
        if policy is not None and not policy[name]:
            del policy[name]


@dataclass(frozen=True, slots=True)
class RestoreStage:
    """One step of giving back: to ``share`` percent, read back, watched for ``watch`` seconds before the next step."""

    share: int
    apply: Call
    verify: Call
    watch: int = 0


@dataclass(frozen=True, slots=True)
class InAct:
    """What mode ``act`` asks first, in whatever mode it was judged: the gate (None: nobody is asked), and why."""

    gate: GatePolicy | None = None
    because: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """An action with its calls. ``rung`` is its step on the ladder (1 runs first); ``disruption`` 0 none to 4 all.

    ``proposed_by`` names those on whose word alone it stands in the plan. With ``restore_stages`` it is given back by
    these, their shares rising to 100; without them by ``undo`` at once. ``covers`` are the ways of harm that it closes,
    as ``kind:name``. ``touches_evidence``: it changes or removes what the evidence is taken from, so that it waits until
    that is sealed. ``takes_effect`` is how long it takes until it can be read back as done, in seconds. ``if_seen``: it
    disrupts more than the severity allows, and runs unasked only because the harm was seen to go on before.
    """

    id: str
    action: str
    title: str
    agent: str
    target: str
    reversible: bool
    effect: Effect
    apply: Call
    verify: Call
    undo: Call | None = None
    undo_verify: Call | None = None
    rung: int = 1
    disruption: int = 1
    stops: tuple[str, ...] = ()
    collateral: tuple[str, ...] = ()
    gentler: str = ""
    way_back: str = ""
    reasons: tuple[str, ...] = ()
    gate: GatePolicy | None = None
    restore_gate: GatePolicy | None = None
    restore_stages: tuple[RestoreStage, ...] = ()
    proposed_by: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    touches_evidence: bool = False
    takes_effect: int = 0
    why: tuple[str, ...] = ()
    in_act: InAct | None = None
    if_seen: bool = False

    @property
    def told(self) -> tuple[str, ...]:
        """Every reason as it is shown: those that people agree to, then those that only explain."""
        return (*self.reasons, *self.why)

    def as_agreed(self) -> Order:
        """The order without what is no part of what people agree to: equal for two that differ in nothing else."""
        return replace(self, why=(), in_act=None, if_seen=False)

    def digest_for(self, incident_id: str, verb: str) -> str:
        """SHA-256 (hex) over the incident, the verb (``apply`` or ``undo``) and the order as agreed to."""
        order = asdict(self)
        for explains in _NOT_AGREED:
            del order[explains]
        for later in _LATER_OF_ORDER:
            if not order[later]:  # what was asked before there was such a thing keeps its digest
                del order[later]
        for policy in (order["gate"], order["restore_gate"]):
            without_later(policy)
        for call in (order[name] for name in ("apply", "verify", "undo", "undo_verify")):
            _without_later(call)
        for stage in order.get("restore_stages", ()):
            _without_later(stage["apply"])
            _without_later(stage["verify"])
        return digest({"incident": incident_id, "verb": verb, "order": order})


def _without_later(call: dict[str, Any] | None) -> None:
    for name in _LATER:
        if call is not None and not call[name]:
            del call[name]


@dataclass(frozen=True, slots=True)
class Action:
    """How far one order has come. ``attempt`` is the logical attempt, part of the idempotency key.

    While it is given back in stages: ``restore_stage`` is the one under way (from 1; 0: none), ``restored_share`` the
    percent given back and read back so far, since ``restored_at``; that is watched until ``watch_until``, and looked at
    next at ``restore_look_at``, after ``restore_looks`` looks.

    ``failed_as`` and ``failure`` are type and words of what went wrong last; empty once it is in force.

    ``asked_by`` stopped the agent by hand at ``asked_at`` and thereby said yes to the attempt ``asked_attempt``, and to no
    other; where that stands in history say ``asked_run`` and ``asked_update`` (empty: a Signal). ``by_hand`` says that they did it
    themselves. ``held``: why Halon carries it out, or gives it back, only later; empty while nothing holds it up.
    ``held_times`` counts how often in a row it was held for ``held_as``, the very same reason.
    ``undo_uncertain`` is when giving it back was given up though the call may have arrived; empty where none may have.
    """

    order: Order
    status: OrderStatus = "planned"
    attempt: int = 1
    applied_at: str = ""
    verified_at: str = ""
    undone_at: str = ""
    before: Any = None
    note: str = ""
    undo_requested_by: str = ""
    undo_attempt: int = 1
    undo_applied_at: str = ""
    restore_stage: int = 0
    restored_share: int = 0
    restored_at: str = ""
    watch_until: str = ""
    restore_look_at: str = ""
    restore_looks: int = 0
    failed_as: str = ""
    failure: str = ""
    asked_by: str = ""
    asked_at: str = ""
    by_hand: str = ""
    held: str = ""
    asked_attempt: int = 0
    asked_run: str = ""
    asked_update: str = ""
    held_as: str = ""
    held_times: int = 0
    undo_uncertain: str = ""


def effect_key(incident_id: str, subject: str, verb: str, attempt: int) -> str:
    """The idempotency key of one outside effect: incident, subject, verb and logical attempt; never a run id."""
    return f"{incident_id}/{subject}/{verb}/{attempt}"
