"""The connectors that come with Halon: each is sound in a kit, and says to its product what the product's maker writes."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import yaml

from halon.connectors.http import send
from halon.connectors.pointers import unmet
from halon.connectors.schemes import scheme_of
from halon.incident.orders import Call
from halon.kit import examine, starter_path
from halon.kit.calling import Filler, Reach
from halon.kit.files.connectors import OperationShape
from halon.kit.places import Problems
from halon.kit.presets import CONTRACT, RAN, NoSuchPreset, Preset, preset, presets

CONTRACTS: dict[str, Any] = yaml.load(
    (Path(__file__).parent / "contracts" / "presets.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader
)
SECRET = "a-secret-of-the-preset-tests"
ALL = {one.name: one for one in presets()}
STEPS = ("apply", "verify", "undo", "undo_verify")


def operations(tested: str = "") -> Iterator[tuple[str, str]]:
    for one in ALL.values():
        if not tested or one.tested == tested:
            yield from ((one.name, name) for name in one.shape.operations)


@pytest.mark.parametrize("name", list(ALL))
def test_every_preset_says_what_it_is(name: str) -> None:
    """Product, version, how far it was tried, what it stops, what undo means."""
    one = ALL[name]
    assert one.tested in (RAN, CONTRACT)
    assert all((one.product, one.version, one.stops, one.undo))
    assert one.shape.operations
    assert {"near", "secret"}.isdisjoint(one.shape.auth_with)


def test_the_products_that_were_promised_are_there() -> None:
    """Those that ran, and those that are contracts only; a wrong name is answered with the nearest."""
    ran = {name for name, one in ALL.items() if one.tested == RAN}
    assert ran == {"halon-control", "unleash", "contextforge", "cerbos", "envoy", "caddy"}
    assert set(ALL) - ran == set(CONTRACTS)
    with pytest.raises(NoSuchPreset, match="did you mean 'unleash'"):
        preset("unleach")


@pytest.mark.parametrize(("name", "operation"), list(operations()))
def test_every_operation_is_sound_in_a_kit(tmp_path: Path, name: str, operation: str) -> None:
    """Kept as it is and used by an action, the kit check has nothing against it but the variables that are not set."""
    kit = tmp_path / "kit"
    shutil.copytree(starter_path(), kit, ignore=shutil.ignore_patterns("runbooks"))
    one, shape = ALL[name], ALL[name].shape
    (kit / "connectors" / f"{name}.yaml").write_text(one.text)
    made = shape.operations[operation]
    gate = {} if made.undo else {"gate": {"roles": ["security_lead"]}}
    values = {"tool": "send_email", "replicas": 2, "per_minute": 5, "eur_per_hour": 9.5}
    action = {
        "action": "stop", "title": "Stop it", "agents": ["support-bot"], "operation": operation, "target": "it",
        "with": {need: values.get(need, "x") for need in made.needs}, "reversible": made.undo is not None,
        "effect": "repeatable", "when": "always", **gate,
    }  # fmt: skip
    if shape.base_url or shape.base_url_env:
        action["connector"] = name
    else:
        agent = kit / "agents" / "support-bot.yaml"
        agent.write_text(agent.read_text().replace("connector: sandbox-agent", f"connector: {name}"))
    (kit / "actions.yaml").write_text(yaml.safe_dump({"actions": {"stop-it": action}}))
    environ = {shape.base_url_env: "https://product.example"} if shape.base_url_env else {}
    loaded, findings = examine(kit, environ)
    [prepared] = loaded.policy.agents["support-bot"].prepared
    assert (prepared.order.undo is None) is (made.undo is None)
    for variable in (shape.secret, *shape.secrets.values()):
        if variable and name != "halon-control":
            assert [one for one in findings if variable in one.what and one.rank == "fails"], variable


def filled(one: Preset, operation: OperationShape, values: dict[str, Any], url: str) -> dict[str, Call]:
    """The operation's calls, sent to ``url`` instead of the product."""
    scheme, shape = scheme_of(one.shape.auth), one.shape
    assert scheme is not None
    options = dict(shape.auth_with) | ({"token_url": f"{url}/token"} if "token_url" in shape.auth_with else {})
    reach = Reach(
        url, "127.0.0.1", shape.auth, "MAIN" if scheme.main else "", 3.0, auth_with=options,
        secrets={name: "MAIN" for name in shape.secrets if name != "ca"},
    )  # fmt: skip
    problems = Problems({})
    filler = Filler({"agent": "support-bot", **values}, "presets.yaml", (), problems)
    found = {step: filler.call(call, reach) for step in STEPS if (call := getattr(operation, step)) is not None}
    assert problems.found == []
    return found


