"""A kit that is not for development, on a real server: what can't be undone takes a code or a signature of each person."""

from __future__ import annotations

import json
import logging
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from halon.cli import proving
from halon.cli.problems import SaidNo
from halon.identity import totp
from halon.identity.devices import Devices
from halon.identity.seeds import seed
from halon.kit.signers import line_for

KEY = "the identity key of the workflow tests"
SIGNATURE = "BEGIN SSH SIGNATURE"


@pytest.fixture
async def strict(house: Any, tmp_path: Path) -> Any:
    """A house whose kit lost its mark, whose gate takes two security leads, one with an SSH key and one with a device."""
    file = tmp_path / "sue"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
    kit = house.settings.kit
    (kit / "allowed_signers").write_text(line_for("sue", file.with_suffix(".pub").read_text()) + "\n")
    for name, old, new in (
        ("organisation.yaml", "development: true\n", ""),
        (
            "actions.yaml",
            "      roles: [security_lead]\n      quorum: 1\n",
            "      roles: [security_lead]\n      quorum: 2\n",
        ),
    ):
        text = (kit / name).read_text()
        assert old in text, (name, old)
        (kit / name).write_text(text.replace(old, new, 1))
    house.environ["HALON_IDENTITY_KEY"] = KEY
    devices = Devices(house.evidence)
    await devices.confirm(await devices.begin("lee", "sue", "", "2026-01-01T00:00:00Z"), "2026-01-01T00:00:00Z")
    return house


def code() -> str:
    return totp.code(seed(KEY.encode(), "lee", 1), totp.step_of(datetime.now(UTC).timestamp()))


async def token_is_active(house: Any) -> bool:
    return bool((await house.api.get("/control/tokens/support-bot-token")).json()["active"])


async def test_promise_3_what_cannot_be_undone_takes_proof_of_who_allowed_it(
    strict: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Typed names are refused with what it takes; a signature and a code grant; each serves once; nothing of them is kept."""
    caplog.set_level(logging.DEBUG)
    by_key = proving.Proofs(sign=tmp_path / "sue")
    async with strict.worker():
        await strict.misbehave()
        await strict.open()
        await strict.asked("revoke-token", "")
        (gate,) = [one for one in await strict.open_gates() if one["subject"] == "revoke-token"]
        name, workflow_id = gate["id"], strict.incident.id
        assert gate["asked_as"] == "irreversible"
        for by in ("sue", "lee"):
            told = await strict.say("approve", by=by, gate=name)
            assert told.startswith("NotVerified: "), told
            assert "takes the verifier totp" in told
            assert f"--by {by} asks for your code" in told
        assert (await strict.say("reject", by="sue", gate=name, reason="no")).startswith("NotVerified: ")
        mine = {"by": "sue", "gate": name}
        shown = json.loads(await proving.said(strict.client, workflow_id, "approve", mine,
                                              proving.Proofs(sign=tmp_path / "sue", print_json=True), person=False))  # fmt: skip
        assert "sue (ssh) approved" in await strict.say("approve", **shown)
        back = await proving.said(strict.client, workflow_id, "withdraw", mine, by_key, person=False)
        assert "sue (ssh) took the answer" in back
        assert (await strict.say("approve", **shown)).startswith("ProofUsed: ")
        assert "sue (ssh) approved" in await proving.said(
            strict.client, workflow_id, "approve", mine, by_key, person=False
        )
        assert await token_is_active(strict)
        given = code()
        with pytest.raises(SaidNo) as caught:
            await proving.said(strict.client, workflow_id, "approve", {"by": "sue", "gate": name}, proving.Proofs(code=given), person=False)  # fmt: skip
        assert (caught.value.kind, given in str(caught.value)) == ("NotVerified", False)
        asked: list[bool] = []

        def typed(_: str, *, hide_input: bool) -> str:
            asked.append(hide_input)
            return f"{given[:3]} {given[3:]}"

        monkeypatch.setattr(typer, "prompt", typed)
        monkeypatch.setenv("HALON_KIT", str(strict.settings.kit))
        theirs = {"by": "lee", "gate": name}
        at_terminal = await proving.said(strict.client, workflow_id, "approve", theirs, proving.Proofs(), person=True)
        assert "lee (totp) approved" in at_terminal
        assert asked == [True]
        await strict.until("the token to be revoked", lambda s: s["actions"].get("revoke-token") == "verified")
        assert not await token_is_active(strict)
        assert (await strict.say("approve", by="lee", gate=name, code=given)).startswith("ProofUsed: ")
        assert (await strict.say("note", by="ann", text="seen", code="12345")).startswith("Malformed: ")
        answers = next(one for one in await strict.query("gates") if one["id"] == name)["answers"]
        assert [(one["by"], one["verified"], one["how"]) for one in answers] == [
            ("sue", True, "ssh"), ("lee", True, "totp"),
        ]  # fmt: skip
        said = [json.dumps(await strict.query(what)) for what in ("status", "gates", "timeline", "report", "carry")]
        incident_id = (await strict.query("report"))["incident_id"]
        said += [str(entry) for entry in await strict.record.entries(incident_id)]
        assert any("lee (totp) approved" in one for one in said)
        for text in (*said, caplog.text):
            assert SIGNATURE not in text
            assert f'"{given}"' not in text
            assert f"code={given}" not in text
            assert f"'{given}'" not in text
