"""Which ways of harm an action closes, who else is hit, and which ways are left open: all from the inventory."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from halon.incident.calls import question
from halon.incident.facts import Fact
from halon.incident.orders import Order
from halon.judgement.assess import assess
from halon.judgement.surface import Held
from halon.kit import KitError, examine, load, starter_path
from halon.kit.catalogue import catalogue

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
BASE = {"agents": ["support-bot"], "target": "it", "when": "always"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    target = tmp_path / "kit"
    shutil.copytree(starter_path(), target)
    security = target / "runbooks" / "security.yaml"
    text = security.read_text("utf-8")
    security.write_text("\n".join(line for line in text.splitlines() if not line.startswith("prefer:")), "utf-8")
    return target


def agent(folder: Path, name: str, **changed: Any) -> None:
    """Change keys of an agent's file; None takes one out."""
    file = folder / "agents" / f"{name}.yaml"
    whole = {**yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader), **changed}
    file.write_text(
        yaml.safe_dump({key: one for key, one in whole.items() if one is not None}, sort_keys=False), "utf-8"
    )


def actions(folder: Path, **entries: dict[str, Any]) -> None:
    """The only actions of the kit; ``with`` is written as it is."""
    told = {"actions": {name.replace("_", "-"): {**BASE, **entry} for name, entry in entries.items()}}
    (folder / "actions.yaml").write_text(yaml.safe_dump(told, sort_keys=False), "utf-8")


def around(folder: Path, **operations: list[str]) -> None:
    """A connector that stands around the agents, with operations that need these values."""
    made = {}
    for name, needs in operations.items():
        path = "/" + "/".join([name, *(f"{{{one}}}" for one in needs)])
        put = {"method": "PUT", "path": path, "key_header": "Key"}
        get = {"method": "GET", "path": path}
        made[name] = {
            "needs": needs, "apply": {**put, "body": {"on": False}}, "undo": {**put, "body": {"on": True}},
            "verify": {**get, "expect": {"json": {"/on": False}}},
            "undo_verify": {**get, "expect": {"json": {"/on": True}}},
        }  # fmt: skip
    whole = {"base_url": "https://gateway.example", "auth": "none", "operations": made}
    (folder / "connectors" / "gateway.yaml").write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")


def order(folder: Path, name: str, of: str = "support-bot") -> Order:
    return {one.order.id: one.order for one in load(folder, {}).policy.agents[of].prepared}[name]


def found(folder: Path) -> dict[str, str]:
    """Everything that ``halon kit check`` says of the kit: what is wrong, with its rank."""
    return {one.what: one.rank for one in examine(folder, {}, MONDAY)[1]}


DISABLE = {"action": "disable_tool", "operation": "disable_tool"}
SWITCH = {"action": "kill_switch", "operation": "kill_switch"}
REVOKE = {"action": "revoke_token", "operation": "revoke_token", "gate": {}}


def test_a_credential_of_tools_that_there_are_not_is_refused(folder: Path) -> None:
    """With file, line and the nearest tool; also a key that there is not."""
    agent(folder, "support-bot", credentials={"t": {"tools": ["send_emial"]}})
    with pytest.raises(
        KitError, match=r"agents/support-bot.yaml:\d+: there is no tool of support-bot 'send_emial'; .*'send_email'\?"
    ):
        load(folder, {})
    agent(folder, "support-bot", credentials={"t": {"sceret": "X"}})
    with pytest.raises(
        KitError, match="there is no key 'sceret'; known: tools, issued_by, also, words, last_used, replacement"
    ):
        load(folder, {})
    agent(folder, "support-bot", credentials={"T 1": {}})
    with pytest.raises(KitError, match="does not have the form that is needed"):
        load(folder, {})


def test_agents_that_list_the_same_name_share_it_unless_others_issue_it(folder: Path) -> None:
    """What only happens to be called the same is told apart by who issues it."""
    held = load(folder, {}).policy.agents["support-bot"].surface.credentials[-1]
    assert held == Held(
        "credential", "support-bot-token", ("lookup_customer", "send_email", "refund", "admin_delete"), ("billing-bot",)
    )
    assert held.way == "credential:support-bot-token"
    agent(folder, "billing-bot", credentials={"support-bot-token": {"issued_by": "bank"}})
    assert load(folder, {}).policy.agents["support-bot"].surface.credentials[-1].agents == ()
    agent(folder, "billing-bot", credentials={"support-bot-token": {}})
    assert load(folder, {}).policy.agents["support-bot"].surface.shared().keys() == {"billing-bot"}


