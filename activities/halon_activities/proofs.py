"""Was exactly this approved, by the people who may? Read from the workflow's history, never from what is handed in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from temporalio import activity

from halon.incident import quorum, times
from halon.incident.assessment import Person
from halon.incident.commands import parse
from halon.incident.errors import Malformed
from halon.incident.gates import Answer, Gate, Proof
from halon.incident.orders import GatePolicy
from halon.incident.strength import at_least
from halon_activities.failures import ProofMissing
from halon_activities.hands import Hands
from halon_activities.history import Spoken, runs_of
from halon_activities.people import person
from halon_activities.verifying import About, Verifying

APPROVE, BREAK_GLASS = "approve", "break-glass"
_YES = (APPROVE, BREAK_GLASS)
_LATE = timedelta(seconds=10)
"""An answer that came in time stands in history when its workflow task has ended: at most that task's timeout later."""


async def require_approval(
    hands: Hands,
    info: activity.Info,
    *,
    incident_id: str,
    kind: str,
    what: str,
    gate: Gate | None,
    policy: GatePolicy | None,
    subject: str,
    digest: str,
    proposers: Sequence[str] = (),
) -> tuple[str, ...]:
    """The names of those who approved ``what``, whose digest (hex) was computed just now from what will run.

    ``policy`` and ``proposers`` are those of the order or notice itself; of ``gate`` only names and places are used, and looked up again.
    ``kind`` is that of the gate as the kit names it: it says what must prove who answered, and that is proved again from
    history. Raises ProofMissing with what is missing in words.
    """
    if policy is None:
        raise ProofMissing(f"{what} has no gate, so nobody can allow it; give it one in the kit")
    if gate is None:
        raise ProofMissing(f"{what} needs the approval of {quorum.needed(policy)}, and no gate was asked")
    if gate.subject != subject or gate.digest != digest or not gate.id.endswith(f"-{digest[:8]}"):
        raise ProofMissing(f"the gate {gate.id!r} was asked about something else than {what} as it would run now")
    approvals = [answer for answer in gate.answers if answer.approve]
    if not approvals:
        raise ProofMissing(f"nobody approved {what}: gate {gate.id} needs {quorum.needed(policy)}")
    runs = await runs_of(
        hands.temporal,
        info.workflow_id or "",
        info.workflow_run_id or "",
        [answer.proof.run_id for answer in approvals],
    )
    said = sorted(
        (one for run in runs for one in run.spoken if one.payload.get("gate") == gate.id and not one.refused),
        key=lambda one: (one.at, one.number),
    )
    proof = _Proof(hands, incident_id, kind, policy.verifier, digest)
    said = [one for one in said if one.name in _YES or (_was_heard(hands, gate, one) and await proof.of(one) == "")]
    counted: dict[str, Spoken] = {}
    why_not: list[str] = []
    proposed = {*gate.proposed_by, *proposers}
    for answer in approvals:
        reason = await _count(proof, answer, gate, policy, proposed, said, counted)
        if reason:
            why_not.append(f"{answer.by}: {reason}")
    granted_at = _granted_at(hands, policy, counted)
    if granted_at is None:
        lacking = quorum.lacking(policy, _agreed(hands, counted))
        raise ProofMissing(
            f"{what} needs {quorum.needed(policy)}; history shows {', '.join(counted) or 'nobody'} for gate {gate.id}, "
            f"and {lacking}" + (f" ({'; '.join(why_not)})" if why_not else "")
        )
    _require_no_veto(hands, gate, policy, proposed, said, granted_at)
    return tuple(counted)


