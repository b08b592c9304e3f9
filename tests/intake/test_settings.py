"""Settings come from the environment, are checked when they are read, and say what to do when they are wrong."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from halon.settings import SETTINGS, TOKENS, Limits, Settings, SettingsError, is_loopback, misspelt, starter_kit


def test_defaults_listen_on_this_machine_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing set, the door listens on loopback and everything lies in .halon of the working folder."""
    monkeypatch.chdir(tmp_path)
    found = Settings.from_environ({})
    assert found.home == tmp_path / ".halon"
    assert found.kit == starter_kit()
    assert (found.gateway_host, found.gateway_port, found.task_queue) == ("127.0.0.1", 8600, "halon")
    assert (found.temporal_port, found.ui_port) == (7233, 8233)
    assert found.evidence == str(tmp_path / ".halon" / "evidence")
    assert found.limits == Limits(body=1024 * 1024, depth=32, alerts=1000)
    assert found.gateway_url == "http://127.0.0.1:8600"


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:8600"), ("::", "http://[::1]:8600"), ("::1", "http://[::1]:8600"),
     ("10.0.0.1", "http://10.0.0.1:8600"), ("halon.example", "http://halon.example:8600")],
)  # fmt: skip
def test_the_urls_host_can_be_reached(host: str, url: str) -> None:
    """A door that listens on all addresses is reached on loopback."""
    assert Settings.from_environ({"HALON_GATEWAY_HOST": host}).gateway_url == url


def test_every_variable_in_the_table_is_read(tmp_path: Path) -> None:
    """No setting is documented that does nothing: each one set changes the settings."""
    (tmp_path / "kit").mkdir()
    other = {
        "HALON_HOME": str(tmp_path), "HALON_KIT": str(tmp_path / "kit"), "HALON_GATEWAY_HOST": "0.0.0.0",
        "HALON_GATEWAY_PORT": "1", "HALON_TASK_QUEUE": "other", "HALON_TEMPORAL_PORT": "2", "HALON_UI_PORT": "3",
        "HALON_EVIDENCE": str(tmp_path / "ev"), "HALON_LIMIT_BODY": "2048", "HALON_LIMIT_DEPTH": "5",
        "HALON_LIMIT_ALERTS": "7", "HALON_LINK": "https://halon.example", "HALON_LOG": "json",
        "HALON_METRICS_OPEN": "1", "HALON_HALT": "1", "HALON_TASK_SECONDS": "3",
    }  # fmt: skip
    # The lock is read where the store is opened; tests/evidence/test_object_lock.py tries it.
    assert {*other, "HALON_EVIDENCE_LOCK"} == {setting.name for setting in SETTINGS}
    default = Settings.from_environ({})
    for name, value in other.items():
        assert Settings.from_environ({name: value}) != default, name
    assert all(setting.meaning.endswith(".") for setting in (*SETTINGS, *TOKENS))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HALON_GATEWAY_PORT", "http"), ("HALON_GATEWAY_PORT", "70000"), ("HALON_GATEWAY_PORT", "-1"),
        ("HALON_GATEWAY_PORT", "²"), ("HALON_LIMIT_BODY", "0"), ("HALON_LIMIT_DEPTH", "9" * 50),
        ("HALON_KIT", "/no/such/kit"), ("HALON_GATEWAY_HOST", "http://x"), ("HALON_GATEWAY_HOST", "1.2.3.4:80"),
        ("HALON_TASK_QUEUE", "a\nb"), ("HALON_LINK", "halon.example"), ("HALON_LINK", "https://x/?a=1"), ("HALON_LINK", "javascript:x"),
    ],
)  # fmt: skip
def test_a_bad_value_names_variable_value_and_next_step(name: str, value: str) -> None:
    """The error holds what is wrong, where, and what to do, and survives being sent between processes."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environ({name: value})
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.name, error.value) == (name, value)
    for part in (name, error.why, error.next_step):
        assert part in str(error)


def test_a_misspelt_variable_is_found_with_what_was_meant() -> None:
    """A typo in the environment is not silent; the kit's own token names are left alone."""
    environ = {"HALON_GATWAY_PORT": "1", "HALON_ZZZ": "1", "HALON_TOKEN_MINE": "x", "HALON_HOME": "/x", "HOME": "/"}
    assert misspelt(environ) == [("HALON_GATWAY_PORT", "HALON_GATEWAY_PORT"), ("HALON_ZZZ", "")]
    assert misspelt({"HALON_ZZZ": "1"}, named=["HALON_ZZZ"]) == []


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("[::1]", True), ("localhost", True),
     ("0.0.0.0", False), ("10.0.0.1", False), ("localhost.example.com", False), ("127.0.0.1.example.com", False),
     ("", False)],
)  # fmt: skip
def test_loopback_is_an_address_not_a_prefix(host: str, here: bool) -> None:
    """Only addresses of this machine and the name localhost count as this machine."""
    assert is_loopback(host) is here
