"""``halon connector``: what comes with Halon, and the trial of a connector, typed as people type it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from halon.cli.entry import run
from halon.drill.launch import RunningAgent
from halon.kit import KitError, load, starter_path
from halon.kit.presets import presets


@pytest.fixture
def kit(tmp_path: Path, agent: RunningAgent, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The starter kit, with the sandbox agent behind its support agent."""
    made = tmp_path / "kit"
    shutil.copytree(starter_path(), made)
    monkeypatch.setenv("HALON_SUPPORT_BOT_URL", agent.url)
    monkeypatch.setenv("SANDBOX_AGENT_TOKEN", agent.token)
    return made


@pytest.fixture
def typed(kit: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Type ``halon connector test`` for that kit: exit code, output, what is said beside it."""

    def type_(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["connector", "test", *words, "--kit", str(kit)])
        said = capsys.readouterr()
        return code, said.out, said.err

    return type_


def changed(agent: RunningAgent) -> list[tuple[str, str]]:
    """What changed anything at the agent, by its own ledger, since it started."""
    with httpx.Client(base_url=agent.url, headers=agent.headers, trust_env=False) as client:
        return [(one["method"], one["path"]) for one in client.get("/control/calls").json()["calls"]]


def test_what_comes_with_halon_is_listed_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with product, version and how far it was tried; what is shown is the file, to be kept in a kit."""
    assert run(["connector", "list", "--json"]) == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert set(listed) == {one.name for one in presets()}
    assert (listed["unleash"]["tested"], listed["okta"]["tested"]) == ("ran against it", "contract only")
    assert run(["connector", "list"]) == 0
    assert "LaunchDarkly" in capsys.readouterr().out
    for one in presets():
        assert run(["connector", "show", one.name]) == 0
        assert capsys.readouterr().out == one.text
    assert run(["connector", "show", "cadi"]) == 1
    assert "did you mean 'caddy'" in capsys.readouterr().err


def test_a_trial_proves_each_step_and_leaves_all_as_it_was(typed: Any, agent: RunningAgent) -> None:
    """The calls are shown before, the steps after; the harmless tool goes off and on, and nothing else is touched."""
    before = len(changed(agent))
    code, out, err = typed("sandbox-agent", "--agent", "support-bot", "--yes")
    assert code == 0, err
    assert "agents/support-bot.yaml: disable_tool on tool admin_delete" in out
    assert f"PUT {agent.url}/control/tools/admin_delete" in out
    assert "bearer from $SANDBOX_AGENT_TOKEN" in out
    assert agent.token not in out + err
    assert out.count("  ok ") == 5
    assert changed(agent)[before:] == [("PUT", "/control/tools/admin_delete")] * 2
    with httpx.Client(base_url=agent.url, headers=agent.headers, trust_env=False) as client:
        assert client.get("/control/tools/admin_delete").json()["enabled"] is True


def test_a_trial_in_json_is_one_value(typed: Any) -> None:
    """For scripts: each step with its answer, and how the target stands."""
    code, out, _ = typed("sandbox-agent", "--agent", "support-bot", "--yes", "--json")
    told = json.loads(out)
    assert (code, told["ok"], told["stands"]) == (0, True, "it stands as before")
    assert [(one["step"], one["ok"], one["status"]) for one in told["steps"]] == [
        (step, True, 200) for step in ("look", "apply", "verify", "undo", "verify undo")
    ]


def test_nothing_is_sent_unasked_or_without_a_harmless_target(typed: Any, kit: Path, agent: RunningAgent) -> None:
    """Nobody to ask, no target, no such connector or agent, an agent without address: each is refused with a next step."""
    before = len(changed(agent))
    for words, code, said in (
        (["sandbox-agent", "--agent", "support-bot"], 2, "--yes"),
        (["sandbox-agent"], 1, "names no harmless target"),
        (["halon-control", "--yes"], 1, "names no harmless target"),
        (["sandbox", "--yes"], 1, "did you mean 'sandbox-agent'"),
        (["sandbox-agent", "--agent", "support", "--yes"], 1, "did you mean 'support-bot'"),
    ):
        got = typed(*words)
        assert (got[0], said in got[2]) == (code, True), got
    file = kit / "connectors" / "sandbox-agent.yaml"
    file.write_text(file.read_text() + "harmless: {operation: disable_tool, with: {tool: admin_delete}}\n")
    code, _, err = typed("sandbox-agent", "--yes")
    assert (code, "--agent support-bot" in err) == (1, True)
    assert changed(agent)[before:] == []


@pytest.mark.parametrize(
    ("harmless", "said"),
    [
        ("{operation: revoke_token, with: {token: t-1}}", "has no undo"),
        ("{operation: disable_tool}", "needs a value for 'tool'"),
        ("{operation: disable_tol, with: {tool: x}}", "did you mean 'disable_tool'"),
        ("{operation: disable_tool, with: {tool: x, tol: y}}", "there is no value of this operation 'tol'"),
    ],
)
def test_a_target_that_could_not_be_given_back_is_refused(
    typed: Any, kit: Path, agent: RunningAgent, harmless: str, said: str
) -> None:
    """What can't be undone, or is not said in full, is never tried."""
    before = len(changed(agent))
    file = kit / "agents" / "support-bot.yaml"
    file.write_text("\n".join(one for one in file.read_text().splitlines() if not one.startswith("harmless:")))
    file.write_text(f"{file.read_text()}\nharmless: {harmless}\n")
    code, _, err = typed("sandbox-agent", "--agent", "support-bot", "--yes")
    assert (code, said in err) == (1, True), err
    assert changed(agent)[before:] == []


def test_a_failed_step_is_named_with_what_arrived(
    typed: Any, monkeypatch: pytest.MonkeyPatch, agent: RunningAgent
) -> None:
    """A wrong token: the state can't be read, so nothing is changed, and the next step says where to look."""
    before = len(changed(agent))
    monkeypatch.setenv("SANDBOX_AGENT_TOKEN", "a wrong one")
    code, out, err = typed("sandbox-agent", "--agent", "support-bot", "--yes")
    assert code == 1
    assert "FAILED look" in out
    assert "401" in err
    assert "it stands as before" in err
    monkeypatch.setenv("SANDBOX_AGENT_TOKEN", agent.token)
    assert changed(agent)[before:] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("auth: oauth2", "oauth2 needs the variable of its client_id"),
        ("auth: oauth2\nsecrets: {client_id: A, client_secret: B}", "oauth2 needs token_url"),
        ("auth: aws-sigv4\nauth_with: {region: eu-west-1, servce: iam}", "did you mean 'service'"),
        ("auth: bearer\nsecret: T\nsecrets: {client_id: A}", "there is no secret of bearer 'client_id'; known: ca"),
        ("auth: magic", "connectors/mine.yaml:1"),
        ("auth: none\nnear: maybe", "connectors/mine.yaml:2"),
        ("auth: none\noperations: {o: {apply: {method: GET, path: /x?y}}}", "connectors/mine.yaml:2"),
    ],
)
def test_a_connector_that_could_not_work_is_found_by_the_kit_check(kit: Path, text: str, said: str) -> None:
    """Each with file and line, what is known, and the next step."""
    (kit / "connectors" / "mine.yaml").write_text(f"{text}\n")
    with pytest.raises(KitError) as caught:
        load(kit, {})
    assert said in str(caught.value)


