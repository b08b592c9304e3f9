"""Envoy and Caddy stop an agent at the proxy: applied, seen from outside, flipped back behind our back, undone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

OFF = [{"path": ["/halon-nothing"]}]

ENVOY_LISTENER = """
address: {socket_address: {address: 127.0.0.1, port_value: 0}}
filter_chains:
  - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: agents
          route_config:
            virtual_hosts:
              - name: agents
                domains: ["*"]
                routes:
                  - match:
                      prefix: /support/
                      runtime_fraction:
                        runtime_key: halon.support_bot.stopped
                        default_value: {numerator: 0, denominator: HUNDRED}
                    direct_response: {status: 503, body: {inline_string: stopped}}
                  - match: {prefix: /}
                    direct_response: {status: 200, body: {inline_string: the agent answers}}
          http_filters:
            - name: envoy.filters.http.router
              typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
"""


def caddy_config(admin: int, port: int, upstream: str = "") -> str:
    """Two routes that can be closed, the agent's and one that nobody asks for, before the agent itself."""
    agent = (
        {"handler": "reverse_proxy", "upstreams": [{"dial": upstream}]}
        if upstream
        else {"handler": "static_response", "status_code": 200, "body": "the agent answers"}
    )
    closed = {"handler": "static_response", "status_code": 503, "body": "stopped"}
    routes = [
        {"@id": name, "match": OFF, "handle": [closed], "terminal": True} for name in ("stop-support-bot", "halon-test")
    ]
    server = {"listen": [f"127.0.0.1:{port}"], "automatic_https": {"disable": True}}
    servers = {"agents": {**server, "routes": [*routes, {"handle": [agent]}]}}
    return json.dumps({"admin": {"listen": f"127.0.0.1:{admin}"}, "apps": {"http": {"servers": servers}}})


@pytest.fixture
def caddy(
    tmp_path: Path, tools: Path, product: Callable[..., Any], free: Callable[[], int]
) -> Callable[..., tuple[str, str]]:
    """Start Caddy; the addresses of its admin endpoint and of the agent behind it."""

    def start(upstream: str = "") -> tuple[str, str]:
        admin, port = free(), free()
        config = tmp_path / "caddy.json"
        config.write_text(caddy_config(admin, port, upstream))
        words = [str(tools / "gateways/bin/caddy"), "run", "--config", str(config)]
        product(words, f"http://127.0.0.1:{admin}/config/")
        return f"http://127.0.0.1:{admin}", f"http://127.0.0.1:{port}"

    return start


def test_caddy_closes_and_opens_the_agents_route(
    caddy: Callable[..., tuple[str, str]], line: Callable[..., Any], outside: Callable[..., Any]
) -> None:
    """503 from outside once applied; the read-back sees that somebody opened it again; the undo leaves it as it was."""
    admin, agent = caddy()
    values = {"route": "stop-support-bot", "path": "/support/*"}
    halon = line("caddy", "route_stopped", values, {"CADDY_ADMIN_URL": admin})
    assert outside("GET", f"{agent}/support/x").text == "the agent answers"
    assert halon.verify().holds is False

    assert halon.apply().before == OFF
    assert halon.verify().holds is True
    assert (outside("GET", f"{agent}/support/x").status, outside("GET", f"{agent}/other").status) == (503, 200)

    assert outside("PATCH", f"{admin}/id/stop-support-bot/match", OFF).status == 200
    seen = halon.verify()
    assert (seen.holds, outside("GET", f"{agent}/support/x").status) == (False, 200)
    assert "/0/path/0" in seen.note

    halon.again()
    halon.apply()
    assert outside("GET", f"{agent}/support/x").status == 503
    halon.undo()
    assert halon.verify_undo().holds is True
    assert outside("GET", f"{admin}/id/stop-support-bot/match").json == OFF
    assert outside("GET", f"{agent}/support/x").text == "the agent answers"


