"""Codes and signatures come with a command, and go no further than its door."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from halon.incident.commands import COMMANDS, parse
from halon.incident.errors import Malformed
from halon.incident.gates import Proof
from halon.incident.notices import Notice
from halon.incident.orders import Call, GatePolicy, Order
from halon.incident.proving import bare, fingerprint, offered, statement, without
from halon.incident.saying import Saying

SAID = {"by": "sue", "gate": "revoke-token-1a2b3c4d", "reason": "seen"}


@pytest.mark.parametrize("given", ["492039", " 492 039 ", 492039])
def test_a_code_is_taken_as_people_paste_it(given: Any) -> None:
    """With a space in the middle, or as a number; leading zeros stay."""
    assert parse("approve", {**SAID, "code": given})["code"] == "492039"
    assert parse("approve", {**SAID, "code": 42})["code"] == "000042"
    assert parse("approve", {**SAID, "code": "492039 104 233"})["code"] == "492039104233"


@pytest.mark.parametrize(
    "given", ["12345", "1234567", "123456 12345", "12345a", "١٢٣٤٥٦", True, None, 1.5, -1, [], "my password"]
)
def test_what_is_no_code_is_refused_and_not_repeated(given: Any) -> None:
    """Somebody may have pasted something else that is secret."""
    with pytest.raises(Malformed) as caught:
        parse("approve", {**SAID, "code": given})
    assert "the six digits" in str(caught.value)
    assert str(given) not in str(caught.value) or given in (True, None, -1, [])


def test_every_command_takes_proofs_and_none_keeps_them() -> None:
    """What goes on into the state has neither."""
    for name, spec in COMMANDS.items():
        said = {field.name: field.example() for field in spec.fields if field.required and field.kind != "value"}
        if any(field.required and field.kind == "value" for field in spec.fields):
            said |= {"value": True}
        command = parse(name, {**said, "code": "492039", "signature": "-----BEGIN"})
        assert offered(command.parameters) == ("code", "signature")
        assert not {"code", "signature"} & set(bare(command).parameters)
        assert bare(command) == parse(name, said)
    with pytest.raises(Malformed, match="did you mean 'code'"):
        parse("approve", {**SAID, "cod": "492039"})


def test_a_signature_stands_for_one_answer_to_one_digest_in_one_incident() -> None:
    """Each of them changes the line; the reason of an answer and the proofs do not."""
    line = statement("incident-a.b:r", "approve", SAID, "ab" * 32)
    assert line == f"halon approve incident-a.b:r revoke-token-1a2b3c4d {'ab' * 32}"
    others = {
        statement("incident-a.b:x", "approve", SAID, "ab" * 32), statement("incident-a.b:r", "reject", SAID, "ab" * 32),
        statement("incident-a.b:r", "approve", SAID, "cd" * 32), statement("incident-a.b:r", "approve", SAID, "ab" * 32, 2),
        statement("incident-a.b:r", "approve", {**SAID, "gate": "other"}, "ab" * 32),
    }  # fmt: skip
    assert len(others) == 5
    assert line not in others
    assert statement("i:r", "close", {"reason": "a"}) != statement("i:r", "close", {"reason": "b"})
    assert statement("i:r", "close", {"reason": "a", "code": "1"}) == statement("i:r", "close", {"reason": "a"})
    assert without({"reason": "a", "signature": "s"}) == {"reason": "a"}


def test_two_signals_that_differ_in_anything_are_told_apart() -> None:
    """By the name, who speaks, and every field."""
    first = parse("approve", {**SAID, "code": "492039"})
    for other in ({"by": "tom"}, {"reason": "mine"}, {"code": "492038"}):
        assert fingerprint(parse("approve", {**SAID, "code": "492039", **other})) != fingerprint(first)
    assert fingerprint(parse("approve", {**SAID, "code": "492 039"})) == fingerprint(first)


def test_who_speaks_is_named_with_what_proved_it() -> None:
    """A typed name is called unverified."""
    say = Saying(None, None, "sue", (), True, Proof("r", "update"), "", how="totp")  # type: ignore[arg-type]
    assert say.named() == "sue (totp)"
    assert replace(say, verified=False, how="").named() == "sue (name unverified)"


def test_a_gate_without_a_verifier_of_its_own_keeps_its_digest() -> None:
    """What was asked before there was such a thing is still what is asked; one that asks for more is another gate."""
    call = Call("POST", "https://agent.example/x", ("agent.example",))
    policy = GatePolicy(("security_lead",))
    order = Order("revoke-token", "revoke", "Revoke", "bot", "token", False, "keyed", call, call, gate=policy)
    notice = Notice("eu-gdpr-33-notification", "regulator", gate=policy)
    assert order.digest_for("i", "apply") == "5e30e1b7fe67dbaeb49a72efa76478f7c781a5d8873a24ffbf316a6c7740cd36"
    assert notice.digest_for("i") == "ab70873d0ea9ae55f7d1be08fa0ec8ff07c983a9243987ea36f4a119a27ec002"
    harder = replace(policy, verifier="totp")
    assert replace(order, gate=harder).digest_for("i", "apply") != order.digest_for("i", "apply")
    assert replace(order, restore_gate=harder).digest_for("i", "undo") != order.digest_for("i", "undo")
    assert replace(notice, gate=harder).digest_for("i") != notice.digest_for("i")
