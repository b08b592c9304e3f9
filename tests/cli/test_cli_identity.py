"""``halon whoami`` and ``halon enrol``: who you are to the kit, and how somebody gets what proves it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from halon.cli.entry import run
from halon.identity import totp
from halon.identity.seeds import seed
from halon.kit import starter_path

KEY = "the identity key of the command line's tests"


class Typing:
    """``halon`` typed with a home and a kit of its own, in this process, which saves starting one for each."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch, screen: pytest.CaptureFixture[str]) -> None:
        self.home, self.kit = home, Path(shutil.copytree(starter_path(), home / "kit"))
        self.screen, self.patch = screen, patch
        for name in [one for one in os.environ if one.startswith(("HALON_", "TEMPORAL_"))]:
            patch.delenv(name)
        patch.setenv("HALON_HOME", str(home / "home"))
        patch.setenv("HALON_KIT", str(self.kit))
        patch.setenv("HALON_IDENTITY_KEY", KEY)

    def __call__(self, *words: str, code: int = 0) -> Any:
        self.screen.readouterr()
        assert run([*words, "--json"]) == code, (words, self.screen.readouterr())
        return json.loads(self.screen.readouterr().out)

    def words(self, *words: str) -> str:
        self.screen.readouterr()
        run(list(words))
        return self.screen.readouterr().out


@pytest.fixture
def halon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typing:
    typed = Typing(tmp_path, monkeypatch, capsys)
    file = typed.kit / "authority.yaml"
    file.write_text(file.read_text().replace("\ngates:\n", "\nverifier: {gates: {irreversible: totp}}\ngates:\n", 1))
    return typed


def code(person: str, generation: int, away: int = 0) -> str:
    step = totp.step_of(datetime.now(UTC).timestamp()) + away
    return totp.code(seed(KEY.encode(), person, generation), step)


def test_a_person_is_enrolled_rotates_and_loses_a_device(halon: Typing) -> None:
    """From nothing to a device that counts, a second one, and none; whoami says each time what is there."""
    before = halon("whoami", "--by", "Sue")
    assert (before["name"], before["verifiers"], before["device"]) == ("sue", ["claimed"], None)
    assert before["gates"]["irreversible"] == {"needs": "totp", "can": False}
    assert not (halon.home / "home" / "evidence").exists()
    assert "halon enrol sue --totp" in halon.words("whoami", "--by", "sue")
    begun = halon("enrol", "sue", "--totp", "--by", "sue")
    secret = parse_qs(urlsplit(begun["uri"]).query)["secret"][0]
    assert (begun["generation"], begun["next"]) == (1, "halon enrol sue --confirm CODE")
    assert halon("whoami", "--by", "sue")["device"] is None
    assert halon("enrol", "sue", "--confirm", code("sue", 1))["confirmed"] is True
    after = halon("whoami", "--by", "sue")
    assert (after["verifiers"], after["gates"]["irreversible"]["can"]) == (["claimed", "totp"], True)
    refused = halon("enrol", "sue", "--totp", "--by", "sue", code=1)
    assert refused["error"]["type"] == "CodeNeeded"
    halon("enrol", "sue", "--totp", "--by", "sue", "--code", code("sue", 1, 1))
    stored = b"".join(one.read_bytes() for one in (halon.home / "home").rglob("*") if one.is_file())
    assert secret.encode() not in stored
    assert KEY.encode() not in stored
    assert halon("enrol", "sue", "--lost", "--by", "sue")["lost"] == [1, 2]
    assert halon("whoami", "--by", "sue")["device"] is None


def test_who_may_enrol_whom_is_the_kits_word(halon: Typing) -> None:
    """Somebody else's device takes the role; nothing is begun by whoever may not, or without the key."""
    assert halon("enrol", "sue", "--totp", "--by", "tom", code=1)["error"]["type"] == "NotAllowed"
    assert halon("enrol", "mallory", "--totp", "--by", "sue", code=1)["error"]["type"] == "UnknownPerson"
    assert halon("enrol", "sue", "--by", "sue", code=2)["error"]["type"] == "Usage"
    assert halon("enrol", "tom", "--totp", "--by", "sue")["generation"] == 1
    halon.patch.delenv("HALON_IDENTITY_KEY")
    told = halon("enrol", "lee", "--totp", "--by", "sue", code=1)
    assert told["error"]["type"] == "NoIdentityKey"
    assert "openssl rand" in told["error"]["message"]


def test_the_line_of_a_public_key_is_printed_and_no_private_key_is_read(halon: Typing) -> None:
    """Pasted into the kit, it is a key of that person."""
    file = halon.home / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
    refused = halon("enrol", "sue", "--ssh", str(file), code=2)
    assert "key.pub" in refused["error"]["next_step"]
    told = halon("enrol", "sue", "--ssh", str(file.with_suffix(".pub")))
    assert (told["file"], told["there"]) == ("allowed_signers", False)
    (halon.kit / "allowed_signers").write_text(told["line"] + "\n")
    assert halon("enrol", "sue", "--ssh", str(file.with_suffix(".pub")))["there"] is True
    mine = halon("whoami", "--by", "sue")
    assert (mine["ssh_keys"], mine["verifiers"]) == (1, ["claimed", "ssh"])


def test_the_check_of_a_kit_names_who_can_prove_nothing(halon: Typing) -> None:
    """A gate that nobody could answer fails tonight, before anybody stands at it."""
    told = halon("kit", "check")
    what = [one["what"] for one in told["tonight"] if one["rank"] == "fails"]
    assert "lee and sue must prove who they are (totp) and have nothing to prove it with" in what
    halon("enrol", "sue", "--totp", "--by", "sue")
    halon("enrol", "sue", "--confirm", code("sue", 1))
    what = [one["what"] for one in halon("kit", "check")["tonight"]]
    assert "lee must prove who they are (totp) and has nothing to prove it with" in what
    halon.patch.delenv("HALON_IDENTITY_KEY")
    assert any("can't be checked here" in one["what"] for one in halon("kit", "check")["tonight"])
