"""``contain``, ``halt``, ``resume``, ``--calls`` and ``note --done-outside`` as people type them, against the real thing."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from halon.drill.launch import RunningAgent, running_agent

TOKEN = "control-token-of-the-contain-tests"


@pytest.fixture(scope="module")
def agent() -> Iterator[RunningAgent]:
    """A sandbox agent of this file's own: it is stopped here."""
    with running_agent(token=TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def own_house(
    agent: RunningAgent, keyboard: Any, house: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A ``halon up`` beside the one that all tests share."""
    more = {"SANDBOX_AGENT_TOKEN": TOKEN, "HALON_SUPPORT_BOT_URL": agent.url, "HALON_BILLING_BOT_URL": agent.url}
    built = type(house)(tmp_path_factory.mktemp("contain") / "home", keyboard, more)
    built.start()
    yield built
    if built.process is not None and built.process.poll() is None:
        assert built.stop() == 0


def switched(agent: RunningAgent) -> bool:
    """Whether the agent's kill switch is on, as a client sees it that shares no code with Halon."""
    asked = urllib.request.Request(f"{agent.url}/control/kill-switch", headers=agent.headers)
    with urllib.request.urlopen(asked, timeout=5) as answer:
        return bool(json.load(answer)["on"])


def test_a_dry_run_shows_the_calls_and_does_nothing(own_house: Any, agent: RunningAgent) -> None:
    """The exact plan with method, address, body and how it is read back; no secret; nothing opened, nothing sent."""
    told = own_house.type("contain", "support-bot", "--dry-run")
    assert told.code == 0, told
    assert f"apply: PUT {agent.url}/control/kill-switch" in told.out
    assert "$SANDBOX_AGENT_TOKEN" in told.out
    assert TOKEN not in told.out
    assert "Nothing was opened and nothing was sent." in told.out
    value = own_house.type("contain", "support-bot", "--dry-run", "--json").value
    assert value["orders"][0]["action"] == "kill-switch"
    assert set(value["orders"][0]["calls"]) == {"apply", "verify", "undo", "verify undo"}
    assert own_house.type("incidents", "--json").value == []
    assert not switched(agent)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("suport-bot", "--by", "ann"), 2, "did you mean 'support-bot'"),
        (("support-bot",), 2, "--by NAME"),
        (("support-bot", "--by", "ann", "--what", "leak"), 2, "is no kind of harm"),
    ],
)
def test_what_is_typed_wrongly_opens_nothing(own_house: Any, words: tuple[str, ...], code: int, told: str) -> None:
    """The next step is said, and nothing runs."""
    typed = own_house.type("contain", *words)
    assert typed.code == code, typed
    assert told in typed.err
    assert own_house.type("incidents", "--json").value == []


def test_a_name_without_the_role_is_refused_and_the_incident_stays(own_house: Any, agent: RunningAgent) -> None:
    """Exit 1, who may, and which incident is open now; the agent runs on."""
    typed = own_house.type("contain", "support-bot", "--by", "pat", "--json")
    assert typed.code == 1, typed
    assert typed.value["error"]["type"] == "NotAuthorised"
    assert "support-bot is NOT stopped" in typed.value["error"]["message"]
    assert "INC-" in typed.value["error"]["next_step"]
    assert not switched(agent)