async def require_said(hands: Hands, info: activity.Info, command: str, by: str, proof: Proof | None) -> str:
    """The person of the kit who said ``command`` to this incident there where ``proof`` says, as history shows.

    What this person said before or since, in another run or in another way is another word. Raises ProofMissing.
    """
    if proof is None:
        raise ProofMissing(f"{command} by {by[:80]!r} was handed in without the place in history where it stands")
    who = person(hands.kit, by)
    if who is None:
        raise ProofMissing(f"{command} was said by {by[:80]!r}, whom the kit does not know")
    allowed, why = hands.kit.may(command, who.roles)
    if not allowed:
        raise ProofMissing(f"{who.name} may not say {command}: {why}")
    for run in await runs_of(hands.temporal, info.workflow_id or "", info.workflow_run_id or "", [proof.run_id]):
        for one in run.spoken:
            if one.name == command and not one.refused and _stands(one, proof) and _is(hands, one, who):
                return who.name
    raise ProofMissing(
        f"no {command} by {who.name} stands in this incident's history where it should "
        f"({proof.kind} {proof.update_id} of run {proof.run_id})"
    )


class _Proof:
    """Whether who said something proved it as strongly as the kit asks, read from the command's own event."""

    def __init__(self, hands: Hands, incident_id: str, kind: str = "", own: str = "", digest: str = "") -> None:
        self.hands = hands
        self._verifying, self._about = Verifying(hands), About(incident_id, digest)
        self._kind, self._own = kind, own

    async def of(self, one: Spoken) -> str:
        """Why it is not proved enough, empty if it is."""
        needed = self.hands.kit.proving.of(one.name, self._kind, self._own)
        if at_least("", needed):
            return ""
        who = person(self.hands.kit, one.by)
        if who is None:
            return "nobody of that name is in the kit"
        found = await self._verifying.prove(one, who, self._about, fresh=False)
        if at_least(found.how, needed):
            return ""
        return f"it takes the verifier {needed}, and history shows {found.why or found.how or 'only a typed name'}"


async def require_override(
    hands: Hands,
    info: activity.Info,
    incident_id: str,
    by: str,
    what: str = "evidence",
    of: Mapping[str, str] | None = None,
) -> str:
    """The person of the kit who overrode ``what``, as history shows. Raises ProofMissing.

    ``what`` is "evidence" (evidence first) or "notice" (a check before sending); ``of`` are fields that the command had.
    """
    who = person(hands.kit, by)
    if who is None:
        raise ProofMissing(f"the override is by {by[:80]!r}, whom the kit does not know")
    allowed, why = hands.kit.may("override", who.roles)
    if not allowed:
        raise ProofMissing(f"{who.name} may not override {_OVERRIDDEN[what]}: {why}")
    proof, why_not = _Proof(hands, incident_id), ""
    wanted = {"what": what, **(of or {})}
    for run in await runs_of(hands.temporal, info.workflow_id or "", info.workflow_run_id or ""):
        for one in run.spoken:
            said = {name: one.payload.get(name) for name in wanted}
            if one.name == "override" and said == wanted and not one.refused:
                speaker = person(hands.kit, one.by)
                if speaker is not None and speaker.name == who.name:
                    if not (reason := await proof.of(one)):
                        return who.name
                    why_not = f": {reason}"
    raise ProofMissing(f"no override by {who.name} stands in this incident's history{why_not}")


_OVERRIDDEN = {"evidence": "evidence first", "notice": "a check before sending"}


async def _count(
    proof: _Proof,
    answer: Answer,
    gate: Gate,
    policy: GatePolicy,
    proposers: Collection[str],
    said: Sequence[Spoken],
    counted: dict[str, Spoken],
) -> str:
    """Count one answer, or say why it does not count."""
    hands = proof.hands
    who = person(hands.kit, answer.by)
    if who is None:
        return "nobody of that name is in the kit"
    held = ", ".join(who.roles) or "no role"
    if answer.glass and not quorum.may_break(policy, who.roles):
        return f"holds {held}, and may not break the glass of this gate"
    if not answer.glass and not quorum.may_answer(policy, who.roles):
        return f"holds {held}, and {' or '.join(quorum.asked_of(policy))} is needed"
    word = BREAK_GLASS if answer.glass else APPROVE
    may, why = hands.kit.may(word, who.roles)
    if not may:
        return f"may not say {word} any more: {why}"
    known = [found for found in (person(hands.kit, name) for name in proposers) if found is not None]
    if policy.exclude_proposer and who.name in {*(name.lower() for name in proposers), *(one.name for one in known)}:
        return "proposed it, and somebody else must agree"
    if who.name in counted:
        return "counts once"
    own = [one for one in said if _is(hands, one, who)]
    yes = [one for one in own if one.name == word and _proves(one, answer)]
    if not yes:
        return "no such approval stands in the history"
    in_time = [one for one in yes if _within(one.at, gate)]
    if not in_time:
        return f"the approval did not come between {gate.opened_at} and {gate.deadline_at}"
    reasons = [await proof.of(one) for one in in_time]
    proved = [one for one, reason in zip(in_time, reasons, strict=True) if not reason]
    if not proved:
        return reasons[-1]
    last = proved[-1]
    if any(one.name in ("reject", "withdraw") and _later(one, last) for one in own):
        return "took it back or said no afterwards"
    counted[who.name] = last
    return ""