def test_connector_test_proves_caddy_on_its_harmless_route(
    caddy: Callable[..., tuple[str, str]], line: Callable[..., Any], outside: Callable[..., Any]
) -> None:
    """``halon connector test`` says each call before and each step after, touches nothing else, and leaves all as it was."""
    admin, agent = caddy()
    harmless = {"operation": "route_stopped", "with": {"route": "halon-test", "path": "/halon-test"}}
    values = {"route": "stop-support-bot", "path": "/support/*"}
    halon = line("caddy", "route_stopped", values, {"CADDY_ADMIN_URL": admin}, harmless)
    before = outside("GET", f"{admin}/config/").text

    done = halon.test("caddy", "--yes")
    assert done.returncode == 0, done.stderr
    assert f"PATCH {admin}/id/halon-test/match" in done.stdout
    assert [step for step in ("look", "apply", "verify", "undo", "verify undo") if f"ok     {step}" in done.stdout] == [
        "look", "apply", "verify", "undo", "verify undo",
    ]  # fmt: skip
    assert outside("GET", f"{admin}/config/").text == before
    assert outside("GET", f"{agent}/support/x").status == 200

    assert halon.test("caddy").returncode == 2, "nobody was there to be asked"
    outside("PATCH", f"{admin}/id/halon-test/match", [{"path": ["/halon-test"]}])
    refused = halon.test("caddy", "--yes", "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["steps"][0]["ok"] is False
    assert outside("GET", f"{admin}/id/halon-test/match").json == [{"path": ["/halon-test"]}]


def test_envoy_stops_and_serves_the_agents_route(
    tmp_path: Path,
    tools: Path,
    product: Callable[..., Any],
    free: Callable[[], int],
    line: Callable[..., Any],
    outside: Callable[..., Any],
) -> None:
    """503 from outside once applied; the read-back sees that somebody set the key back; the undo serves it again."""
    admin, port = free(), free()
    listener = yaml.safe_load(ENVOY_LISTENER)
    listener["address"]["socket_address"]["port_value"] = port
    layers = [{"name": "base", "static_layer": {}}, {"name": "admin", "admin_layer": {}}]
    config = tmp_path / "envoy.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": admin}}},
                "layered_runtime": {"layers": layers},
                "static_resources": {"listeners": [listener]},
            }
        )
    )
    words = [str(tools / "gateways/bin/envoy"), "-c", str(config), "--use-dynamic-base-id", "--concurrency", "1"]
    url, agent = f"http://127.0.0.1:{admin}", f"http://127.0.0.1:{port}"
    product(words, f"{url}/ready")
    halon = line("envoy", "route_stopped", {"key": "halon.support_bot.stopped"}, {"ENVOY_ADMIN_URL": url})
    assert outside("GET", f"{agent}/support/x").text == "the agent answers"
    assert halon.verify().holds is False

    halon.apply()
    assert halon.verify().holds is True
    assert (outside("GET", f"{agent}/support/x").status, outside("GET", f"{agent}/other").status) == (503, 200)

    assert outside("POST", f"{url}/runtime_modify?halon.support_bot.stopped=0").status == 200
    assert (halon.verify().holds, outside("GET", f"{agent}/support/x").status) == (False, 200)

    halon.again()
    halon.apply()
    assert outside("GET", f"{agent}/support/x").status == 503
    halon.undo()
    assert halon.verify_undo().holds is True
    assert outside("GET", f"{agent}/support/x").text == "the agent answers"
    done = halon.test("envoy", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert outside("GET", f"{agent}/support/x").status == 200


def test_an_incident_closes_the_route_in_caddy_and_people_open_it(
    house: Any, caddy: Callable[..., tuple[str, str]], acts: Callable[..., dict[str, Any]], outside: Callable[..., Any]
) -> None:
    """A report alone asks: agreed to, the gateway before the agent closes, read back; giving it back takes a person too."""
    admin, agent = caddy(house.agent.url.removeprefix("http://"))
    kit = Path(house.environment["HALON_KIT"])
    shutil.rmtree(kit / "runbooks")  # they name the starter kit's actions
    shutil.copy(str(files("halon_templates").joinpath("connectors", "caddy.yaml")), kit / "connectors")
    stop = acts("caddy", "route_stopped", {"route": "stop-support-bot", "path": "/v1/chat"})
    (kit / "actions.yaml").write_text(yaml.safe_dump({"actions": {"stop-it": stop}}))
    house.environment["CADDY_ADMIN_URL"] = admin
    hello = {"session": "s-9", "customer": "C-1001", "message": "Hello"}
    assert outside("POST", f"{agent}/v1/chat", hello).status != 503

    house.up()
    told = house.say("report", "It mailed a customer's records to a stranger.", "--agent", "support-bot", "--what",
                     "unauthorised_tool_action", "--by", "ann", "--json")  # fmt: skip
    reference = str(told.value["incidents"][0]["incident"])
    house.approve(reference, "stop-it", "ann")
    house.until_status(reference, "the route closed", lambda now: now["actions"].get("stop-it") == "verified")
    assert outside("POST", f"{agent}/v1/chat", hello).status == 503
    assert outside("GET", f"{agent}/healthz").status == 200

    house.say("fact", reference, "ongoing", "false", "--by", "ann", "--reason", "it is closed")
    house.say("undo", reference, "stop-it", "--by", "ann", "--reason", "looked at it")
    assert outside("POST", f"{agent}/v1/chat", hello).status == 503, "nothing is given back before somebody agrees"
    house.approve(reference, "restore-stop-it", "tom")
    house.until_status(reference, "the route open", lambda now: now["actions"].get("stop-it") == "undone")
    assert outside("POST", f"{agent}/v1/chat", hello).status != 503
    assert outside("GET", f"{admin}/id/stop-support-bot/match").json == OFF
