"""What a kit says of proofs: verifiers, keys, principals, and what can't be undone outside of development."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from halon.incident.orders import GatePolicy
from halon.incident.strength import STRENGTHS, at_least, strongest
from halon.kit import Kit, KitError, examine, load, starter_path
from halon.kit.loading import restore
from halon.kit.signers import line_for
from halon.kit.tonight.proofs import about_proofs

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
KEY = {"HALON_IDENTITY_KEY": "k" * 40}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(starter_path(), tmp_path / "kit"))


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The content of a real .pub file."""
    file = tmp_path_factory.mktemp("keys") / "sue"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
    return file.with_suffix(".pub").read_text()


def edit(folder: Path, name: str, old: str, new: str) -> None:
    file = folder / name
    text = file.read_text()
    assert old in text, f"{old!r} is not in {name}"
    file.write_text(text.replace(old, new, 1))


def asks(folder: Path, verifier: str) -> None:
    edit(folder, "authority.yaml", "gates:\n  # Before", f"verifier: {verifier}\ngates:\n  # Before")


def wrong(folder: Path) -> str:
    with pytest.raises(KitError) as caught:
        load(folder, {})
    return "\n".join(str(one) for one in caught.value.problems)


def findings(kit: Kit, *enrolled: str) -> list[tuple[str, str]]:
    return [(one.rank, one.what) for one in about_proofs(kit, enrolled, KEY)]


def test_strengths_are_in_order_and_an_unknown_one_is_never_met() -> None:
    """claimed, totp, ssh, principal; nothing said is claimed."""
    assert STRENGTHS == ("claimed", "totp", "ssh", "principal")
    assert [at_least(got, "ssh") for got in ("", *STRENGTHS)] == [False, False, False, True, True]
    assert at_least("", "")
    assert at_least("principal", "claimed")
    assert not at_least("principal", "sshh")
    assert (strongest(), strongest("", "totp", "claimed"), strongest("ssh", "sshh")) == ("claimed", "totp", "sshh")


def test_a_verifier_binds_its_kind_of_gate_and_its_command(folder: Path) -> None:
    """The strongest of what the kind, the command and the gate itself ask for."""
    asks(folder, "{gates: {notice: totp, irreversible: ssh}, commands: {close: principal, approve: totp}}")
    proving = load(folder, {}).proving
    assert (proving.of_gate("notice"), proving.of_gate("irreversible"), proving.of_gate("restore")) == (
        "totp", "ssh", "claimed",
    )  # fmt: skip
    assert (proving.of("close"), proving.of("note"), proving.of("approve", "restore")) == (
        "principal", "claimed", "totp",
    )  # fmt: skip
    assert proving.of("reject", "restore", "ssh") == "ssh"


def test_a_gate_asks_for_a_verifier_of_its_own(folder: Path) -> None:
    """verifier: of one gate goes with what is approved; without it no digest changes."""
    edit(folder, "authority.yaml", "    quorum: 1\n", "    quorum: 1\n    verifier: totp\n")
    kit = load(folder, {})
    assert kit.proving.asked_of == {"technical_lead": "totp", "commander": "totp"}
    edit(folder, "authority.yaml", "verifier: totp", "verifier: top")
    assert "there is no verifier 'top'" in wrong(folder)
    assert "verifier" in GatePolicy.__slots__


def test_what_cannot_be_undone_takes_a_code_where_the_kit_is_not_for_development(folder: Path) -> None:
    """The starter kit is marked; without the mark the gate asks for a code, whatever authority.yaml leaves out."""
    marked = load(folder, {})
    assert (marked.proving.development, marked.proving.of_gate("irreversible")) == (True, "claimed")
    edit(folder, "organisation.yaml", "development: true\n", "")
    kit, found = examine(folder, {}, MONDAY)
    assert (kit.proving.development, kit.proving.of_gate("irreversible")) == (False, "totp")
    assert kit.proving.of_gate("irreversible", "ssh") == "ssh"
    assert kit.proving.of_gate("restore") == "claimed"
    assert [kit.proving.of(word) for word in ("look", "restrict", "review", "approve")] == [*["totp"] * 3, "claimed"]
    assert marked.proving.of("review") == "claimed"
    told = [one for one in found if "not marked development" in one.what]
    assert [(one.rank, "halon enrol" in one.fix) for one in told] == [("weak", True)]
    asks(folder, "{gates: {irreversible: claimed}}")
    assert load(folder, {}).proving.of_gate("irreversible") == "totp"


