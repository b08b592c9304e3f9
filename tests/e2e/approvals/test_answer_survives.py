"""``kill -9`` of Halon and of the Temporal server between an answer and what it allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

TOKEN = "/control/tokens/support-bot-token"
REVOKE = f"{TOKEN}/revoke"


def token_is_active(house: Any) -> bool:
    """What the agent says of its token."""
    return bool(house.api.get(TOKEN).json()["active"])


def killed(house: Any) -> None:
    """Both die at once."""
    house.kill_server()
    assert house.halon.kill() == -9


def carried_out_once(house: Any, name: str) -> None:
    """By the agent's own ledger: one call for one key, one effect."""
    house.until("the token revoked", lambda: not token_is_active(house))
    house.until_status(name, "it read back", lambda now: now["actions"]["revoke-token"] == "verified")
    assert [(one["method"], one["effects"], one["conflicts"]) for one in house.calls(REVOKE)] == [("POST", 1, 0)]


def answered_by_sue(house: Any, name: str, gate: str) -> None:
    """The next Halon has the answer of sue, and how it was proved; until it has worked through the history, it shows less."""

    def answers() -> list[tuple[str, str]]:
        found = [one for one in house.shown(name).get("gates") or [] if one["id"] == gate]
        return [(answer["by"], answer["how"]) for one in found for answer in one["answers"]]

    house.until("the answer of sue, and no other", lambda: answers() == [("sue", "totp")])


def said(house: Any, name: str, words: str) -> int:
    """How many lines of the log hold these words."""
    return sum(words in one["text"] for one in house.say("timeline", name, "--json").value)


def test_worker_and_server_killed_right_after_the_yes_was_taken(
    strict: Any, asked: tuple[str, str], tmp_path: Path
) -> None:
    """The Update is acknowledged, its effect is on the wire or not begun: the next Halon has the answer, and acts once."""
    name, gate = asked
    strict.wire.hold("POST", REVOKE)  # what is sent before the kill has its effect, and its answer is lost
    code = strict.apps["sue"].code()
    told = strict.say("approve", name, gate, "--by", "sue", "--code", code, "--reason", "seen", "--yes")
    assert f"sue (totp) approved {gate}" in told.out
    killed(strict)
    strict.wire.lose()

    strict.up()
    carried_out_once(strict, name)
    answered_by_sue(strict, name, gate)
    again = strict.type("approve", name, gate, "--by", "sue", "--code", code, "--yes")
    refused = ("ProofUsed", "served already", "seconds old")  # the last where the way here took a minute
    assert (again.code, any(why in again.err for why in refused)) == (1, True), again
    assert said(strict, name, f"sue (totp) approved {gate}") == 1
    bundle = tmp_path / "bundle"
    strict.say("export", name, "--to", str(bundle))
    assert strict.say("verify", str(bundle), "--json").value["ok"] is True


@pytest.mark.parametrize("lost", [False, True], ids=["its proof holds", "its device was lost meanwhile"])
def test_worker_and_server_killed_before_what_was_allowed_has_begun(
    strict: Any, asked: tuple[str, str], lost: bool
) -> None:
    """The answer outlives both, and is proved again right before the effect: it runs once, or not at all."""
    name, gate = asked
    strict.say("halt", "--by", "ann", "--reason", "hold still")  # so that nothing is begun before the kill
    told = strict.say("approve", name, gate, "--by", "sue", "--code", strict.apps["sue"].code(), "--yes")
    assert f"sue (totp) approved {gate}" in told.out
    assert strict.calls(REVOKE) == []
    killed(strict)
    if lost:
        strict.say("enrol", "sue", "--lost", "--by", "sue")

    strict.up()
    if lost:  # the proof is looked at as soon as a worker is there, and the gate may be asked anew by now: the record holds it
        strict.until("the answer on record", lambda: said(strict, name, f"sue (totp) approved {gate}") == 1)
    else:
        answered_by_sue(strict, name, gate)
    assert strict.calls(REVOKE) == []
    strict.say("resume", "--by", "ann", "--reason", "go on")
    if not lost:
        carried_out_once(strict, name)
        return
    told_so = "the device of sue was reported lost"
    strict.until("the refusal on record", lambda: said(strict, name, told_so))
    assert token_is_active(strict)
    assert strict.calls(REVOKE) == []
