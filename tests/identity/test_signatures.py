"""SSH signatures, made and checked by the real ssh-keygen."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from halon.identity import ssh
from halon.identity.errors import NoSigning
from halon.incident.proving import statement

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
LINE = statement("incident-a.b:run-1", "approve", {"gate": "revoke-token-1a2b3c4d"}, "1a2b3c4d" * 8)
OTHER = statement("incident-a.b:run-1", "approve", {"gate": "revoke-token-1a2b3c4d"}, "deadbeef" * 8)


def key(folder: Path, name: str) -> tuple[Path, str]:
    """A fresh key and the line of allowed_signers for it."""
    file = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(file)], check=True)
    kind, public = file.with_suffix(".pub").read_text().split()[:2]
    return file, f'{name} namespaces="halon" {kind} {public}\n'


async def test_a_real_signature_is_taken_and_only_for_what_it_signs(tmp_path: Path) -> None:
    """Over another digest, of another person or under another namespace it proves nothing, and it is said whose it is."""
    mine, own = key(tmp_path, "sue")
    theirs, foreign = key(tmp_path, "tom")
    signature = await ssh.sign(mine, LINE)
    signers = own + foreign
    assert await ssh.check(signers, "sue", (LINE, f"{LINE} 2"), signature, NOW) == ssh.Checked(True, 0)
    assert await ssh.check(signers, "sue", (OTHER,), signature, NOW) == ssh.Checked(False, others=("sue",))
    assert await ssh.check(signers, "tom", (LINE,), signature, NOW) == ssh.Checked(False, others=("sue",))
    assert await ssh.check(signers, "sue", (LINE,), await ssh.sign(theirs, LINE), NOW) == ssh.Checked(
        False, others=("tom",)
    )
    assert not (await ssh.check(foreign, "sue", (LINE,), signature, NOW)).good
    said = subprocess.run(["ssh-keygen", "-Y", "sign", "-f", str(mine), "-n", "git"], input=LINE.encode(),
                          capture_output=True, check=True)  # fmt: skip
    assert not (await ssh.check(signers, "sue", (LINE,), said.stdout.decode(), NOW)).good


async def test_a_key_counts_in_its_time_alone(tmp_path: Path) -> None:
    """valid-before of a replaced key: what was signed before stands, what comes after does not."""
    mine, own = key(tmp_path, "sue")
    until = own.replace('namespaces="halon"', 'namespaces="halon",valid-before="20261122090000Z"')
    signature = await ssh.sign(mine, LINE)
    assert (await ssh.check(until, "sue", (LINE,), signature, NOW)).good
    assert not (await ssh.check(until, "sue", (LINE,), signature, NOW.replace(hour=10))).good


@pytest.mark.parametrize(
    "text", ["", "x", "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----", "../../etc"]
)
async def test_what_is_no_signature_is_no_proof(tmp_path: Path, text: str) -> None:
    """Whatever stands in its place."""
    _, own = key(tmp_path, "sue")
    assert not (await ssh.check(own, "sue", (LINE,), text, NOW)).good


async def test_without_ssh_keygen_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package's name, and no exception of the operating system."""
    mine, own = key(tmp_path, "sue")
    signature = await ssh.sign(mine, LINE)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(NoSigning, match="openssh-client"):
        await ssh.check(own, "sue", (LINE,), signature, NOW)
    with pytest.raises(NoSigning, match="openssh-client"):
        await ssh.sign(mine, LINE)
