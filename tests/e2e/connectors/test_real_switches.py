"""Unleash (with PostgreSQL) and Cerbos stop an agent: applied, seen by their own clients, flipped back, undone."""

from __future__ import annotations

import base64
import getpass
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

FLAG = "support-bot-serving"
ADMIN, CLIENT = "*:*.halon-e2e-admin", "default:development.halon-e2e-client"
CERBOS = "halon:secret-of-cerbos"
POLICY = "resource.tool.vdefault"


@pytest.fixture
def postgres(product: Callable[..., Any], free: Callable[[], int]) -> Iterator[str]:
    """A PostgreSQL of the test's own; the URL of its database."""
    found = shutil.which("initdb") or next(iter(sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")))), "")
    assert found, "PostgreSQL is not installed; run: tests/e2e/install"
    programs, port = Path(found).resolve().parent, free()
    root = getpass.getuser() == "root"
    # PostgreSQL refuses to run as root.
    as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []
    with tempfile.TemporaryDirectory(prefix="halon-pg-") as name:
        if root:
            shutil.chown(name, "postgres", "postgres")
        made = [*as_owner, str(programs / "initdb"), "-D", f"{name}/data", "-U", "unleash", "--auth=trust", "-N"]
        subprocess.run(made, check=True, capture_output=True, cwd=name)
        log = Path(name, "log")
        words = [*as_owner, str(programs / "postgres"), "-D", f"{name}/data", "-p", str(port), "-k", name]
        with log.open("wb") as output:
            server = subprocess.Popen(words, stdout=output, stderr=output, cwd=name)
        try:
            ready = [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-t", "30"]
            for _ in range(60):
                if subprocess.run(ready, capture_output=True, check=False).returncode == 0:
                    break
                subprocess.run(["sleep", "0.5"], check=True)
            create = [str(programs / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "unleash", "unleash"]
            done = subprocess.run(create, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr + log.read_text()
            yield f"postgres://unleash@127.0.0.1:{port}/unleash"
        finally:
            server.send_signal(signal.SIGINT)  # at once, whoever is still connected
            server.wait(20)


@pytest.fixture
def unleash(
    postgres: str, product: Callable[..., Any], free: Callable[[], int], tools: Path, outside: Callable[..., Any]
) -> str:
    """Unleash on that database, with two flags that are on; its address."""
    port = free()
    url = f"http://127.0.0.1:{port}"
    node = shutil.which("node")
    assert node, "node is not installed; run: tests/e2e/install"
    assert (tools / "switches/.ready").exists(), "Unleash is not installed; run: tests/e2e/install"
    product(
        [node, str(tools / "switches/node_modules/unleash-server/dist/server.js")], f"{url}/health", 180,
        DATABASE_URL=postgres, DATABASE_SSL="false", HTTP_HOST="127.0.0.1", HTTP_PORT=str(port),
        INIT_ADMIN_API_TOKENS=ADMIN, INIT_BACKEND_API_TOKENS=CLIENT, CHECK_VERSION="false", SEND_TELEMETRY="false",
    )  # fmt: skip
    features = f"{url}/api/admin/projects/default/features"
    for flag in (FLAG, "halon-test"):
        made = outside("POST", features, {"name": flag, "type": "kill-switch"}, Authorization=ADMIN)
        assert made.status == 201, made.text
        turned = outside("POST", f"{features}/{flag}/environments/development/on", Authorization=ADMIN)
        assert turned.status == 200, turned.text
    return url


def serving(outside: Callable[..., Any], url: str) -> dict[str, bool]:
    """The flags as the agent's own SDK would get them."""
    got = outside("GET", f"{url}/api/client/features", Authorization=CLIENT, Cache_Control="no-cache")
    assert got.status == 200, got.text
    return {one["name"]: one["enabled"] for one in got.json["features"]}


def until(holds: Callable[[], bool], seconds: float = 15) -> None:
    """Clients see a change after a moment: wait for it, and fail if it does not come."""
    for _ in range(int(seconds * 4)):
        if holds():
            return
        subprocess.run(["sleep", "0.25"], check=True)
    raise AssertionError(f"not seen within {seconds:g} seconds")


def test_unleash_switches_the_agents_flag(unleash: str, line: Callable[..., Any], outside: Callable[..., Any]) -> None:
    """Off for the agent's own client once applied; the read-back sees that somebody switched it on; the undo switches it on."""
    environ = {"UNLEASH_URL": unleash, "UNLEASH_ADMIN_TOKEN": ADMIN}
    values = {"project": "default", "flag": FLAG, "environment": "development"}
    harmless = {"operation": "flag_off", "with": {**values, "flag": "halon-test"}}
    halon = line("unleash", "flag_off", values, environ, harmless)
    until(lambda: serving(outside, unleash) == {FLAG: True, "halon-test": True})
    assert halon.verify().holds is False

    halon.apply()
    assert halon.verify().holds is True
    until(lambda: serving(outside, unleash) == {FLAG: False, "halon-test": True})

    on = f"{unleash}/api/admin/projects/default/features/{FLAG}/environments/development/on"
    assert outside("POST", on, Authorization=ADMIN).status == 200
    assert halon.verify().holds is False
    until(lambda: serving(outside, unleash)[FLAG])

    halon.again()
    halon.apply()
    until(lambda: not serving(outside, unleash)[FLAG])
    halon.undo()
    assert halon.verify_undo().holds is True
    until(lambda: serving(outside, unleash) == {FLAG: True, "halon-test": True})

    done = halon.test("unleash", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert ADMIN not in done.stdout + done.stderr
    kinds = [
        (one["type"], one["featureName"])
        for one in outside("GET", f"{unleash}/api/admin/events", Authorization=ADMIN).json["events"]
        if one["type"] in ("feature-environment-enabled", "feature-environment-disabled")
    ]
    assert kinds[:2] == [("feature-environment-enabled", "halon-test"), ("feature-environment-disabled", "halon-test")]


def test_an_incident_switches_the_flag_in_unleash_and_people_switch_it_on(
    house: Any, unleash: str, acts: Callable[..., dict[str, Any]], outside: Callable[..., Any]
) -> None:
    """A report alone asks: agreed to, the flag goes off, read back; switching it on again takes a person too."""
    kit = Path(house.environment["HALON_KIT"])
    shutil.rmtree(kit / "runbooks")  # they name the starter kit's actions
    shutil.copy(str(files("halon_templates").joinpath("connectors", "unleash.yaml")), kit / "connectors")
    stop = acts("unleash", "flag_off", {"project": "default", "flag": FLAG, "environment": "development"})
    (kit / "actions.yaml").write_text(yaml.safe_dump({"actions": {"stop-it": stop}}))
    house.environment |= {"UNLEASH_URL": unleash, "UNLEASH_ADMIN_TOKEN": ADMIN}
    house.up()
    told = house.say("report", "It mailed a customer's records to a stranger.", "--agent", "support-bot", "--what",
                     "unauthorised_tool_action", "--by", "ann", "--json")  # fmt: skip
    reference = str(told.value["incidents"][0]["incident"])
    house.approve(reference, "stop-it", "ann")
    house.until_status(reference, "the flag off", lambda now: now["actions"].get("stop-it") == "verified")
    until(lambda: not serving(outside, unleash)[FLAG])

    house.say("fact", reference, "ongoing", "false", "--by", "ann", "--reason", "it is off")
    house.say("undo", reference, "stop-it", "--by", "ann", "--reason", "looked at it")
    assert not serving(outside, unleash)[FLAG], "nothing is given back before somebody agrees"
    house.approve(reference, "restore-stop-it", "tom")
    house.until_status(reference, "the flag on", lambda now: now["actions"].get("stop-it") == "undone")
    until(lambda: serving(outside, unleash)[FLAG])


@pytest.fixture
def cerbos(
    tmp_path: Path, product: Callable[..., Any], free: Callable[[], int], tools: Path, outside: Callable[..., Any]
) -> str:
    """Cerbos with a policy that lets the agent call its tool, and one of a tool that nobody asks for; its address."""
    hashed = subprocess.run(
        ["node", "-e", "process.stdout.write(require('bcryptjs').hashSync(process.argv[1], 10))", CERBOS.split(":")[1]],
        cwd=tools / "switches", capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    port, config = free(), tmp_path / "cerbos.yaml"
    credentials = {"username": "halon", "passwordHash": base64.b64encode(hashed.encode()).decode()}
    config.write_text(
        yaml.safe_dump(
            {
                "server": {
                    "httpListenAddr": f"127.0.0.1:{port}", "grpcListenAddr": f"127.0.0.1:{free()}",
                    "adminAPI": {"enabled": True, "adminCredentials": credentials},
                },
                "storage": {"driver": "sqlite3", "sqlite3": {"dsn": f"file:{tmp_path}/cerbos.db"}},
                "telemetry": {"disabled": True},
            }
        )
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    [program] = (one for one in (tools / "switches/node_modules/@cerbos").glob("*/cerbos-*") if one.is_file())
    product([str(program), "server", "--config", str(config)], f"{url}/_cerbos/health")
    rule = {"actions": ["call"], "effect": "EFFECT_ALLOW", "roles": ["agent"]}
    policies = [
        {"apiVersion": "api.cerbos.dev/v1", "resourcePolicy": {"resource": name, "version": "default", "rules": [rule]}}
        for name in ("tool", "halon_test")
    ]
    basic = "Basic " + base64.b64encode(CERBOS.encode()).decode()
    added = outside("POST", f"{url}/admin/policy", {"policies": policies}, Authorization=basic)
    assert added.status == 200, added.text
    return url


def allowed(outside: Callable[..., Any], url: str, kind: str = "tool") -> bool:
    """Whether the agent may call its tool, as its own code asks."""
    resource = {"actions": ["call"], "resource": {"kind": kind, "id": "send_email"}}
    body = {"requestId": "1", "principal": {"id": "support-bot", "roles": ["agent"]}, "resources": [resource]}
    told = outside("POST", f"{url}/api/check/resources", body)
    assert told.status == 200, told.text
    return bool(told.json["results"][0]["actions"]["call"] == "EFFECT_ALLOW")


def test_cerbos_disables_the_agents_policy(cerbos: str, line: Callable[..., Any], outside: Callable[..., Any]) -> None:
    """Denied once applied; the read-back sees that somebody enabled the policy; the undo allows again."""
    environ = {"CERBOS_URL": cerbos, "CERBOS_ADMIN": CERBOS}
    harmless = {"operation": "policy_off", "with": {"policy": "resource.halon_test.vdefault"}}
    halon = line("cerbos", "policy_off", {"policy": POLICY}, environ, harmless)
    assert allowed(outside, cerbos)
    assert halon.verify().holds is False

    halon.apply()
    assert halon.verify().holds is True
    assert (allowed(outside, cerbos), allowed(outside, cerbos, "halon_test")) == (False, True)

    basic = "Basic " + base64.b64encode(CERBOS.encode()).decode()
    enable = f"{cerbos}/admin/policy/enable?id={POLICY}"
    assert outside("PUT", enable, {"id": [POLICY]}, Authorization=basic).status == 200
    assert (halon.verify().holds, allowed(outside, cerbos)) == (False, True)

    halon.again()
    halon.apply()
    assert not allowed(outside, cerbos)
    halon.undo()
    assert halon.verify_undo().holds is True
    assert allowed(outside, cerbos)

    done = halon.test("cerbos", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert CERBOS.split(":")[1] not in done.stdout + done.stderr
    assert allowed(outside, cerbos, "halon_test")