def _was_heard(hands: Hands, gate: Gate, one: Spoken) -> bool:
    """Whether the incident took this word about ``gate``; history marks a refused Update as refused, and no Signal.

    A no by Signal that it took stands among the gate's answers. One that it refused (from somebody who had said yes, or
    who may not speak here) must not stop what people allowed. A yes taken back by Signal counts where the kit lets them.
    """
    if one.update_id:
        return True
    who = person(hands.kit, one.by)
    if who is None or not hands.kit.may(one.name, who.roles)[0]:
        return False
    try:
        parse(one.name, one.payload)
    except Malformed:
        return False
    return one.name != "reject" or any(not said.approve and _stands(one, said.proof) and said.by.lower() == who.name.lower()
                                       for said in gate.answers)  # fmt: skip


def _proves(one: Spoken, answer: Answer) -> bool:
    return _stands(one, answer.proof)


def _stands(one: Spoken, proof: Proof) -> bool:
    if one.run_id != proof.run_id:
        return False
    return one.update_id == proof.update_id if proof.kind == "update" else not one.update_id


def _granted_at(hands: Hands, policy: GatePolicy, counted: Mapping[str, Spoken]) -> datetime | None:
    """When the last yes came that it took, with the roles that people hold now; None: they do not suffice."""
    so_far: dict[str, Spoken] = {}
    for name, one in sorted(counted.items(), key=lambda each: (each[1].at, each[1].number)):
        so_far[name] = one
        broken = any(each.name == BREAK_GLASS for each in so_far.values())
        if quorum.enough(policy, _agreed(hands, so_far)) or (broken and 0 < policy.break_glass <= len(so_far)):
            return one.at
    return None


def _agreed(hands: Hands, counted: Mapping[str, Spoken]) -> dict[str, tuple[str, ...]]:
    """Who of them said yes in the ordinary way, with the roles they hold now by the kit."""
    found = {name: person(hands.kit, name) for name, one in counted.items() if one.name == APPROVE}
    return {name: who.roles for name, who in found.items() if who is not None}


def _require_no_veto(
    hands: Hands,
    gate: Gate,
    policy: GatePolicy,
    proposers: Collection[str],
    said: Sequence[Spoken],
    granted_at: datetime,
) -> None:
    """One no from somebody who may say it settles a gate, unless it came too late or was taken back."""
    for no in said:
        if no.name != "reject" or not _within(no.at, gate) or no.at > granted_at:
            continue
        who = person(hands.kit, no.by)
        if who is None or not (quorum.may_refuse(policy, who.roles) or who.name in proposers):
            continue
        if not any(one.name == "withdraw" and _later(one, no) and _is(hands, one, who) for one in said):
            raise ProofMissing(f"{who.name} said no to gate {gate.id} and has not taken it back")


def _is(hands: Hands, one: Spoken, who: Person) -> bool:
    speaker = person(hands.kit, one.by)
    return speaker is not None and speaker.name == who.name


def _later(one: Spoken, other: Spoken) -> bool:
    return (one.at, one.number) > (other.at, other.number)


def _within(at: datetime, gate: Gate) -> bool:
    return times.parse(gate.opened_at) <= at <= times.parse(gate.deadline_at) + _LATE
