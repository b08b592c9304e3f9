"""Who it was is proved from the command's own event: by code, by signature, by principal; when it is said, and again
right before what it allows has its effect."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from halon.evidence.seal import seal
from halon.identity import ssh, totp
from halon.identity.devices import Devices
from halon.identity.seeds import seed
from halon.identity.spent import MOST_WRONG
from halon.incident import times
from halon.incident.commands import Command
from halon.incident.gates import Gate, Proof
from halon.incident.orders import Order
from halon.incident.proving import fingerprint, statement
from halon.ports.contain import Step
from halon.ports.triage import Authority, Claimed
from halon_activities.hands import Hands
from halon_activities.history import Spoken, _run
from halon_activities.verifying import About, Verifying

KEY = "the identity key of the activity tests"


def asking(hands: Hands, **changes: Any) -> Hands:
    """``hands`` whose kit asks for a code before what can't be undone."""
    proving = replace(hands.kit.proving, **{"gates": {"irreversible": "totp"}, **changes})
    return replace(hands, kit=replace(hands.kit, proving=proving), environ={**hands.environ, "HALON_IDENTITY_KEY": KEY})


@pytest.fixture
def hands(make_hands: Callable[..., Hands], sandbox_agent: Any, tmp_path: Path) -> Hands:
    """Hands of a kit that asks for codes, and knows sue's and tom's SSH keys."""
    lines = []
    for name in ("sue", "tom"):
        file = tmp_path / name
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
        kind, public = file.with_suffix(".pub").read_text().split()[:2]
        lines.append(f"{name} {kind} {public}\n")
    return asking(make_hands(sandbox_agent.url), signers="".join(lines))


async def enrolled(hands: Hands, *names: str) -> None:
    devices = Devices(hands.evidence)
    for name in names:
        await devices.confirm(await devices.begin(name, "ann", "", "2026-01-01T00:00:00Z"), "2026-01-01T00:00:00Z")


def code(person: str, generation: int = 1, away: int = 0) -> str:
    at = datetime.now(UTC).timestamp()
    return totp.code(seed(KEY.encode(), person, generation), totp.step_of(at) + away)


def row(person: str) -> tuple[str, str]:
    """The codes of the step before and of this one, both read off at one moment."""
    step = totp.step_of(datetime.now(UTC).timestamp())
    return totp.code(seed(KEY.encode(), person, 1), step - 1), totp.code(seed(KEY.encode(), person, 1), step)


def wrong_code(person: str) -> str:
    at = datetime.now(UTC).timestamp()
    return next(
        one for one in ("000000", "111111", "222222") if totp.offset(seed(KEY.encode(), person, 1), one, at) is None
    )


async def authority(
    incident: Any, gate: Gate, proof: Proof, by: str, *, command: str = "approve", **more: Any
) -> Authority:
    """What is said of who spoke: the activity runs as the incident, which knows the gate."""
    claimed = Claimed(
        incident.incident_id, command, by, {"gate": gate.id}, update_id=proof.update_id, gate_kind="irreversible",
        gate_digest=gate.digest, **{"offers": ("code",), **more},
    )  # fmt: skip
    return Authority(**await incident.act("triage.authority", claimed))


async def applied(incident: Any, hands: Hands, order: Order, gate: Any) -> Any:
    evidence = await seal(hands.evidence, incident.incident_id, "traces.json", b"{}", "application/json", "halon",
                          "2026-11-22T08:00:00Z")  # fmt: skip
    try:
        return await incident.act("contain.apply", Step(incident.incident_id, order, 1, gate, (evidence.path,)))
    except WorkflowUpdateFailedError as error:
        cause: BaseException | None = error.cause
        while not isinstance(cause, ApplicationError):
            assert cause is not None
            cause = cause.__cause__
        return f"{cause.type}: {cause.message}"


