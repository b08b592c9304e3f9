"""sources.yaml: who may send, how they show who they are, and what their alerts may set off."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from halon.intake.sources.readers import READERS
from halon.judgement.trust import Trust
from halon.kit import KitError, Source, examine, load, starter_path
from halon.kit.auth import Auth
from halon.kit.files.sources import SourceShape

MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
MORE = """
  own:
    kind: halon
    token_env: OWN_SECRET
    also_env: OWN_SECRET_BEFORE
    agent: support-bot
    severity: {Critical: SEV1, high: SEV2}
    trust: {actions: corroborated, up_to: SEV2}
  graf:
    kind: grafana
    token_env: GRAF_SECRET
    auth: {scheme: grafana, timestamp_header: X-Grafana-Time, tolerance_seconds: 60}
  hub:
    kind: cloudevents
    token_env: HUB_SECRET
    auth: {scheme: hmac, header: X-Hub-Signature-256, prefix: "sha256=", replay: accepted}
  dd:
    kind: datadog
    token_env: DD_TOKEN
    auth: {scheme: bearer, header: X-Halon-Token}
    agents: {Support: support-bot}
  se: {kind: sentry, token_env: SENTRY_SECRET}
  ls: {kind: langsmith, token_env: LS_PASSWORD, auth: {scheme: basic, user: langsmith}}
  lab: {kind: halon, allow_open: true}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = shutil.copytree(starter_path(), tmp_path / "kit")
    file = target / "sources.yaml"
    file.write_text(file.read_text() + MORE)
    return target


def changed(folder: Path, old: str, new: str) -> Path:
    file = folder / "sources.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return folder


def test_what_the_kit_says_of_a_sender_reaches_the_door(folder: Path) -> None:
    """Scheme, headers, window, both variables, the one agent, words for severity; the rest has its defaults."""
    found = load(folder, {}).sources
    own = found["own"]
    assert (own.auth, own.token_env, own.also_env) == (Auth("standard-webhooks"), "OWN_SECRET", "OWN_SECRET_BEFORE")
    assert (own.agent, own.severity) == ("support-bot", {"critical": "SEV1", "high": "SEV2"})
    assert found["graf"].auth == Auth("grafana", timestamp_header="X-Grafana-Time", tolerance=60)
    assert found["hub"].auth == Auth("hmac", "X-Hub-Signature-256", prefix="sha256=")
    assert (found["dd"].auth, found["dd"].agents) == (Auth("bearer", "X-Halon-Token"), {"support": "support-bot"})
    assert (found["se"].auth, found["ls"].auth) == (Auth("sentry"), Auth("basic", user="langsmith"))
    assert (found["lab"].allow_open, found["lab"].token_env) == (True, "")
    assert found["alertmanager"] == Source("alertmanager", "alertmanager", "HALON_TOKEN_ALERTMANAGER",
                                           groups=found["alertmanager"].groups)  # fmt: skip


def test_trust_reaches_the_judgement(folder: Path) -> None:
    """A source acts alone unless the kit says otherwise; a person's report needs corroboration."""
    trust = load(folder, {}).policy.trust
    assert trust["own"] == Trust("corroborated", "SEV2")
    assert (trust["alertmanager"], trust["report"]) == (Trust("alone", "SEV1"), Trust("corroborated", "SEV1"))
    changed(folder, "    trust: {actions: corroborated}  ", "    trust: {actions: alone}  ")
    changed(folder, "\n  report:", "\n  people:")
    assert load(folder, {}).policy.trust["report"] == Trust("alone", "SEV1")


def test_every_kind_that_can_be_read_can_be_named() -> None:
    """Kit and door know the same kinds; a mapped source has a file of its own instead."""
    kinds = set(get_args(SourceShape.model_fields["kind"].annotation))
    assert kinds == set(READERS) - {"mapped"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("kind: halon, allow_open: true", "kind: halon", "token_env is missing: anybody could send as lab"),
        ("also_env: OWN_SECRET_BEFORE", "also_env: OWN_SECRET", "also_env names the same variable as token_env"),
        ("kind: halon, allow_open: true", "kind: halon, allow_open: true, also_env: X", "an also_env and no token_env"),
        ("agent: support-bot", "agent: suport-bot", "did you mean 'support-bot'?"),
        ("Critical: SEV1", "Critical: SEV0", "can't be 'SEV0'"),
        ("actions: corroborated", "actions: sometimes", "known: alone, corroborated, never"),
        ("up_to: SEV2", "up_to: SEV9", "can't be 'SEV9'"),
        ("scheme: grafana", "scheme: grafanna", "did you mean 'grafana'?"),
        ("scheme: basic, user: langsmith", "scheme: bearer, user: langsmith", "user is for basic, and ls shows itself by"),
        ("scheme: bearer, header: X-Halon-Token", "scheme: sentry, header: X-Halon-Token", "header is for bearer and hmac"),
        ("header: X-Hub-Signature-256, ", "", "the header of hub's signature is missing"),
        ("header: X-Hub-Signature-256", 'header: "X Hub"', "does not have the form that is needed"),
        (", timestamp_header: X-Grafana-Time", "", "graf signs no time"),
        ("tolerance_seconds: 60", "tolerance_seconds: 5", "5 is too small; write 10 or more"),
        (", replay: accepted", "", "hub signs no time, so whoever records a delivery can send it again"),
        (", replay: accepted", ", replay: accepted, timestamp_header: X-T", "replay says that it signs none"),
        (", replay: accepted", ", replay: yes", "replay"),
        ("scheme: basic, user: langsmith", "scheme: basic, replay: accepted", "replay is for hmac"),
        ("token_env: DD_TOKEN", "token: abc", "there is no key 'token'"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(folder: Path, old: str, new: str, told: str) -> None:
    """A door that would stand open, or a secret that could never fit, is found before the first alert."""
    with pytest.raises(KitError) as caught:
        load(changed(folder, old, new), {})
    lines = [line for line in str(caught.value).splitlines() if told in line]
    assert lines, str(caught.value)
    assert lines[0].startswith("sources.yaml:")
    assert lines[0].split(":")[1].isdigit()


def test_kit_check_tells_who_could_be_anybody(folder: Path) -> None:
    """A secret that is not set, a sender without one that acts alone, a signature that can be sent again."""
    found = {str(one): one.rank for one in examine(folder, {"OWN_SECRET": "x"}, MONDAY)[1]}
    told = "\n".join(f"{rank}: {what}" for what, rank in found.items())
    assert "fails: the source dd has no token; set DD_TOKEN" in told
    assert "the source own has no token" not in told
    assert "advice: the second secret of own is not set: OWN_SECRET_BEFORE" in told
    assert "weak: anybody on this machine can send as lab while it has no secret, and its alerts act alone" in told
    assert "advice: hub signs no time" in told
    quiet = changed(folder, "allow_open: true", "allow_open: true, trust: {actions: corroborated}")
    assert "can send as lab" not in str([str(one) for one in examine(quiet, {}, MONDAY)[1]])
