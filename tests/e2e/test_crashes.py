"""``kill -9`` of Halon, of the Temporal server and of both at once, while an incident is being contained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

TOOL = "/control/tools/send_email"


def reported(house: Any) -> str:
    """The agent does harm, and a person reports it; the reference of the incident that this opens."""
    house.misbehave("s-1")
    told = house.say("report", "It mailed a customer's records to a stranger.", "--agent", "support-bot", "--what",
                     "unauthorised_tool_action", "--by", "ann", "--json")  # fmt: skip
    return str(told.value["incidents"][0]["incident"])


def verified(house: Any, reference: str, bundle: Path) -> dict[str, Any]:
    """Export the record, and check it as an auditor does."""
    house.say("export", reference, "--to", str(bundle))
    return dict(house.say("verify", str(bundle), "--json").value)


def acted_once(house: Any) -> None:
    """The agent's own ledger: one call for one key, carried out once, and it holds."""
    changed = house.calls(TOOL)
    assert [(call["method"], call["effects"], call["conflicts"]) for call in changed] == [("PUT", 1, 0)], changed
    assert changed[0]["key"]
    assert not house.tool_is_on()


@pytest.mark.parametrize(
    ("method", "after", "deliveries"),
    [
        pytest.param("PUT", "", 2, id="its answer is lost"),
        pytest.param("GET", "PUT", 1, id="it is not read back yet"),
    ],
)
def test_halon_killed_between_apply_and_verify_acts_once(
    house: Any, tmp_path: Path, method: str, after: str, deliveries: int
) -> None:
    """Halon dies when the agent has carried an action out; the next Halon repeats it at most under its key, and verifies."""
    house.up()
    house.wire.hold(method, TOOL, after)
    reference = reported(house)
    house.until(f"the answer to {method} {TOOL} on the wire", lambda: house.wire.holds)
    assert not house.tool_is_on(), "the agent has carried it out"
    assert house.halon.kill() == -9
    house.wire.lose()

    house.up()
    assert "a Temporal server of an earlier run" in house.said()
    house.contained(reference)
    acted_once(house)
    assert house.calls(TOOL)[0]["deliveries"] == deliveries
    assert [one["reference"] for one in house.incidents()] == [reference]
    assert verified(house, reference, tmp_path / "bundle")["ok"] is True


def test_a_killed_temporal_server_is_started_again_on_its_file(house: Any, tmp_path: Path) -> None:
    """The server dies in the middle of an action; ``halon up`` starts it again, and the incident goes on."""
    house.up()
    up = house.halon.process.pid
    house.wire.hold("PUT", TOOL)
    reference = reported(house)
    house.until(f"the answer to PUT {TOOL} on the wire", lambda: house.wire.holds)
    killed = house.kill_server()
    house.wire.lose()

    house.until("the server to serve again", lambda: "the Temporal server serves again" in house.said())
    assert house.server_pid != killed
    assert house.halon.process.pid == up
    assert house.halon.running
    house.contained(reference)
    acted_once(house)
    assert "Acknowledged by ann" in house.say("ack", reference, "--by", "ann").out
    assert [one["reference"] for one in house.incidents()] == [reference]
    assert verified(house, reference, tmp_path / "bundle")["ok"] is True


def test_after_everything_was_killed_all_open_incidents_go_on(house: Any, tmp_path: Path) -> None:
    """Halon and server die at once: what was said, asked and recorded is there again, and the gates take answers."""
    house.up()
    first = reported(house)
    house.contained(first)
    second = house.say("report", "It wrote a wrong invoice.", "--agent", "billing-bot", "--what", "wrong_decision",
                       "--by", "tom", "--json").value["incidents"][0]["incident"]  # fmt: skip
    house.say("ack", first, "--by", "ann")
    house.say("fact", first, "affected_individuals", "12", "--by", "pat")
    house.until_status(second, "the second incident rated", lambda now: now["severity"]["level"])
    before = {name: house.until_status(name, "a status", lambda now: True) for name in (first, second)}
    clocks = {(one["incident"], one["what"]): one["due"] for one in house.say("clocks", "--json").value}
    house.say("note", first, "the last word before the crash", "--by", "sue")
    killed = house.kill_server()
    assert house.halon.kill() == -9

    house.up()
    assert house.server_pid != killed
    for name, earlier in before.items():
        now = house.until_status(name, "the incident again", lambda now: now["severity"]["level"])
        assert now["opened_at"] == earlier["opened_at"]
        assert now["acknowledged"] == earlier["acknowledged"]
        assert now["actions"] == earlier["actions"]
        assert now["record"]["entries"] >= earlier["record"]["entries"]
    assert sorted(one["reference"] for one in house.incidents() if one["open"]) == sorted(before)
    told = [one["text"] for one in house.say("timeline", first, "--json").value]
    assert "the last word before the crash" in told
    after = {(one["incident"], one["what"]): one["due"] for one in house.say("clocks", "--json").value}
    assert clocks
    assert after.items() >= clocks.items(), "a crash stops no clock and moves none"
    house.approve(first, "revoke-token", "sue")
    house.until_status(first, "the token revoked", lambda now: now["actions"]["revoke-token"] == "verified")
    acted_once(house)
    for name, earlier in before.items():
        bundle = tmp_path / name
        assert verified(house, name, bundle)["ok"] is True
        held = house.type("verify", str(bundle), "--head", earlier["record"]["head"], "--json")
        assert held.value["ok"] is True, held