def test_values_are_encoded_for_the_place_where_they_stand(kit: Path) -> None:
    """In path, query and form nothing that an inventory holds can become another part of the call."""
    (kit / "connectors" / "mine.yaml").write_text(
        "base_url: http://127.0.0.1:9\nauth: none\noperations:\n  stop:\n    needs: [name]\n"
        '    apply: {method: POST, path: "/x/{name}", query: {"{name}": true, id: "{name}"}, content_type: form, body: {n: "{name}"}}\n'
        '    verify: {method: GET, path: /x, expect: {json: {"/[id={name}]/on": false}}}\n'
    )
    file = kit / "actions.yaml"
    file.write_text(
        file.read_text()
        + "\n  stop:\n    action: stop\n    title: Stop\n    agents: [support-bot]\n    connector: mine\n    operation: stop\n"
        '    with: {name: "a/../b?c=d&e#f g~"}\n    target: it\n    reversible: false\n    effect: once\n    when: always\n'
        "    gate: {roles: [security_lead]}\n"
    )
    orders = {one.order.id: one.order for one in load(kit, {}).policy.agents["support-bot"].prepared}
    call, part = orders["stop"].apply, "a%2F..%2Fb%3Fc%3Dd%26e%23f%20g~"
    assert call.url == f"http://127.0.0.1:9/x/{part}?id={part}&{part}=true"
    assert (call.encoding, call.body) == ("form", {"n": "a/../b?c=d&e#f g~"})
    assert orders["stop"].verify.expect_json == {"/[id=a~1..~1b?c=d&e#f g~0]/on": False}
