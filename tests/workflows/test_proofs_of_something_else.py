"""A proof of something else proves nothing: each is put to a real incident as an Update, as whoever holds it could."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from halon.identity import totp
from halon.identity.devices import Devices
from halon.identity.seeds import seed
from halon.kit.signers import line_for

KEY = "the identity key of the tests of stolen proofs"
SECOND = """
  revoke-other:
    action: revoke_token
    title: Revoke the token crm-readonly for good
    agents: [support-bot]
    operation: revoke_token
    with: {token: crm-readonly}
    target: token crm-readonly
    reversible: false
    effect: keyed
    rung: 1
    disruption: 3
    when: {all: [{fact: confirmed, is: true}, {fact: unauthorised_tool_actions, exists: true}]}
    stops: [every tool call that this token allows]
    collateral: [nobody else uses it]
    gentler: Leave the tool switched off.
    way_back: Issue a replacement by hand.
    gate:
      roles: [security_lead]
      quorum: 1
"""


def sign(key: Path, line: str, namespace: str = "halon") -> str:
    """A signature by OpenSSH itself."""
    done = subprocess.run(["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", namespace], input=line.encode(),
                          capture_output=True, check=True)  # fmt: skip
    return done.stdout.decode()


def code(person: str) -> str:
    return totp.code(seed(KEY.encode(), person, 1), totp.step_of(datetime.now(UTC).timestamp()))


@pytest.fixture
async def strict(house: Any, tmp_path: Path) -> Any:
    """A kit that is not for development, with two tokens to revoke; sue and lee have a key and a device each."""
    kit, lines = house.settings.kit, []
    for name in ("sue", "lee"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
        lines.append(line_for(name, (tmp_path / f"{name}.pub").read_text()))
    (kit / "allowed_signers").write_text("\n".join(lines) + "\n")
    organisation, actions = kit / "organisation.yaml", kit / "actions.yaml"
    assert "development: true\n" in organisation.read_text()
    organisation.write_text(organisation.read_text().replace("development: true\n", ""))
    head, found, rest = actions.read_text().partition("\n  revoke-token:\n")
    assert found
    actions.write_text(head + SECOND + found.lstrip("\n") + rest)
    house.environ["HALON_IDENTITY_KEY"] = KEY
    devices = Devices(house.evidence)
    for name in ("sue", "lee"):
        await devices.confirm(await devices.begin(name, "ann", "", "2026-01-01T00:00:00Z"), "2026-01-01T00:00:00Z")
    return house


async def gates(house: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two gates, both open."""
    await house.misbehave()
    await house.open()
    for subject in ("revoke-token", "revoke-other"):
        await house.asked(subject, "")
    found = {one["subject"]: one for one in await house.open_gates()}
    return found["revoke-token"], found["revoke-other"]


async def is_active(house: Any, token: str) -> bool:
    return bool((await house.api.get(f"/control/tokens/{token}")).json()["active"])


async def test_a_signature_over_anything_but_this_answer_is_refused(strict: Any, tmp_path: Path) -> None:
    """Another digest, gate, incident, command, namespace, person: each is told what to sign; the right one grants."""
    async with strict.worker():
        one, other = await gates(strict)
        incident_id = (await strict.query("report"))["incident_id"]
        line = f"halon approve {incident_id} {one['id']} {one['digest']}"
        assert one["to_sign"]["approve"] == line
        elsewhere = f"{incident_id.rpartition(':')[0]}-2:{incident_id.rpartition(':')[2]}"
        wrong = {
            "another digest": line.replace(one["digest"], other["digest"]),
            "another gate": line.replace(one["id"], other["id"]),
            "the other gate as it is": other["to_sign"]["approve"],
            "another incident": line.replace(incident_id, elsewhere),
            "another run": line.replace(incident_id.rpartition(":")[2], "01a20000-0000-7000-8000-000000000000"),
            "another command": one["to_sign"]["reject"],
            "a line more": f"{line}\n",
            "too often anew": f"{line} 6",
        }
        for what, text in wrong.items():
            assert text != line, what
            told = await strict.say("approve", by="sue", gate=one["id"], signature=sign(tmp_path / "sue", text))
            assert told == (
                f"NotVerified: NotVerified: the signature is of sue and over something else; sign: {line}."
            ), (what, told)  # fmt: skip
        theirs = await strict.say("approve", by="sue", gate=one["id"], signature=sign(tmp_path / "lee", line))
        assert theirs.startswith("NotVerified: NotVerified: the signature is not of sue: the key is that of lee")
        file = await strict.say("approve", by="sue", gate=one["id"], signature=sign(tmp_path / "sue", line, "file"))
        assert file.startswith("NotVerified: NotVerified: the signature is ")
        assert await is_active(strict, "support-bot-token")
        good = await strict.say("approve", by="sue", gate=one["id"], signature=sign(tmp_path / "sue", line))
        assert f"sue (ssh) approved {one['id']}" in good
        await strict.until("the token to be revoked", lambda s: s["actions"].get("revoke-token") == "verified")
        assert await is_active(strict, "crm-readonly"), "the other gate is not answered by it"


async def test_a_code_serves_one_answer_to_one_gate_of_one_person(strict: Any) -> None:
    """The same code at a second gate, at the same gate by another name, and by its owner again: refused, on record."""
    async with strict.worker():
        one, other = await gates(strict)
        given = code("lee")
        told = await strict.say("approve", by="sue", gate=one["id"], code=given)
        assert told.startswith("NotVerified: NotVerified: the code is wrong")
        assert f"lee (totp) approved {one['id']}" in await strict.say("approve", by="lee", gate=one["id"], code=given)
        for again in (
            await strict.say("approve", by="lee", gate=other["id"], code=given),
            await strict.say("reject", by="lee", gate=other["id"], reason="no", code=given),
        ):
            assert again.startswith(
                "ProofUsed: ProofUsed: this code served already, and each serves once; wait for the next one"
            )
        assert (await strict.say("approve", by="sue", gate=other["id"], code=given)).startswith("NotVerified: ")
        await strict.until("the token to be revoked", lambda s: s["actions"].get("revoke-token") == "verified")
        assert await is_active(strict, "crm-readonly")
        log = [entry["text"] for entry in await strict.query("timeline")]
        assert sum(text.startswith("Refused approve: this code served already") for text in log) == 1
        assert sum(text.startswith("Refused reject: this code served already") for text in log) == 1
        assert not any(given in text for text in log)