def test_a_credential_of_which_nobody_said_what_uses_it_may_be_used_by_any_tool(folder: Path) -> None:
    """Silence is not taken for harmless."""
    agent(folder, "support-bot", credentials={"a": {"tools": ["refund"]}, "b": {}})
    surface = load(folder, {}).policy.agents["support-bot"].surface
    assert [one.name for one in surface.credentials_of("refund")] == ["a", "b"]
    assert [one.name for one in surface.credentials_of("send_email")] == ["b"]
    assert set(surface.changing) == {"send_email", "refund", "admin_delete"}


def test_a_tool_takes_the_outputs_with_it_that_only_it_has(folder: Path) -> None:
    """Without send_email no mail leaves; answers leave by no tool, so they go on."""
    actions(folder, off={**DISABLE, "with": {"tool": "send_email"}})
    assert order(folder, "off").covers == ("tool:send_email", "output:mail")
    agent(folder, "support-bot", outputs={"mail": {"tools": ["send_email", "refund"]}})
    assert order(folder, "off").covers == ("tool:send_email",)


def test_a_revoked_token_takes_the_tools_with_it_that_have_no_other(folder: Path) -> None:
    """lookup_customer has the read-only token left; what billing-bot shares is taken from it too."""
    actions(folder, revoke={**REVOKE, "with": {"token": "support-bot-token"}})
    assert order(folder, "revoke").covers == (
        "credential:support-bot-token", "tool:admin_delete", "tool:refund", "tool:send_email", "output:mail",
        "spread:billing-bot",
    )  # fmt: skip
    agent(folder, "support-bot", credentials={"support-bot-token": {"tools": ["refund"]}, "spare": {}})
    assert order(folder, "revoke").covers == ("credential:support-bot-token", "spread:billing-bot")


def test_a_rotated_secret_leaves_the_tools_to_the_agent_that_gets_the_new_one(folder: Path) -> None:
    """Whoever stole the old one is out; the agent goes on with the new one, and so does what it does wrong."""
    around(folder, rotate=["secret"])
    told = {"action": "rotate_secrets", "operation": "rotate", "connector": "gateway", "reversible": False, "gate": {}}
    actions(folder, rotate={**told, "with": {"secret": "support-bot-token"}})
    assert order(folder, "rotate").covers == ("credential:support-bot-token", "spread:billing-bot")
    assert {name for name, kind in catalogue().kinds.items() if kind.takes_tools} == {
        "suspend_credential",
        "revoke_token",
    }


def test_read_only_takes_every_tool_that_does_more_than_read(folder: Path) -> None:
    """By what the agent's file says, for each agent its own; nothing of the tools of another."""
    actions(folder, still={"action": "read_only", "operation": "read_only", "agents": ["support-bot", "billing-bot"]})
    assert set(order(folder, "still").covers) == {"tool:send_email", "tool:refund", "tool:admin_delete", "output:mail"}
    assert set(order(folder, "still", "billing-bot").covers) == {"tool:refund", "output:payments"}
    actions(folder, still={
        "action": "read_only", "operation": "read_only", "agents": ["support-bot", "billing-bot"],
        "covers": ["refund", "admin_delete"],
    })  # fmt: skip
    assert order(folder, "still", "billing-bot").covers == ("tool:refund", "output:payments")


def test_todays_words_and_ways_mean_the_same(folder: Path) -> None:
    """A bare name is a tool, all is the whole agent, and what is written twice counts once."""
    actions(folder, off={**DISABLE, "with": {"tool": "refund"}, "covers": ["refund", "tool:refund", "spend:tokens"]})
    assert order(folder, "off").covers == ("tool:refund", "spend:tokens")
    for way in ("all", "agent:"):
        actions(folder, off={**SWITCH, "covers": [way, "refund"]})
        assert order(folder, "off").covers == ("agent:", "tool:refund")