class Scripted:
    """A product that answers by the script, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: tuple[int, Any] = (200, {})
        self.asked: list[tuple[str, dict[str, str], str]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *rest = head.strip().split("\r\n")
        headers = {name.lower(): text.strip() for name, _, text in (one.partition(":") for one in rest)}
        content = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
        said, (status, document) = first.rpartition(" ")[0], self.answer
        if said == "POST /token":
            status, document = 200, {"access_token": "a-token", "expires_in": 3600}
        else:
            self.asked.append((said, headers, content))
        body = document.encode() if isinstance(document, str) else json.dumps(document).encode()
        body = b"" if status == 204 else body
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@pytest.mark.parametrize(("name", "operation"), list(operations(CONTRACT)))
async def test_the_contract_is_kept(
    client: httpx.AsyncClient, serve: Callable[..., Any], name: str, operation: str
) -> None:
    """Each call is the one of the contract, and each answer that agrees or disagrees is told apart."""
    contract, product = CONTRACTS[name][operation], Scripted()
    shape = ALL[name].shape.operations[operation]
    environ = {"MAIN": SECRET}
    async with serve(product) as port:
        calls = filled(ALL[name], shape, contract["with"], f"http://127.0.0.1:{port}")
        assert set(calls) == set(contract) - {"with"}
        for step, call in calls.items():
            said = contract[step]
            product.answer = (said.get("status", 200), said.get("holds", {}))
            answer = await send(call, key=None, client=client, environ=environ)
            assert unmet(call.expect_json, answer.json) == (), step
            if step.endswith("verify"):
                for wrong in (said["fails"], {}, "<html>Service</html>"):
                    product.answer = (200, wrong)
                    answer = await send(call, key=None, client=client, environ=environ)
                    assert unmet(call.expect_json, answer.json), (step, wrong)
    sent = [
        one
        for index, one in enumerate(product.asked)
        if one[0] not in {two[0] for two in product.asked[:index]} or one[2]
    ]
    for step, said in ((step, contract[step]) for step in calls):
        fitting = [one for one in sent if one[0] == said["ask"] and _carries(one, said)]
        assert fitting, (step, said["ask"], [one[0] for one in sent])
    assert SECRET in str(product.asked) or name in ("aws-iam", "entra")


def _carries(asked: tuple[str, dict[str, str], str], said: dict[str, Any]) -> bool:
    _, headers, content = asked
    if "form" in said:
        return (
            dict(parse_qsl(content)) == said["form"] and headers["content-type"] == "application/x-www-form-urlencoded"
        )
    if "body" in said:
        return bool(json.loads(content) == said["body"]) and headers["content-type"] == said.get(
            "type", "application/json"
        )
    return content == ""


async def test_aws_requests_are_signed_for_their_region_and_service(
    client: httpx.AsyncClient, serve: Callable[..., Any]
) -> None:
    """The scope names them, the body's hash is in the signature, and neither key travels."""
    product = Scripted()
    async with serve(product) as port:
        shape = ALL["aws-iam"].shape.operations["access_key_off"]
        calls = filled(ALL["aws-iam"], shape, {"user": "u", "access_key": "k"}, f"http://127.0.0.1:{port}")
        named = {"access_key_id": "ID", "secret_access_key": "KEY"}
        environ = {"ID": "AKIDEXAMPLE", "KEY": SECRET}
        for call in (calls["apply"], calls["undo"]):
            await send(replace(call, secrets=named), key=None, client=client, environ=environ)
    signed = [headers["authorization"] for _, headers, _ in product.asked]
    assert all("/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date" in one for one in signed)
    assert signed[0] != signed[1]
    assert SECRET not in str(product.asked)