def test_people_without_anything_to_prove_themselves_with_are_named(folder: Path, public: str) -> None:
    """A device, a key and a principal serve where they are strong enough; a missing key of the codes is told too."""
    asks(folder, "{gates: {irreversible: totp}}")
    kit = load(folder, {})
    what = "must prove who they are (totp) and have nothing to prove it with"
    assert findings(kit) == [("fails", f"lee and sue {what}")]
    assert findings(kit, "sue", "lee") == []
    (folder / "allowed_signers").write_text(line_for("lee", public) + "\n")
    assert findings(load(folder, {}), "sue") == []
    assert [one.what for one in about_proofs(kit, ["sue", "lee"], {})] == [
        "codes are asked for and can't be checked here"
    ]
    assert "can't be seen" in next(about_proofs(kit, None, KEY)).what
    edit(
        folder,
        "authority.yaml",
        "\nverifier: {gates: {irreversible: totp}}",
        "\nverifier: {gates: {irreversible: principal}}",
    )
    edit(folder, "oncall.yaml", "name: Sue Sutter,", 'name: Sue Sutter, principal: "jwt:sue@acme.example",')
    assert findings(load(folder, {}), "sue", "lee")[0][1].startswith("lee must prove who they are (principal)")


def test_one_principal_is_one_persons(folder: Path) -> None:
    """Else it would prove neither."""
    for name in ("Sue Sutter", "Lee Larsen"):
        edit(folder, "oncall.yaml", f"name: {name},", f'name: {name}, principal: "jwt:both@acme.example",')
    assert "sue has the principal of lee" in wrong(folder)
    edit(folder, "oncall.yaml", '"jwt:both@acme.example"', "nobody")
    assert "oncall.yaml" in wrong(folder)


def test_keys_are_part_of_the_kit_and_of_its_digest(folder: Path, public: str) -> None:
    """A stored kit has them back."""
    before = load(folder, {})
    (folder / "allowed_signers").write_text(f"# who signs\n{line_for('sue', public)}\n")
    kit = load(folder, {})
    assert kit.digest != before.digest
    assert restore(kit.canonical, {}).proving.signers == kit.proving.signers != ""


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('mallory namespaces="halon" {key}', "there is no person 'mallory'"),
        ('* namespaces="halon" {key}', "there is no person '*'"),
        ('sue,tom namespaces="halon" {key}', "one person of oncall.yaml a line"),
        ('sue namespaces="git" {key}', 'namespaces="git" does not hold halon'),
        ('sue cert-authority,namespaces="halon" {key}', "the option 'cert-authority' is not taken"),
        ('sue valid-before="soon" {key}', 'valid-before="soon" is no time'),
        ("sue ssh-dss AAAAB3NzaC1kc3MAAACB", "keys of the type 'ssh-dss' are not taken"),
        ("sue ssh-ed25519 AAAA", "the key can't be read"),
        ("sue", "is no line of a key"),
        ("sue {key}\ntom {key}", "this key is also that of sue"),
    ],
)  # fmt: skip
def test_an_unsound_line_of_keys_is_refused_where_it_stands(folder: Path, public: str, line: str, says: str) -> None:
    """File and line, and what to write."""
    text = line.format(key=" ".join(public.split()[:2]))
    (folder / "allowed_signers").write_text(f"# keys\n{text}\n")
    told = wrong(folder)
    assert says in told
    assert told.startswith(f"allowed_signers:{2 + text.count(chr(10))}:")


def test_too_many_keys_and_a_key_that_is_none_are_refused(folder: Path) -> None:
    """A bound on lines; and the line is printed from a public key alone."""
    (folder / "allowed_signers").write_text("# one\n" * 501)
    assert "more than 500 lines" in wrong(folder)
    (folder / "allowed_signers").rename(folder / "allowed-signers.txt")
    assert "did you mean 'allowed_signers'?" in wrong(folder)
    assert line_for("sue", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA") == ""
    assert line_for("sue", "") == ""