async def test_a_name_alone_is_refused_and_told_what_it_takes(
    incident: Any, orders: Mapping[str, Order], asked: Any
) -> None:
    """The verifier that is needed, and the exact command."""
    gate = asked.gate(orders["revoke-token"], incident.incident_id)
    proof = await incident.say("approve", by="sue", gate=gate.id)
    told = await authority(incident, gate, proof, "sue", offers=())
    assert (told.may, told.verified, told.how, told.refusal) == (False, False, "", "NotVerified")
    assert "takes the verifier totp" in told.why
    assert f"{gate.id} --by sue asks for your code" in told.why


async def test_a_right_code_proves_it_once_and_stands_up_before_the_effect(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """The same saying asked about again is the same; the code in another saying is refused; the order runs."""
    await enrolled(hands, "sue")
    order = orders["revoke-token"]
    gate = asked.gate(order, incident.incident_id)
    given = code("sue")
    proof = await incident.say("approve", "yes-1", by="sue", gate=gate.id, code=given)
    for _ in range(2):
        told = await authority(incident, gate, proof, "sue")
        assert (told.may, told.verified, told.how) == (True, True, "totp"), told
    second = await incident.say("approve", "yes-2", by="sue", gate=gate.id, code=given)
    told = await authority(incident, gate, second, "sue")
    assert (told.may, told.refusal) == (False, "ProofUsed")
    assert given not in told.why
    forged = replace(asked.answer("sue", second), verified=True, how="totp")
    assert "was not taken when it was said" in await applied(incident, hands, order, replace(gate, answers=(forged,)))
    done = await applied(incident, hands, order, replace(gate, answers=(asked.answer("sue", proof),)))
    assert done["status"] == 200


async def test_verified_in_the_argument_is_worth_nothing(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """A forged ``verified`` and ``how``: history shows a typed name, so nothing runs."""
    order = orders["revoke-token"]
    gate = asked.gate(order, incident.incident_id)
    proof = await incident.say("approve", by="sue", gate=gate.id)
    forged = replace(asked.answer("sue", proof), verified=True, how="principal")
    told = await applied(incident, hands, order, replace(gate, answers=(forged,)))
    assert told.startswith("ProofMissing: ")
    assert "it takes the verifier totp, and history shows only a typed name" in told
    unseen = await incident.say("approve", "unseen", by="sue", gate=gate.id, code=wrong_code("sue"))
    forged = replace(asked.answer("sue", unseen), verified=True, how="totp")
    assert "no device gives codes" in await applied(incident, hands, order, replace(gate, answers=(forged,)))


async def test_an_unproved_no_and_an_unproved_withdrawal_stop_nothing(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """Where a gate takes a code, somebody who only types a name can't block it, nor take another's answer back."""
    await enrolled(hands, "sue")
    order = orders["revoke-token"]
    gate = asked.gate(order, incident.incident_id)
    await incident.say("reject", by="lee", gate=gate.id)
    proof = await incident.say("approve", by="sue", gate=gate.id, code=code("sue"))
    assert (await authority(incident, gate, proof, "sue")).how == "totp"
    await incident.say("withdraw", by="sue", gate=gate.id)
    done = await applied(incident, hands, order, replace(gate, answers=(asked.answer("sue", proof),)))
    assert done["status"] == 200


async def test_a_code_of_another_time_says_that_a_clock_is_off(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """By how much and in which direction; a wrong one is only called wrong."""
    await enrolled(hands, "sue")
    gate = asked.gate(orders["revoke-token"], incident.incident_id)
    for number, (away, says) in enumerate(((-4, "seconds old"), (6, "seconds ahead"))):
        proof = await incident.say("approve", f"off-{number}", by="sue", gate=gate.id, code=code("sue", away=away))
        told = await authority(incident, gate, proof, "sue")
        assert (told.may, told.refusal) == (False, "NotVerified")
        assert says in told.why
        assert "the clock of your device or of the server is off by more than a step" in told.why
    proof = await incident.say("approve", "wrong", by="sue", gate=gate.id, code=wrong_code("sue"))
    assert "the code is wrong" in (await authority(incident, gate, proof, "sue")).why


async def test_guesses_are_bounded_by_person_and_period(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """After ten wrong codes not even a right one counts alone for a while; a signature still does."""
    await enrolled(hands, "sue")
    order = orders["revoke-token"]
    gate = asked.gate(order, incident.incident_id)
    verifying, who = Verifying(hands), hands.kit.people["sue"]
    now = datetime.now(UTC)
    for number in range(MOST_WRONG):
        guess = Spoken("approve", {"by": "sue", "gate": gate.id, "code": wrong_code("sue")}, now, "run", number)
        assert (await verifying.prove(guess, who, About(incident.incident_id), fresh=True)).refusal == "NotVerified"
    proof = await incident.say("approve", by="sue", gate=gate.id, code=code("sue"))
    told = await authority(incident, gate, proof, "sue")
    assert (told.may, told.refusal) == (False, "TooManyCodes")
    signed = await ssh.sign(
        hands.home.parent / "sue", statement(incident.incident_id, "approve", {"gate": gate.id}, gate.digest)
    )
    proof = await incident.say("approve", "signed", by="sue", gate=gate.id, signature=signed)
    assert (await authority(incident, gate, proof, "sue", offers=("signature",))).how == "ssh"


async def test_guesses_shut_nobody_out_who_gives_two_codes_in_a_row(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """They are counted however many guesses came before, serve once, stand up before the effect; guessed rows do nothing."""
    await enrolled(hands, "sue")
    order = orders["revoke-token"]
    gate = asked.gate(order, incident.incident_id)
    verifying, who = Verifying(hands), hands.kit.people["sue"]
    now = datetime.now(UTC)
    for number in range(MOST_WRONG + 3):
        guess = Spoken("approve", {"by": "sue", "gate": gate.id, "code": wrong_code("sue")}, now, "run", number)
        assert (await verifying.prove(guess, who, About(incident.incident_id), fresh=True)).refusal != ""
    earlier, later = row("sue")
    for number, given in enumerate((earlier + wrong_code("sue"), later + earlier)):
        proof = await incident.say("approve", f"row-{number}", by="sue", gate=gate.id, code=given)
        assert (await authority(incident, gate, proof, "sue")).refusal == "NotVerified"
    both = " ".join(row("sue"))
    proof = await incident.say("approve", "row", by="sue", gate=gate.id, code=both)
    for _ in range(2):
        assert (await authority(incident, gate, proof, "sue")).how == "totp"
    other = await incident.say("approve", "again", by="sue", gate=gate.id, code=both)
    assert (await authority(incident, gate, other, "sue")).refusal == "ProofUsed"
    done = await applied(incident, hands, order, asked.gate(order, incident.incident_id, asked.answer("sue", proof)))
    assert done["status"] == 200


async def test_both_codes_of_a_row_have_served(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """Who reads a row in the history can't take one of its two and say something else with it."""
    await enrolled(hands, "sue")
    gate = asked.gate(orders["revoke-token"], incident.incident_id)
    first, second = row("sue")
    proof = await incident.say("approve", "row", by="sue", gate=gate.id, code=first + second)
    assert (await authority(incident, gate, proof, "sue")).how == "totp"
    for number, taken in enumerate((first, second)):
        proof = await incident.say("approve", f"taken-{number}", by="sue", gate=gate.id, code=taken)
        assert (await authority(incident, gate, proof, "sue")).refusal in ("ProofUsed", "NotVerified")
    proof = await incident.say("approve", "second", by="sue", gate=gate.id, code=second)
    assert (await authority(incident, gate, proof, "sue")).refusal == "ProofUsed"


async def test_a_lost_device_takes_back_what_has_not_run(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """Rotation alone does not: what was said with the old device while it counted stands."""
    await enrolled(hands, "sue")
    order = orders["revoke-token"]
    gate = asked.gate(order, incident.incident_id)
    proof = await incident.say("approve", by="sue", gate=gate.id, code=code("sue"))
    assert (await authority(incident, gate, proof, "sue")).how == "totp"
    history = await incident.handle.fetch_history()
    event = next(one for one in history.events if one.HasField("workflow_execution_update_accepted_event_attributes")
                 and one.workflow_execution_update_accepted_event_attributes.accepted_request.meta.update_id == proof.update_id)  # fmt: skip
    devices, later = Devices(hands.evidence), times.text(event.event_time.ToDatetime(tzinfo=UTC) + timedelta(minutes=1))
    second = await devices.begin("sue", "ann", "", later)
    await devices.confirm(second, later)
    one = Spoken("approve", {"by": "sue", "gate": gate.id, "code": code("sue")}, datetime.now(UTC), "run", 1)
    who = hands.kit.people["sue"]
    answered = replace(gate, answers=(asked.answer("sue", proof),))
    run = await _run(hands.temporal, incident.run_id, list(history.events))
    (mine,) = [said for said in run.spoken if said.update_id == proof.update_id]
    assert (
        await Verifying(hands).prove(mine, who, About(incident.incident_id, gate.digest), fresh=False)
    ).how == "totp"
    later_still = replace(one, at=one.at + timedelta(minutes=2))
    assert (await Verifying(hands).prove(later_still, who, About(incident.incident_id), fresh=True)).refusal
    await devices.lose("sue", "lee", "totp", later)
    assert "was reported lost" in await applied(incident, hands, order, answered)


async def test_a_signature_counts_for_what_it_signs_alone(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """Over another digest or by another person it is refused with its reason; the same one a second time as well."""
    order = orders["revoke-token"]
    gate = asked.gate(order, incident.incident_id)
    folder = hands.home.parent

    async def signed(key: str, digest: str, again: int = 1) -> str:
        line = statement(incident.incident_id, "approve", {"gate": gate.id}, digest, again)
        return await ssh.sign(folder / key, line)

    async def said(update: str, signature: str) -> tuple[Authority, Proof]:
        proof = await incident.say("approve", update, by="sue", gate=gate.id, signature=signature)
        return await authority(incident, gate, proof, "sue", offers=("signature",)), proof

    other, _ = await said("other", await signed("sue", "f" * 64))
    assert (other.may, other.refusal) == (False, "NotVerified")
    assert "of sue and over something else; sign: halon approve" in other.why
    theirs, _ = await said("theirs", await signed("tom", gate.digest))
    assert "the signature is not of sue: the key is that of tom" in theirs.why
    good, proof = await said("good", await signed("sue", gate.digest))
    assert (good.may, good.verified, good.how) == (True, True, "ssh")
    again, _ = await said("again", await signed("sue", gate.digest))
    assert (again.may, again.refusal) == (False, "ProofUsed")
    anew, _ = await said("anew", await signed("sue", gate.digest, 2))
    assert anew.how == "ssh"
    changed = replace(order, reasons=("something else",))
    regated = asked.gate(changed, incident.incident_id, asked.answer("sue", proof))
    assert "ProofMissing" in await applied(incident, hands, changed, regated)
    done = await applied(incident, hands, order, replace(gate, answers=(asked.answer("sue", proof),)))
    assert done["status"] == 200


async def test_a_code_by_signal_counts_for_that_very_signal(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """Its event is found by all that it says; one that says something else is not taken for it."""
    await enrolled(hands, "sue")
    order = orders["revoke-token"]
    gate = asked.gate(order, incident.incident_id)
    given = {"gate": gate.id, "code": code("sue")}
    await incident.handle.signal("approve", {"by": "sue", **given})
    proof = Proof(incident.run_id, "signal")
    other = fingerprint(Command("approve", "sue", {**given, "reason": "mine"}))
    assert "not found" in (await authority(incident, gate, proof, "sue", fingerprint=other)).why
    print_ = fingerprint(Command("approve", "sue", given))
    assert (await authority(incident, gate, proof, "sue", fingerprint=print_)).how == "totp"
    done = await applied(incident, hands, order, replace(gate, answers=(asked.answer("sue", proof),)))
    assert done["status"] == 200


async def test_an_override_of_evidence_is_proved_again_too(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """Where the kit asks a code for override, a typed one lets nothing run before the evidence is sealed."""
    await enrolled(hands, "sue")
    object.__setattr__(hands.kit.proving, "commands", {"override": "totp"})
    order = orders["revoke-token"]
    gate = asked.gate(order, incident.incident_id)
    proof = await incident.say("approve", by="sue", gate=gate.id, code=code("sue"))
    assert (await authority(incident, gate, proof, "sue")).how == "totp"
    await incident.say("override", by="sue", what="evidence", reason="now")
    step = Step(incident.incident_id, order, 1, replace(gate, answers=(asked.answer("sue", proof),)), (), "sue")
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await incident.act("contain.apply", step)
    assert "it takes the verifier totp" in str(caught.value.cause.__cause__)


def recorded(*, principal: dict[str, str] | None, update: bool = True) -> HistoryEvent:
    """An event as a server with authentication writes it (temporalio/api, HistoryEvent.principal, field 303)."""
    payload = {"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "eyJieSI6InN1ZSIsImdhdGUiOiJnIn0="}
    told: dict[str, Any] = {"eventId": "9", "eventTime": "2026-11-22T08:00:00Z"}
    if principal is not None:
        told["principal"] = principal
    if update:
        request = {"meta": {"updateId": "u-1", "identity": "sue@acme.example"},
                   "input": {"name": "approve", "args": {"payloads": [payload]}}}  # fmt: skip
        told |= {"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED",
                 "workflowExecutionUpdateAcceptedEventAttributes": {"protocolInstanceId": "u-1", "acceptedRequest": request}}  # fmt: skip
    else:
        told |= {"eventType": "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED", "workflowExecutionSignaledEventAttributes":
                 {"signalName": "approve", "input": {"payloads": [payload]}, "identity": "sue@acme.example"}}  # fmt: skip
    return ParseDict(told, HistoryEvent())


@pytest.mark.parametrize(
    ("event", "how"),
    [
        (recorded(principal={"type": "jwt", "name": "sue@acme.example"}), "principal"),
        (recorded(principal={"type": "jwt", "name": "mallory@acme.example"}), ""),
        (recorded(principal={"type": "users", "name": "sue@acme.example"}), ""),
        (recorded(principal={"type": "", "name": ""}), ""),
        (recorded(principal=None), ""),
        (recorded(principal={"type": "jwt", "name": "sue@acme.example"}, update=False), ""),
    ],
)
async def test_the_servers_own_word_on_an_update_is_the_strongest_proof(
    hands: Hands, temporal: Client, event: HistoryEvent, how: str
) -> None:
    """Of an Update's event, and of the person whom the kit calls so; the identity that a client typed is nothing."""
    mapped = asking(hands, principals={"sue": "jwt:sue@acme.example"})
    (one,) = (await _run(temporal, "run-1", [event])).spoken
    found = await Verifying(mapped).prove(one, hands.kit.people["sue"], About("incident-a.b:run-1"), fresh=True)
    assert (found.how, found.refusal) == (how, "")


async def test_where_the_server_knows_nobody_a_principal_is_asked_for_in_vain(
    incident: Any, hands: Hands, orders: Mapping[str, Order], asked: Any
) -> None:
    """The embedded server has no authentication: the answer is refused, and says what it takes."""
    object.__setattr__(hands.kit.proving, "principals", {"sue": "jwt:sue@acme.example"})
    object.__setattr__(hands.kit.proving, "gates", {"irreversible": "principal"})
    gate = asked.gate(orders["revoke-token"], incident.incident_id)
    proof = await incident.say("approve", by="sue", gate=gate.id)
    told = await authority(incident, gate, proof, "sue", offers=())
    assert (told.may, told.refusal) == (False, "NotVerified")
    assert "signed in at Temporal" in told.why