def test_halted_it_says_so_everywhere_and_resumed_the_agent_is_stopped(own_house: Any, agent: RunningAgent) -> None:
    """Nobody but who may halts; list, status and health say it; contain does not claim a stop; resume lets it happen."""
    assert own_house.type("halt", "--reason", "x", "--by", "pat").code == 1
    assert own_house.type("halt", "--by", "ann").code == 2
    typed = own_house.type("halt", "--reason", "a bad release", "--by", "ann", "--json")
    assert (typed.code, typed.value["halted"], typed.value["changed"]) == (0, True, True)
    again = own_house.type("halt", "--reason", "me too", "--by", "sue", "--json").value
    assert (again["changed"], again["by"]) == (False, "ann")
    waiting = own_house.type("contain", "support-bot", "--by", "tom", "--for", "5")
    assert waiting.code == 1
    assert "not known to be stopped yet" in waiting.err
    assert "Halon's own actions are halted by ann" in waiting.err
    assert not switched(agent)
    assert "HALTED: Halon's own actions are halted by ann" in own_house.type("incidents").out
    assert "HALTED: " in own_house.type("status", ".").out
    status = own_house.type("status", ".", "--json").value
    assert status["halted"]["reason"] == "a bad release"
    assert [one["action"] for one in status["held"]] == ["kill-switch"]
    with urllib.request.urlopen(
        f"http://127.0.0.1:{own_house.environment['HALON_GATEWAY_PORT']}/healthz", timeout=5
    ) as answer:
        health = json.load(answer)
    assert health["ok"] is True
    assert "halted by ann" in health["checked"]["actions"]["what"]
    assert own_house.type("resume", "--reason", "rolled back", "--by", "sue").code == 0
    own_house.until(lambda: switched(agent), seconds=60)
    assert "HALTED" not in own_house.type("incidents").out


def test_contain_joins_and_says_what_stopped_and_how_to_give_it_back(own_house: Any, agent: RunningAgent) -> None:
    """One incident for the agent: the second person joins it, and reads that it stands, who is hit, and what to type."""
    typed = own_house.type("contain", "support-bot", "--by", "tom", "--reason", "still odd")
    assert typed.code == 0, typed
    assert "support-bot is stopped, read back" in typed.out
    assert "who else is hit: customers get the fallback answer" in typed.out
    assert "joined. Next: halon status INC-" in typed.out
    assert "Give it back: halon restore INC-" in typed.out
    value = own_house.type("contain", ".", "--by", "sue", "--json").value
    assert (value["ok"], value["opened"], value["agent"]) == (True, False, "support-bot")
    assert value["stopped"][0]["action"] == "kill-switch"
    assert len(own_house.type("incidents", "--json").value) == 1
    assert switched(agent)


def test_show_prints_the_exact_calls(own_house: Any, agent: RunningAgent) -> None:
    """Of every planned action, secrets by the name of their variable alone."""
    typed = own_house.type("show", ".", "--calls")
    assert typed.code == 0, typed
    assert "kill-switch: Stop the agent with its kill switch — done and checked" in typed.out
    assert f"verify: GET {agent.url}/control/kill-switch" in typed.out
    assert TOKEN not in typed.out
    value = own_house.type("show", ".", "--calls", "--json").value
    assert {"apply", "verify"} <= set(value["actions"][0]["calls"])


def test_assess_prints_the_calls_of_the_plan(own_house: Any, tmp_path: Path) -> None:
    """A dry run of any plan: what facts would set off, with the calls; without --calls the object stays as it was."""
    page = tmp_path / "facts.yaml"
    page.write_text(
        "as_of: 2026-11-22T09:00:00Z\nagent: support-bot\nfacts: {confirmed: true, untrusted_instruction: true}\n"
    )
    plain = own_house.type("assess", str(page), "--json").value
    assert "calls" not in plain["orders"][0]
    told = own_house.type("assess", str(page), "--calls")
    assert "apply: PUT http://127.0.0.1" in told.out
    value = own_house.type("assess", str(page), "--calls", "--json").value
    assert all(one["calls"]["apply"] for one in value["orders"])
    assert TOKEN not in told.out + json.dumps(value)


def test_done_outside_is_typed_with_note(own_house: Any) -> None:
    """What Halon did itself is nobody's hand: refused, exit 1, with its type."""
    typed = own_house.type("note", ".", "I did it", "--done-outside", "kill-switch", "--by", "tom", "--json")
    assert typed.code == 1
    assert typed.value["error"]["type"] == "NothingNew"