def test_a_pattern_of_the_kind_that_with_does_not_fill_is_left_out(folder: Path) -> None:
    """An operation that goes by another value closes what the entry says, and nothing with a blank in it."""
    around(folder, block=["key"])
    said = {"action": "suspend_credential", "connector": "gateway", "operation": "block", "with": {"key": "88dc"}}
    actions(folder, block=said)
    assert order(folder, "block").covers == ()
    assert (
        found(folder)["it is not said which way of harm block closes, so it is never chosen for closing one"]
        == "advice"
    )
    actions(folder, block={**said, "covers": ["credential:crm-readonly"]})
    assert "credential:crm-readonly" in order(folder, "block").covers


def test_who_else_uses_the_token_is_told_without_being_written(folder: Path) -> None:
    """The approver reads it in the question, whoever wrote the kit; also users outside the inventory."""
    agent(folder, "support-bot", credentials={"support-bot-token": {"also": ["the nightly export"]}})
    actions(folder, revoke={**REVOKE, "with": {"token": "support-bot-token"}})
    assert order(folder, "revoke").collateral == (
        "billing-bot uses the credential support-bot-token too",
        "the nightly export uses the credential support-bot-token too",
    )
    agent(folder, "billing-bot", credentials={"support-bot-token": {"last_used": "2026-11-20"}})
    assert (
        "billing-bot uses the credential support-bot-token too, last on 2026-11-20"
        in order(folder, "revoke").collateral
    )


def test_whom_the_kit_names_by_hand_is_not_named_again(folder: Path) -> None:
    """A whole name, not a part of another: billing-bot-2 is somebody else."""
    by_hand = "Billing-bot uses the same token and stops working too"
    actions(folder, revoke={**REVOKE, "with": {"token": "support-bot-token"}, "collateral": [by_hand]})
    assert order(folder, "revoke").collateral == (by_hand,)
    actions(folder, revoke={**REVOKE, "with": {"token": "support-bot-token"}, "collateral": ["billing-bot-2 waits"]})
    assert order(folder, "revoke").collateral == (
        "billing-bot-2 waits", "billing-bot uses the credential support-bot-token too",
    )  # fmt: skip


def test_nobody_is_hit_by_an_agents_own_switch_and_everybody_by_the_gateways(folder: Path) -> None:
    """A tool or a source that goes off at the agent goes off there alone; around the agents it goes off for all."""
    for name in ("support-bot", "billing-bot"):
        agent(folder, name, sources={"wiki": {}})
    around(folder, tool_off=["tool"], source_off=["source"], stop=[])
    own = {**DISABLE, "with": {"tool": "refund"}, "collateral": []}
    gate = {"connector": "gateway", "collateral": []}
    actions(
        folder,
        own=own,
        tool={**DISABLE, **gate, "operation": "tool_off", "with": {"tool": "refund"}},
        source={"action": "quarantine_source", **gate, "operation": "source_off", "with": {"source": "wiki"}},
        stop={**SWITCH, **gate, "operation": "stop", "agents": ["support-bot", "billing-bot"]},
    )
    assert order(folder, "own").collateral == ()
    assert order(folder, "tool").collateral == ("billing-bot has the tool refund too, and it may go by the same way",)
    assert order(folder, "source").collateral == ("billing-bot reads wiki too",)
    assert order(folder, "stop").collateral == ("billing-bot is stopped by the same call",)
    assert "spread:billing-bot" not in order(folder, "source").covers  # they still share the token
    agent(folder, "billing-bot", credentials=None)
    assert "spread:billing-bot" in order(folder, "source").covers


def test_what_nobody_can_take_away_is_found_by_day(folder: Path) -> None:
    """A credential nobody can revoke, an output nobody can stop, a source and a memory nobody can take out."""
    agent(folder, "support-bot", credentials={"t": {"tools": ["refund"]}, "r": {"tools": ["lookup_customer"]}},
          outputs={"sms": {}}, sources={"wiki": {}}, memory={"chats": {}})  # fmt: skip
    actions(folder, off={**DISABLE, "with": {"tool": "send_email"}})
    told = found(folder)
    assert told["the credential t of support-bot can't be revoked or suspended"] == "weak"
    assert told["the credential r of support-bot can't be revoked or suspended"] == "advice"
    assert told["the output sms of support-bot can't be stopped"] == "weak"
    assert told["the source wiki of support-bot can't be quarantined"] == "weak"
    assert told["the memory chats of support-bot can't be switched off"] == "weak"
    actions(folder, off=SWITCH)
    told = found(folder)
    assert told["the credential t of support-bot can't be revoked or suspended"] == "weak"
    assert told["the output sms of support-bot goes off only with the whole agent"] == "advice"


def test_a_credential_that_another_agents_action_revokes_is_revoked_for_all(folder: Path) -> None:
    """Whoever revokes a token revokes it for everybody."""
    told = found(folder)
    assert not [one for one in told if "support-bot-token of billing-bot" in one]
    assert not [one for one in told if "support-bot-token of support-bot" in one]


@pytest.mark.parametrize(
    ("entry", "changed", "says", "rank"),
    [
        ({**REVOKE, "with": {"token": "support-bot-token"}}, {"credentials": {"support-bot-token": {}}},
         "revoke is not ready for support-bot, which needs that it is said how a replacement is issued", "weak"),
        ({**REVOKE, "with": {"token": "support-bot-token"}}, {},
         "revoke does not ask whether credential_exposed or confirmed, and its kind needs that the facts say", "advice"),
        ({"action": "quarantine_source", "connector": "gateway", "operation": "stop"}, {"sources": None},
         "revoke is not ready for support-bot, which needs that the source is listed", "weak"),
        ({"action": "pin_version", "connector": "gateway", "operation": "stop"}, {},
         "revoke is not ready for support-bot, which needs that the version that was known to be good is named", "weak"),
        ({"action": "clear_memory", "connector": "gateway", "operation": "stop", "gate": {}}, {"connector": None, "fallback": None},
         "revoke changes what memory of support-bot shows, and that can't be read before", "weak"),
        ({**DISABLE, "with": {"tool": "refund"}, "covers": ["source:help-center"]}, {},
         "revoke closes source:help-center, which none of its agents has", "weak"),
        ({"action": "ringfence", "title": "T", "reversible": True, "effect": "keyed", "operation": "kill_switch"}, {},
         "revoke is of a kind that the catalogue does not know (ringfence), and inherits nothing", "advice"),
    ],
)  # fmt: skip
def test_a_need_that_the_kit_cannot_meet_is_found_by_day(
    folder: Path, entry: dict[str, Any], changed: dict[str, Any], says: str, rank: str
) -> None:
    """What has to be there before an action: said of the action, the agent, and what is missing."""
    around(folder, stop=[])
    agent(folder, "support-bot", **changed)
    actions(folder, revoke=entry)
    assert [kind for what, kind in found(folder).items() if what.startswith(says)] == [rank]


def test_a_need_that_is_not_met_stands_in_the_question(folder: Path) -> None:
    """Who approves sees it: what the kit lacks, and what nobody said yet; each line goes with what it asks for."""
    actions(folder, revoke={**REVOKE, "with": {"token": "support-bot-token"}})
    agent(folder, "support-bot", credentials={"support-bot-token": {}})

    def lines(**facts: Any) -> list[str]:
        known = tuple(Fact(name, value, "trace", "2026-11-20T10:00:00Z") for name, value in facts.items())
        judged = assess(known, load(folder, {}).policy, "2026-11-20T10:00:00Z", agent="support-bot")
        asked = question(judged.orders[0])
        assert judged.orders[0].gate is not None
        return [part for part in asked[0].split("; ") if "needed first" in part]

    there = "not there, and it is needed first: it is said how a replacement is issued and who gets it, before this one goes"
    said = "not said yet, and it is needed first: the facts say that the token is in other hands or does the harm"
    assert lines() == [there, said]
    assert lines(confirmed=True) == [there]
    agent(folder, "support-bot", credentials={"support-bot-token": {"replacement": "by hand, in the vault"}})
    assert lines(credential_exposed=False) == [said]
    assert lines(credential_exposed=True) == []


def test_an_agent_that_lists_nothing_is_told_so_and_loads(folder: Path) -> None:
    """Kits from before stay sound: what is not listed is only asked for."""
    agent(folder, "support-bot", credentials=None, outputs=None, sources=None, memory=None)
    told = found(folder)
    what = "it is not said what support-bot signs in with, where what it says goes, and what it reads and remembers"
    assert told[what] == "advice"
    assert order(folder, "revoke-token").covers == ("credential:support-bot-token",)
